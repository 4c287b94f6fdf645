//! Normal random numbers, many at a time.

use pulp::{Simd, WithSimd};

use super::philox::{MULTIPLIERS, ROUNDS, Stream, WEYL};
use crate::simd::{Instructions, math};

/// Numbers of a block: four for each of its lanes.
const BLOCK: usize = 4 * LANES;
/// Counters of a block, independent of how many a vector register holds.
const LANES: usize = 16;
/// Lane numbers.
const LANE: [u32; LANES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Fills `out` with independent normal numbers of mean 0 and standard deviation `sd`.
///
/// Number `64 g + 16 w + l` comes from the counter `[counter, 16 g + l]`: the words 0 and 1 there give
/// `w` = 0 and 1 by the method of Box and Muller, the words 2 and 3 give `w` = 2 and 3. A number
/// depends on nothing else; in particular not on the instruction set or the length of `out`.
pub fn fill_normal(instructions: Instructions, stream: &Stream, counter: [u32; 3], sd: f32, out: &mut [f32]) {
    instructions.run(FillNormal { key: stream.key(), counter, sd, out });
}

struct FillNormal<'a> {
    key: [u32; 2],
    counter: [u32; 3],
    sd: f32,
    out: &'a mut [f32],
}

impl WithSimd for FillNormal<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { key, counter, sd, out } = self;
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let full = blocks.len();
        for (index, block) in blocks.iter_mut().enumerate() {
            fill_block(simd, key, counter, index, sd, block);
        }
        if !rest.is_empty() {
            let mut last = [0.0; BLOCK];
            fill_block(simd, key, counter, full, sd, &mut last);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

#[inline(always)]
fn fill_block<S: Simd>(
    simd: S,
    key: [u32; 2],
    counter: [u32; 3],
    index: usize,
    sd: f32,
    out: &mut [f32; BLOCK],
) {
    let sd = simd.splat_f32s(sd);
    let first = simd.splat_u32s((index * LANES) as u32);
    for (at, lanes) in S::as_simd_u32s(&LANE).0.iter().enumerate() {
        let lane = simd.add_u32s(*lanes, first);
        let [a, b, c] = counter.map(|word| simd.splat_u32s(word));
        let [a, b, c, d] = philox_vector(simd, [a, b, c, lane], key);
        let (n0, n1) = math::box_muller(simd, a, b);
        let (n2, n3) = math::box_muller(simd, c, d);
        for (word, normal) in [n0, n1, n2, n3].into_iter().enumerate() {
            let (vectors, _) = S::as_mut_simd_f32s(&mut out[word * LANES..(word + 1) * LANES]);
            vectors[at] = simd.mul_f32s(normal, sd);
        }
    }
}

/// [`philox`](super::philox) of as many counters as a vector has lanes.
#[inline(always)]
fn philox_vector<S: Simd>(simd: S, mut counter: [S::u32s; 4], mut key: [u32; 2]) -> [S::u32s; 4] {
    let multipliers = MULTIPLIERS.map(|multiplier| simd.splat_u32s(multiplier));
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let (low0, high0) = simd.widening_mul_u32s(counter[0], multipliers[0]);
        let (low1, high1) = simd.widening_mul_u32s(counter[2], multipliers[1]);
        counter = [
            simd.xor_u32s(simd.xor_u32s(high1, counter[1]), simd.splat_u32s(key[0])),
            low1,
            simd.xor_u32s(simd.xor_u32s(high0, counter[3]), simd.splat_u32s(key[1])),
            low0,
        ];
    }
    counter
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{SQRT_2, TAU};

    use proptest::prelude::*;

    use super::*;

    fn normals(instructions: Instructions, counter: [u32; 3], sd: f32, len: usize) -> Vec<f32> {
        let mut out = vec![0.0; len];
        fill_normal(instructions, &Stream::new(7, "test"), counter, sd, &mut out);
        out
    }

    /// The same numbers one by one in double precision, with the error that single precision may make.
    fn reference(counter: [u32; 3], unit: usize) -> (f64, f64) {
        let (block, word, lane) = (unit / 64, unit % 64 / 16, unit % 16);
        let words =
            Stream::new(7, "test").words([counter[0], counter[1], counter[2], (block * 16 + lane) as u32]);
        let pair = word / 2 * 2;
        let u = (f64::from(words[pair]) + 0.5) / 2f64.powi(32);
        let angle = TAU * f64::from(words[pair + 1]) / 2f64.powi(32);
        let turned = if word % 2 == 0 { libm::cos(angle) } else { libm::sin(angle) };
        let radius = (-2.0 * libm::log(u)).sqrt();
        (radius * turned, 2e-6 + 6e-8 / radius)
    }

    proptest! {
        #[test]
        fn equal_a_scalar_reference(counter in any::<[u32; 3]>(), len in 0usize..300, sd in 0.1f32..3.0) {
            for (unit, ours) in normals(Instructions::best(), counter, sd, len).into_iter().enumerate() {
                let (exact, error) = reference(counter, unit);
                let differ = f64::from(ours) / f64::from(sd) - exact;
                prop_assert!(differ.abs() < error, "{unit}: {ours} {exact}");
            }
        }

        #[test]
        fn do_not_depend_on_instructions_or_length(counter in any::<[u32; 3]>(), len in 0usize..300) {
            let longest = normals(Instructions::available()[0], counter, 0.1, 300);
            for instructions in Instructions::available() {
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&normals(instructions, counter, 0.1, len)), bits(&longest[..len]));
            }
        }
    }

    #[test]
    fn small_radii_are_as_accurate_as_documented() {
        let counter = [3_700_344_941, 1_126_811_642, 923_727_856];
        let (exact, error) = reference(counter, 31);
        let ours = f64::from(normals(Instructions::best(), counter, 1.0, 32)[31]);
        assert!(exact < 0.02 && (ours - exact).abs() < error, "{ours} {exact}");
    }

    #[test]
    fn are_normally_distributed() {
        let mut sample: Vec<f64> = (0..2_000)
            .flat_map(|row| normals(Instructions::best(), [1, row, 0], 1.0, 256))
            .map(f64::from)
            .collect();
        let n = sample.len() as f64;
        let moment = |power: i32| sample.iter().map(|value| value.powi(power)).sum::<f64>() / n;
        for (power, expected, spread) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let bound = 4.0 * f64::sqrt(spread / n);
            assert!((moment(power) - expected).abs() < bound, "moment {power}: {}", moment(power));
        }
        sample.sort_by(f64::total_cmp);
        let largest_gap = sample.iter().enumerate().map(|(rank, value)| {
            let cumulative = 0.5 * libm::erfc(-value / SQRT_2);
            (cumulative - (rank as f64 + 0.5) / n).abs()
        });
        let largest_gap = largest_gap.fold(0.0, f64::max);
        assert!(largest_gap < 1.63 / n.sqrt(), "Kolmogorov-Smirnov distance {largest_gap}");
    }

    #[test]
    fn neighbours_are_uncorrelated() {
        let draw = |step, trial, time| normals(Instructions::best(), [step, trial, time], 1.0, 16_384);
        let base = draw(3, 5, 7);
        for other in [draw(4, 5, 7), draw(3, 6, 7), draw(3, 5, 8), [&base[1..], &base[..1]].concat()] {
            let sum: f64 = base.iter().zip(&other).map(|(a, b)| f64::from(a * b)).sum();
            assert!((sum / base.len() as f64).abs() < 4.0 / f64::sqrt(base.len() as f64));
        }
    }
}
