//! Geometry of the ring: angles, distances, and how a location is coded by its units.

use std::f64::consts::{PI, TAU};

use super::trial::{Coding, Ring};

/// Height of a location's bump of activity.
const BUMP_HEIGHT: f64 = 0.8;
/// Standard deviation of the bump in radians.
const BUMP_WIDTH: f64 = PI / 8.0;

/// The preferred angle of unit `index` of a ring of `units`, in radians.
pub fn preferred(index: usize, units: usize) -> f64 {
    TAU * index as f64 / units as f64
}

/// The shorter way between two angles of `[0, 2*pi)`, in radians.
pub fn distance(a: f64, b: f64) -> f64 {
    let direct = (a - b).abs();
    direct.min(TAU - direct)
}

/// The unit whose preferred angle is nearest to `angle`, the first on ties.
pub fn nearest(angle: f64, units: usize) -> usize {
    let mut best = (f64::INFINITY, 0);
    for unit in 0..units {
        let away = distance(angle, preferred(unit, units));
        if away < best.0 {
            best = (away, unit);
        }
    }
    best.1
}

/// A Gaussian bump around `angle` over the units of a ring: `0.8 exp(-d^2 / (2 (pi/8)^2))`.
pub(super) fn bump(angle: f64, units: usize) -> impl Iterator<Item = f64> {
    (0..units).map(move |unit| {
        let scaled = distance(angle, preferred(unit, units)) / BUMP_WIDTH;
        BUMP_HEIGHT * libm::exp(-(scaled * scaled) / 2.0)
    })
}

/// 1 at the unit nearest to `angle`, 0 elsewhere.
pub(super) fn one_hot(angle: f64, units: usize) -> impl Iterator<Item = f64> {
    let on = nearest(angle, units);
    (0..units).map(move |unit| f64::from(unit == on))
}

impl Ring {
    /// Input channels before the rule units: fixation and the rings.
    pub fn rule_start(&self) -> usize {
        1 + self.rings * self.units
    }

    /// Adds a stimulus at `angle` to the first ring of a `[input]` frame.
    pub(super) fn show(&self, angle: f64, frame: &mut [f32]) {
        let ring = &mut frame[1..=self.units];
        match self.coding {
            Coding::Gaussian => add(ring, bump(angle, self.units)),
            Coding::OneHot => add(ring, one_hot(angle, self.units)),
        }
    }
}

/// Adds in double precision and rounds once.
pub(super) fn add(channels: &mut [f32], values: impl Iterator<Item = f64>) {
    for (channel, value) in channels.iter_mut().zip(values) {
        *channel = (f64::from(*channel) + value) as f32;
    }
}
