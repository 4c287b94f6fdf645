//! Which vector instructions a computation uses.

use pulp::{Arch, WithSimd};

/// An instruction set that this machine has. Results never depend on it, only the time they take.
#[derive(Clone, Copy, Debug)]
pub struct Instructions(Arch);

impl Instructions {
    /// The widest that this machine has.
    pub fn best() -> Self {
        Self(Arch::new())
    }

    /// All that this machine has, portable scalar code first, the widest last.
    pub fn available() -> Vec<Self> {
        let mut all = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(Arch::V3));
            all.extend(pulp::x86::V4::try_new().map(Arch::V4));
        }
        #[cfg(not(target_arch = "x86_64"))]
        all.extend(Some(Arch::new()).filter(|best| !matches!(best, Arch::Scalar)));
        all.into_iter().map(Self).collect()
    }

    /// Runs a computation with these instructions.
    #[inline]
    pub(crate) fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }
}
