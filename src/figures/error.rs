//! Why a figure cannot be drawn.

use thiserror::Error;

use crate::table::TableError;

/// Why a figure cannot be drawn.
#[derive(Debug, Error)]
pub enum FigureError {
    /// A table lacks what the figure shows.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A setting of the style is out of range.
    #[error("`{name}` is {value}, it should be from {least} to {most}")]
    Style {
        /// The setting.
        name: &'static str,
        /// What it was set to.
        value: f64,
        /// The least it can be.
        least: f64,
        /// The most it can be.
        most: f64,
    },
    /// The figure is too low for its panels and legend.
    #[error("a height of {height} mm leaves no room for the panels, at least {least} mm are needed")]
    TooLow {
        /// The height asked for in mm.
        height: f64,
        /// The height needed in mm.
        least: f64,
    },
    /// The drawing library failed.
    #[error("the figure cannot be drawn: {0}")]
    Drawing(String),
    /// The PNG cannot be made.
    #[error("the figure cannot be turned into a PNG: {0}")]
    Raster(String),
}
