//! The figure of the correlations of units with saccades: their histogram, by stage.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::legend::{Entry, Legend, Sample};
use super::sheet::{Sheet, nothing};
use super::style::{AXIS_WIDTH, CURVE_WIDTH, DASH, FAINT, FigureStyle, GAP, INK};
use super::tables::{anova, fixed, p_value};

const TITLE: &str = "Correlation of rate and saccade by unit";
/// Room above the bars for lines of text.
const TEXT_LINES: f64 = 4.0;

/// The tables of the distribution of r.
#[derive(Clone, Copy, Debug)]
pub struct RDistributionTables<'a> {
    /// `stage` (text), `bin_start`, `bin_end` (r), `count` (units): one row for each bin.
    pub histograms: &'a Table,
    /// `stage` (text, in the order of the panels), `checkpoints`, `units`, `undefined` (units), `mean` (r),
    /// `t_test_p`, `wilcoxon_p` (NaN where there is no test): one row for each stage.
    pub stages: &'a Table,
    /// Headline numbers, for the test between stages.
    pub numbers: &'a Table,
}

/// The units of one stage.
struct Group {
    name: String,
    mean: f64,
    /// What is written on the left and on the right of the panel, line by line.
    left: Vec<String>,
    right: Vec<String>,
    /// Start, end, units.
    bins: Vec<(f64, f64, f64)>,
}

/// Draws histograms of r as an SVG document, one panel above the other for each stage, with the mean marked.
/// The panels share the horizontal axis.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn r_distribution(tables: RDistributionTables, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let groups = read(&tables)?;
    if groups.is_empty() {
        return nothing(style, TITLE, "Nothing to draw: no unit has a correlation.");
    }
    let letters = Letters::plain(style.font_pt);
    let mut legend = Legend::new(style);
    legend.entries(vec![Entry { sample: Sample::Line(Some(DASH)), text: "mean r".to_owned() }]);
    legend.note("A unit counts once, with its mean r over the checkpoints of the stage. Tests: mean r against 0 (descriptive).");
    if let Some(test) = anova(tables.numbers)? {
        legend.note(&test);
    }
    let x_height = Panel::x_axis_height(letters);
    let panel_mm = (style.width_mm * 0.32).clamp(24.0, 45.0);
    let sheet = Sheet::new(style, TITLE, legend, panel_mm * groups.len() as f64 + x_height);
    let body = sheet.body();
    let down = 2.0 * GAP;
    let height = (body.height() - x_height - down * (groups.len() - 1) as f64) / groups.len() as f64;
    let headroom = height / (height - TEXT_LINES * style.line_mm()).max(height / 2.0);
    let y_axes: Vec<Axis> = groups
        .iter()
        .map(|group| {
            let most = group.bins.iter().map(|bin| bin.2).fold(1.0, f64::max);
            let range = style.y_range(Range { low: 0.0, high: most * headroom });
            Axis::counts("units", range, (height / 7.0) as usize)
        })
        .collect();
    let y_width = y_axes.iter().map(|y| Panel::y_axis_width(y, letters)).fold(0.0, f64::max);
    let (left, right) = (body.left + y_width, body.right - 2.0 * GAP);
    let edges = groups.iter().flat_map(|group| &group.bins).flat_map(|bin| [bin.0, bin.1]);
    let range = style.x_range(Range::of(edges.chain([0.0])).padded(0.02));
    let x = Axis::round("Pearson's r of rate and saccade", range, ((right - left) / 11.0) as usize);
    sheet.draw(|canvas| {
        for (row, (group, y)) in groups.iter().zip(&y_axes).enumerate() {
            let top = body.top + row as f64 * (height + down);
            let panel = Panel { rect: Rect { left, top, right, bottom: top + height }, x: &x, y, letters };
            panel.check()?;
            draw_group(canvas, &panel, group, style)?;
            panel.draw_x_axis(canvas, row + 1 == groups.len())?;
            panel.draw_y_axis(canvas, true)?;
        }
        Ok(())
    })
}

fn draw_group(canvas: &Canvas, panel: &Panel, group: &Group, style: &FigureStyle) -> Result<(), FigureError> {
    let Rect { left, top, right, bottom } = panel.rect;
    let bars_top = top + TEXT_LINES * style.line_mm();
    for (start, end, count) in group.bins.iter().filter(|bin| bin.2 > 0.0) {
        let rect = Rect {
            left: panel.at_x(*start).clamp(left, right),
            right: panel.at_x(*end).clamp(left, right),
            top: panel.at_y(*count).clamp(top, bottom),
            bottom,
        };
        if rect.left < rect.right {
            canvas.rect(rect, style.stage_look(&group.name).color)?;
        }
    }
    for (at, pen) in [
        (0.0, Pen::solid(FAINT, AXIS_WIDTH)),
        (group.mean, Pen { color: INK, width: CURVE_WIDTH, dash: Some(DASH) }),
    ] {
        if panel.x.holds(at) {
            let x = panel.at_x(at);
            canvas.line(&[(x, bars_top), (x, bottom)], pen)?;
        }
    }
    let baseline = |line: usize| top + panel.letters.mm() + line as f64 * style.line_mm();
    for (line, text) in group.left.iter().enumerate() {
        canvas.text(text, (left + GAP, baseline(line)), Align::Left, panel.letters)?;
    }
    for (line, text) in group.right.iter().enumerate() {
        canvas.text(text, (right, baseline(line)), Align::Right, panel.letters)?;
    }
    Ok(())
}

fn read(tables: &RDistributionTables) -> Result<Vec<Group>, FigureError> {
    let RDistributionTables { histograms, stages, .. } = tables;
    let names = histograms.text("stage")?;
    let (starts, ends) = (histograms.f64("bin_start")?, histograms.f64("bin_end")?);
    let counts = histograms.f64("count")?;
    let (listed, checkpoints) = (stages.text("stage")?, stages.i64("checkpoints")?);
    let (units, undefined) = (stages.i64("units")?, stages.i64("undefined")?);
    let (means, t_test, wilcoxon) = (stages.f64("mean")?, stages.f64("t_test_p")?, stages.f64("wilcoxon_p")?);
    let test =
        |name: &str, p: f64| if p.is_finite() { format!("{name} {}", p_value(p)) } else { String::new() };
    let groups = (0..listed.len()).filter(|row| units[*row] > 0).map(|row| {
        let plural = if checkpoints[row] == 1 { "" } else { "s" };
        let bins = (0..names.len()).filter(|bin| names[*bin] == listed[row]);
        let mut left = vec![
            format!("{}, {} checkpoint{plural}", listed[row], checkpoints[row]),
            format!("n = {} units", units[row]),
        ];
        if undefined[row] > 0 {
            left.push(format!("r not defined: {}", undefined[row]));
        }
        Group {
            name: listed[row].clone(),
            mean: means[row],
            left,
            right: vec![
                format!("mean r = {}", fixed(means[row], 3)),
                test("t-test", t_test[row]),
                test("Wilcoxon", wilcoxon[row]),
            ],
            bins: bins.map(|bin| (starts[bin], ends[bin], counts[bin])).collect(),
        }
    });
    Ok(groups.collect())
}
