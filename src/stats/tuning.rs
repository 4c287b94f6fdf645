//! Tuning curves, the variability that goes with them, and the Gaussian through a curve.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DVector, Dyn, MatrixXx3, OMatrix, Owned, U3, Vector3};

use super::numbers::mean_curve;
use super::units::{best_locations, in_tuning_order};

/// The search for a Gaussian ends when the squares or the parameters change by less than this share: the
/// root of the precision, as in MINPACK (Moré, Garbow & Hillstrom, 1980) and what builds on it.
const ENOUGH: f64 = 1.4901161193847656e-08;

/// The tuning of a population at one checkpoint, in tuning order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// Mean rate over units.
    pub rate: Vec<f64>,
    /// Mean Fano factor over units in Hz.
    pub fano: Vec<f64>,
    /// Fano factor of each unit at its best location.
    pub fano_best: Vec<f64>,
    /// Fano factor of each unit opposite to its best location: at the first place in tuning order.
    pub fano_opposite: Vec<f64>,
}

/// The tuning of `units`: their rates and Fano factors (both `[location, unit]`, of `n_units` units), each
/// put in order around the unit's best location, which is that of its largest `tuning` (`[location,
/// unit]`). NaN is left out of means.
pub fn tuning(rate: &[f64], fano: &[f64], tuning: &[f64], n_units: usize, units: &[usize]) -> Tuning {
    let best = best_locations(tuning, n_units);
    let ordered = |values: &[f64]| -> Vec<Vec<f64>> {
        let of_unit = |unit: usize| values.iter().skip(unit).step_by(n_units).copied().collect::<Vec<f64>>();
        units
            .iter()
            .map(|&unit| {
                let values = of_unit(unit);
                best[unit].map_or_else(
                    || in_tuning_order(&vec![f64::NAN; values.len()], 0),
                    |best| in_tuning_order(&values, best),
                )
            })
            .collect()
    };
    let n_locations = tuning.len() / n_units.max(1);
    let places = in_tuning_order(&vec![0.0; n_locations], 0).len();
    let mean = |curves: &[Vec<f64>]| mean_curve(curves.iter().map(Vec::as_slice), places);
    let fano = ordered(fano);
    let at = |place: usize| fano.iter().map(|curve| curve.get(place).copied().unwrap_or(f64::NAN)).collect();
    Tuning {
        rate: mean(&ordered(rate)),
        fano: mean(&fano),
        fano_best: at(n_locations / 2),
        fano_opposite: at(0),
    }
}

/// A Gaussian curve on a base line: `base + area * exp(-(x - center)^2 / (2 width^2)) / (width sqrt(2 pi))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Area under it, above the base.
    pub area: f64,
    /// Where it is highest.
    pub center: f64,
    /// Its standard deviation.
    pub width: f64,
    /// The base line.
    pub base: f64,
}

impl Gaussian {
    /// The Gaussian that is nearest to `curve` at 0, 1, 2, ... in the least squares, on the curve's minimum
    /// as its base line, by the method of Levenberg and Marquardt. `None` if a value is missing, there
    /// are fewer than three, or the search does not end.
    pub fn fit(curve: &[f64]) -> Option<Self> {
        if curve.len() < 3 || curve.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let base = curve.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = curve.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let heights = DVector::from_iterator(curve.len(), curve.iter().map(|value| value - base));
        let start = Vector3::new(largest + 1.0, (curve.len() / 2) as f64, 1.0);
        let search = LevenbergMarquardt::new().with_ftol(ENOUGH).with_xtol(ENOUGH).with_gtol(0.0);
        let (fitted, report) = search.minimize(Fit { heights, parameters: start });
        let [area, center, width] = fitted.parameters.into();
        let fit = Self { area, center, width, base };
        (report.termination.was_successful() && fit.at(center).is_finite()).then_some(fit)
    }

    /// Its height at `x`.
    pub fn at(&self, x: f64) -> f64 {
        let z = (x - self.center) / self.width;
        self.base + self.area * density(z) / self.width
    }
}

/// The density of the normal distribution.
fn density(z: f64) -> f64 {
    libm::exp(-z * z / 2.0) / std::f64::consts::TAU.sqrt()
}

/// The least squares of a Gaussian's parameters: area, center, width.
struct Fit {
    heights: DVector<f64>,
    parameters: Vector3<f64>,
}

impl LeastSquaresProblem<f64, Dyn, U3> for Fit {
    type ParameterStorage = Owned<f64, U3>;
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, U3>;

    fn set_params(&mut self, parameters: &Vector3<f64>) {
        self.parameters = *parameters;
    }

    fn params(&self) -> Vector3<f64> {
        self.parameters
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let [area, center, width] = self.parameters.into();
        let curve = Gaussian { area, center, width, base: 0.0 };
        let fitted = self.heights.iter().enumerate().map(|(x, height)| curve.at(x as f64) - height);
        Some(DVector::from_iterator(self.heights.len(), fitted))
    }

    fn jacobian(&self) -> Option<OMatrix<f64, Dyn, U3>> {
        let [area, center, width] = self.parameters.into();
        Some(MatrixXx3::from_fn(self.heights.len(), |x, parameter| {
            let z = (x as f64 - center) / width;
            let unit = density(z) / width;
            match parameter {
                0 => unit,
                1 => area * unit * z / width,
                _ => area * unit * (z * z - 1.0) / width,
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_put_in_order_around_their_best_location() {
        // Two units, four locations; the best ones are 1 and 2.
        let rate = [1.0, 0.0, 5.0, 1.0, 2.0, 5.0, 0.0, 2.0];
        let fano = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, f64::NAN];
        let both = tuning(&rate, &fano, &rate, 2, &[0, 1]);
        assert_eq!(both.rate, [0.0, 1.0, 5.0, 2.0, 0.0]);
        assert_eq!(both.fano_best, [0.3, 0.6]);
        assert_eq!(both.fano_opposite, [0.7, 0.2]);
        assert_eq!(both.fano[3], 0.5, "what is missing is left out");
    }

    #[test]
    fn no_units_have_no_tuning() {
        let none = tuning(&[1.0; 8], &[1.0; 8], &[1.0; 8], 1, &[]);
        assert!(none.rate.len() == 9 && none.rate.iter().chain(&none.fano).all(|value| value.is_nan()));
    }

    #[test]
    fn curves_that_have_no_gaussian_have_none() {
        assert_eq!(Gaussian::fit(&[1.0, f64::NAN, 2.0, 1.0]), None);
        assert_eq!(Gaussian::fit(&[1.0, 2.0]), None);
    }

    proptest! {
        #[test]
        fn a_gaussian_is_found_again(area in 0.5f64..9.0, center in 3.0f64..5.0, width in 0.8f64..1.5) {
            let true_one = Gaussian { area, center, width, base: 0.0 };
            let curve: Vec<f64> = (0..9).map(|x| true_one.at(f64::from(x))).collect();
            let fit = Gaussian::fit(&curve).unwrap();
            prop_assert!((0..9).all(|x| (fit.at(f64::from(x)) - curve[x as usize]).abs() < 0.02 * area));
        }
    }
}
