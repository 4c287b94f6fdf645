//! The figure of the correlation of rates and saccades at tuning locations, by stage.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Letters, Rect};
use super::legend::{Entry, Legend, Sample};
use super::points::{Point, draw_points};
use super::sheet::{Sheet, nothing};
use super::style::{FigureStyle, GAP};
use super::tables::{anova, distinct, fixed};

const TITLE: &str = "Correlation of rate and saccade by tuning";
/// Name of the axis of places in tuning order.
pub(super) const OFFSET: &str = "location relative to the best (degrees)";
/// Series stand this far apart, in degrees.
pub(super) const APART_DEG: f64 = 5.0;

/// The tables of the correlation at tuning locations.
#[derive(Clone, Copy, Debug)]
pub struct TuningCorrelationTables<'a> {
    /// `stage` (text), `offset_deg` (degrees from the best location), `r` (mean over checkpoints, NaN where
    /// there is none), `sem` (its standard error): one row for each point, the points of a stage in order.
    pub curves: &'a Table,
    /// `stage` (text), `checkpoints`, `units` (mean): one row for each stage, in the order of the legend.
    pub stages: &'a Table,
    /// Headline numbers, for the test between stages.
    pub numbers: &'a Table,
}

/// Draws r at tuning locations as an SVG document: a series for each stage, with standard errors over its
/// checkpoints.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn tuning_correlation(
    tables: TuningCorrelationTables,
    style: &FigureStyle,
) -> Result<String, FigureError> {
    style.check()?;
    let series = series(tables.curves, ["r", "sem"], APART_DEG)?;
    let all = || series.iter().flat_map(|(_, points)| points);
    if all().all(|point| point.value.is_nan()) {
        return nothing(style, TITLE, "Nothing to draw: no stage has units with correct trials.");
    }
    let letters = Letters::plain(style.font_pt);
    let mut legend = stage_legend(tables.stages, style)?;
    legend.note("Mean and standard error over checkpoints (descriptive).");
    if let Some(test) = anova(tables.numbers)? {
        legend.note(&test);
    }
    let sheet = Sheet::new(style, TITLE, legend, (style.width_mm * 0.6).clamp(42.0, 80.0));
    let body = sheet.body();
    let range = Range::of(all().flat_map(Point::extent)).padded(0.06);
    let y = Axis::round("Pearson's r across units", style.y_range(range), (body.height() / 8.0) as usize);
    let left = body.left + Panel::y_axis_width(&y, letters);
    let rect =
        Rect { left, bottom: body.bottom - Panel::x_axis_height(letters), right: body.right - GAP, ..body };
    let x = offsets(style, all().map(|point| point.x), rect.width());
    let panel = Panel { rect, x: &x, y: &y, letters };
    panel.check()?;
    sheet.draw(|canvas| {
        panel.draw_zero(canvas)?;
        panel.draw_x_axis(canvas, true)?;
        panel.draw_y_axis(canvas, true)?;
        for (stage, points) in &series {
            draw_points(canvas, &panel, points, style.stage_look(stage))?;
        }
        Ok(())
    })
}

/// The points of each stage, mean and standard error from two columns; stages stand so many degrees apart
/// where they share a place.
pub(super) fn series(
    table: &Table,
    [mean, sem]: [&str; 2],
    apart_deg: f64,
) -> Result<Vec<(String, Vec<Point>)>, FigureError> {
    let (names, offsets) = (table.text("stage")?, table.f64("offset_deg")?);
    let (means, sems) = (table.f64(mean)?, table.f64(sem)?);
    let stages = distinct(names.clone());
    let last = stages.len().saturating_sub(1) as f64;
    let of_stage = |(index, stage): (usize, String)| {
        let shift = (index as f64 - last / 2.0) * apart_deg;
        let rows = (0..names.len()).filter(|row| names[*row] == stage);
        let points = rows.map(|row| Point::plus_minus(offsets[row] + shift, means[row], sems[row]));
        (stage.clone(), points.collect())
    };
    Ok(stages.into_iter().enumerate().map(of_stage).collect())
}

/// The axis of places in tuning order that holds `places`, on `width` mm.
pub(super) fn offsets(style: &FigureStyle, places: impl Iterator<Item = f64>, width: f64) -> Axis {
    let range = style.x_range(Range::of(places).padded(0.03));
    let most = width / 9.0;
    let step = [45.0, 90.0].into_iter().find(|step| (range.high - range.low) / step <= most).unwrap_or(180.0);
    Axis::stepped(OFFSET, range, step)
}

/// A legend that says how much each stage is made of.
pub(super) fn stage_legend(stages: &Table, style: &FigureStyle) -> Result<Legend, FigureError> {
    let names = stages.text("stage")?;
    let (units, checkpoints) = (stages.f64("units")?, stages.i64("checkpoints")?);
    let mut legend = Legend::new(style);
    for (row, stage) in names.iter().enumerate() {
        let plural = if checkpoints[row] == 1 { "" } else { "s" };
        let decimals = if units[row].fract() == 0.0 { 0 } else { 1 };
        let units = fixed(units[row], decimals);
        let text = format!("{stage}: {units} units, {} checkpoint{plural}", checkpoints[row]);
        legend.entries(vec![Entry { sample: Sample::Series(style.stage_look(stage)), text }]);
    }
    Ok(legend)
}
