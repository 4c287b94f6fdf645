//! The counter-based generator Philox4x32-10
//! (Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*, SC 2011).
//!
//! A [`Stream`] is named by a seed and a purpose; a number in it by a counter of four words,
//! usually (step, trial, time, unit). There is no state, so numbers can be drawn in any order,
//! by any thread, and are the same.

pub(super) const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
pub(super) const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
pub(super) const ROUNDS: usize = 10;

/// Philox4x32-10: four words out of a counter of four words and a key of two.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let low = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let high = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (high >> 32) as u32 ^ counter[1] ^ key[0],
            high as u32,
            (low >> 32) as u32 ^ counter[3] ^ key[1],
            low as u32,
        ];
    }
    counter
}

/// All the random numbers of one purpose under one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
}

impl Stream {
    /// The stream of `seed` for `purpose`, a short name such as `"recurrent noise"`.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("rnnwm random stream v1");
        hasher.update(&seed.to_le_bytes());
        hasher.update(purpose.as_bytes());
        let hash = hasher.finalize();
        let word = |at: usize| {
            let bytes = hash.as_bytes();
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Self { key: [word(0), word(4)] }
    }

    /// The key of the generator.
    pub fn key(&self) -> [u32; 2] {
        self.key
    }

    /// The four words at `counter`.
    pub fn words(&self, counter: [u32; 4]) -> [u32; 4] {
        philox(counter, self.key)
    }

    /// A uniform number in `[0, 1)` with 53 random bits, from the first two words at `counter`.
    pub fn uniform(&self, counter: [u32; 4]) -> f64 {
        let [a, b, ..] = self.words(counter);
        let bits = (u64::from(a) << 32 | u64::from(b)) >> 11;
        bits as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A whole number in `0..n`, without bias worth naming for `n` far below 2^53.
    ///
    /// # Panics
    /// Never; `n = 0` gives 0.
    pub fn below(&self, n: usize, counter: [u32; 4]) -> usize {
        ((self.uniform(counter) * n as f64) as usize).min(n.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that Random123 publishes (`kat_vectors`, philox 4x32 10).
    #[test]
    fn philox_gives_the_published_vectors() {
        let ones = u32::MAX;
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([ones; 4], [ones; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_of_other_seeds_and_purposes_differ() {
        let base = Stream::new(1, "a").words([0; 4]);
        assert_ne!(base, Stream::new(2, "a").words([0; 4]));
        assert_ne!(base, Stream::new(1, "b").words([0; 4]));
    }
}
