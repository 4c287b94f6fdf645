//! Arrays over time that hold still most of the time.

/// An array `[time, ...]` of which every stretch that holds still is kept once.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The different moments, one after another.
    moments: Vec<f32>,
    /// Numbers of a moment.
    width: usize,
    /// Which moment stands at each time.
    moment_at: Vec<usize>,
}

impl Held {
    /// No time yet; a moment has `width` numbers.
    pub fn new(width: usize) -> Self {
        Self { moments: Vec::new(), width, moment_at: Vec::new() }
    }

    /// An array `[time, width]` that may move at every step. Numbers that make no whole moment are left out.
    pub fn moving(width: usize, values: &[f32]) -> Self {
        let mut held = Self::new(width);
        values.chunks_exact(width.max(1)).for_each(|moment| held.hold(moment, 1));
        held
    }

    /// Goes on with `moment` for so many steps. Numbers beyond the width are left out, missing ones are 0.
    pub fn hold(&mut self, moment: &[f32], steps: usize) {
        if steps == 0 {
            return;
        }
        let index = self.moments.len() / self.width.max(1);
        self.moments.extend(moment.iter().take(self.width));
        self.moments.resize((index + 1) * self.width, 0.0);
        self.moment_at.extend(std::iter::repeat_n(index, steps));
    }

    /// Time steps.
    pub fn steps(&self) -> usize {
        self.moment_at.len()
    }

    /// Numbers of a moment.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What stands at a time.
    ///
    /// # Panics
    /// If there is no such time.
    pub fn at(&self, time: usize) -> &[f32] {
        &self.moments[self.moment_at[time] * self.width..][..self.width]
    }

    /// What stands at the end; nothing if there is no time.
    pub fn last(&self) -> &[f32] {
        self.steps().checked_sub(1).map_or(&[], |time| self.at(time))
    }

    /// The whole array `[time, width]`.
    pub fn to_vec(&self) -> Vec<f32> {
        (0..self.steps()).flat_map(|time| self.at(time)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_kept_once_and_read_at_every_time() {
        let mut held = Held::new(2);
        held.hold(&[1.0, 2.0], 3);
        held.hold(&[9.0, 9.0], 0);
        held.hold(&[3.0, 4.0], 1);
        assert_eq!((held.steps(), held.moments.len()), (4, 4));
        assert_eq!(held.to_vec(), [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!((held.at(2), held.last()), (&[1.0, 2.0][..], &[3.0, 4.0][..]));
        assert_eq!(Held::moving(2, &held.to_vec()).to_vec(), held.to_vec());
        assert!(Held::new(2).last().is_empty());
    }
}
