//! Legends: a block of entries below the plots, where it hides nothing.

use super::FigureError;
use super::axes::MARKER;
use super::canvas::{Align, Canvas, Letters, Pen};
use super::style::{CURVE_WIDTH, FAINT, GAP, INK, Look, TICK};

/// Length of a line sample in mm.
const SAMPLE: f64 = 6.0;

/// One entry: a sample of a line or area, and what it means.
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

/// Entries in rows, each row filled as far as the width allows, and lines of notes.
pub(super) struct Legend {
    rows: Vec<Vec<(f64, Entry)>>,
    notes: Vec<String>,
    width: f64,
    letters: Letters,
    line_mm: f64,
}

impl Legend {
    /// Lays groups of entries out; a group starts a new row, and columns align within a group.
    pub fn new(groups: Vec<Vec<Entry>>, width: f64, letters: Letters, line_mm: f64) -> Self {
        let mut rows = Vec::new();
        for group in groups {
            let widest = group.iter().map(|entry| letters.width(&entry.text)).fold(0.0, f64::max);
            let column = SAMPLE + GAP + widest + 2.0 * GAP;
            let columns = ((width + 2.0 * GAP) / column).floor().max(1.0) as usize;
            let at = |(index, entry): (usize, &Entry)| (index as f64 * column, entry.clone());
            rows.extend(group.chunks(columns).map(|row| row.iter().enumerate().map(at).collect()));
        }
        Self { rows, notes: Vec::new(), width, letters, line_mm }
    }

    /// Adds a note below the entries, broken into lines of the legend's width.
    pub fn note(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && self.letters.width(&longer) > self.width {
                self.notes.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer;
            }
        }
        self.notes.push(line);
    }

    /// Its height in mm, with white space above.
    pub fn height(&self) -> f64 {
        let lines = self.rows.len() + self.notes.len();
        if lines == 0 { 0.0 } else { lines as f64 * self.line_mm + TICK }
    }

    /// Draws it with its upper left corner at the point.
    pub fn draw(&self, canvas: &Canvas, (left, top): (f64, f64)) -> Result<(), FigureError> {
        let middle = |row: usize| top + TICK + (row as f64 + 0.5) * self.line_mm;
        for (row, entries) in self.rows.iter().enumerate() {
            for (x, entry) in entries {
                let start = left + x;
                self.draw_sample(canvas, entry.sample, (start, middle(row)))?;
                let at = (start + SAMPLE + GAP, middle(row));
                canvas.text_beside(&entry.text, at, Align::Left, self.letters)?;
            }
        }
        for (line, note) in self.notes.iter().enumerate() {
            let at = (left, middle(self.rows.len() + line));
            canvas.text_beside(note, at, Align::Left, self.letters)?;
        }
        Ok(())
    }

    fn draw_sample(&self, canvas: &Canvas, sample: Sample, (x, y): (f64, f64)) -> Result<(), FigureError> {
        let ends = [(x, y), (x + SAMPLE, y)];
        match sample {
            Sample::Series(look) => {
                canvas.line(&ends, Pen::solid(look.color, CURVE_WIDTH))?;
                canvas.marker((x + SAMPLE / 2.0, y), look.marker, MARKER, look.color)
            }
            Sample::Line(None) => canvas.line(&ends, Pen::solid(INK, CURVE_WIDTH)),
            Sample::Line(dash) => canvas.line(&ends, Pen { color: FAINT, width: CURVE_WIDTH, dash }),
        }
    }
}
