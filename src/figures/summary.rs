//! The figure of a summary: values with intervals against an axis of the sweep.

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Align, Letters, Rect};
use super::legend::{Entry, Legend, Sample};
use super::points::{Point, draw_points};
use super::sheet::{Sheet, nothing};
use super::style::{FigureStyle, GAP, Look};
use super::tables::distinct;

const TITLE: &str = "Summary";
/// Panels are at least this wide, in mm.
const PANEL_MM: f64 = 38.0;
/// Share of the distance between neighbours over which series are spread.
const SPREAD: f64 = 0.5;

/// Draws values with intervals as an SVG document, one panel for each statistic.
///
/// `table` has a row for each value: `statistic` (text; its panel, with the unit in its name), `series`
/// (text; its colour, empty if there is one only), `x` (text; its place on the axis, in the order of
/// their first appearance), `value`, `low`, `high` (NaN where there is none), `n` (how many values it is the
/// mean of). `x_label` names the axis.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn summary(table: &Table, x_label: &str, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let statistic = table.text("statistic")?;
    let (series, place) = (table.text("series")?, table.text("x")?);
    let (value, low, high) = (table.f64("value")?, table.f64("low")?, table.f64("high")?);
    let (statistics, all_series, places) =
        (distinct(statistic.clone()), distinct(series.clone()), distinct(place.clone()));
    if statistics.is_empty() {
        return nothing(style, TITLE, "Nothing to draw: there are no values.");
    }
    let index = |names: &[String], name: &String| names.iter().position(|other| other == name).unwrap_or(0);
    let points = |name: &String| -> Vec<(usize, Point)> {
        let rows = (0..table.len()).filter(|&row| statistic[row] == *name);
        let spread = SPREAD / all_series.len() as f64;
        rows.map(|row| {
            let series = index(&all_series, &series[row]);
            let shift = (series as f64 - (all_series.len() - 1) as f64 / 2.0) * spread;
            let x = index(&places, &place[row]) as f64 + shift;
            (series, Point { x, value: value[row], low: low[row], high: high[row] })
        })
        .collect()
    };

    let letters = Letters::plain(style.font_pt);
    let looks: Vec<Look> =
        all_series.iter().enumerate().map(|(index, name)| style.series_look(name, index)).collect();
    let named = all_series.iter().zip(&looks).filter(|(name, _)| !name.is_empty());
    let entries = named.map(|(name, &look)| Entry { sample: Sample::Series(look), text: name.clone() });
    let mut legend = Legend::new(style);
    legend.entries(entries.collect());
    let n = table.i64("n")?;
    if let (Some(least), Some(most)) = (n.iter().min(), n.iter().max().filter(|most| **most > 1)) {
        let count = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        legend.note(&format!("Means with 95% bootstrap intervals, n = {count}."));
    }
    let columns = ((style.body_mm() / PANEL_MM) as usize).clamp(1, statistics.len());
    let grid_rows = statistics.len().div_ceil(columns);
    let cell_mm = (style.body_mm() - 2.0 * GAP * (columns - 1) as f64) / columns as f64;
    let names: Vec<Vec<String>> =
        statistics.iter().map(|name| letters.wrap(name, cell_mm - 2.0 * GAP)).collect();
    let name_mm = names.iter().map(Vec::len).max().unwrap_or(0) as f64 * style.line_mm();
    let panel_mm = (cell_mm * 0.8).min(60.0) + name_mm;
    let sheet = Sheet::new(style, TITLE, legend, panel_mm * grid_rows as f64);
    let cells = sheet.grid(grid_rows, columns, (2.0 * GAP, GAP));
    let x = Axis::categories(x_label, &places);

    sheet.draw(|canvas| {
        for ((name, lines), cell) in statistics.iter().zip(&names).zip(&cells) {
            let points = points(name);
            let extremes = points.iter().flat_map(|(_, point)| point.extent());
            let range = style.y_range(Range::of(extremes).padded(0.08));
            let y = Axis::round("", range, ((cell.height() - name_mm) / 9.0) as usize);
            let rect = Rect {
                left: cell.left + Panel::y_axis_width(&y, letters) - letters.mm(),
                top: cell.top + name_mm + GAP,
                right: cell.right - GAP,
                bottom: cell.bottom - Panel::x_axis_height(letters),
            };
            let panel = Panel { rect, x: &x, y: &y, letters };
            panel.check()?;
            for (index, line) in lines.iter().enumerate() {
                let baseline = cell.top + letters.mm() + index as f64 * style.line_mm();
                canvas.text(line, (cell.left, baseline), Align::Left, letters)?;
            }
            panel.draw_x_axis(canvas, true)?;
            panel.draw_y_axis(canvas, true)?;
            for (series, &look) in looks.iter().enumerate() {
                let of_series = points.iter().filter(|(of, _)| *of == series);
                let points: Vec<Point> = of_series.map(|(_, point)| *point).collect();
                draw_points(canvas, &panel, &points, look)?;
            }
        }
        Ok(())
    })
}
