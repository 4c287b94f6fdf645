//! The figure of tuning curves and Fano factors, by stage.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Canvas, Letters, Pen, Rect};
use super::points::{Point, draw_point, draw_points};
use super::sheet::{Sheet, nothing};
use super::style::{CURVE_WIDTH, FigureStyle, GAP};
use super::tables::{fixed, p_value};
use super::tuning_correlation::{APART_DEG, offsets, series, stage_legend};

const TITLE: &str = "Tuning and variability";
/// Figures from this width on have their panels side by side.
const SIDE_BY_SIDE_MM: f64 = 130.0;
/// Points of a drawn Gaussian.
const SMOOTH: usize = 120;

/// The tables of the tuning.
#[derive(Clone, Copy, Debug)]
pub struct TuningTables<'a> {
    /// `stage` (text), `offset_deg` (degrees from the best location), `rate`, `rate_sem`, `fano`, `fano_sem`
    /// (means over checkpoints and their standard errors, NaN where there is none): one row for each point,
    /// the points of a stage in order.
    pub curves: &'a Table,
    /// `stage` (text), `checkpoints`, `units` (mean), `rates` (text: what the curves show), `fit_area`,
    /// `fit_center_deg`, `fit_width_deg`, `fit_base` (the Gaussian, NaN without one), `fano_difference`
    /// (best less opposite location), `fano_p` (of its test, NaN without one): one row for each stage.
    pub stages: &'a Table,
}

/// The Gaussian through the curve of a stage.
struct Fit {
    stage: String,
    area: f64,
    center: f64,
    width: f64,
    base: f64,
}

/// Draws tuning curves with their Gaussians, and Fano factors, as an SVG document: two panels.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn tuning(tables: TuningTables, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let rates = series(tables.curves, ["rate", "rate_sem"], 0.0)?;
    let fano = series(tables.curves, ["fano", "fano_sem"], APART_DEG)?;
    if all(&rates).all(|point| point.value.is_nan()) {
        return nothing(style, TITLE, "Nothing to draw: no stage has units with correct trials.");
    }
    let fits = fits(tables.stages)?;
    let letters = Letters::plain(style.font_pt);
    let mut legend = stage_legend(tables.stages, style)?;
    for note in notes(tables.stages, &fits)? {
        legend.note(&note);
    }
    let columns = if style.width_mm >= SIDE_BY_SIDE_MM { 2 } else { 1 };
    let grid_rows = 2usize.div_ceil(columns);
    let panel_mm = (style.width_mm / columns as f64 * 0.55).clamp(38.0, 70.0);
    let sheet = Sheet::new(style, TITLE, legend, panel_mm * grid_rows as f64);
    let cells = sheet.grid(grid_rows, columns, (3.0 * GAP, GAP));
    let most = (cells[0].height() / 9.0) as usize;
    let names = tables.stages.text("rates")?;
    let rate_label = names.first().map_or("rate", String::as_str);
    let y_axes = [(rate_label, &rates), ("Fano factor of rate (Hz)", &fano)].map(|(label, series)| {
        let range = Range::of(all(series).flat_map(Point::extent)).padded(0.06);
        let range = if label == rate_label { style.y_range(range) } else { range };
        Axis::round(label, range, most)
    });
    let y_width = y_axes.iter().map(|y| Panel::y_axis_width(y, letters)).fold(0.0, f64::max);
    let width = cells[0].width() - y_width - GAP;
    let x = offsets(style, all(&fano).map(|point| point.x), width);
    sheet.draw(|canvas| {
        for ((cell, y), series) in cells.iter().zip(&y_axes).zip([&rates, &fano]) {
            let bottom = cell.bottom - Panel::x_axis_height(letters);
            let rect =
                Rect { left: cell.left + y_width, bottom, right: cell.right - GAP, top: cell.top + GAP };
            let panel = Panel { rect, x: &x, y, letters };
            panel.check()?;
            panel.draw_zero(canvas)?;
            panel.draw_x_axis(canvas, true)?;
            panel.draw_y_axis(canvas, true)?;
            for (stage, points) in series {
                let fit = fits.iter().find(|fit| fit.stage == *stage && y.label == rate_label);
                match fit {
                    Some(fit) => draw_fitted(canvas, &panel, points, fit, style)?,
                    None => draw_points(canvas, &panel, points, style.stage_look(stage))?,
                }
            }
        }
        Ok(())
    })
}

fn all(series: &[(String, Vec<Point>)]) -> impl Iterator<Item = &Point> {
    series.iter().flat_map(|(_, points)| points)
}

/// The points of a stage with the Gaussian through them.
fn draw_fitted(
    canvas: &Canvas,
    panel: &Panel,
    points: &[Point],
    fit: &Fit,
    style: &FigureStyle,
) -> Result<(), FigureError> {
    let look = style.stage_look(&fit.stage);
    let Range { low, high } = panel.x.range;
    let curve = (0..=SMOOTH).map(|at| {
        let x = low + (high - low) * at as f64 / SMOOTH as f64;
        (x, fit.at(x))
    });
    panel.line(canvas, &curve.collect::<Vec<_>>(), Pen::solid(look.color, CURVE_WIDTH))?;
    points.iter().try_for_each(|point| draw_point(canvas, panel, point, look))
}

impl Fit {
    fn at(&self, degrees: f64) -> f64 {
        let z = (degrees - self.center) / self.width;
        self.base + self.area * libm::exp(-z * z / 2.0) / (self.width * std::f64::consts::TAU.sqrt())
    }
}

fn fits(stages: &Table) -> Result<Vec<Fit>, FigureError> {
    let names = stages.text("stage")?;
    let [area, center, width, base] =
        ["fit_area", "fit_center_deg", "fit_width_deg", "fit_base"].map(|column| stages.f64(column));
    let (area, center, width, base) = (area?, center?, width?, base?);
    let fits = names.into_iter().enumerate().map(|(row, stage)| Fit {
        stage,
        area: area[row],
        center: center[row],
        width: width[row],
        base: base[row],
    });
    Ok(fits.filter(|fit| fit.area.is_finite()).collect())
}

/// What the points and lines are, and what the Gaussians and tests say.
fn notes(stages: &Table, fits: &[Fit]) -> Result<Vec<String>, FigureError> {
    let mut notes = vec!["Mean and standard error over checkpoints (descriptive).".to_owned()];
    if !fits.is_empty() {
        let widths: Vec<String> =
            fits.iter().map(|fit| format!("{} {}\u{b0}", fit.stage, fixed(fit.width, 0))).collect();
        notes.push(format!("Curves: Gaussians, sd {}.", widths.join(", ")));
    }
    let (names, difference, p) =
        (stages.text("stage")?, stages.f64("fano_difference")?, stages.f64("fano_p")?);
    let tests: Vec<String> = (0..names.len())
        .filter(|row| p[*row].is_finite())
        .map(|row| format!("{} {}, {}", names[row], fixed(difference[row], 3), p_value(p[row])))
        .collect();
    if !tests.is_empty() {
        let tests = tests.join("; ");
        notes.push(format!(
            "Fano factor, best less opposite location (Hz), paired t-test over units: {tests}."
        ));
    }
    Ok(notes)
}
