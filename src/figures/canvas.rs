//! The drawing surface: mm and points on the outside, plotters' SVG backend on the inside.

use std::cell::RefCell;
use std::fmt::{Display, Write};
use std::sync::Once;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{
    Circle, DashedPathElement, Drawable, PathElement, PointCollection, Polygon, Rectangle,
};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, IntoTextStyle, RGBColor, ShapeStyle, register_font,
};

use super::FigureError;
use super::colors::Picture;
use super::document::document;
use super::fonts::{BOLD, FAMILY, REGULAR};
use super::style::{INK, MM_PER_POINT, Marker, PAPER};

/// Drawing units per mm: the backend knows whole units only.
const UNITS_PER_MM: f64 = 100.0;
/// The backend writes text in this fraction of the size that it is told.
const BACKEND_FONT_SCALE: f64 = 1.24;
/// The backend measures text by the height of the font, which is this many letter sizes.
const FONT_HEIGHT: f64 = 1.117;
/// The backend's distance from the top of a text to its baseline, in letter sizes.
const ASCENT: f64 = 0.76;

/// A rectangle in mm, downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub fn center(&self) -> (f64, f64) {
        ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0)
    }
}

/// A line's colour, width in mm, and dash and gap in mm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub color: RGBColor,
    pub width: f64,
    pub dash: Option<(f64, f64)>,
}

impl Pen {
    pub fn solid(color: RGBColor, width: f64) -> Self {
        Self { color, width, dash: None }
    }
}

/// Which end of a text its position names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

/// Letters: their size in points and weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letters {
    pub pt: f64,
    pub bold: bool,
    pub color: RGBColor,
}

impl Letters {
    pub fn plain(pt: f64) -> Self {
        Self { pt, bold: false, color: INK }
    }

    pub fn bold(pt: f64) -> Self {
        Self { bold: true, ..Self::plain(pt) }
    }

    /// Size of the letters in mm.
    pub fn mm(&self) -> f64 {
        self.pt * MM_PER_POINT
    }

    /// Width of a text in mm.
    pub fn width(&self, text: &str) -> f64 {
        let (width, _) = self.font().box_size(text).unwrap_or_default();
        f64::from(width) / UNITS_PER_MM * FONT_HEIGHT / BACKEND_FONT_SCALE
    }

    /// Breaks a text into lines no wider than `width` mm, words permitting.
    pub fn wrap(&self, text: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    fn font(&self) -> FontDesc<'static> {
        register_fonts();
        let style = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        let size = self.mm() * UNITS_PER_MM * BACKEND_FONT_SCALE;
        FontDesc::new(FontFamily::Name(FAMILY), size, style)
    }
}

/// A figure that is being drawn. Positions are in mm from the upper left corner.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    /// Pictures as SVG. They lie on the paper, behind all that is drawn.
    pictures: RefCell<String>,
}

impl Canvas<'_> {
    /// Draws a figure of `width` x `height` mm and gives it as an SVG document.
    pub fn draw(
        (width, height): (f64, f64),
        draw: impl FnOnce(&Canvas) -> Result<(), FigureError>,
    ) -> Result<String, FigureError> {
        let mut svg = String::new();
        let size = (units(width) as u32, units(height) as u32);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let canvas = Canvas { area, pictures: RefCell::default() };
        canvas.rect(Rect { left: 0.0, top: 0.0, right: width, bottom: height }, PAPER)?;
        draw(&canvas)?;
        canvas.area.present().map_err(failed)?;
        let pictures = canvas.pictures.take();
        drop(canvas);
        let body = svg.split_once('\n').map_or("", |(_, body)| body);
        let body = body.trim_end().strip_suffix("</svg>").unwrap_or(body);
        let (paper, drawn) = body.split_once('\n').unwrap_or((body, ""));
        Ok(document((width, height), &format!("{paper}\n{pictures}{drawn}")))
    }

    /// A filled rectangle.
    pub fn rect(&self, rect: Rect, fill: RGBColor) -> Result<(), FigureError> {
        let corners = [point(rect.left, rect.top), point(rect.right, rect.bottom)];
        self.put(&Rectangle::new(corners, fill.filled()))
    }

    /// A picture, stretched over the rectangle, its pixels sharp. It lies behind lines and texts.
    pub fn picture(&self, rect: Rect, picture: &Picture) -> Result<(), FigureError> {
        let (left, top) = point(rect.left, rect.top);
        let (right, bottom) = point(rect.right, rect.bottom);
        writeln!(
            self.pictures.borrow_mut(),
            "<image x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"{}\"/>",
            right - left,
            bottom - top,
            picture.link()?
        )
        .map_err(failed)
    }

    /// A line through points. Fewer than two draw nothing.
    pub fn line(&self, points: &[(f64, f64)], pen: Pen) -> Result<(), FigureError> {
        if points.len() < 2 {
            return Ok(());
        }
        let points: Vec<(i32, i32)> = points.iter().map(|&(x, y)| point(x, y)).collect();
        let style = ShapeStyle::from(pen.color).stroke_width(units(pen.width).max(1) as u32);
        match pen.dash {
            None => self.put(&PathElement::new(points, style)),
            Some((dash, gap)) => {
                self.put(&DashedPathElement::new(points.iter().copied(), units(dash), units(gap), style))
            }
        }
    }

    /// A marker around a point, `size` mm wide.
    pub fn marker(
        &self,
        (x, y): (f64, f64),
        marker: Marker,
        size: f64,
        fill: RGBColor,
    ) -> Result<(), FigureError> {
        let r = size / 2.0;
        let corners = match marker {
            Marker::Circle => return self.put(&Circle::new(point(x, y), units(r), fill.filled())),
            Marker::Square => {
                [(-r, -r), (r, -r), (r, r), (-r, r)].map(|(dx, dy)| point(x + dx, y + dy)).to_vec()
            }
            Marker::Triangle => [(0.0, -1.2 * r), (1.15 * r, r), (-1.15 * r, r)]
                .map(|(dx, dy)| point(x + dx, y + dy))
                .to_vec(),
            Marker::Diamond => {
                let d = 1.25 * r;
                [(0.0, -d), (d, 0.0), (0.0, d), (-d, 0.0)].map(|(dx, dy)| point(x + dx, y + dy)).to_vec()
            }
        };
        self.put(&Polygon::new(corners, fill.filled()))
    }

    /// A text whose baseline passes through the point.
    pub fn text(
        &self,
        text: &str,
        (x, baseline): (f64, f64),
        align: Align,
        letters: Letters,
    ) -> Result<(), FigureError> {
        let top = baseline - ASCENT * letters.mm();
        self.put_text(text, point(x, top), align, letters, FontTransform::None)
    }

    /// A text whose middle line passes through the point.
    pub fn text_beside(
        &self,
        text: &str,
        (x, middle): (f64, f64),
        align: Align,
        letters: Letters,
    ) -> Result<(), FigureError> {
        self.text(text, (x, middle + 0.36 * letters.mm()), align, letters)
    }

    /// A centred text that reads upwards, its baseline at `x`.
    pub fn text_upwards(
        &self,
        text: &str,
        (x, middle): (f64, f64),
        letters: Letters,
    ) -> Result<(), FigureError> {
        let left = x - ASCENT * letters.mm();
        self.put_text(text, point(left, middle), Align::Center, letters, FontTransform::Rotate270)
    }

    fn put_text(
        &self,
        text: &str,
        at: (i32, i32),
        align: Align,
        letters: Letters,
        transform: FontTransform,
    ) -> Result<(), FigureError> {
        if text.is_empty() {
            return Ok(());
        }
        let anchor = match align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        let style = letters.font().transform(transform).into_text_style(&self.area).color(&letters.color);
        self.area.draw_text(text, &style.pos(Pos::new(anchor, VPos::Top)), at).map_err(failed)
    }

    fn put<'b, E>(&self, element: &'b E) -> Result<(), FigureError>
    where
        &'b E: PointCollection<'b, (i32, i32)>,
        E: for<'c> Drawable<SVGBackend<'c>>,
    {
        self.area.draw(element).map_err(failed)
    }
}

/// Drawing units of a length.
pub(super) fn units(mm: f64) -> i32 {
    (mm * UNITS_PER_MM).round() as i32
}

fn point(x: f64, y: f64) -> (i32, i32) {
    (units(x), units(y))
}

fn failed(error: impl Display) -> FigureError {
    FigureError::Drawing(error.to_string())
}

fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (style, font) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, BOLD)] {
            let registered = register_font(FAMILY, style, font);
            debug_assert!(registered.is_ok(), "the fonts in the repository are fonts");
        }
    });
}
