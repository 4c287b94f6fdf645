//! From summed inputs to the next hidden state.

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
            Activation::Softplus => self.with(simd, |z| math::softplus(simd, z)),
            Activation::Relu => self.with(simd, |z| relu(simd, z)),
            Activation::Tanh => self.with(simd, |z| tanh(simd, z)),
            Activation::Power => self.with(simd, |z| {
                let (value, _) = relu(simd, z);
                (simd.mul_f32s(value, value), simd.add_f32s(value, value))
            }),
            Activation::Retanh => self.with(simd, |z| {
                let (value, step) = relu(simd, z);
                let (value, slope) = tanh(simd, value);
                (value, simd.mul_f32s(slope, step))
            }),
        }
    }
}

impl Activate<'_> {
    #[inline(always)]
    fn with<S: Simd>(self, simd: S, f: impl Fn(S::f32s) -> (S::f32s, S::f32s)) {
        let lanes = S::F32_LANES;
        let (alpha, leak) = (simd.splat_f32s(self.alpha), simd.splat_f32s(1.0 - self.alpha));
        let inputs = self.z.chunks(lanes).zip(self.previous.chunks(lanes));
        let mut slopes = self.slope.chunks_mut(lanes);
        for ((z, previous), h) in inputs.zip(self.h.chunks_mut(lanes)) {
            let (value, slope) = f(simd.partial_load_f32s(z));
            let kept = simd.mul_f32s(leak, simd.partial_load_f32s(previous));
            simd.partial_store_f32s(h, simd.mul_add_f32s(alpha, value, kept));
            if let Some(out) = slopes.next() {
                simd.partial_store_f32s(out, simd.mul_f32s(alpha, slope));
            }
        }
    }
}

/// `(max(z, 0), its derivative)`; the derivative at 0 is 0.
#[inline(always)]
fn relu<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let off = simd.less_than_or_equal_f32s(z, zero);
    (simd.select_f32s(off, zero, z), simd.select_f32s(off, zero, one))
}

/// `(tanh z, its derivative)`.
#[inline(always)]
fn tanh<S: Simd>(simd: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let value = math::tanh(simd, z);
    (value, simd.negate_mul_add_f32s(value, value, simd.splat_f32s(1.0)))
}
