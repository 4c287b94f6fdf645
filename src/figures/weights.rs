//! The figure of weights: all matrices of a network as colours, `[to, from]`, put where they belong.
//!
//! ```text
//!   from: input        from: units        bias   (task variance)
//!   fixation|ring|rules|  recurrent       |      |
//!                      |  output fixation |
//!                      |  output ring     |
//! ```

use crate::table::Table;

use super::FigureError;
use super::axes::{Axis, Range};
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::colors::{ColorBar, ColorMap, Colors, Picture, frame};
use super::error::LEAST_PANEL_MM;
use super::legend::Legend;
use super::sheet::{Sheet, nothing};
use super::style::{AXIS_WIDTH, FigureStyle, GAP, INK, TICK};
use super::tables::{checkpoint, distinct};

const TITLE: &str = "Weights";
const RECURRENT: &str = "recurrent";
/// Blocks left of the recurrent weights, from the left.
const INPUTS: [&str; 3] = ["fixation", "ring", "rules"];
/// Blocks below them, from the top.
const OUTPUTS: [&str; 2] = ["output fixation", "output ring"];
const BIAS: &str = "bias";
const OUTPUT_BIAS: &str = "output bias";
const VARIANCE: &str = "task variance";
/// Width of a column beside the recurrent weights in mm, and the least and most of a block.
const COLUMN: f64 = 0.8;
const LEAST: f64 = 1.6;
const MOST: f64 = 10.0;
/// White space between blocks in mm.
const BETWEEN: f64 = 0.9;

/// The tables of weights.
#[derive(Clone, Copy, Debug)]
pub struct WeightsTables<'a> {
    /// `block` (text), `weight`: the cells of each block, row by row, blocks one after the other.
    pub cells: &'a Table,
    /// `block` (text), `columns` (whole number), `low`, `high` (the range of its colours).
    pub blocks: &'a Table,
    /// `best_deg` (NaN for none), `cluster` (whole number, -1 for none): a row for each unit, in order.
    pub units: &'a Table,
    /// `preferred` (text): the task of each cluster; without rows if units are sorted by location.
    pub clusters: &'a Table,
    /// `task` (text), `variance`: for each unit in order a row for each task.
    pub variance: &'a Table,
    /// In one row: `stage` (text), `checkpoint`, `performance`.
    pub about: &'a Table,
}

struct Block {
    name: String,
    width: usize,
    values: Vec<f64>,
    colors: Colors,
}

/// A group of neighbouring units and its name.
struct Group {
    name: String,
    first: usize,
    end: usize,
}

/// Draws weights as an SVG document. Every block has colours of its own.
///
/// # Errors
/// If a column is missing, or the style cannot be drawn.
pub fn weights(tables: WeightsTables, style: &FigureStyle) -> Result<String, FigureError> {
    style.check()?;
    let mut blocks = read_blocks(&tables)?;
    let Some(recurrent) = blocks.iter().find(|block| block.name == RECURRENT) else {
        return nothing(style, TITLE, "Nothing to draw: no checkpoint.");
    };
    let range = recurrent.colors.range;
    blocks.extend(variance(&tables)?);
    let clustered = !tables.clusters.is_empty();
    let groups = groups(&tables, clustered)?;
    let letters = Letters::plain(style.font_pt);
    let title = if clustered { "Weights, units by function" } else { "Weights, units by best cue location" };
    let bar = Axis::round("recurrent weight", range, 5);
    let body_mm = style.width_mm * 0.9;
    let sheet = Sheet::new(style, title, legend(&tables, &blocks, style)?, body_mm);
    let layout = Layout::new(&blocks, sheet.body(), ColorBar::width(&bar, letters), letters)?;
    sheet.draw(|canvas| {
        for block in &blocks {
            let Some(rect) = layout.rect(&block.name) else { continue };
            canvas.picture(rect, &Picture::new(&block.values, block.width, block.colors))?;
            frame(canvas, rect)?;
            layout.write_name(canvas, &block.name, rect)?;
        }
        layout.draw_groups(canvas, &groups)?;
        let colors = Colors { map: ColorMap::Diverging, range };
        let edge = Rect { right: layout.right, ..layout.recurrent };
        ColorBar { colors, axis: &bar, letters }.draw(canvas, edge)
    })
}

fn legend(tables: &WeightsTables, blocks: &[Block], style: &FigureStyle) -> Result<Legend, FigureError> {
    let mut legend = Legend::new(style);
    legend.note(&format!("{} units; {}.", tables.units.len(), checkpoint(tables.about)?));
    let others = blocks.iter().filter(|block| block.name != RECURRENT && block.name != VARIANCE);
    let ranges = others.map(|block| {
        let Range { low, high } = block.colors.range;
        format!("{} {low:.2} to {high:.2}", block.name).replace('-', "\u{2212}")
    });
    let ranges: Vec<String> = ranges.collect();
    legend.note(&format!(
        "Colours reach over the 5\u{2013}95% span around the median of each block: {}.",
        ranges.join(", ")
    ));
    let preferred = tables.clusters.text("preferred")?;
    if !preferred.is_empty() {
        let tasks = distinct(preferred.clone()).into_iter().map(|task| {
            let of = preferred.iter().enumerate().filter(|(_, name)| **name == task);
            let of: Vec<String> = of.map(|(cluster, _)| (cluster + 1).to_string()).collect();
            format!("{task} {}", of.join(", "))
        });
        let tasks: Vec<String> = tasks.collect();
        legend.note(&format!("Clusters by the task that moves them most: {}.", tasks.join("; ")));
        let names = distinct(tables.variance.text("task")?);
        legend.note(&format!("Task variance, relative to each unit's largest: {}.", names.join(", ")));
    }
    Ok(legend)
}

/// Where blocks stand.
struct Layout {
    recurrent: Rect,
    places: Vec<(String, Rect)>,
    /// The right end of all blocks.
    right: f64,
    letters: Letters,
    left: f64,
}

impl Layout {
    fn new(blocks: &[Block], body: Rect, bar: f64, letters: Letters) -> Result<Self, FigureError> {
        let find = |name: &str| blocks.iter().find(|block| block.name == name);
        let narrow = |count: usize| (count as f64 * COLUMN).clamp(LEAST, MOST);
        let width = |name: &str| find(name).map(|block| narrow(block.width));
        let height = |name: &str| find(name).map(|block| narrow(block.values.len() / block.width.max(1)));
        let total = |sizes: Vec<Option<f64>>| sizes.into_iter().flatten().map(|size| size + BETWEEN).sum();
        let inputs: f64 = total(INPUTS.map(width).to_vec());
        let outputs: f64 = total(OUTPUTS.map(height).to_vec());
        let right: f64 = total([BIAS, VARIANCE].map(width).to_vec());
        let names = letters.width("fixation") + GAP;
        let labels = TICK + 0.5 + letters.width("315\u{b0}") + GAP + letters.mm();
        let foot = 1.6 * letters.mm();
        let side = (body.width() - labels - inputs - right - bar).min(body.height() - names - outputs - foot);
        if side < LEAST_PANEL_MM {
            return Err(FigureError::NoRoom { width: side, height: side });
        }
        let (left, top) = (body.left + labels + inputs, body.top + names);
        let recurrent = Rect { left, top, right: left + side, bottom: top + side };
        let mut places = vec![(RECURRENT.to_owned(), recurrent)];
        let mut edge = body.left + labels;
        for (name, size) in INPUTS.into_iter().filter_map(|name| Some((name, width(name)?))) {
            places.push((name.to_owned(), Rect { left: edge, right: edge + size, ..recurrent }));
            edge += size + BETWEEN;
        }
        let mut edge = recurrent.right + BETWEEN;
        for (name, size) in [BIAS, VARIANCE].into_iter().filter_map(|name| Some((name, width(name)?))) {
            places.push((name.to_owned(), Rect { left: edge, right: edge + size, ..recurrent }));
            edge += size + BETWEEN;
        }
        let right = edge - BETWEEN;
        let mut edge = recurrent.bottom + BETWEEN;
        let below = edge;
        for (name, size) in OUTPUTS.into_iter().filter_map(|name| Some((name, height(name)?))) {
            places.push((name.to_owned(), Rect { top: edge, bottom: edge + size, ..recurrent }));
            edge += size + BETWEEN;
        }
        if let Some(size) = width(OUTPUT_BIAS) {
            let left = recurrent.right + BETWEEN;
            let rect = Rect { left, right: left + size, top: below, bottom: edge - BETWEEN };
            places.push((OUTPUT_BIAS.to_owned(), rect));
        }
        Ok(Self { recurrent, places, right, letters, left: body.left })
    }

    fn rect(&self, name: &str) -> Option<Rect> {
        self.places.iter().find(|(place, _)| place == name).map(|(_, rect)| *rect)
    }

    /// The name of a block: above it, upwards where it is narrow; left of the output weights.
    fn write_name(&self, canvas: &Canvas, name: &str, rect: Rect) -> Result<(), FigureError> {
        let letters = self.letters;
        if name == OUTPUT_BIAS {
            return Ok(());
        }
        if OUTPUTS.contains(&name) {
            let at = (rect.left - GAP, rect.center().1);
            let name = if name == "output ring" { "to output ring" } else { "" };
            return canvas.text_beside(name, at, Align::Right, letters);
        }
        if name == RECURRENT {
            let above = (rect.center().0, rect.top - 0.5 * letters.mm());
            canvas.text("from unit", above, Align::Center, letters)?;
            let x = self.left + letters.mm();
            return canvas.text_upwards("to unit", (x, rect.center().1), letters);
        }
        let name = if name == VARIANCE { "tasks" } else { name };
        let middle = rect.top - GAP / 2.0 - letters.width(name) / 2.0;
        canvas.text_upwards(name, (rect.center().0 + 0.36 * letters.mm(), middle), letters)
    }

    /// Names groups of units on the left, and lines where they begin.
    fn draw_groups(&self, canvas: &Canvas, groups: &[Group]) -> Result<(), FigureError> {
        let n = groups.last().map_or(1, |group| group.end) as f64;
        let Rect { left, top, right, bottom } = self.recurrent;
        let edge = self.places.iter().map(|(_, rect)| rect.left).fold(left, f64::min);
        let mut named = f64::NEG_INFINITY;
        for group in groups {
            let at = |place: usize| place as f64 / n;
            let (y, x) = (top + at(group.first) * (bottom - top), left + at(group.first) * (right - left));
            if group.first > 0 {
                let pen = Pen::solid(INK, AXIS_WIDTH / 2.0);
                canvas.line(&[(edge - TICK, y), (edge, y)], pen)?;
                canvas.line(&[(left, y), (right, y)], pen)?;
                canvas.line(&[(x, top), (x, bottom)], pen)?;
            }
            let middle = top + (at(group.first) + at(group.end)) / 2.0 * (bottom - top);
            if middle - named >= self.letters.mm() {
                named = middle;
                canvas.text_beside(&group.name, (edge - TICK - 0.5, middle), Align::Right, self.letters)?;
            }
        }
        Ok(())
    }
}

fn read_blocks(tables: &WeightsTables) -> Result<Vec<Block>, FigureError> {
    let (of, weights) = (tables.cells.text("block")?, tables.cells.f64("weight")?);
    let (names, widths) = (tables.blocks.text("block")?, tables.blocks.i64("columns")?);
    let (lows, highs) = (tables.blocks.f64("low")?, tables.blocks.f64("high")?);
    let blocks = names.into_iter().enumerate().map(|(row, name)| {
        let values = of.iter().zip(&weights).filter(|(block, _)| **block == name);
        let range = Range::of([lows[row], highs[row]]);
        Block {
            values: values.map(|(_, weight)| *weight).collect(),
            width: widths[row].max(1) as usize,
            colors: Colors { map: ColorMap::Diverging, range },
            name,
        }
    });
    Ok(blocks.collect())
}

/// Task variances relative to each unit's largest, as a block.
fn variance(tables: &WeightsTables) -> Result<Option<Block>, FigureError> {
    let tasks = distinct(tables.variance.text("task")?).len();
    let values = tables.variance.f64("variance")?;
    let relative = values.chunks_exact(tasks.max(1)).flat_map(|unit| {
        let largest = unit.iter().copied().fold(0.0, f64::max);
        unit.iter().map(move |variance| if largest > 0.0 { variance / largest } else { f64::NAN })
    });
    let colors = Colors { map: ColorMap::Sequential, range: Range { low: 0.0, high: 1.0 } };
    let block = Block { name: VARIANCE.to_owned(), width: tasks, values: relative.collect(), colors };
    Ok((tasks > 0).then_some(block))
}

/// Clusters by their numbers from 1, or best locations in quarters or eighths of a turn.
fn groups(tables: &WeightsTables, clustered: bool) -> Result<Vec<Group>, FigureError> {
    let (degrees, clusters) = (tables.units.f64("best_deg")?, tables.units.i64("cluster")?);
    let names: Vec<String> = if clustered {
        let name = |cluster: &i64| if *cluster < 0 { "none".to_owned() } else { (cluster + 1).to_string() };
        clusters.iter().map(name).collect()
    } else {
        let eighth = |degrees: &f64| (degrees / 45.0).floor() * 45.0;
        let name = |degrees: &f64| format!("{:.0}\u{b0}", eighth(degrees));
        degrees.iter().map(|best| if best.is_nan() { "none".to_owned() } else { name(best) }).collect()
    };
    let mut groups: Vec<Group> = Vec::new();
    for group in names.chunk_by(|a, b| a == b) {
        let first = groups.last().map_or(0, |last| last.end);
        groups.push(Group { name: group[0].clone(), first, end: first + group.len() });
    }
    Ok(groups)
}
