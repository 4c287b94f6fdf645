//! Axes: ranges, ticks at round numbers, and the panel that maps data onto paper.

use super::FigureError;
use super::canvas::{Align, Canvas, Letters, Pen, Rect};
use super::error::LEAST_PANEL_MM;
use super::style::{AXIS_WIDTH, CURVE_WIDTH, FAINT, GAP, INK, Look, TICK};

/// Size of a marker on a curve in mm.
pub(super) const MARKER: f64 = 1.2;
/// Values of this size and above, and differences below its inverse, are errors, not data.
const BEYOND_PAPER: f64 = 1e100;
/// Ticks this far apart are written with a power of ten,
const MOST_PLAIN: f64 = 1e5;
/// and so are those that would need more decimals than this.
const MOST_DECIMALS: usize = 4;
/// Markers along a curve.
const MARKERS: usize = 6;

/// A range of data, not empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// The range of the finite values; from 0 to 1 if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.abs() < BEYOND_PAPER);
        let (low, high) = finite
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        let size = low.abs().max(high.abs());
        if high - low > (size * 1e-9).max(1.0 / BEYOND_PAPER) {
            Self { low, high }
        } else {
            let pad = (size * 1e-3).max(0.5);
            Self { low: low - pad, high: high + pad }
        }
    }

    /// Whether an axis can have this range.
    pub fn is_drawable(self) -> bool {
        let size = self.low.abs().max(self.high.abs());
        size < BEYOND_PAPER && self.high - self.low > (size * 1e-9).max(1.0 / BEYOND_PAPER)
    }

    /// With `share` of its width added at either end.
    pub fn padded(self, share: f64) -> Self {
        let pad = (self.high - self.low) * share;
        Self { low: self.low - pad, high: self.high + pad }
    }
}

/// An axis: its range and the labelled ticks in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub range: Range,
    pub label: String,
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Ticks at multiples of 1, 2 or 5 times a power of ten, at most `most` of them, unless that would
    /// be fewer than two.
    pub fn round(label: &str, range: Range, most: usize) -> Self {
        let step = round_step((range.high - range.low) / most.max(2) as f64);
        let axis = Self::stepped(label, range, step);
        // One tick tells no scale. Of half or less of the step there are always two.
        if axis.ticks.len() < 2 { Self::stepped(label, range, round_step(step * 0.4)) } else { axis }
    }

    /// Ticks at whole numbers only.
    pub fn counts(label: &str, range: Range, most: usize) -> Self {
        let step = round_step((range.high - range.low) / most.max(2) as f64);
        Self::stepped(label, range, step.max(1.0))
    }

    /// Ticks at multiples of `step`.
    pub fn stepped(label: &str, range: Range, step: f64) -> Self {
        let decimals = (-libm::log10(step).floor()).max(0.0) as usize;
        let slack = step * 1e-9;
        let first = ((range.low - slack) / step).ceil() as i64;
        let last = ((range.high + slack) / step).floor() as i64;
        let ticks = (first..=last).map(|multiple| {
            let value = multiple as f64 * step;
            let plain = step < MOST_PLAIN && decimals <= MOST_DECIMALS;
            let text = if plain { format!("{value:.decimals$}") } else { format!("{value:.3e}") };
            (value, text.replace('-', "\u{2212}"))
        });
        Self { range, label: label.to_owned(), ticks: ticks.collect() }
    }

    /// One tick for each category, at 0, 1, 2, ...
    pub fn categories(label: &str, names: &[String]) -> Self {
        let range = Range { low: -0.5, high: names.len() as f64 - 0.5 };
        let ticks = names.iter().enumerate().map(|(at, name)| (at as f64, name.clone()));
        Self { range, label: label.to_owned(), ticks: ticks.collect() }
    }

    /// Whether the axis has a place for `value`.
    pub fn holds(&self, value: f64) -> bool {
        (self.range.low..=self.range.high).contains(&value)
    }

    /// Width in mm of the widest tick label.
    pub fn tick_width(&self, letters: Letters) -> f64 {
        self.ticks.iter().map(|(_, label)| letters.width(label)).fold(0.0, f64::max)
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = libm::pow(10.0, libm::log10(least).floor());
    [1.0, 2.0, 5.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

/// A plot: a rectangle of paper with two axes.
pub(super) struct Panel<'a> {
    pub rect: Rect,
    pub x: &'a Axis,
    pub y: &'a Axis,
    pub letters: Letters,
}

impl Panel<'_> {
    /// Refuses a panel that is too small to be read.
    pub fn check(&self) -> Result<(), FigureError> {
        let (width, height) = (self.rect.width(), self.rect.height());
        if width >= LEAST_PANEL_MM && height >= LEAST_PANEL_MM {
            Ok(())
        } else {
            Err(FigureError::NoRoom { width, height })
        }
    }

    /// The place of a value on the horizontal axis, in mm.
    pub fn at_x(&self, value: f64) -> f64 {
        let Range { low, high } = self.x.range;
        self.rect.left + (value - low) / (high - low) * self.rect.width()
    }

    /// The place of a value on the vertical axis, in mm.
    pub fn at_y(&self, value: f64) -> f64 {
        let Range { low, high } = self.y.range;
        self.rect.bottom - (value - low) / (high - low) * self.rect.height()
    }

    /// The horizontal axis; tick labels and its name only if `labelled`.
    pub fn draw_x_axis(&self, canvas: &Canvas, labelled: bool) -> Result<(), FigureError> {
        let Rect { left, right, bottom, .. } = self.rect;
        let pen = Pen::solid(INK, AXIS_WIDTH);
        canvas.line(&[(left - AXIS_WIDTH / 2.0, bottom), (right, bottom)], pen)?;
        let baseline = bottom + TICK + 0.3 + self.letters.mm();
        for (value, label) in &self.x.ticks {
            let x = self.at_x(*value);
            canvas.line(&[(x, bottom), (x, bottom + TICK)], pen)?;
            if labelled {
                canvas.text(label, (x, baseline), Align::Center, self.letters)?;
            }
        }
        if labelled {
            let center = (left + right) / 2.0;
            let at = (center, baseline + 1.25 * self.letters.mm());
            canvas.text(&self.x.label, at, Align::Center, self.letters)?;
        }
        Ok(())
    }

    /// The vertical axis; tick labels and its name only if `labelled`.
    pub fn draw_y_axis(&self, canvas: &Canvas, labelled: bool) -> Result<(), FigureError> {
        let Rect { left, top, bottom, .. } = self.rect;
        let pen = Pen::solid(INK, AXIS_WIDTH);
        canvas.line(&[(left, top), (left, bottom)], pen)?;
        for (value, label) in &self.y.ticks {
            let y = self.at_y(*value);
            canvas.line(&[(left - TICK, y), (left, y)], pen)?;
            if labelled {
                canvas.text_beside(label, (left - TICK - 0.5, y), Align::Right, self.letters)?;
            }
        }
        if labelled {
            let x = left - TICK - 0.5 - self.y.tick_width(self.letters) - GAP;
            canvas.text_upwards(&self.y.label, (x, (top + bottom) / 2.0), self.letters)?;
        }
        Ok(())
    }

    /// Space in mm that the labelled vertical axis needs left of the panel.
    pub fn y_axis_width(y: &Axis, letters: Letters) -> f64 {
        TICK + 0.5 + y.tick_width(letters) + GAP + letters.mm()
    }

    /// Space in mm that the labelled horizontal axis needs below the panel.
    pub fn x_axis_height(letters: Letters) -> f64 {
        TICK + 0.3 + 2.5 * letters.mm()
    }

    /// A faint line at zero, if zero lies inside of the panel.
    pub fn draw_zero(&self, canvas: &Canvas) -> Result<(), FigureError> {
        if !self.y.holds(0.0) {
            return Ok(());
        }
        let y = self.at_y(0.0);
        canvas.line(&[(self.rect.left, y), (self.rect.right, y)], Pen::solid(FAINT, AXIS_WIDTH / 2.0))
    }

    /// A curve through the points; a value that is missing breaks it, and the panel's edges cut it off.
    /// With markers along it, `phase` (0 to 1) shifting them against those of its neighbours.
    pub fn curve(
        &self,
        canvas: &Canvas,
        points: &[(f64, f64)],
        look: Look,
        dash: Option<(f64, f64)>,
        phase: f64,
    ) -> Result<(), FigureError> {
        self.line(canvas, points, Pen { color: look.color, width: CURVE_WIDTH, dash })?;
        let every = points.len() as f64 / MARKERS as f64;
        for index in 0..MARKERS {
            let at = ((index as f64 + phase) * every) as usize;
            if let Some(&point) = points.get(at).filter(|point| self.shows(point)) {
                canvas.marker(self.place(point), look.marker, MARKER, look.color)?;
            }
        }
        Ok(())
    }

    /// A line through points of data; a value that is missing breaks it, and the panel's edges cut it off.
    pub fn line(&self, canvas: &Canvas, points: &[(f64, f64)], pen: Pen) -> Result<(), FigureError> {
        let mut run: Vec<(f64, f64)> = Vec::new();
        for pair in points.windows(2) {
            let Some((start, end)) = self.clipped(pair[0], pair[1]) else { continue };
            if run.last() != Some(&start) {
                canvas.line(&run, pen)?;
                run = vec![start];
            }
            run.push(end);
        }
        canvas.line(&run, pen)
    }

    /// The part of a stretch of data that lies in the panel, on paper (Liang & Barsky 1984).
    fn clipped(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let drawable = |(x, y): (f64, f64)| x.abs() < BEYOND_PAPER && y.abs() < BEYOND_PAPER;
        if !drawable(from) || !drawable(to) {
            return None;
        }
        let (from, to) = (self.place(from), self.place(to));
        let Rect { left, top, right, bottom } = self.rect;
        let (mut enter, mut leave) = (0.0f64, 1.0f64);
        for (at, step, low, high) in
            [(from.0, to.0 - from.0, left, right), (from.1, to.1 - from.1, top, bottom)]
        {
            if step == 0.0 {
                if !(low..=high).contains(&at) {
                    return None;
                }
                continue;
            }
            let (one, other) = ((low - at) / step, (high - at) / step);
            enter = enter.max(one.min(other));
            leave = leave.min(one.max(other));
        }
        let along = |share: f64| (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
        let start = if enter == 0.0 { from } else { along(enter) };
        let end = if leave == 1.0 { to } else { along(leave) };
        (enter <= leave).then_some((start, end))
    }

    /// A point of data on paper.
    pub fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }

    /// Whether a point can be drawn.
    pub fn shows(&self, &(x, y): &(f64, f64)) -> bool {
        self.x.holds(x) && self.y.holds(y)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_stand_at_round_numbers() {
        let axis = Axis::round("", Range { low: -0.71, high: 1.22 }, 5);
        assert_eq!(labels(&axis), ["\u{2212}0.5", "0.0", "0.5", "1.0"]);
        let axis = Axis::round("", Range { low: 0.0, high: 505.6 }, 6);
        assert_eq!(labels(&axis), ["0", "100", "200", "300", "400", "500"]);
        assert_eq!(labels(&Axis::counts("", Range { low: 0.0, high: 2.0 }, 10)), ["0", "1", "2"]);
        assert_eq!(labels(&Axis::stepped("", Range { low: 0.0, high: 180.0 }, 90.0)), ["0", "90", "180"]);
    }

    #[test]
    fn a_range_of_nothing_or_of_one_value_can_be_drawn() {
        assert_eq!(Range::of([f64::NAN, f64::INFINITY]), Range { low: 0.0, high: 1.0 });
        assert_eq!(Range::of([2.0, 2.0]), Range { low: 1.5, high: 2.5 });
        let large = Range::of([1e300, 1e40, -1e-300]);
        assert!(Axis::round("", large, 5).ticks.len() <= 6);
        assert_eq!(Range::of([0.0, 1e-310]), Range { low: -0.5, high: 0.5 });
        let alike = Range::of([1e17, 1e17]);
        assert!(alike.low < 1e17 && Axis::round("", alike, 5).ticks.len() <= 6);
    }

    proptest! {
        #[test]
        fn ticks_are_few_and_inside(low in -1e6f64..1e6, width in 1e-6f64..1e6, most in 2usize..12) {
            let range = Range { low, high: low + width };
            let axis = Axis::round("", range, most);
            prop_assert!((2..=most.max(4) + 1).contains(&axis.ticks.len()));
            let slack = width * 1e-6;
            prop_assert!(axis.ticks.iter().all(|(at, _)| (low - slack..=low + width + slack).contains(at)));
        }
    }
}
