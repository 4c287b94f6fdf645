//! Figures: pure functions from tables to SVG documents, and from those to PNG.

mod axes;
mod canvas;
mod endpoints;
mod error;
mod fonts;
mod graph;
mod graph_layout;
mod growth;
mod legend;
mod psth;
mod raster;
mod sheet;
mod spans;
mod style;
mod summary;
mod tables;

pub use endpoints::endpoints;
pub use error::FigureError;
pub use graph::{GraphClass, GraphNode, graph};
pub use growth::growth;
pub use psth::{PsthPanels, PsthTables, psth};
pub use raster::png;
pub use style::FigureStyle;
pub use summary::summary;
