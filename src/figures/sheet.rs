//! The sheet of a figure: title on top, legend at the bottom, and room for panels in between.

use super::FigureError;
use super::canvas::{Align, Canvas, Letters, Rect};
use super::legend::Legend;
use super::style::{FAINT, FigureStyle, GAP, MARGIN};

/// Height in mm of the panels of a figure without data.
const EMPTY_MM: f64 = 30.0;

/// The letter of a panel is this much larger than other letters, in points.
const LETTER_PT: f64 = 2.0;

/// A laid-out figure.
pub(super) struct Sheet {
    size: (f64, f64),
    heading: Heading,
    legend: Legend,
    body: Rect,
}

impl Sheet {
    /// Lays a figure out whose panels would like `body_mm` of height in all.
    pub fn new(style: &FigureStyle, title: &str, legend: Legend, body_mm: f64) -> Self {
        let heading = Heading::new(style, title);
        let (below, beside) = legend.room();
        let around = 2.0 * MARGIN + heading.height() + below;
        let height = style.height_mm.unwrap_or(around + body_mm.max(legend.height_beside()));
        let body = Rect {
            left: MARGIN,
            top: MARGIN + heading.height(),
            right: style.width_mm - MARGIN - beside,
            bottom: height - MARGIN - below,
        };
        Self { size: (style.width_mm, (height * 10.0).round() / 10.0), heading, legend, body }
    }

    /// The rectangles of a grid of panels in the body, row by row, `(across, down)` mm apart.
    pub fn grid(&self, rows: usize, columns: usize, (across, down): (f64, f64)) -> Vec<Rect> {
        let width = (self.body.width() - across * (columns - 1) as f64) / columns as f64;
        let height = (self.body.height() - down * (rows - 1) as f64) / rows as f64;
        let cell = |index: usize| {
            let left = self.body.left + (index % columns) as f64 * (width + across);
            let top = self.body.top + (index / columns) as f64 * (height + down);
            Rect { left, top, right: left + width, bottom: top + height }
        };
        (0..rows * columns).map(cell).collect()
    }

    /// Room for all panels.
    pub fn body(&self) -> Rect {
        self.body
    }

    /// Draws title and legend, and what `panels` draws.
    pub fn draw(
        &self,
        panels: impl FnOnce(&Canvas) -> Result<(), FigureError>,
    ) -> Result<String, FigureError> {
        Canvas::draw(self.size, |canvas| {
            self.heading.draw(canvas, (self.body.left, MARGIN))?;
            panels(canvas)?;
            self.legend.draw(canvas, self.body)
        })
    }
}

/// What stands on top of a figure: its title, and before it the letter of a panel.
struct Heading {
    letter: String,
    letters: Letters,
    indent: f64,
    title: Vec<String>,
    title_letters: Letters,
    line_mm: f64,
}

impl Heading {
    fn new(style: &FigureStyle, title: &str) -> Self {
        let letter = style.letter.map(String::from).unwrap_or_default();
        let letters = Letters::bold(style.font_pt + LETTER_PT);
        let indent = if letter.is_empty() { 0.0 } else { letters.width(&letter) + 2.0 * GAP };
        let title_letters = Letters::bold(style.font_pt);
        let title = style.title.as_deref().unwrap_or(title);
        let title = title_letters.wrap(title, style.body_mm() - indent);
        Self { letter, letters, indent, title, title_letters, line_mm: style.line_mm() }
    }

    /// Its height in mm, with white space below.
    fn height(&self) -> f64 {
        let lines = if self.letter.is_empty() { self.title.len() } else { self.title.len().max(1) };
        if lines == 0 { 0.0 } else { self.first_line() + self.line_mm * (lines as f64 - 0.4) }
    }

    /// From its top to the first baseline, in mm.
    fn first_line(&self) -> f64 {
        if self.letter.is_empty() { self.title_letters.mm() } else { self.letters.mm() }
    }

    fn draw(&self, canvas: &Canvas, (left, top): (f64, f64)) -> Result<(), FigureError> {
        let baseline = top + self.first_line();
        canvas.text(&self.letter, (left, baseline), Align::Left, self.letters)?;
        for (index, line) in self.title.iter().enumerate() {
            let at = (left + self.indent, baseline + index as f64 * self.line_mm);
            canvas.text(line, at, Align::Left, self.title_letters)?;
        }
        Ok(())
    }
}

/// A figure that says why there is nothing to see.
pub(super) fn nothing(style: &FigureStyle, title: &str, why: &str) -> Result<String, FigureError> {
    let letters = Letters { color: FAINT, ..Letters::plain(style.font_pt) };
    let sheet = Sheet::new(style, title, Legend::new(style), EMPTY_MM);
    let lines = letters.wrap(why, style.body_mm());
    let (x, middle) = sheet.body().center();
    sheet.draw(|canvas| {
        for (index, line) in lines.iter().enumerate() {
            let y = middle + (index as f64 - (lines.len() - 1) as f64 / 2.0) * style.line_mm();
            canvas.text_beside(line, (x, y), Align::Center, letters)?;
        }
        Ok(())
    })
}
