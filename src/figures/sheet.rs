//! The sheet of a figure: title on top, legend at the bottom, and room for panels in between.

use super::FigureError;
use super::canvas::{Align, Canvas, Letters, Rect};
use super::legend::Legend;
use super::style::{FAINT, FigureStyle, MARGIN};

/// Height in mm of the panels of a figure without data.
const EMPTY_MM: f64 = 30.0;

/// A laid-out figure.
pub(super) struct Sheet {
    size: (f64, f64),
    title: Vec<String>,
    line_mm: f64,
    title_letters: Letters,
    legend: Legend,
    body: Rect,
}

impl Sheet {
    /// Lays a figure out whose panels would like `body_mm` of height in all.
    pub fn new(style: &FigureStyle, title: &str, legend: Legend, body_mm: f64) -> Self {
        let title_letters = Letters::bold(style.font_pt);
        let title = title_letters.wrap(style.title.as_deref().unwrap_or(title), style.body_mm());
        let title_mm = if title.is_empty() { 0.0 } else { style.line_mm() * (title.len() as f64 + 0.3) };
        let around = 2.0 * MARGIN + title_mm + legend.height();
        let height = style.height_mm.unwrap_or(around + body_mm);
        let body = Rect {
            left: MARGIN,
            top: MARGIN + title_mm,
            right: style.width_mm - MARGIN,
            bottom: height - MARGIN - legend.height(),
        };
        let size = (style.width_mm, (height * 10.0).round() / 10.0);
        Self { size, title, line_mm: style.line_mm(), title_letters, legend, body }
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
            for (index, line) in self.title.iter().enumerate() {
                let baseline = MARGIN + self.title_letters.mm() + index as f64 * self.line_mm;
                canvas.text(line, (self.body.left, baseline), Align::Left, self.title_letters)?;
            }
            panels(canvas)?;
            self.legend.draw(canvas, (self.body.left, self.body.bottom))
        })
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
