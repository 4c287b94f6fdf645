//! The timing of a task: a table in ms, and that table laid on a grid of time steps.

use std::ops::Range;

use thiserror::Error;

/// No phase of a trial may last longer than this.
pub const LONGEST_PHASE_MS: u32 = 600_000;

/// Why a task cannot be laid out or its trials cannot be built.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum TaskError {
    /// The time step is zero.
    #[error("a time step of 0 ms is impossible")]
    NoTimeStep,
    /// A phase does not fill a single time step.
    #[error("the {phase} of {ms} ms is shorter than one time step of {dt_ms} ms")]
    TooShort {
        /// The phase.
        phase: &'static str,
        /// Its duration.
        ms: u32,
        /// The time step.
        dt_ms: u32,
    },
    /// A phase is longer than [`LONGEST_PHASE_MS`].
    #[error("the {phase} of {ms} ms is longer than the {LONGEST_PHASE_MS} ms that are allowed")]
    TooLong {
        /// The phase.
        phase: &'static str,
        /// Its duration.
        ms: u32,
    },
    /// A timing table refers to a phase that it does not have.
    #[error("there is no phase named `{0}`")]
    NoPhase(&'static str),
    /// The ring has no units.
    #[error("a ring needs at least {least} units, it has {units}")]
    RingTooSmall {
        /// Units of the ring.
        units: usize,
        /// Units that the task needs.
        least: usize,
    },
    /// There is no input ring to show a stimulus on.
    #[error("stimuli need at least one input ring")]
    NoInputRing,
    /// The rule unit that should be on does not exist.
    #[error("rule unit {rule} does not exist, there are {n_rule}")]
    NoRule {
        /// The unit asked for.
        rule: usize,
        /// How many there are.
        n_rule: usize,
    },
    /// A location index lies outside of the ring.
    #[error("location {location} does not exist, the ring has {units} locations")]
    NoLocation {
        /// The index asked for.
        location: usize,
        /// Units of the ring.
        units: usize,
    },
    /// A distractor was asked of a task that shows none.
    #[error("`{0}` shows no distractor")]
    NoDistractor(String),
    /// A batch without trials.
    #[error("a batch needs at least one trial")]
    NoTrials,
}

/// One stretch of a trial. A trial is its phases, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase {
    pub name: &'static str,
    pub ms: u32,
}

/// Which of a trial's locations a stimulus is shown at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Cue,
    Distractor,
}

/// What is shown on the input ring during a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stimulus {
    pub phase: &'static str,
    pub place: Place,
}

/// Where the saccade should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Response {
    /// To the cue.
    Pro,
    /// Opposite to the cue.
    Anti,
}

/// An epoch by name, from the start of one phase to the start of another; `None` is the trial's edge.
pub(super) type EpochRow = (&'static str, Option<&'static str>, Option<&'static str>);

/// A task as a table: what happens, in ms and by the names of phases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    pub phases: Vec<Phase>,
    pub stimuli: Vec<Stimulus>,
    /// The phase at whose start the fixation input goes off.
    pub fixation_off: &'static str,
    /// The phase at whose start the fixation target ends and the response target starts.
    pub go: &'static str,
    pub response: Response,
    pub epochs: Vec<EpochRow>,
}

/// An epoch of a trial: a half-open range of time steps, `None` being the edge of the trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// The field's short name: `fix1`, `stim1`, `delay1`, `distract1`, `delay2`, `go1`.
    pub name: &'static str,
    /// First step.
    pub start: Option<usize>,
    /// First step after it.
    pub end: Option<usize>,
}

impl Epoch {
    /// The steps of this epoch in a trial of `steps` steps.
    pub fn range(&self, steps: usize) -> Range<usize> {
        self.start.unwrap_or(0)..self.end.unwrap_or(steps)
    }
}

/// A phase as figures show it, in ms from the start of the trial. The last one is called `go`, also in
/// the tasks whose response starts with the cue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// `fixation`, `stimulus`, `delay`, `distractor`, `delay 2`, `gap` or `go`.
    pub name: &'static str,
    /// Start in ms.
    pub start_ms: f64,
    /// End in ms.
    pub end_ms: f64,
}

/// A timing table on a grid of time steps: every duration floored to steps on its own, then added.
pub(super) struct Schedule {
    phases: Vec<(&'static str, Range<usize>)>,
    pub steps: usize,
    pub fixation_off: usize,
    pub go: usize,
}

impl Schedule {
    pub fn new(timing: &Timing, dt_ms: u32) -> Result<Self, TaskError> {
        if dt_ms == 0 {
            return Err(TaskError::NoTimeStep);
        }
        let mut phases = Vec::with_capacity(timing.phases.len());
        let mut now = 0;
        for &Phase { name, ms } in &timing.phases {
            if ms > LONGEST_PHASE_MS {
                return Err(TaskError::TooLong { phase: name, ms });
            }
            if ms < dt_ms {
                return Err(TaskError::TooShort { phase: name, ms, dt_ms });
            }
            let end = now + (ms / dt_ms) as usize;
            phases.push((name, now..end));
            now = end;
        }
        let mut schedule = Self { phases, steps: now, fixation_off: 0, go: 0 };
        schedule.fixation_off = schedule.phase(timing.fixation_off)?.start;
        schedule.go = schedule.phase(timing.go)?.start;
        Ok(schedule)
    }

    /// The steps of the phase `name`.
    pub fn phase(&self, name: &'static str) -> Result<Range<usize>, TaskError> {
        let found = self.phases.iter().find(|(phase, _)| *phase == name);
        found.map(|(_, range)| range.clone()).ok_or(TaskError::NoPhase(name))
    }

    /// All phases in order.
    pub fn phases(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> {
        self.phases.iter().cloned()
    }

    pub fn epochs(&self, rows: &[EpochRow]) -> Result<Vec<Epoch>, TaskError> {
        let edge = |phase: Option<&'static str>| {
            phase.map(|name| self.phase(name).map(|range| range.start)).transpose()
        };
        rows.iter()
            .map(|&(name, start, end)| Ok(Epoch { name, start: edge(start)?, end: edge(end)? }))
            .collect()
    }
}
