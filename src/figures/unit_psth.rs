//! The figure of single units: what one unit does in every trial, by where the cue is.

use std::f64::consts::PI;

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, MARKER, Panel, Range};
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::legend::{Entry, Legend, Sample};
use super::sheet::{Sheet, nothing};
use super::spans::{FIXATION, Stretch, read_spans, shade};
use super::style::{AXIS_WIDTH, CURVE_WIDTH, FAINT, FigureStyle, GAP, INK, MARGIN, Marker, THIN_WIDTH};
use super::tables::{checkpoint, distinct};

const TITLE: &str = "Single-unit activity by cue location";
/// Rows and columns of panels around the middle.
const SIDE: usize = 3;
/// Directions around the middle, counterclockwise from the right: (row, column).
const PLACES: [(usize, usize); 8] = [(1, 2), (0, 2), (0, 1), (0, 0), (1, 0), (2, 0), (2, 1), (2, 2)];
/// The share of the middle that the circle of tuning fills.
const CIRCLE: f64 = 0.3;

/// The tables of single units.
#[derive(Clone, Copy, Debug)]
pub struct UnitPsthTables<'a> {
    /// `unit`, `location`, `trial` (whole numbers), `time_ms`, `rate` (normalised): every correct trial, its
    /// times in order.
    pub trials: &'a Table,
    /// `unit`, `location`, `time_ms`, `rate`: the means over correct trials.
    pub means: &'a Table,
    /// `unit`, `location`, `place` (0 to 7, counterclockwise from the right), `angle_deg`, `trials`,
    /// `rate_hz` (in the epoch, NaN without trials): a row for each panel.
    pub tuning: &'a Table,
    /// In one row: `stage` (text), `checkpoint`, `performance`, `epoch` (text).
    pub about: &'a Table,
    /// `name` (text), `start_ms`, `end_ms`: the phases of a trial in order.
    pub spans: &'a Table,
}

/// One location of one unit.
struct View {
    place: usize,
    angle: f64,
    /// Mean rate in Hz in the epoch.
    rate: f64,
    /// Time in s and normalised rate, of every trial.
    trials: Vec<Vec<(f64, f64)>>,
    mean: Vec<(f64, f64)>,
}

/// One unit.
struct Unit {
    number: i64,
    views: Vec<View>,
}

/// Draws single units as an SVG document, a block of 3 x 3 panels for each: panels stand where the cue does
/// (right is 0), the unit's tuning in the middle. All panels share their axes.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn unit_psth(tables: UnitPsthTables, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let units = read_units(&tables)?;
    let points = || units.iter().flat_map(|unit| &unit.views).flat_map(|view| view.trials.iter().flatten());
    if !points().any(|(_, rate)| rate.is_finite()) {
        return nothing(style, TITLE, "Nothing to draw: no checkpoint, or no correct trial.");
    }
    let letters = Letters::plain(style.font_pt);
    let spans = read_spans(tables.spans)?;
    let block_mm = (style.width_mm * 0.8).clamp(70.0, 130.0);
    let legend = legend(&tables, style)?;
    let sheet = Sheet::new(style, &title(&units), legend, block_mm * units.len() as f64);
    let edges = spans.iter().flat_map(|span| [span.start, span.end]);
    let times = style.x_range(Range::of(points().map(|(time, _)| *time).chain(edges)));
    let rates = style.y_range(Range::of(points().map(|(_, rate)| *rate)).padded(0.03));
    let y = Axis::round("normalised rate", rates, (block_mm / 24.0) as usize);
    let y_width = Panel::y_axis_width(&y, letters);
    // Neighbours' first and last times stand beside each other.
    let gap = letters.width("0.0") + GAP;
    let width = (sheet.body().width() - y_width - gap * 2.0 - MARGIN) / SIDE as f64;
    let x = Axis::round("time (s)", times, (width / 8.0) as usize);
    let blocks = sheet.grid(units.len(), 1, (0.0, 2.0 * GAP));
    let grid = Grid { x: &x, y: &y, letters, y_width, width, gap, spans: &spans, style };
    sheet.draw(|canvas| units.iter().zip(blocks).try_for_each(|(unit, block)| grid.draw(canvas, unit, block)))
}

fn title(units: &[Unit]) -> String {
    match units {
        [unit] => format!("Unit {}: activity by cue location", unit.number),
        _ => TITLE.to_owned(),
    }
}

fn legend(tables: &UnitPsthTables, style: &FigureStyle) -> Result<Legend, FigureError> {
    let about = tables.about;
    let mut legend = Legend::new(style);
    legend.entries(vec![
        Entry { sample: Sample::Line(None), text: "mean of correct trials".to_owned() },
        Entry { sample: Sample::Thin, text: "one correct trial".to_owned() },
    ]);
    let epoch = &about.text("epoch")?[0];
    let shaded = distinct(tables.spans.text("name")?);
    let shaded: Vec<&str> = shaded.iter().map(String::as_str).filter(|name| *name != FIXATION).collect();
    legend.note(&format!(
        "Shaded in turn: {}. Middle: mean rate in {epoch} by location. {}.",
        shaded.join(", "),
        checkpoint(about)?
    ));
    Ok(legend)
}

/// The panels around a middle.
struct Grid<'a> {
    x: &'a Axis,
    y: &'a Axis,
    letters: Letters,
    y_width: f64,
    width: f64,
    gap: f64,
    spans: &'a [Stretch],
    style: &'a FigureStyle,
}

impl Grid<'_> {
    fn draw(&self, canvas: &Canvas, unit: &Unit, block: Rect) -> Result<(), FigureError> {
        let name_mm = self.style.line_mm();
        let x_height = Panel::x_axis_height(self.letters);
        let height = (block.height() - x_height - SIDE as f64 * name_mm - 2.0 * self.gap) / SIDE as f64;
        let rect = |(row, column): (usize, usize)| {
            let left = block.left + self.y_width + column as f64 * (self.width + self.gap);
            let top = block.top + name_mm + row as f64 * (height + name_mm + self.gap);
            Rect { left, right: left + self.width, top, bottom: top + height }
        };
        for view in &unit.views {
            let place = PLACES[view.place % PLACES.len()];
            self.draw_view(canvas, view, rect(place), place)?;
        }
        self.draw_middle(canvas, unit, rect((1, 1)))
    }

    fn draw_view(
        &self,
        canvas: &Canvas,
        view: &View,
        rect: Rect,
        (row, column): (usize, usize),
    ) -> Result<(), FigureError> {
        let panel = Panel { rect, x: self.x, y: self.y, letters: self.letters };
        panel.check()?;
        shade(canvas, &panel, self.spans)?;
        panel.draw_zero(canvas)?;
        for trial in &view.trials {
            panel.line(canvas, trial, Pen::solid(FAINT, THIN_WIDTH))?;
        }
        panel.line(canvas, &view.mean, Pen::solid(INK, CURVE_WIDTH))?;
        panel.draw_x_axis(canvas, row == SIDE - 1)?;
        panel.draw_y_axis(canvas, column == 0)?;
        let baseline = rect.top - 0.35 * self.letters.mm();
        canvas.text(&format!("{:.0}\u{b0}", view.angle), (rect.left, baseline), Align::Left, self.letters)?;
        let faint = Letters { color: FAINT, ..self.letters };
        let n = format!("n = {}", view.trials.len());
        canvas.text(&n, (rect.right, baseline), Align::Right, faint)
    }

    /// The mean rate by location around a circle, from 0 (or the least) in the centre.
    fn draw_middle(&self, canvas: &Canvas, unit: &Unit, rect: Rect) -> Result<(), FigureError> {
        let (x, y) = rect.center();
        let radius = rect.width().min(rect.height()) * CIRCLE;
        let name = format!("unit {}", unit.number);
        canvas.text(&name, (x, rect.top), Align::Center, Letters::bold(self.letters.pt))?;
        let rates = unit.views.iter().map(|view| view.rate).filter(|rate| rate.is_finite());
        let (low, high) = rates.fold((0.0f64, 0.0f64), |(low, high), rate| (low.min(rate), high.max(rate)));
        if high <= low {
            return Ok(());
        }
        let at = |degrees: f64, share: f64| {
            let angle = degrees * PI / 180.0;
            (x + radius * share * libm::cos(angle), y - radius * share * libm::sin(angle))
        };
        let circle: Vec<(f64, f64)> = (0..=72).map(|step| at(f64::from(step) * 5.0, 1.0)).collect();
        canvas.line(&circle, Pen::solid(FAINT, AXIS_WIDTH / 2.0))?;
        let shown: Vec<&View> = unit.views.iter().filter(|view| view.rate.is_finite()).collect();
        let mut tuning: Vec<(f64, f64)> =
            shown.iter().map(|view| at(view.angle, (view.rate - low) / (high - low))).collect();
        tuning.extend(tuning.first().copied());
        canvas.line(&tuning, Pen::solid(INK, CURVE_WIDTH))?;
        for point in &tuning {
            canvas.marker(*point, Marker::Circle, MARKER * 0.7, INK)?;
        }
        let faint = Letters { color: FAINT, ..self.letters };
        let edge = (x, y + radius + 0.3 + self.letters.mm());
        canvas.text(&format!("circle: {high:.1} Hz"), edge, Align::Center, faint)
    }
}

fn read_units(tables: &UnitPsthTables) -> Result<Vec<Unit>, FigureError> {
    let (units, locations) = (tables.tuning.i64("unit")?, tables.tuning.i64("location")?);
    let (places, angles) = (tables.tuning.i64("place")?, tables.tuning.f64("angle_deg")?);
    let rates = tables.tuning.f64("rate_hz")?;
    let trials = Curves::read(tables.trials, true)?;
    let means = Curves::read(tables.means, false)?;
    let mut read: Vec<Unit> = Vec::new();
    for row in 0..tables.tuning.len() {
        let view = View {
            place: places[row].max(0) as usize,
            angle: angles[row],
            rate: rates[row],
            trials: trials.of(units[row], locations[row]),
            mean: means.of(units[row], locations[row]).into_iter().next().unwrap_or_default(),
        };
        match read.iter_mut().find(|unit| unit.number == units[row]) {
            Some(unit) => unit.views.push(view),
            None => read.push(Unit { number: units[row], views: vec![view] }),
        }
    }
    Ok(read)
}

/// Curves by unit and location, one after the other.
struct Curves {
    keys: Vec<(i64, i64, i64)>,
    points: Vec<(f64, f64)>,
}

impl Curves {
    fn read(table: &Table, by_trial: bool) -> Result<Self, FigureError> {
        let (units, locations) = (table.i64("unit")?, table.i64("location")?);
        let trials = if by_trial { table.i64("trial")? } else { vec![0; table.len()] };
        let (times, rates) = (table.f64("time_ms")?, table.f64("rate")?);
        let keys = units.into_iter().zip(locations).zip(trials).map(|((unit, at), trial)| (unit, at, trial));
        let points = times.into_iter().zip(rates).map(|(time, rate)| (time / 1000.0, rate));
        Ok(Self { keys: keys.collect(), points: points.collect() })
    }

    /// The curves of a unit at a location.
    fn of(&self, unit: i64, location: i64) -> Vec<Vec<(f64, f64)>> {
        let mut curves = Vec::new();
        let mut start = 0;
        for curve in self.keys.chunk_by(|a, b| a == b) {
            let end = start + curve.len();
            if (curve[0].0, curve[0].1) == (unit, location) {
                curves.push(self.points[start..end].to_vec());
            }
            start = end;
        }
        curves
    }
}
