//! Tails of the distributions that tests need.
//!
//! They are computed with the `libm` crate, never the platform's functions, so that p-values are the
//! same to the bit on every machine.

use std::f64::consts::SQRT_2;

/// Terms of the continued fraction; it needs O(sqrt(max(a, b))) of them.
const MOST_TERMS: usize = 20_000;
/// Stands for zero where something is divided by it.
const TINY: f64 = 1e-300;

/// The probability that a normal variable of mean 0 and variance 1 exceeds `x`.
pub fn normal_upper(x: f64) -> f64 {
    0.5 * libm::erfc(x / SQRT_2)
}

/// The probability that a variable of Student's distribution lies further from 0 than `t`
/// (Abramowitz & Stegun, 26.7.1 and 26.5.27).
pub fn student_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    incomplete_beta(df / 2.0, 0.5, df / (df + t * t))
}

/// The probability that a variable of the F distribution exceeds `f` (Abramowitz & Stegun, 26.6.2).
pub fn f_upper(f: f64, between: f64, within: f64) -> f64 {
    if f.is_infinite() {
        return 0.0;
    }
    incomplete_beta(within / 2.0, between / 2.0, within / (within + between * f))
}

/// The regularised incomplete beta function `I_x(a, b)` (DLMF 8.17.22), with the fraction evaluated
/// where it converges fast (DLMF 8.17.4).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x.is_nan() || a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - log_beta);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction(a, b, x) / a
    } else {
        1.0 - front * continued_fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function, by the modified method of Lentz
/// (Thompson & Barnett, *J. Comput. Phys.* 64:490, 1986).
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    let from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for term in 1..MOST_TERMS {
        let m = term as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for coefficient in [even, odd] {
            d = 1.0 / from_zero(1.0 + coefficient * d);
            c = from_zero(1.0 + coefficient / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= f64::EPSILON * fraction.abs() {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logarithm of the beta function is a difference of large numbers where degrees of freedom are many.
    fn assert_near(ours: f64, expected: f64) {
        assert!((ours - expected).abs() <= 1e-10 * expected.abs(), "{ours} should be {expected}");
    }

    /// `2 * scipy.stats.t.sf(t, df)`, scipy 1.17.1.
    #[test]
    fn tails_of_students_distribution_are_those_of_scipy() {
        assert_near(student_two_sided(0.5, 1.0), 0.7048327646991335);
        assert_near(student_two_sided(2.0, 3.0), 0.13932596855884305);
        assert_near(student_two_sided(1.96, 127.0), 0.05218555832237475);
        assert_near(student_two_sided(14.5, 116.0), 8.218786751080554e-28);
        assert_near(student_two_sided(0.001, 30.0), 0.9992087357664851);
        assert_near(student_two_sided(3.2, 20000.0), 0.0013764206147350965);
    }

    /// `scipy.stats.f.sf(f, between, within)`, scipy 1.17.1.
    #[test]
    fn tails_of_the_f_distribution_are_those_of_scipy() {
        assert_near(f_upper(0.3, 2.0, 27.0), 0.743255631180977);
        assert_near(f_upper(3.4, 2.0, 87.0), 0.03786727201969409);
        assert_near(f_upper(2.1, 7.0, 120.0), 0.04855406509312603);
        assert_near(f_upper(55.0, 7.0, 120.0), 1.6570032367833109e-34);
        assert_near(f_upper(1.01, 1.0, 5000.0), 0.314951471479726);
    }

    /// `scipy.stats.norm.sf(x)`, scipy 1.17.1.
    #[test]
    fn tails_of_the_normal_distribution_are_those_of_scipy() {
        assert_near(normal_upper(0.1), 0.460172162722971);
        assert_near(normal_upper(1.96), 0.024997895148220435);
        assert_near(normal_upper(6.5), 4.016000583859088e-11);
    }

    #[test]
    fn tails_end_well() {
        assert_eq!(student_two_sided(0.0, 5.0), 1.0);
        assert_eq!(student_two_sided(f64::INFINITY, 5.0), 0.0);
        assert_eq!((f_upper(0.0, 2.0, 5.0), f_upper(f64::INFINITY, 2.0, 5.0)), (1.0, 0.0));
        assert!(student_two_sided(f64::NAN, 5.0).is_nan());
    }
}
