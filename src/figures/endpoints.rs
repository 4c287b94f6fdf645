//! The figure of saccade endpoints: histograms of their distance from the target, by stage.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::bars::{Bar, draw_bars};
use super::canvas::{Align, Canvas, Letters, Rect};
use super::legend::Legend;
use super::sheet::{Sheet, nothing};
use super::style::{FAINT, FigureStyle, GAP, TICK};
use super::tables::{anova, distinct, fixed};

const TITLE: &str = "Saccade endpoints by stage";
/// The rows of panels from above.
const CLASSES: [(&str, &str); 2] = [("error", "error trials"), ("correct", "correct trials")];

/// Draws endpoint histograms as an SVG document: error trials above, correct trials below, a column for
/// each stage. All panels share the horizontal axis, those of a row the vertical one.
///
/// `table` has a row for each bin: `stage` (text, in the order of the columns), `trials` (text:
/// `correct`, `error`), `bin_start_deg`, `bin_end_deg` (distance from endpoint to target, 0 to 180 degrees),
/// `count` (trials). `numbers` are headline numbers: `group` (the stage), `quantity`, `value`; mean distances
/// stand in the panels, and the first one-way ANOVA among them below.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn endpoints(table: &Table, numbers: &Table, style: &FigureStyle) -> Result<String, FigureError> {
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
        rows.map(|row| Bar { start: starts[row], end: ends[row], height: counts[row] as f64 }).collect()
    };

    let means = read_means(numbers)?;
    let letters = Letters::plain(style.font_pt);
    let mut legend = Legend::new(style);
    if let Some(anova) = anova(numbers)? {
        legend.note(&anova);
    }
    let sheet = Sheet::new(style, TITLE, legend, (style.width_mm * 0.75).min(90.0));
    let x_height = Panel::x_axis_height(letters);
    let height = (sheet.body().height() - style.line_mm() - x_height - 2.0 * GAP) / 2.0;
    let headroom = height / (height - 2.0 * style.line_mm()).max(style.line_mm());
    let y_axes = CLASSES.map(|(class, label)| {
        let counts = stages.iter().flat_map(|stage| bars(class, stage)).map(|bar| bar.height);
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
                let bars = bars(class, stage);
                draw_bars(canvas, &panel, &bars, style.stage_look(stage).color)?;
                let mean = means.iter().find(|mean| mean.stage == *stage && mean.class == *class);
                write_counts(canvas, &panel, &bars, mean.map(|mean| mean.degrees), style.line_mm())?;
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

/// How many trials a panel shows, and their mean distance.
fn write_counts(
    canvas: &Canvas,
    panel: &Panel,
    bars: &[Bar],
    mean: Option<f64>,
    line_mm: f64,
) -> Result<(), FigureError> {
    let trials: f64 = bars.iter().map(|bar| bar.height).sum();
    let mean = mean.filter(|mean| mean.is_finite()).map(|mean| format!("mean {}\u{b0}", fixed(mean, 1)));
    let letters = Letters { color: FAINT, ..panel.letters };
    for (line, text) in [Some(format!("{trials} trials")), mean].into_iter().flatten().enumerate() {
        let baseline = panel.rect.top + letters.mm() + line as f64 * line_mm;
        canvas.text(&text, (panel.rect.right, baseline), Align::Right, letters)?;
    }
    Ok(())
}

/// The mean distance of a stage's trials of a class.
struct Mean {
    stage: String,
    class: &'static str,
    degrees: f64,
}

fn read_means(numbers: &Table) -> Result<Vec<Mean>, FigureError> {
    let (groups, quantities) = (numbers.text("group")?, numbers.text("quantity")?);
    let values = numbers.f64("value")?;
    let rows = groups.into_iter().zip(quantities).zip(values);
    let means = rows.filter_map(|((stage, quantity), degrees)| {
        let (class, _) = CLASSES.iter().find(|(_, trials)| {
            quantity.starts_with("mean endpoint distance") && quantity.contains(trials)
        })?;
        Some(Mean { stage, class, degrees })
    });
    Ok(means.collect())
}

/// The numbers of the horizontal axis, without its name.
fn draw_degrees(canvas: &Canvas, panel: &Panel) -> Result<(), FigureError> {
    for (value, label) in &panel.x.ticks {
        let at = (panel.at_x(*value), panel.rect.bottom + TICK + 0.3 + panel.letters.mm());
        canvas.text(label, at, Align::Center, panel.letters)?;
    }
    Ok(())
}
