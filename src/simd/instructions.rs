//! Which vector instructions a computation uses.

use std::sync::OnceLock;

use pulp::{Arch, WithSimd};

/// An instruction set that this machine has. Results never depend on it, only the time they take.
#[derive(Clone, Copy, Debug)]
pub struct Instructions(Arch);

/// What [`Instructions::force`] asked for.
static FORCED: OnceLock<Instructions> = OnceLock::new();

impl Instructions {
    /// The widest that this machine has, unless others are forced.
    pub fn best() -> Self {
        FORCED.get().copied().unwrap_or_else(|| Self(Arch::new()))
    }

    /// Makes [`Instructions::best`] give these from now on, for tests and measurements; only the first call
    /// counts.
    ///
    /// # Errors
    /// If this machine has no instructions of that name; with the names of those that it has.
    pub fn force(name: &str) -> Result<(), Vec<&'static str>> {
        let available = Self::available();
        let found = available.iter().find(|instructions| instructions.name() == name);
        let found = found
            .ok_or_else(|| available.iter().map(|instructions| instructions.name()).collect::<Vec<_>>())?;
        FORCED.get_or_init(|| *found);
        Ok(())
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

    /// What they are called.
    pub fn name(self) -> &'static str {
        match self.0 {
            Arch::Scalar => "portable",
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => "avx512",
            _ => "vector",
        }
    }

    /// Runs a computation with these instructions.
    #[inline]
    pub(crate) fn run<Op: WithSimd>(self, op: Op) -> Op::Output {
        self.0.dispatch(op)
    }
}
