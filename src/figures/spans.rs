//! Shaded and named stretches behind a plot: the epochs of a trial, or the stages of a training.

use plotters::style::RGBColor;

use crate::table::Table;

use super::FigureError;
use super::axes::Panel;
use super::canvas::{Align, Canvas, Rect};
use super::style::{GAP, epoch_tint};

/// The only phase that is not shaded.
pub(super) const FIXATION: &str = "fixation";

/// A stretch is shaded at least this wide, in mm.
const LEAST_MM: f64 = 0.4;

/// A stretch of the horizontal axis.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub name: String,
    pub start: f64,
    pub end: f64,
    pub tint: RGBColor,
}

/// A name above the plot: its centre in mm and in which row it stands.
struct Name<'a> {
    text: &'a str,
    center: f64,
    row: usize,
}

/// The phases of a trial: a row for each with `name` (text), `start_ms`, `end_ms`. Stretches are in s.
pub(super) fn read_spans(table: &Table) -> Result<Vec<Stretch>, FigureError> {
    let (names, starts, ends) = (table.text("name")?, table.f64("start_ms")?, table.f64("end_ms")?);
    let spans = names.into_iter().zip(starts.into_iter().zip(ends)).map(|(name, (start, end))| Stretch {
        tint: epoch_tint(&name),
        name,
        start: start / 1000.0,
        end: end / 1000.0,
    });
    Ok(spans.collect())
}

/// Shades the stretches in a panel.
pub(super) fn shade(canvas: &Canvas, panel: &Panel, stretches: &[Stretch]) -> Result<(), FigureError> {
    let Rect { left, right, top, bottom } = panel.rect;
    for stretch in stretches {
        let (start, end) = (panel.at_x(stretch.start), panel.at_x(stretch.end));
        // A moment is seen too.
        let pad = ((LEAST_MM - (end - start)) / 2.0).max(0.0);
        let (start, end) = ((start - pad).clamp(left, right), (end + pad).clamp(left, right));
        if start < end {
            canvas.rect(Rect { left: start, right: end, top, bottom }, stretch.tint)?;
        }
    }
    Ok(())
}

/// Rows of text that the names above a panel need so that none overlap.
pub(super) fn rows(panel: &Panel, stretches: &[Stretch]) -> usize {
    arrange(panel, stretches).iter().map(|name| name.row + 1).max().unwrap_or(0)
}

/// Writes the names above a panel, each over its stretch.
pub(super) fn write_names(
    canvas: &Canvas,
    panel: &Panel,
    stretches: &[Stretch],
    line_mm: f64,
) -> Result<(), FigureError> {
    for name in arrange(panel, stretches) {
        let baseline = panel.rect.top - 0.35 * panel.letters.mm() - name.row as f64 * line_mm;
        canvas.text(name.text, (name.center, baseline), Align::Center, panel.letters)?;
    }
    Ok(())
}

/// Puts each name into the lowest row with room for it. What is named alike is named once, over its
/// middle. Fixation, which is not shaded, comes last and goes without a name where there is no room.
fn arrange<'a>(panel: &Panel, stretches: &'a [Stretch]) -> Vec<Name<'a>> {
    let mut names: Vec<Name> = Vec::new();
    let mut taken: Vec<Vec<(f64, f64)>> = Vec::new();
    let (last, first): (Vec<_>, Vec<_>) = stretches.iter().partition(|stretch| stretch.name == FIXATION);
    for stretch in first.into_iter().chain(last) {
        let text = stretch.name.as_str();
        if names.iter().any(|name| name.text == text) {
            continue;
        }
        let alike = stretches.iter().filter(|other| other.name == stretch.name);
        let ends = alike.flat_map(|other| [panel.at_x(other.start), panel.at_x(other.end)]);
        let (start, end) =
            ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(start, end), at| (start.min(at), end.max(at)));
        let (start, end) = (start.max(panel.rect.left), end.min(panel.rect.right));
        if start > end {
            continue;
        }
        let half = (panel.letters.width(text) + GAP) / 2.0;
        let (leftmost, rightmost) = (panel.rect.left + half - GAP, panel.rect.right - half + GAP);
        let wished = ((start + end) / 2.0).min(rightmost).max(leftmost);
        let centers = taken.iter().map(|row| free_center(row, wished, half, end.min(rightmost)));
        let place = centers.enumerate().find_map(|(row, center)| center.map(|center| (row, center)));
        if place.is_none() && text == FIXATION && !taken.is_empty() {
            continue;
        }
        let (row, center) = place.unwrap_or((taken.len(), wished));
        if row == taken.len() {
            taken.push(Vec::new());
        }
        taken[row].push((center - half, center + half));
        names.push(Name { text, center, row });
    }
    names
}

/// A centre for a name in a row: the wished one, or one further right, but not beyond `end`.
fn free_center(row: &[(f64, f64)], wished: f64, half: f64, end: f64) -> Option<f64> {
    let free = |center: f64| row.iter().all(|&(left, right)| center + half <= left || right <= center - half);
    let behind =
        row.iter().map(|&(_, right)| right + half).filter(|&center| wished < center && center <= end);
    std::iter::once(wished).chain(behind).find(|&center| free(center))
}
