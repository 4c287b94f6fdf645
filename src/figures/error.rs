//! Why a figure cannot be drawn.

use thiserror::Error;

use crate::table::TableError;

/// Panels that are lower or narrower than this cannot be read, in mm.
pub(super) const LEAST_PANEL_MM: f64 = 10.0;

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
    /// Another setting of the style cannot be.
    #[error("{0}")]
    Setting(String),
    /// Axes, names and legend leave no room for the panels.
    #[error(
        "the panels would be {width:.0} x {height:.0} mm, at least {LEAST_PANEL_MM:.0} x {LEAST_PANEL_MM:.0} mm are \
         needed: give the figure more width or height, or smaller letters"
    )]
    NoRoom {
        /// The width left for a panel in mm.
        width: f64,
        /// The height left for a panel in mm.
        height: f64,
    },
    /// The drawing library failed.
    #[error("the figure cannot be drawn: {0}")]
    Drawing(String),
    /// Another format cannot be made from the drawing.
    #[error("the figure cannot be turned into a {format}: {why}")]
    Convert {
        /// `PNG` or `PDF`.
        format: &'static str,
        /// Why not.
        why: String,
    },
}
