//! Legends: a block of entries below the plots, where it hides nothing.

use super::FigureError;
use super::axes::MARKER;
use super::canvas::{Align, Canvas, Letters, Pen};
use super::style::{CURVE_WIDTH, FigureStyle, GAP, INK, Look, TICK};

/// Length of a line sample in mm.
const SAMPLE: f64 = 6.0;

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
    width: f64,
    letters: Letters,
    line_mm: f64,
}

impl Legend {
    /// An empty legend of a figure.
    pub fn new(style: &FigureStyle) -> Self {
        Self {
            placed: Vec::new(),
            lines: 0,
            width: style.body_mm(),
            letters: Letters::plain(style.font_pt),
            line_mm: style.line_mm(),
        }
    }

    /// Adds entries in rows of equal columns.
    pub fn entries(&mut self, entries: Vec<Entry>) {
        let widest = entries.iter().map(|entry| self.letters.width(&entry.text)).fold(0.0, f64::max);
        let column = (SAMPLE + 3.0 * GAP + widest).min(self.width + 2.0 * GAP);
        let fitting = (((self.width + 2.0 * GAP) / column) as usize).max(1);
        let columns = entries.len().div_ceil(entries.len().div_ceil(fitting).max(1)).max(1);
        for row in entries.chunks(columns) {
            let mut height = 0;
            for (index, entry) in row.iter().enumerate() {
                let text = self.letters.wrap(&entry.text, column - SAMPLE - 2.0 * GAP);
                height = height.max(text.len());
                let left = index as f64 * column;
                self.placed.push(Placed { left, line: self.lines, sample: Some(entry.sample), text });
            }
            self.lines += height;
        }
    }

    /// Adds a text over the whole width.
    pub fn note(&mut self, text: &str) {
        let text = self.letters.wrap(text, self.width);
        let line = self.lines;
        self.lines += text.len();
        self.placed.push(Placed { left: 0.0, line, sample: None, text });
    }

    /// Its height in mm, with white space above.
    pub fn height(&self) -> f64 {
        if self.lines == 0 { 0.0 } else { self.lines as f64 * self.line_mm + TICK }
    }

    /// Draws it with its upper left corner at the point.
    pub fn draw(&self, canvas: &Canvas, (left, top): (f64, f64)) -> Result<(), FigureError> {
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
        Sample::Line(dash) => canvas.line(&ends, Pen { color: INK, width: CURVE_WIDTH, dash }),
    }
}
