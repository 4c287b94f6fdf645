//! From summed inputs to the next hidden state, and derivatives the other way.

use pulp::{Simd, WithSimd};

use crate::network::architecture::Activation;
use crate::simd::math;

/// `h = (1 - alpha) previous + alpha f(z)`, and `slope = alpha f'(z)`.
pub struct Activate<'a> {
    pub activation: Activation,
    pub alpha: f32,
    /// All `[unit]`, of one trial.
    pub z: &'a [f32],
    pub previous: &'a [f32],
    pub h: &'a mut [f32],
    /// Empty if it is not wanted.
    pub slope: &'a mut [f32],
}

impl WithSimd for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.activation {
            Activation::Softplus => self.with::<S, Softplus>(simd),
            Activation::Relu => self.with::<S, Relu>(simd),
            Activation::Tanh => self.with::<S, Tanh>(simd),
            Activation::Power => self.with::<S, Power>(simd),
            Activation::Retanh => self.with::<S, Retanh>(simd),
        }
    }
}

impl Activate<'_> {
    #[inline(always)]
    fn with<S: Simd, F: Function>(self, simd: S) {
        let (z, last_z) = S::as_simd_f32s(self.z);
        let (previous, last_previous) = S::as_simd_f32s(self.previous);
        let (h, last_h) = S::as_mut_simd_f32s(self.h);
        let (slopes, last_slope) = S::as_mut_simd_f32s(self.slope);
        let mut slopes = slopes.iter_mut();
        for ((z, previous), h) in z.iter().zip(previous).zip(h) {
            let (next, slope) = leak(simd, self.alpha, F::at(simd, *z), *previous);
            *h = next;
            if let Some(out) = slopes.next() {
                *out = slope;
            }
        }
        if !last_z.is_empty() {
            let (z, previous) = (simd.partial_load_f32s(last_z), simd.partial_load_f32s(last_previous));
            let (next, slope) = leak(simd, self.alpha, F::at(simd, z), previous);
            simd.partial_store_f32s(last_h, next);
            simd.partial_store_f32s(last_slope, slope);
        }
    }
}

/// From `(f(z), f'(z))` and the previous hidden state to `(h, slope)`, see [`Activate`].
#[inline(always)]
fn leak<S: Simd>(
    simd: S,
    alpha: f32,
    (value, slope): (S::f32s, S::f32s),
    previous: S::f32s,
) -> (S::f32s, S::f32s) {
    let (alpha, leak) = (simd.splat_f32s(alpha), simd.splat_f32s(1.0 - alpha));
    (simd.mul_add_f32s(alpha, value, simd.mul_f32s(leak, previous)), simd.mul_f32s(alpha, slope))
}

/// `by_z = slope by_h`, then `by_h = (1 - alpha) by_h`: from derivatives by a hidden state to those by its summed
/// inputs, and by what leaked into it from the state before.
pub struct Deactivate<'a> {
    pub alpha: f32,
    /// All `[unit]`, of one trial.
    pub slope: &'a [f32],
    pub by_h: &'a mut [f32],
    pub by_z: &'a mut [f32],
}

impl WithSimd for Deactivate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let leak = simd.splat_f32s(1.0 - self.alpha);
        let (slopes, last_slope) = S::as_simd_f32s(self.slope);
        let (by_h, last_by_h) = S::as_mut_simd_f32s(self.by_h);
        let (by_z, last_by_z) = S::as_mut_simd_f32s(self.by_z);
        for ((slope, by_h), by_z) in slopes.iter().zip(by_h).zip(by_z) {
            *by_z = simd.mul_f32s(*slope, *by_h);
            *by_h = simd.mul_f32s(leak, *by_h);
        }
        if !last_slope.is_empty() {
            let (slope, by_h) = (simd.partial_load_f32s(last_slope), simd.partial_load_f32s(last_by_h));
            simd.partial_store_f32s(last_by_z, simd.mul_f32s(slope, by_h));
            simd.partial_store_f32s(last_by_h, simd.mul_f32s(leak, by_h));
        }
    }
}

/// An activation function. Its method is always inlined, so that it is compiled for the instructions of
/// its caller; a closure would not be.
trait Function {
    /// `(f(z), f'(z))`.
    fn at<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s);
}

struct Softplus;
struct Relu;
struct Tanh;
struct Power;
struct Retanh;

impl Function for Softplus {
    #[inline(always)]
    fn at<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        math::softplus(simd, z)
    }
}

impl Function for Relu {
    /// The derivative at 0 is 0.
    #[inline(always)]
    fn at<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let off = simd.less_than_or_equal_f32s(z, zero);
        (simd.select_f32s(off, zero, z), simd.select_f32s(off, zero, one))
    }
}

impl Function for Tanh {
    #[inline(always)]
    fn at<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let value = math::tanh(simd, z);
        (value, simd.negate_mul_add_f32s(value, value, simd.splat_f32s(1.0)))
    }
}

impl Function for Power {
    #[inline(always)]
    fn at<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let (value, _) = Relu::at(simd, z);
        (simd.mul_f32s(value, value), simd.add_f32s(value, value))
    }
}

impl Function for Retanh {
    #[inline(always)]
    fn at<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
        let (value, step) = Relu::at(simd, z);
        let (value, slope) = Tanh::at(simd, value);
        (value, simd.mul_f32s(slope, step))
    }
}
