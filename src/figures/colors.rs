//! Numbers as colours: colour maps, pictures of matrices, and the bars that explain them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plotters::style::RGBColor;
use resvg::tiny_skia::Pixmap;

use super::FigureError;
use super::axes::{Axis, Panel, Range};
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::style::{AXIS_WIDTH, GAP, INK, TICK};

/// Width of a colour bar in mm.
const BAR: f64 = 2.4;
/// Steps of a colour bar.
const BAR_STEPS: usize = 128;
/// Missing values are hatched: every so many pixels on a diagonal one is dark.
const HATCH: usize = 4;
const HATCH_DARK: RGBColor = RGBColor(150, 150, 150);
const HATCH_LIGHT: RGBColor = RGBColor(236, 236, 236);

/// From numbers between 0 and 1 to colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColorMap {
    /// From nothing (the paper) to much: lightness falls evenly, so that it reads in grey.
    Sequential,
    /// From below to above a middle, which is nearly white: blue and red, for the colour-blind too.
    Diverging,
}

impl ColorMap {
    /// Colours at equal distances.
    fn stops(self) -> &'static [RGBColor] {
        match self {
            Self::Sequential => &[
                RGBColor(255, 255, 255),
                RGBColor(253, 226, 159),
                RGBColor(249, 164, 92),
                RGBColor(222, 87, 67),
                RGBColor(158, 30, 76),
                RGBColor(73, 10, 61),
            ],
            Self::Diverging => &[
                RGBColor(10, 46, 110),
                RGBColor(53, 121, 186),
                RGBColor(158, 201, 226),
                RGBColor(247, 247, 245),
                RGBColor(244, 176, 139),
                RGBColor(204, 72, 64),
                RGBColor(110, 6, 32),
            ],
        }
    }

    /// The colour of a number; beyond 0 and 1 that of the end.
    pub fn color(self, value: f64) -> RGBColor {
        let stops = self.stops();
        let at = value.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
        let below = (at as usize).min(stops.len() - 2);
        let (RGBColor(r, g, b), RGBColor(r2, g2, b2)) = (stops[below], stops[below + 1]);
        let share = at - below as f64;
        let mix =
            |one: u8, other: u8| (f64::from(one) * (1.0 - share) + f64::from(other) * share).round() as u8;
        RGBColor(mix(r, r2), mix(g, g2), mix(b, b2))
    }
}

/// Which colours a range of numbers has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colors {
    pub map: ColorMap,
    pub range: Range,
}

impl Colors {
    /// The colour of a number, or `None` if it is missing.
    pub fn color(self, value: f64) -> Option<RGBColor> {
        let Range { low, high } = self.range;
        (!value.is_nan()).then(|| self.map.color((value - low) / (high - low)))
    }
}

/// A matrix as a picture, one pixel for each number.
pub(super) struct Picture {
    width: usize,
    pixels: Vec<RGBColor>,
}

impl Picture {
    /// A picture of `values` (`[row, column]`, rows of `width`). Missing ones are hatched.
    pub fn new(values: &[f64], width: usize, colors: Colors) -> Self {
        let hatch = |at: usize| {
            let diagonal = at / width + at % width;
            if diagonal.is_multiple_of(HATCH) { HATCH_DARK } else { HATCH_LIGHT }
        };
        let pixels = values.iter().enumerate();
        let pixels = pixels.map(|(at, value)| colors.color(*value).unwrap_or_else(|| hatch(at)));
        Self { width, pixels: pixels.collect() }
    }

    /// As a PNG in the text of a link. The same picture gives the same text.
    pub fn link(&self) -> Result<String, FigureError> {
        let failed = |why: &str| FigureError::Drawing(format!("a matrix makes no picture: {why}"));
        let height = self.pixels.len().checked_div(self.width).unwrap_or(0);
        let mut pixmap =
            Pixmap::new(self.width as u32, height as u32).ok_or_else(|| failed("it is empty"))?;
        for (pixel, RGBColor(r, g, b)) in pixmap.data_mut().chunks_exact_mut(4).zip(&self.pixels) {
            pixel.copy_from_slice(&[*r, *g, *b, u8::MAX]);
        }
        let png = pixmap.encode_png().map_err(|error| failed(&error.to_string()))?;
        Ok(format!("data:image/png;base64,{}", STANDARD.encode(png)))
    }
}

/// The bar that explains colours, with its axis on the right.
pub(super) struct ColorBar<'a> {
    pub colors: Colors,
    pub axis: &'a Axis,
    pub letters: Letters,
}

impl ColorBar<'_> {
    /// Width in mm that a bar needs right of a panel, with white space before it.
    pub fn width(axis: &Axis, letters: Letters) -> f64 {
        let name = if axis.label.is_empty() { 0.0 } else { GAP + 1.2 * letters.mm() };
        2.0 * GAP + BAR + TICK + 0.5 + axis.tick_width(letters) + name
    }

    /// Draws it right of `panel`, as high as that.
    pub fn draw(&self, canvas: &Canvas, panel: Rect) -> Result<(), FigureError> {
        let left = panel.right + 2.0 * GAP;
        let rect = Rect { left, right: left + BAR, ..panel };
        let Range { low, high } = self.axis.range;
        let values: Vec<f64> =
            (0..BAR_STEPS).map(|step| high + (low - high) * (step as f64 + 0.5) / BAR_STEPS as f64).collect();
        canvas.picture(rect, &Picture::new(&values, 1, self.colors))?;
        frame(canvas, rect)?;
        let scale = Panel { rect, x: self.axis, y: self.axis, letters: self.letters };
        let text_left = rect.right + TICK + 0.5;
        for (value, label) in &self.axis.ticks {
            let y = scale.at_y(*value);
            canvas.line(&[(rect.right, y), (rect.right + TICK, y)], Pen::solid(INK, AXIS_WIDTH))?;
            canvas.text_beside(label, (text_left, y), Align::Left, self.letters)?;
        }
        let baseline = text_left + self.axis.tick_width(self.letters) + GAP + self.letters.mm();
        canvas.text_upwards(&self.axis.label, (baseline, rect.center().1), self.letters)
    }
}

/// A thin frame around a picture.
pub(super) fn frame(canvas: &Canvas, rect: Rect) -> Result<(), FigureError> {
    let Rect { left, top, right, bottom } = rect;
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    canvas.line(&corners, Pen::solid(INK, AXIS_WIDTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness in grey, 0 to 255 (ITU-R BT.601).
    fn grey(RGBColor(r, g, b): RGBColor) -> f64 {
        0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)
    }

    #[test]
    fn sequential_colours_darken_evenly() {
        let greys: Vec<f64> =
            (0..=20).map(|step| grey(ColorMap::Sequential.color(f64::from(step) / 20.0))).collect();
        assert!(greys.windows(2).all(|pair| (5.0..20.0).contains(&(pair[0] - pair[1]))), "{greys:?}");
    }

    #[test]
    fn diverging_colours_are_lightest_in_the_middle_and_alike_on_both_sides() {
        let at = |value: f64| grey(ColorMap::Diverging.color(value));
        for step in 1..=10 {
            let away = f64::from(step) / 20.0;
            assert!((at(0.5 - away) - at(0.5 + away)).abs() < 20.0, "{away}");
            assert!(at(0.5 - away) < at(0.55 - away) && at(0.5 + away) < at(0.45 + away));
        }
    }

    #[test]
    fn what_is_beyond_has_the_colour_of_the_end_and_what_is_missing_has_none() {
        let colors = Colors { map: ColorMap::Sequential, range: Range { low: -1.0, high: 3.0 } };
        assert_eq!(colors.color(-7.0), Some(RGBColor(255, 255, 255)));
        assert_eq!(colors.color(f64::INFINITY), colors.color(3.0));
        assert_eq!(colors.color(f64::NAN), None);
    }

    #[test]
    fn a_picture_of_nothing_is_an_error_and_no_panic() {
        let colors = Colors { map: ColorMap::Diverging, range: Range { low: 0.0, high: 1.0 } };
        assert!(Picture::new(&[], 0, colors).link().is_err());
        assert!(Picture::new(&[0.5, f64::NAN], 2, colors).link().unwrap().starts_with("data:image/png"));
    }
}
