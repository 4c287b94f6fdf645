//! Elementary functions in single precision on vectors of any width. Each is a fixed chain of
//! correctly rounded operations (Cody-Waite reduction, then a polynomial by Horner's rule with fused
//! multiply-add), so a lane's result does not depend on the width of the vector.
//!
//! The polynomials interpolate at Chebyshev nodes; their own error is below half a unit in the last
//! place of the result. NaN in gives NaN out.

use pulp::Simd;

/// `2^23 * 1.5`: added to a small number, it leaves the nearest whole number in the low bits.
const ROUND: f32 = 12_582_912.0;
/// `2^23`: its bits, with a number below `2^23` in the low ones, are the float `2^23 + number`.
const TWO_23: f32 = 8_388_608.0;
const TWO_23_BITS: u32 = 0x4b00_0000;
/// `ln 2` in two parts; the first has few bits, so whole multiples of it are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Below this, `exp` stays at its value here (the smallest normal numbers).
const EXP_FLOOR: f32 = -87.0;
/// `(e^r - 1 - r) / r^2` for `|r| <= ln 2 / 2`.
const EXP: [f32; 5] = [0.5, 0.166_665_77, 0.041_666_554, 0.008_363_173, 0.001_392_617_6];
/// `(atanh s - s) / s^3` in `s^2 <= 1/9`.
const ATANH: [f32; 5] = [0.333_333_34, 0.199_998_53, 0.142_961_79, 0.108_532_88, 0.116_121_65];
/// `(tanh z - z) / z^3` in `z^2 <= 0.4`.
const TANH: [f32; 5] = [-0.333_333_28, 0.133_327_19, -0.053_843_263, 0.020_961_33, -0.006_045_165];
/// From here on `tanh` is computed from `exp`.
const TANH_SMALL: f32 = 0.625;
/// `(sin a - a) / a^3` and `(cos a - 1 + a^2/2) / a^4` in `a^2`, for `|a| <= pi/4`.
const SIN: [f32; 3] = [-0.166_666_65, 0.008_332_748, -0.000_195_878_9];
const COS: [f32; 3] = [0.041_666_664, -0.001_388_830_3, 2.454_794_2e-5];

#[inline(always)]
fn horner<S: Simd, const N: usize>(simd: S, x: S::f32s, coefficients: [f32; N]) -> S::f32s {
    let mut sum = simd.splat_f32s(coefficients[N - 1]);
    for &coefficient in coefficients[..N - 1].iter().rev() {
        sum = simd.mul_add_f32s(sum, x, simd.splat_f32s(coefficient));
    }
    sum
}

/// A whole number below `2^23` as a float, exactly.
#[inline(always)]
fn float_of_small<S: Simd>(simd: S, value: S::u32s) -> S::f32s {
    let bits = simd.or_u32s(value, simd.splat_u32s(TWO_23_BITS));
    simd.sub_f32s(simd.transmute_f32s_u32s(bits), simd.splat_f32s(TWO_23))
}

/// `e^x` for `x <= 0`, to 1 unit in the last place; constant below -87.
#[inline(always)]
pub fn exp_nonpositive<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let floor = simd.splat_f32s(EXP_FLOOR);
    let x = simd.select_f32s(simd.less_than_f32s(x, floor), floor, x);
    let round = simd.splat_f32s(ROUND);
    let shifted = simd.mul_add_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), round);
    let n = simd.sub_f32s(shifted, round);
    let r = simd.mul_add_f32s(n, simd.splat_f32s(-LN_2_HIGH), x);
    let r = simd.mul_add_f32s(n, simd.splat_f32s(-LN_2_LOW), r);
    let tail = simd.mul_add_f32s(simd.mul_f32s(r, r), horner(simd, r, EXP), r);
    let biased = simd.add_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(127));
    let power = simd.transmute_f32s_u32s(simd.wrapping_dyn_shl_u32s(biased, simd.splat_u32s(23)));
    simd.mul_f32s(simd.add_f32s(tail, simd.splat_f32s(1.0)), power)
}

/// `2 atanh s` for `|s| <= 1/3`.
#[inline(always)]
fn twice_atanh<S: Simd>(simd: S, s: S::f32s) -> S::f32s {
    let square = simd.mul_f32s(s, s);
    let cubic = simd.mul_f32s(simd.mul_f32s(square, s), horner(simd, square, ATANH));
    let half = simd.add_f32s(s, cubic);
    simd.add_f32s(half, half)
}

/// `(softplus z, its derivative)`: `ln(1 + e^z)` and `1 / (1 + e^-z)`, relative error below 4e-7.
#[inline(always)]
pub fn softplus<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let e = exp_nonpositive(simd, simd.neg_f32s(simd.abs_f32s(z)));
    let one_e = simd.add_f32s(one, e);
    let two_e = simd.add_f32s(simd.splat_f32s(2.0), e);
    let inverse = simd.div_f32s(one, simd.mul_f32s(one_e, two_e));
    let log = twice_atanh(simd, simd.mul_f32s(simd.mul_f32s(e, one_e), inverse));
    let negative = simd.less_than_f32s(z, zero);
    let value = simd.add_f32s(simd.select_f32s(negative, zero, z), log);
    let slope = simd.mul_f32s(two_e, inverse);
    (value, simd.select_f32s(negative, simd.mul_f32s(e, slope), slope))
}

/// `1 / (1 + e^-z)`, relative error below 3e-7.
#[inline(always)]
pub fn sigmoid<S: Simd>(simd: S, z: S::f32s) -> S::f32s {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let e = exp_nonpositive(simd, simd.neg_f32s(simd.abs_f32s(z)));
    let above = simd.select_f32s(simd.less_than_f32s(z, zero), e, one);
    simd.div_f32s(above, simd.add_f32s(one, e))
}

/// `tanh z`, relative error below 3e-7.
#[inline(always)]
pub fn tanh<S: Simd>(simd: S, z: S::f32s) -> S::f32s {
    let one = simd.splat_f32s(1.0);
    let size = simd.abs_f32s(z);
    let square = simd.mul_f32s(z, z);
    let small = simd.mul_add_f32s(simd.mul_f32s(square, z), horner(simd, square, TANH), z);
    let e = exp_nonpositive(simd, simd.mul_f32s(size, simd.splat_f32s(-2.0)));
    let large = simd.div_f32s(simd.sub_f32s(one, e), simd.add_f32s(one, e));
    let sign = simd.and_f32s(z, simd.splat_f32s(-0.0));
    let large = simd.or_f32s(large, sign);
    simd.select_f32s(simd.less_than_f32s(simd.splat_f32s(TANH_SMALL), size), large, small)
}

/// `-2 ln u` for `2^-33 <= u <= 1`.
#[inline(always)]
fn minus_twice_ln<S: Simd>(simd: S, u: S::f32s) -> S::f32s {
    /// What to add so that mantissas from `sqrt 2` on carry into the exponent.
    const CARRY: u32 = 0x3f80_0000 - 0x3f35_04f3;
    let one = simd.splat_f32s(1.0);
    let bits = simd.transmute_u32s_f32s(u);
    let shift = simd.splat_u32s(23);
    let exponent = simd.wrapping_dyn_shr_u32s(simd.add_u32s(bits, simd.splat_u32s(CARRY)), shift);
    let unbiased = simd.sub_u32s(exponent, simd.splat_u32s(127));
    let mantissa = simd.sub_u32s(bits, simd.wrapping_dyn_shl_u32s(unbiased, shift));
    let m = simd.transmute_f32s_u32s(mantissa);
    let log_m = twice_atanh(simd, simd.div_f32s(simd.sub_f32s(m, one), simd.add_f32s(m, one)));
    let k = simd.sub_f32s(float_of_small(simd, exponent), simd.splat_f32s(127.0));
    let log = simd.mul_add_f32s(k, simd.splat_f32s(std::f32::consts::LN_2), log_m);
    simd.mul_f32s(log, simd.splat_f32s(-2.0))
}

/// `(sin, cos)` of the angle `2 pi word / 2^32`, to within 2e-7.
#[inline(always)]
fn sin_cos_turn<S: Simd>(simd: S, word: S::u32s) -> (S::f32s, S::f32s) {
    let shifted = simd.add_u32s(word, simd.splat_u32s(1 << 29));
    let quadrant = simd.wrapping_dyn_shr_u32s(shifted, simd.splat_u32s(30));
    let within = simd.and_u32s(shifted, simd.splat_u32s((1 << 30) - 1));
    let within = simd.wrapping_dyn_shr_u32s(within, simd.splat_u32s(7));
    let centred = simd.sub_f32s(float_of_small(simd, within), simd.splat_f32s(TWO_23 / 2.0));
    let a = simd.mul_f32s(centred, simd.splat_f32s(std::f32::consts::FRAC_PI_2 / TWO_23));
    let square = simd.mul_f32s(a, a);
    let sin = simd.mul_add_f32s(simd.mul_f32s(square, a), horner(simd, square, SIN), a);
    let half = simd.mul_add_f32s(square, simd.splat_f32s(-0.5), simd.splat_f32s(1.0));
    let cos = simd.mul_add_f32s(simd.mul_f32s(square, square), horner(simd, square, COS), half);
    let odd = simd.and_u32s(quadrant, simd.splat_u32s(1));
    let even = simd.equal_u32s(odd, simd.splat_u32s(0));
    let sign_of = |quadrant: S::u32s| {
        let second_bit = simd.and_u32s(quadrant, simd.splat_u32s(2));
        simd.transmute_f32s_u32s(simd.wrapping_dyn_shl_u32s(second_bit, simd.splat_u32s(30)))
    };
    let next = simd.add_u32s(quadrant, simd.splat_u32s(1));
    (
        simd.xor_f32s(simd.select_f32s(even, sin, cos), sign_of(quadrant)),
        simd.xor_f32s(simd.select_f32s(even, cos, sin), sign_of(next)),
    )
}

/// Two independent standard normal numbers out of two random words (Box and Muller,
/// *Ann. Math. Statist.* 29:610, 1958). The radius uses all bits of the first word, so numbers
/// reach 6.7 standard deviations. With radius `r`, the absolute error is below `2e-6 + 6e-8 / r`: a float
/// near 1, where the radius is small, has steps of `2^-24`.
#[inline(always)]
pub fn box_muller<S: Simd>(simd: S, radius: S::u32s, angle: S::u32s) -> (S::f32s, S::f32s) {
    const TWO_MINUS_16: f32 = 1.0 / 65_536.0;
    const TWO_MINUS_32: f32 = TWO_MINUS_16 * TWO_MINUS_16;
    let high = float_of_small(simd, simd.wrapping_dyn_shr_u32s(radius, simd.splat_u32s(16)));
    let low = float_of_small(simd, simd.and_u32s(radius, simd.splat_u32s(0xffff)));
    let low = simd.mul_add_f32s(low, simd.splat_f32s(TWO_MINUS_32), simd.splat_f32s(0.5 * TWO_MINUS_32));
    let u = simd.mul_add_f32s(high, simd.splat_f32s(TWO_MINUS_16), low);
    let length = simd.sqrt_f32s(minus_twice_ln(simd, u));
    let (sin, cos) = sin_cos_turn(simd, angle);
    (simd.mul_f32s(length, cos), simd.mul_f32s(length, sin))
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::simd::Instructions;

    #[derive(Clone, Copy)]
    enum Function {
        Exp,
        Softplus,
        Slope,
        Sigmoid,
        Tanh,
    }

    struct Apply<'a>(Function, &'a [f32], &'a mut [f32]);

    impl WithSimd for Apply<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let lanes = S::F32_LANES;
            for (z, out) in self.1.chunks(lanes).zip(self.2.chunks_mut(lanes)) {
                let z = simd.partial_load_f32s(z);
                let result = match self.0 {
                    Function::Exp => exp_nonpositive(simd, simd.neg_f32s(simd.abs_f32s(z))),
                    Function::Softplus => softplus(simd, z).0,
                    Function::Slope => softplus(simd, z).1,
                    Function::Sigmoid => sigmoid(simd, z),
                    Function::Tanh => tanh(simd, z),
                };
                simd.partial_store_f32s(out, result);
            }
        }
    }

    fn apply(instructions: Instructions, function: Function, z: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; z.len()];
        instructions.run(Apply(function, z, &mut out));
        out
    }

    fn exact(function: Function, z: f64) -> f64 {
        match function {
            Function::Exp => libm::exp(-z.abs()),
            Function::Softplus if z > 0.0 => z + libm::log1p(libm::exp(-z)),
            Function::Softplus => libm::log1p(libm::exp(z)),
            Function::Slope | Function::Sigmoid => 1.0 / (1.0 + libm::exp(-z)),
            Function::Tanh => libm::tanh(z),
        }
    }

    const ALL: [(Function, f64); 5] = [
        (Function::Exp, 1.5e-7),
        (Function::Softplus, 4e-7),
        (Function::Slope, 4e-7),
        (Function::Sigmoid, 3e-7),
        (Function::Tanh, 3e-7),
    ];

    fn grid() -> Vec<f32> {
        let fine = (-60_000..=60_000).map(|i| i as f32 * 1.37e-3);
        fine.chain((-60..=60).map(|i| libm::exp2f(i as f32 * 0.5))).filter(|z| z.abs() < 86.0).collect()
    }

    #[test]
    fn functions_are_as_accurate_as_they_say() {
        for (function, tolerance) in ALL {
            let z = grid();
            for (z, ours) in z.iter().zip(apply(Instructions::best(), function, &z)) {
                let exact = exact(function, f64::from(*z));
                let error = (f64::from(ours) - exact).abs();
                assert!(error <= tolerance * exact.abs(), "{z}: {ours} {exact}");
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let z = grid();
        for (function, _) in ALL {
            let bits = |instructions| {
                apply(instructions, function, &z).iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            let portable = bits(Instructions::available()[0]);
            assert!(Instructions::available().into_iter().all(|instructions| bits(instructions) == portable));
        }
    }

    #[test]
    fn not_a_number_is_never_hidden() {
        for instructions in Instructions::available() {
            for (function, _) in ALL {
                assert!(apply(instructions, function, &[f32::NAN; 3]).iter().all(|value| value.is_nan()));
            }
        }
    }

    #[test]
    fn extreme_arguments_are_bounded() {
        let z = [f32::MIN, -1e3, 1e3, f32::MAX];
        assert_eq!(apply(Instructions::best(), Function::Tanh, &z), [-1.0, -1.0, 1.0, 1.0]);
        let sigmoid = apply(Instructions::best(), Function::Sigmoid, &z);
        assert!(sigmoid[0] < 2e-38 && sigmoid[3] == 1.0);
        let softplus = apply(Instructions::best(), Function::Softplus, &z);
        assert!(softplus[0] < 2e-38 && softplus[2] == 1e3 && softplus[3] == f32::MAX);
    }
}
