//! Bars of histograms.

use plotters::style::RGBColor;

use super::FigureError;
use super::axes::Panel;
use super::canvas::{Canvas, Pen, Rect};
use super::style::{AXIS_WIDTH, PAPER};

/// A bar from `start` to `end` of the horizontal axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    pub start: f64,
    pub end: f64,
    pub height: f64,
}

/// Draws bars that stand on the bottom of a panel; its edges cut them off.
pub(super) fn draw_bars(
    canvas: &Canvas,
    panel: &Panel,
    bars: &[Bar],
    color: RGBColor,
) -> Result<(), FigureError> {
    let Rect { left, top, right, bottom } = panel.rect;
    for bar in bars.iter().filter(|bar| bar.height > 0.0) {
        let rect = Rect {
            left: panel.at_x(bar.start).clamp(left, right),
            right: panel.at_x(bar.end).clamp(left, right),
            top: panel.at_y(bar.height).clamp(top, bottom),
            bottom,
        };
        if rect.width() > 0.0 && rect.height() > 0.0 {
            canvas.rect(rect, color)?;
            let edge = [(rect.right, rect.top), (rect.right, rect.bottom)];
            canvas.line(&edge, Pen::solid(PAPER, AXIS_WIDTH / 2.0))?;
        }
    }
    Ok(())
}
