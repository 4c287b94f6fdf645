//! Points with error bars, joined by a line.

use super::FigureError;
use super::axes::Panel;
use super::canvas::{Canvas, Pen};
use super::style::{AXIS_WIDTH, CURVE_WIDTH, Look, TICK};

/// Size of a marker in mm.
const MARKER: f64 = 1.5;

/// A value with its error bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub x: f64,
    pub value: f64,
    /// Ends of the error bar; NaN where there is none.
    pub low: f64,
    pub high: f64,
}

impl Point {
    /// A value give or take an error, which may be missing.
    pub fn plus_minus(x: f64, value: f64, error: f64) -> Self {
        Self { x, value, low: value - error, high: value + error }
    }

    /// What an axis must hold to show it.
    pub fn extent(&self) -> [f64; 3] {
        [self.value, self.low, self.high]
    }
}

/// Draws a series of points: a thin line through them, markers and error bars.
pub(super) fn draw_points(
    canvas: &Canvas,
    panel: &Panel,
    points: &[Point],
    look: Look,
) -> Result<(), FigureError> {
    let line: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.value)).collect();
    panel.line(canvas, &line, Pen::solid(look.color, AXIS_WIDTH))?;
    for point in points {
        draw_point(canvas, panel, point, look)?;
    }
    Ok(())
}

/// Draws the marker and the error bar of a point, as far as the panel shows them.
pub(super) fn draw_point(
    canvas: &Canvas,
    panel: &Panel,
    point: &Point,
    look: Look,
) -> Result<(), FigureError> {
    let pen = Pen::solid(look.color, CURVE_WIDTH);
    let (low, high) = (point.low.max(panel.y.range.low), point.high.min(panel.y.range.high));
    if panel.x.holds(point.x) && point.low.is_finite() && point.high.is_finite() && low <= high {
        let x = panel.at_x(point.x);
        let (low, high) = (panel.at_y(low), panel.at_y(high));
        canvas.line(&[(x, low), (x, high)], pen)?;
        for y in [low, high] {
            canvas.line(&[(x - TICK / 2.0, y), (x + TICK / 2.0, y)], pen)?;
        }
    }
    if panel.shows(&(point.x, point.value)) {
        canvas.marker(panel.place((point.x, point.value)), look.marker, MARKER, look.color)?;
    }
    Ok(())
}
