//! The figure of saccade endpoints: histograms of their distance from the target, by stage.

use plotters::style::RGBColor;

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::legend::Legend;
use super::sheet::{Sheet, nothing};
use super::style::{AXIS_WIDTH, FAINT, FigureStyle, GAP, PAPER, TICK};
use super::tables::distinct;

const TITLE: &str = "Saccade endpoints by stage";
/// The rows of panels from above.
const CLASSES: [(&str, &str); 2] = [("error", "error trials"), ("correct", "correct trials")];

struct Bar {
    start: f64,
    end: f64,
    count: f64,
}

/// Draws endpoint histograms as an SVG document: error trials above, correct trials below, a column for
/// each stage. All panels share the horizontal axis, those of a row the vertical one.
///
/// `table` has a row for each bin: `stage` (text, in the order of the columns), `trials` (text:
/// `correct`, `error`), `bin_start_deg`, `bin_end_deg` (distance from endpoint to target, 0 to 180 degrees),
/// `count` (trials).
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn endpoints(table: &Table, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let (names, classes) = (table.text("stage")?, table.text("trials")?);
    let (starts, ends) = (table.f64("bin_start_deg")?, table.f64("bin_end_deg")?);
    let counts = table.i64("count")?;
    let stages = distinct(names.clone());
    if stages.is_empty() {
        return nothing(style, TITLE, "Nothing to draw: no stage has any trials.");
    }
    let bars = |class: &str, stage: &str| -> Vec<Bar> {
        let rows = (0..table.len()).filter(|&row| classes[row] == class && names[row] == stage);
        rows.map(|row| Bar { start: starts[row], end: ends[row], count: counts[row] as f64 }).collect()
    };

    let letters = Letters::plain(style.font_pt);
    let sheet = Sheet::new(style, TITLE, Legend::new(style), (style.width_mm * 0.75).min(90.0));
    let x_height = Panel::x_axis_height(letters);
    let height = (sheet.body().height() - style.line_mm() - x_height - 2.0 * GAP) / 2.0;
    let headroom = height / (height - style.line_mm());
    let y_axes = CLASSES.map(|(class, label)| {
        let counts = stages.iter().flat_map(|stage| bars(class, stage)).map(|bar| bar.count);
        let range = Range { low: 0.0, high: counts.fold(1.0, f64::max) * headroom };
        Axis::counts(label, style.y_range(range), (height / 6.0) as usize)
    });
    let y_width = y_axes.iter().map(|y| Panel::y_axis_width(y, letters)).fold(0.0, f64::max);
    let across = 2.0 * GAP + letters.width("180");
    let plots = Rect {
        left: sheet.body().left + y_width,
        right: sheet.body().right - letters.width("180") / 2.0,
        ..sheet.body()
    };
    let width = (plots.width() - across * (stages.len() - 1) as f64) / stages.len() as f64;
    let least_mm = 2.0 * letters.width("180");
    let range = style.x_range(Range { low: 0.0, high: 180.0 });
    let fits = |step: &f64| step / (range.high - range.low) * width >= least_mm;
    let step = [10.0, 30.0, 45.0, 90.0].into_iter().find(fits).unwrap_or(180.0);
    let x = Axis::stepped("distance from target (degrees)", range, step);

    sheet.draw(|canvas| {
        for (column, stage) in stages.iter().enumerate() {
            let left = plots.left + column as f64 * (width + across);
            let name_at = (left + width / 2.0, plots.top + letters.mm());
            canvas.text(stage, name_at, Align::Center, letters)?;
            for (row, (class, _)) in CLASSES.iter().enumerate() {
                let top = plots.top + style.line_mm() + row as f64 * (height + 2.0 * GAP);
                let rect = Rect { left, right: left + width, top, bottom: top + height };
                let panel = Panel { rect, x: &x, y: &y_axes[row], letters };
                panel.check()?;
                draw_bars(canvas, &panel, &bars(class, stage), style.stage_look(stage).color)?;
                panel.draw_x_axis(canvas, false)?;
                panel.draw_y_axis(canvas, column == 0)?;
                if row == 1 {
                    draw_degrees(canvas, &panel)?;
                }
            }
        }
        let baseline = plots.bottom - 0.3 * letters.mm();
        let center = ((plots.left + plots.right) / 2.0, baseline);
        canvas.text(&x.label, center, Align::Center, letters)
    })
}

/// The bars of a panel and how many trials they are in all.
fn draw_bars(canvas: &Canvas, panel: &Panel, bars: &[Bar], color: RGBColor) -> Result<(), FigureError> {
    let Rect { left, top, right, bottom } = panel.rect;
    for bar in bars.iter().filter(|bar| bar.count > 0.0) {
        let rect = Rect {
            left: panel.at_x(bar.start).clamp(left, right),
            right: panel.at_x(bar.end).clamp(left, right),
            top: panel.at_y(bar.count).clamp(top, bottom),
            bottom,
        };
        if rect.width() <= 0.0 || rect.height() <= 0.0 {
            continue;
        }
        canvas.rect(rect, color)?;
        let edge = [(rect.right, rect.top), (rect.right, rect.bottom)];
        canvas.line(&edge, Pen::solid(PAPER, AXIS_WIDTH / 2.0))?;
    }
    let trials: f64 = bars.iter().map(|bar| bar.count).sum();
    let at = (panel.rect.right, panel.rect.top + panel.letters.mm());
    let letters = Letters { color: FAINT, ..panel.letters };
    canvas.text(&format!("{trials} trials"), at, Align::Right, letters)
}

/// The numbers of the horizontal axis, without its name.
fn draw_degrees(canvas: &Canvas, panel: &Panel) -> Result<(), FigureError> {
    for (value, label) in &panel.x.ticks {
        let at = (panel.at_x(*value), panel.rect.bottom + TICK + 0.3 + panel.letters.mm());
        canvas.text(label, at, Align::Center, panel.letters)?;
    }
    Ok(())
}
