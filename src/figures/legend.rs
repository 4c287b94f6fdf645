//! Legends: a block of entries below or right of the plots, where it hides nothing.

use super::FigureError;
use super::axes::MARKER;
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::options::LegendPlace;
use super::style::{CURVE_WIDTH, FAINT, FigureStyle, GAP, INK, Look, THIN_WIDTH, TICK};

/// Length of a line sample in mm.
const SAMPLE: f64 = 6.0;
/// The share of a figure's width that a legend beside the plots may take.
const BESIDE: f64 = 0.4;

/// One entry: a sample of a line, and what it means.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub sample: Sample,
    pub text: String,
}

/// What a legend shows of a series.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    /// A series: its colour and marker.
    Series(Look),
    /// A way of drawing a line, for all colours.
    Line(Option<(f64, f64)>),
    /// A thin line: one of many.
    Thin,
}

/// An entry or a note in its place: mm from the left, and lines of text from the top.
struct Placed {
    left: f64,
    line: usize,
    sample: Option<Sample>,
    text: Vec<String>,
}

/// Entries in rows, each row filled as far as the width allows, and notes below.
pub(super) struct Legend {
    placed: Vec<Placed>,
    lines: usize,
    place: LegendPlace,
    /// The width that it may take, and that it takes.
    most: f64,
    width: f64,
    letters: Letters,
    line_mm: f64,
}

impl Legend {
    /// An empty legend of a figure.
    pub fn new(style: &FigureStyle) -> Self {
        let share = if style.legend == LegendPlace::Right { BESIDE } else { 1.0 };
        Self {
            placed: Vec::new(),
            lines: 0,
            place: style.legend,
            most: style.body_mm() * share,
            width: 0.0,
            letters: Letters::plain(style.font_pt),
            line_mm: style.line_mm(),
        }
    }

    /// Adds entries in rows of equal columns.
    pub fn entries(&mut self, entries: Vec<Entry>) {
        let widest = entries.iter().map(|entry| self.letters.width(&entry.text)).fold(0.0, f64::max);
        let column = (SAMPLE + 3.0 * GAP + widest).min(self.most + 2.0 * GAP);
        let fitting = (((self.most + 2.0 * GAP) / column) as usize).max(1);
        let columns = entries.len().div_ceil(entries.len().div_ceil(fitting).max(1)).max(1);
        for row in entries.chunks(columns) {
            let mut height = 0;
            for (index, entry) in row.iter().enumerate() {
                let text = self.letters.wrap(&entry.text, column - SAMPLE - 2.0 * GAP);
                height = height.max(text.len());
                let left = index as f64 * column;
                self.put(Placed { left, line: self.lines, sample: Some(entry.sample), text });
            }
            self.lines += height;
        }
    }

    /// Adds a text over the whole width.
    pub fn note(&mut self, text: &str) {
        let text = self.letters.wrap(text, self.most);
        let line = self.lines;
        self.lines += text.len();
        self.put(Placed { left: 0.0, line, sample: None, text });
    }

    fn put(&mut self, placed: Placed) {
        let sample = if placed.sample.is_some() { SAMPLE + GAP } else { 0.0 };
        let text = placed.text.iter().map(|line| self.letters.width(line)).fold(0.0, f64::max);
        self.width = self.width.max(placed.left + sample + text);
        self.placed.push(placed);
    }

    /// The room in mm that it takes below the plots, and beside them.
    pub fn room(&self) -> (f64, f64) {
        match self.place {
            _ if self.lines == 0 => (0.0, 0.0),
            LegendPlace::Below => (self.height(), 0.0),
            LegendPlace::Right => (0.0, self.width + 2.0 * GAP),
            LegendPlace::None => (0.0, 0.0),
        }
    }

    /// The height in mm that plots beside it should have.
    pub fn height_beside(&self) -> f64 {
        if self.place == LegendPlace::Right { self.height() } else { 0.0 }
    }

    fn height(&self) -> f64 {
        self.lines as f64 * self.line_mm + TICK
    }

    /// Draws it around the plots in `body`.
    pub fn draw(&self, canvas: &Canvas, body: Rect) -> Result<(), FigureError> {
        match self.place {
            LegendPlace::Below => self.draw_at(canvas, (body.left, body.bottom)),
            LegendPlace::Right => self.draw_at(canvas, (body.right + 2.0 * GAP, body.top)),
            LegendPlace::None => Ok(()),
        }
    }

    /// Draws it with its upper left corner at the point.
    fn draw_at(&self, canvas: &Canvas, (left, top): (f64, f64)) -> Result<(), FigureError> {
        let middle = |line: usize| top + TICK + (line as f64 + 0.5) * self.line_mm;
        for entry in &self.placed {
            let mut x = left + entry.left;
            if let Some(sample) = entry.sample {
                draw_sample(canvas, sample, (x, middle(entry.line)))?;
                x += SAMPLE + GAP;
            }
            for (index, text) in entry.text.iter().enumerate() {
                canvas.text_beside(text, (x, middle(entry.line + index)), Align::Left, self.letters)?;
            }
        }
        Ok(())
    }
}

fn draw_sample(canvas: &Canvas, sample: Sample, (x, y): (f64, f64)) -> Result<(), FigureError> {
    let ends = [(x, y), (x + SAMPLE, y)];
    match sample {
        Sample::Series(look) => {
            canvas.line(&ends, Pen::solid(look.color, CURVE_WIDTH))?;
            canvas.marker((x + SAMPLE / 2.0, y), look.marker, MARKER, look.color)
        }
        Sample::Thin => canvas.line(&ends, Pen::solid(FAINT, THIN_WIDTH)),
        Sample::Line(dash) => canvas.line(&ends, Pen { color: INK, width: CURVE_WIDTH, dash }),
    }
}
