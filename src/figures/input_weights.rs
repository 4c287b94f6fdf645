//! The figure of input weights: their histogram, by stage of training.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::bars::{Bar, draw_bars};
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::legend::{Entry, Legend, Sample};
use super::sheet::{Sheet, nothing};
use super::style::{AXIS_WIDTH, CURVE_WIDTH, DASH, FAINT, FigureStyle, GAP, INK};
use super::tables::fixed;

const TITLE: &str = "Input weights by stage";
/// Bins with fewer weights than this at the ends are left out of the axis.
const LEAST_SHOWN: f64 = 0.5;

/// The weights of one stage.
struct Group {
    stage: String,
    checkpoints: i64,
    mean: f64,
    /// Weights below 0, from 0 up, and outside of the histogram, in a checkpoint on average.
    negative: f64,
    positive: f64,
    outside: f64,
    /// Counts in a checkpoint on average.
    bins: Vec<Bar>,
}

/// Draws histograms of input weights as an SVG document, one panel above the other for each stage.
///
/// `histograms` has a row for each bin: `stage` (text, in the order of the panels), `bin_start`, `bin_end`
/// (weight), `count` (weights of all checkpoints of the stage). `stages` has a row for each stage: `stage`,
/// `checkpoints`, `mean` (weight), `negative`, `positive`, `outside` (counts of all its checkpoints). Counts are
/// drawn as means of a checkpoint.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn input_weights(histograms: &Table, stages: &Table, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let groups = read(histograms, stages)?;
    if groups.is_empty() {
        return nothing(style, TITLE, "Nothing to draw: no stage has a checkpoint.");
    }
    let letters = Letters::plain(style.font_pt);
    let mut legend = Legend::new(style);
    legend.entries(vec![Entry { sample: Sample::Line(Some(DASH)), text: "mean of all weights".to_owned() }]);
    legend.note("From the first ring to all units; counts are means of a checkpoint.");
    let outside: f64 = groups.iter().map(|group| group.outside * group.checkpoints as f64).sum();
    if outside > 0.0 {
        legend.note(&format!("{outside:.0} weights lie outside of the histograms."));
    }
    let panel_mm = (style.width_mm * 0.28).clamp(22.0, 40.0);
    let x_height = Panel::x_axis_height(letters);
    let sheet = Sheet::new(style, TITLE, legend, panel_mm * groups.len() as f64 + x_height);
    let occupied = groups.iter().flat_map(|group| &group.bins).filter(|bin| bin.height >= LEAST_SHOWN);
    let range = Range::of(occupied.flat_map(|bin| [bin.start, bin.end]));
    let most = groups.iter().flat_map(|group| &group.bins).map(|bin| bin.height).fold(1.0, f64::max);
    let body = sheet.body();
    let down = 2.0 * GAP;
    let height = (body.height() - x_height - down * (groups.len() - 1) as f64) / groups.len() as f64;
    // Two lines of text stand above the bars.
    let headroom = height / (height - 2.2 * style.line_mm()).max(style.line_mm());
    let y_range = style.y_range(Range { low: 0.0, high: most * headroom });
    let y = Axis::counts("weights", y_range, (height / 7.0) as usize);
    let left = body.left + Panel::y_axis_width(&y, letters);
    let x = Axis::round("input weight", style.x_range(range), ((body.right - left) / 11.0) as usize);
    sheet.draw(|canvas| {
        for (row, group) in groups.iter().enumerate() {
            let top = body.top + row as f64 * (height + down);
            let rect = Rect { left, top, right: body.right - 2.0 * GAP, bottom: top + height };
            let panel = Panel { rect, x: &x, y: &y, letters };
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
    let look = style.stage_look(&group.stage);
    draw_bars(canvas, panel, &group.bins, look.color)?;
    if panel.x.holds(0.0) {
        let x = panel.at_x(0.0);
        canvas.line(&[(x, top), (x, bottom)], Pen::solid(FAINT, AXIS_WIDTH))?;
    }
    if panel.x.holds(group.mean) {
        let x = panel.at_x(group.mean);
        let pen = Pen { color: INK, width: CURVE_WIDTH, dash: Some(DASH) };
        canvas.line(&[(x, top), (x, bottom)], pen)?;
    }
    let letters = panel.letters;
    let line = 1.3 * letters.mm();
    let plural = if group.checkpoints == 1 { "" } else { "s" };
    let on_left = [
        format!("{}, {} checkpoint{plural}", group.stage, group.checkpoints),
        format!("{:.0} below 0", group.negative),
    ];
    let on_right = [format!("mean {}", fixed(group.mean, 3)), format!("{:.0} from 0 up", group.positive)];
    for (index, (one, other)) in on_left.iter().zip(&on_right).enumerate() {
        let baseline = top + letters.mm() + index as f64 * line;
        canvas.text(one, (left + GAP, baseline), Align::Left, letters)?;
        canvas.text(other, (right, baseline), Align::Right, letters)?;
    }
    Ok(())
}

fn read(histograms: &Table, stages: &Table) -> Result<Vec<Group>, FigureError> {
    let (names, starts, ends) =
        (histograms.text("stage")?, histograms.f64("bin_start")?, histograms.f64("bin_end")?);
    let counts = histograms.i64("count")?;
    let (listed, checkpoints) = (stages.text("stage")?, stages.i64("checkpoints")?);
    let (means, negative, positive) = (stages.f64("mean")?, stages.f64("negative")?, stages.f64("positive")?);
    let outside = stages.f64("outside")?;
    let groups = listed.iter().enumerate().map(|(row, stage)| {
        let each = checkpoints[row].max(1) as f64;
        let bins = (0..names.len()).filter(|bin| names[*bin] == *stage);
        Group {
            stage: stage.clone(),
            checkpoints: checkpoints[row],
            mean: means[row],
            negative: negative[row] / each,
            positive: positive[row] / each,
            outside: outside[row] / each,
            bins: bins
                .map(|bin| Bar { start: starts[bin], end: ends[bin], height: counts[bin] as f64 / each })
                .collect(),
        }
    });
    Ok(groups.collect())
}
