//! The figure of the PSTH: normalised rates over time, by stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Align, Canvas, Letters, Rect};
use super::legend::{Entry, Legend, Sample};
use super::sheet::{Sheet, nothing};
use super::spans::{Stretch, read_spans, rows, shade, write_names};
use super::style::{DASH, FigureStyle, GAP};
use super::tables::{anova, fixed};

/// How the curves of a PSTH are spread over panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PsthPanels {
    /// One panel at the best location: correct trials solid, error trials dashed.
    #[default]
    Together,
    /// A panel of correct and one of error trials: best location solid, opposite location dashed.
    ByTrials,
}

/// The tables of a PSTH.
#[derive(Clone, Copy, Debug)]
pub struct PsthTables<'a> {
    /// `stage` (text: `early`, `mid`, `mature`), `trials` (text: `correct`, `error`), `location` (text:
    /// `best`, `opposite`), `time_ms`, `rate` (NaN where there is none): one row for each
    /// point, the points of a curve in order of time.
    pub curves: &'a Table,
    /// `stage` (text), `performance`, `units` (means over its checkpoints), `checkpoints` (whole number),
    /// `rate` (text: what the rate is called, with its unit): one row for each stage, in the order of the
    /// legend.
    pub stages: &'a Table,
    /// `name` (text), `start_ms`, `end_ms`: the phases of a trial in order.
    pub spans: &'a Table,
    /// The headline numbers; the first one-way ANOVA among them is told.
    pub numbers: &'a Table,
}

struct Curve {
    stage: String,
    trials: String,
    location: String,
    /// Time in s, rate.
    points: Vec<(f64, f64)>,
}

impl Curve {
    fn is_drawn(&self) -> bool {
        self.points.iter().any(|(_, rate)| rate.is_finite())
    }
}

/// What one panel shows.
struct View {
    title: &'static str,
    trials: &'static [&'static str],
    locations: &'static [&'static str],
}

impl PsthPanels {
    fn views(self) -> &'static [View] {
        match self {
            Self::Together => &[View { title: "", trials: &["correct", "error"], locations: &["best"] }],
            Self::ByTrials => &[
                View { title: "correct trials", trials: &["correct"], locations: &["best", "opposite"] },
                View { title: "error trials", trials: &["error"], locations: &["best", "opposite"] },
            ],
        }
    }

    /// What solid and what dashed lines are.
    fn lines(self) -> [&'static str; 2] {
        match self {
            Self::Together => ["correct trials", "error trials"],
            Self::ByTrials => ["best location", "opposite location"],
        }
    }

    fn dash(self, curve: &Curve) -> Option<(f64, f64)> {
        let dashed = match self {
            Self::Together => curve.trials == "error",
            Self::ByTrials => curve.location == "opposite",
        };
        dashed.then_some(DASH)
    }
}

/// Draws a PSTH as an SVG document.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn psth(tables: PsthTables, panels: PsthPanels, style: &FigureStyle) -> Result<String, FigureError> {
    const TITLE: &str = "Delay activity by stage";
    style.check()?;
    let curves = read_curves(tables.curves)?;
    let views = panels.views();
    let shown: Vec<&Curve> =
        curves.iter().filter(|curve| views.iter().any(|view| view.shows(curve))).collect();
    if !shown.iter().any(|curve| curve.is_drawn()) {
        return nothing(style, TITLE, "Nothing to draw: no stage has a responsive unit with trials.");
    }
    let spans = read_spans(tables.spans)?;
    let letters = Letters::plain(style.font_pt);
    let legend = legend(tables, &shown, panels, style)?;
    let rate = tables.stages.text("rate")?.into_iter().next().unwrap_or_else(|| "rate".to_owned());
    let columns = if views.len() > 1 && style.width_mm >= 130.0 { 2 } else { 1 };
    let grid_rows = views.len().div_ceil(columns);
    let panel_mm = (style.width_mm / columns as f64 * 0.55).clamp(42.0, 70.0);
    let sheet = Sheet::new(style, TITLE, legend, panel_mm * grid_rows as f64);
    let cells = sheet.grid(grid_rows, columns, (3.0 * GAP, GAP));

    let rates = shown.iter().flat_map(|curve| curve.points.iter().map(|(_, rate)| *rate));
    let times = shown.iter().flat_map(|curve| curve.points.iter().map(|(time, _)| *time));
    let edges = spans.iter().flat_map(|span| [span.start, span.end]);
    let y_range = style.y_range(Range::of(rates).padded(0.05));
    let y = Axis::round(&rate, y_range, (cells[0].height() / 8.0) as usize);
    let y_width = Panel::y_axis_width(&y, letters);
    let plot_width = cells[0].width() - y_width;
    let x_range = style.x_range(Range::of(times.chain(edges)));
    let x = Axis::round("time (s)", x_range, (plot_width / 12.0) as usize);

    sheet.draw(|canvas| {
        for (view, cell) in views.iter().zip(&cells) {
            let rect = Rect {
                left: cell.left + y_width,
                bottom: cell.bottom - Panel::x_axis_height(letters),
                right: cell.right - 2.0 * GAP,
                ..*cell
            };
            let mut panel = Panel { rect, x: &x, y: &y, letters };
            let title_mm = if view.title.is_empty() { 0.0 } else { style.line_mm() };
            let names_mm = rows(&panel, &spans) as f64 * style.line_mm();
            panel.rect.top += title_mm + names_mm;
            panel.check()?;
            let title_at = (panel.rect.left, cell.top + letters.mm());
            canvas.text(view.title, title_at, Align::Left, letters)?;
            let curves: Vec<&Curve> = shown.iter().copied().filter(|curve| view.shows(curve)).collect();
            draw_panel(canvas, &panel, &curves, &spans, panels, style)?;
        }
        Ok(())
    })
}

impl View {
    fn shows(&self, curve: &Curve) -> bool {
        self.trials.contains(&curve.trials.as_str()) && self.locations.contains(&curve.location.as_str())
    }
}

fn draw_panel(
    canvas: &Canvas,
    panel: &Panel,
    curves: &[&Curve],
    spans: &[Stretch],
    panels: PsthPanels,
    style: &FigureStyle,
) -> Result<(), FigureError> {
    shade(canvas, panel, spans)?;
    panel.draw_zero(canvas)?;
    write_names(canvas, panel, spans, style.line_mm())?;
    panel.draw_x_axis(canvas, true)?;
    panel.draw_y_axis(canvas, true)?;
    for (index, curve) in curves.iter().enumerate() {
        let phase = (index as f64 + 0.5) / curves.len() as f64;
        panel.curve(canvas, &curve.points, style.stage_look(&curve.stage), panels.dash(curve), phase)?;
    }
    Ok(())
}

fn legend(
    tables: PsthTables,
    curves: &[&Curve],
    panels: PsthPanels,
    style: &FigureStyle,
) -> Result<Legend, FigureError> {
    let stages = tables.stages;
    let names = stages.text("stage")?;
    let (performance, units) = (stages.f64("performance")?, stages.f64("units")?);
    let checkpoints = stages.i64("checkpoints")?;
    let mut legend = Legend::new(style);
    for (row, stage) in names.iter().enumerate() {
        let plural = if checkpoints[row] == 1 { "" } else { "s" };
        let text = format!(
            "{stage}: performance {}, {} units, {} checkpoint{plural}",
            fixed(performance[row], 2),
            fixed(units[row], 1),
            checkpoints[row]
        );
        legend.entries(vec![Entry { sample: Sample::Series(style.stage_look(stage)), text }]);
    }
    let [solid, dashed] = panels.lines().map(str::to_owned);
    legend.entries(vec![
        Entry { sample: Sample::Line(None), text: solid },
        Entry { sample: Sample::Line(Some(DASH)), text: dashed },
    ]);
    let missing = curves.iter().filter(|curve| !curve.is_drawn()).map(|curve| match panels {
        PsthPanels::Together => format!("{} {}", curve.stage, curve.trials),
        PsthPanels::ByTrials => format!("{} {} {}", curve.stage, curve.trials, curve.location),
    });
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        legend.note(&format!("Nothing to average, so no curve: {}.", missing.join(", ")));
    }
    if let Some(anova) = anova(tables.numbers)? {
        legend.note(&anova);
    }
    Ok(legend)
}

fn read_curves(table: &Table) -> Result<Vec<Curve>, FigureError> {
    let (stages, trials, locations) = (table.text("stage")?, table.text("trials")?, table.text("location")?);
    let (times, rates) = (table.f64("time_ms")?, table.f64("rate")?);
    let mut curves: Vec<Curve> = Vec::new();
    for row in 0..table.len() {
        let same = |curve: &&mut Curve| {
            curve.stage == stages[row] && curve.trials == trials[row] && curve.location == locations[row]
        };
        let point = (times[row] / 1000.0, rates[row]);
        match curves.iter_mut().find(same) {
            Some(curve) => curve.points.push(point),
            None => curves.push(Curve {
                stage: stages[row].clone(),
                trials: trials[row].clone(),
                location: locations[row].clone(),
                points: vec![point],
            }),
        }
    }
    Ok(curves)
}
