//! Shaded and named stretches behind a plot: the epochs of a trial, or the stages of a training.

use plotters::style::RGBColor;

use super::FigureError;
use super::axes::Panel;
use super::canvas::{Align, Canvas, Rect};
use super::style::GAP;

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

/// Shades the stretches in a panel.
pub(super) fn shade(canvas: &Canvas, panel: &Panel, stretches: &[Stretch]) -> Result<(), FigureError> {
    let Rect { left, right, top, bottom } = panel.rect;
    for stretch in stretches {
        let start = panel.at_x(stretch.start).clamp(left, right);
        let end = panel.at_x(stretch.end).clamp(left, right);
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

/// Puts each name into the lowest row where there is room for it, inside of the panel's width. What
/// is named alike is named once, over its middle.
fn arrange<'a>(panel: &Panel, stretches: &'a [Stretch]) -> Vec<Name<'a>> {
    let mut names: Vec<Name> = Vec::new();
    let mut taken: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for stretch in stretches {
        let text = stretch.name.as_str();
        if seen.contains(&text) {
            continue;
        }
        seen.push(text);
        let alike = stretches.iter().filter(|other| other.name == stretch.name);
        let (start, end) = alike.fold((stretch.start, stretch.end), |(start, end), other| {
            (start.min(other.start), end.max(other.end))
        });
        let half = (panel.letters.width(text) + GAP) / 2.0;
        let middle = (panel.at_x(start) + panel.at_x(end)) / 2.0;
        let center = clamp(middle, panel.rect.left + half, panel.rect.right - half + GAP / 2.0);
        let room = |row: &Vec<(f64, f64)>| {
            row.iter().all(|&(left, right)| center + half <= left || right <= center - half)
        };
        let row = taken.iter().position(room).unwrap_or(taken.len());
        if row == taken.len() {
            taken.push(Vec::new());
        }
        taken[row].push((center - half, center + half));
        names.push(Name { text, center, row });
    }
    names
}

/// As [`f64::clamp`], for limits that may be crossed.
fn clamp(value: f64, low: f64, high: f64) -> f64 {
    value.min(high).max(low)
}
