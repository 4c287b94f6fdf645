//! The figure of the population: every unit's rate over time as colours, sorted by best cue location.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Canvas, Letters, Pen, Rect};
use super::colors::{ColorBar, ColorMap, Colors, Picture, frame};
use super::legend::Legend;
use super::sheet::{Sheet, nothing};
use super::spans::{Stretch, read_spans, rows, write_names};
use super::style::{AXIS_WIDTH, FigureStyle, GAP, INK};
use super::tables::checkpoint;

const TITLE: &str = "Population activity";
/// More locations than this are not named one by one.
const MOST_NAMED: usize = 16;
/// Units whose best location is this near to the cue, in degrees, are marked.
const NEAR_DEG: f64 = 22.5;
/// Degrees between named locations where not all are.
const QUARTER: f64 = 90.0;

/// The tables of a heatmap.
#[derive(Clone, Copy, Debug)]
pub struct HeatmapTables<'a> {
    /// `rank` (whole number: the row), `time_ms`, `rate` (relative, NaN where there is none): the times of a
    /// row in order, row by row.
    pub cells: &'a Table,
    /// `rank`, `best_deg` (NaN for none), `peak`: one row for each row of the heatmap.
    pub units: &'a Table,
    /// What is shown, in one row: `location_deg`, `locations`, `stage` (text), `checkpoint` (trials),
    /// `performance`, `correct_trials`, `epoch` (text).
    pub about: &'a Table,
    /// `name` (text), `start_ms`, `end_ms`: the phases of a trial in order.
    pub spans: &'a Table,
}

/// What is drawn: a row for each unit.
struct Cells {
    times: Vec<f64>,
    rates: Vec<f64>,
    best: Vec<f64>,
    /// Rows that say nothing: the cue never drives the unit.
    silent: usize,
}

/// Draws a heatmap as an SVG document. Units that the cue never drives above their baseline have no peak to
/// be compared with, and are hatched.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn heatmap(tables: HeatmapTables, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let cells = Cells::read(&tables, style)?;
    if cells.times.is_empty() || cells.rates.iter().all(|rate| rate.is_nan()) {
        return nothing(
            style,
            TITLE,
            "Nothing to draw: no checkpoint, or no correct trial at this location.",
        );
    }
    let location = tables.about.f64("location_deg")?[0];
    let letters = Letters::plain(style.font_pt);
    let legend = legend(&tables, &cells, style)?;
    let title = format!("{TITLE}, cue at {location:.0}\u{b0}");
    let sheet = Sheet::new(style, &title, legend, (style.width_mm * 0.85).clamp(55.0, 110.0));
    let spans = read_spans(tables.spans)?;
    let colors = Colors { map: ColorMap::Sequential, range: Range { low: 0.0, high: 1.0 } };
    let bar = Axis::stepped("rate relative to peak response to cue", colors.range, 0.2);
    let y = cells.axis(tables.about.i64("locations")?[0] as usize, sheet.body().height(), letters);
    let body = sheet.body();
    let left = body.left + Panel::y_axis_width(&y, letters);
    let right = body.right - ColorBar::width(&bar, letters);
    let x = Axis::round("time (s)", cells.time_range(), ((right - left) / 12.0) as usize);
    let rect = Rect { left, right, top: body.top, bottom: body.bottom - Panel::x_axis_height(letters) };
    let mut panel = Panel { rect, x: &x, y: &y, letters };
    panel.rect.top += rows(&panel, &spans) as f64 * style.line_mm();
    panel.check()?;
    sheet.draw(|canvas| {
        canvas.picture(panel.rect, &Picture::new(&cells.rates, cells.times.len(), colors))?;
        write_names(canvas, &panel, &spans, style.line_mm())?;
        draw_edges(canvas, &panel, &spans)?;
        frame(canvas, panel.rect)?;
        panel.draw_x_axis(canvas, true)?;
        panel.draw_y_axis(canvas, true)?;
        mark_location(canvas, &panel, &cells.best, location)?;
        ColorBar { colors, axis: &bar, letters }.draw(canvas, panel.rect)
    })
}

/// Lines where an epoch begins.
fn draw_edges(canvas: &Canvas, panel: &Panel, spans: &[Stretch]) -> Result<(), FigureError> {
    let Rect { top, bottom, .. } = panel.rect;
    let inside = |span: &&Stretch| panel.x.range.low < span.start && span.start < panel.x.range.high;
    for span in spans.iter().filter(inside) {
        let x = panel.at_x(span.start);
        let pen = Pen { color: INK, width: AXIS_WIDTH, dash: Some((0.8, 0.6)) };
        canvas.line(&[(x, top), (x, bottom)], pen)?;
    }
    Ok(())
}

/// A bar along the units that respond best near the cue.
fn mark_location(canvas: &Canvas, panel: &Panel, best: &[f64], location: f64) -> Result<(), FigureError> {
    let is_near = |unit: &f64| {
        let away = (unit - location).abs();
        away.min(360.0 - away) < NEAR_DEG
    };
    let x = panel.rect.right + GAP / 2.0;
    let mut first = 0;
    for run in best.chunk_by(|a, b| is_near(a) == is_near(b)) {
        let end = first + run.len();
        if is_near(&run[0]) {
            let [top, bottom] = [first, end].map(|row| panel.at_y((best.len() - row) as f64));
            canvas.line(&[(x, top), (x, bottom)], Pen::solid(INK, 4.0 * AXIS_WIDTH))?;
        }
        first = end;
    }
    Ok(())
}

fn legend(tables: &HeatmapTables, cells: &Cells, style: &FigureStyle) -> Result<Legend, FigureError> {
    let about = tables.about;
    let mut legend = Legend::new(style);
    legend.note(&format!(
        "{} units, {} correct trials; {}. The bar marks units that respond best near this cue.",
        cells.best.len(),
        about.i64("correct_trials")?[0],
        checkpoint(about)?,
    ));
    if cells.silent > 0 {
        let epoch = &about.text("epoch")?[0];
        legend.note(&format!("Hatched: {} units never above baseline in {epoch}.", cells.silent));
    }
    Ok(legend)
}

impl Cells {
    fn read(tables: &HeatmapTables, style: &FigureStyle) -> Result<Self, FigureError> {
        let (times, rates) = (tables.cells.f64("time_ms")?, tables.cells.f64("rate")?);
        let (best, peaks) = (tables.units.f64("best_deg")?, tables.units.f64("peak")?);
        let steps = times.len().checked_div(best.len()).unwrap_or(0);
        let seconds: Vec<f64> = times[..steps].iter().map(|ms| ms / 1000.0).collect();
        let shown = |time: &f64| style.x_limits.is_none_or(|[low, high]| (low..high).contains(time));
        let is_driven = |peak: f64| peak > 0.0;
        let mut all = Self {
            times: seconds.iter().copied().filter(shown).collect(),
            rates: Vec::new(),
            silent: peaks.iter().filter(|peak| !is_driven(**peak)).count(),
            best,
        };
        for (row, peak) in rates.chunks_exact(steps.max(1)).zip(peaks) {
            let row = row.iter().zip(&seconds).filter(|(_, time)| shown(time));
            all.rates.extend(row.map(|(rate, _)| if is_driven(peak) { *rate } else { f64::NAN }));
        }
        Ok(all)
    }

    /// From the first time to the end of the last.
    fn time_range(&self) -> Range {
        let first = self.times.first().copied().unwrap_or(0.0);
        let last = self.times.last().copied().unwrap_or(1.0);
        let step = if self.times.len() > 1 { self.times[1] - first } else { 1.0 };
        Range { low: first, high: last + step }
    }

    /// The axis of units, the first on top: named are locations, in the middle of their units where there
    /// are few of them, else where they begin.
    fn axis(&self, locations: usize, height: f64, letters: Letters) -> Axis {
        let n = self.best.len();
        let named = if locations <= MOST_NAMED { locations } else { (360.0 / QUARTER) as usize };
        let mut ticks: Vec<(f64, String)> = Vec::new();
        for name in 0..named {
            let degrees = 360.0 * name as f64 / named as f64;
            let first = self.best.partition_point(|best| *best < degrees - 1e-6);
            let middle = if locations <= MOST_NAMED {
                let end = self.best.partition_point(|best| *best < degrees + 1e-6);
                if first == end {
                    continue;
                }
                (first + end) as f64 / 2.0
            } else {
                first as f64
            };
            let at = n as f64 - middle;
            let apart = |(other, _): &(f64, String)| (other - at).abs() / n as f64 * height >= letters.mm();
            if ticks.iter().all(apart) {
                ticks.push((at, format!("{degrees:.0}\u{b0}")));
            }
        }
        let label = "units, by best cue location".to_owned();
        Axis { range: Range { low: 0.0, high: n as f64 }, label, ticks }
    }
}
