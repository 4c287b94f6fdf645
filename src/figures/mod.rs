//! Figures: pure functions from tables to SVG documents, and from those to PNG and PDF.

mod axes;
mod canvas;
mod composite;
mod convert;
mod document;
mod endpoints;
mod error;
mod fonts;
mod growth;
mod legend;
mod options;
mod psth;
mod sheet;
mod spans;
mod style;
mod summary;
mod tables;

pub use composite::{Arrangement, PanelLook, composite};
pub use convert::{pdf, png};
pub use document::{style_sheet, with_fonts, without_fonts};
pub use endpoints::endpoints;
pub use error::FigureError;
pub use growth::growth;
pub use options::{Format, LegendPlace};
pub use psth::{PsthPanels, PsthTables, psth};
pub use style::{COLUMN_MM, FigureStyle, PAGE_MM, StyleProblem};
pub use summary::summary;
