//! What the user wrote: TOML to a checked experiment whose every value knows its place in the file.
//!
//! Nothing here knows which kinds of stages there are; a kind's parameters are checked against the
//! JSON Schema of their type ([`schema`]), so that types stay the only description of what is allowed.

mod axes;
mod combinations;
mod document;
mod inherit;
mod interpolate;
mod overrides;
mod paths;
mod problem;
pub mod schema;
mod sections;
mod source;
mod suggest;
mod sweep;
mod value;

pub use axes::Axis;
pub use document::parse as parse_toml;
pub use interpolate::{axes_in, interpolate};
pub use problem::{Problem, Problems};
pub use sections::{Experiment, Stage, TaskEntry};
pub use source::{Source, Sources, Span};
pub use suggest::{hint, nearest};
pub use sweep::{Place, Rule, Sweep};
pub use value::{Entry, Node, Value};
