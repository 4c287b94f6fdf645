//! Figures: pure functions from tables to SVG documents, and from those to PNG and PDF.

mod axes;
mod canvas;
mod colors;
mod composite;
mod convert;
mod document;
mod endpoints;
mod error;
mod fonts;
mod growth;
mod heatmap;
mod input_weights;
mod legend;
mod options;
mod psth;
mod sheet;
mod spans;
mod style;
mod summary;
mod tables;
mod unit_psth;
mod weights;

pub use composite::{Arrangement, PanelLook, composite};
pub use convert::{pdf, png};
pub use document::{style_sheet, with_fonts, without_fonts};
pub use endpoints::endpoints;
pub use error::FigureError;
pub use growth::growth;
pub use heatmap::{HeatmapTables, heatmap};
pub use input_weights::input_weights;
pub use options::{Format, LegendPlace};
pub use psth::{PsthPanels, PsthTables, psth};
pub use style::{COLUMN_MM, FigureStyle, PAGE_MM, StyleProblem};
pub use summary::summary;
pub use unit_psth::{UnitPsthTables, unit_psth};
pub use weights::{WeightsTables, weights};
