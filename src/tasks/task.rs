//! A task as a value: what an experiment names and a checkpoint remembers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::antisaccade::{Gap, Overlap, PLAIN_GAP_MS, ZeroGap};
use super::odr::{Odr, PLAIN_DELAY_MS};
use super::odrd::Odrd;
use super::timing::{Epoch, Schedule, Span, TaskError, Timing};

/// A cognitive task. Serialised, it is a table with its `kind` and its parameters:
/// `{"kind": "odr", "delay_ms": 3000}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Task {
    /// Oculomotor delayed response.
    Odr(Odr),
    /// Oculomotor delayed response with a distractor.
    Odrd(Odrd),
    /// Anti-saccade, fixation ends after the cue.
    Overlap(Overlap),
    /// Anti-saccade, fixation ends with the onset of the cue.
    ZeroGap(ZeroGap),
    /// Anti-saccade, fixation ends before the cue.
    Gap(Gap),
}

impl Task {
    /// The values of `kind`.
    pub const KINDS: [&'static str; 5] = ["odr", "odrd", "overlap", "zero_gap", "gap"];

    /// The built-in task of this name: `odr` (delay 1500 ms), `odr` with a delay in ms (`odr3000`),
    /// `odrd`, `overlap`, `zero_gap`, `gap` (100 ms), `gap` with a duration in ms (`gap500`).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "odr" => Some(Self::Odr(Odr { delay_ms: PLAIN_DELAY_MS })),
            "odrd" => Some(Self::Odrd(Odrd {})),
            "overlap" => Some(Self::Overlap(Overlap {})),
            "zero_gap" => Some(Self::ZeroGap(ZeroGap {})),
            "gap" => Some(Self::Gap(Gap { gap_ms: PLAIN_GAP_MS })),
            _ => {
                let odr = || Some(Self::Odr(Odr { delay_ms: ms_after(name, "odr")? }));
                let gap = || Some(Self::Gap(Gap { gap_ms: ms_after(name, "gap")? }));
                odr().or_else(gap)
            }
        }
    }

    /// The shortest name by which [`Task::named`] finds this task.
    pub fn name(&self) -> String {
        match self {
            Self::Odr(Odr { delay_ms }) if *delay_ms != PLAIN_DELAY_MS => format!("odr{delay_ms}"),
            Self::Gap(Gap { gap_ms }) if *gap_ms != PLAIN_GAP_MS => format!("gap{gap_ms}"),
            _ => self.family().to_owned(),
        }
    }

    /// What tasks that differ in a duration only have in common: their `kind`.
    pub fn family(&self) -> &'static str {
        match self {
            Self::Odr(_) => "odr",
            Self::Odrd(_) => "odrd",
            Self::Overlap(_) => "overlap",
            Self::ZeroGap(_) => "zero_gap",
            Self::Gap(_) => "gap",
        }
    }

    /// Time steps of a trial.
    ///
    /// # Errors
    /// If a phase is shorter than the time step, or absurdly long.
    pub fn steps(&self, dt_ms: u32) -> Result<usize, TaskError> {
        Ok(self.schedule(dt_ms)?.steps)
    }

    /// The step at which the response target starts.
    ///
    /// # Errors
    /// Those of [`Task::steps`].
    pub fn go(&self, dt_ms: u32) -> Result<usize, TaskError> {
        Ok(self.schedule(dt_ms)?.go)
    }

    /// The epochs of a trial.
    ///
    /// # Errors
    /// Those of [`Task::steps`].
    pub fn epochs(&self, dt_ms: u32) -> Result<Vec<Epoch>, TaskError> {
        self.schedule(dt_ms)?.epochs(&self.timing().epochs)
    }

    /// The phases of a trial as figures show them. They follow one another without overlap.
    ///
    /// # Errors
    /// Those of [`Task::steps`].
    pub fn spans(&self, dt_ms: u32) -> Result<Vec<Span>, TaskError> {
        let ms = |step: usize| step as f64 * f64::from(dt_ms);
        let spans = self.schedule(dt_ms)?;
        let spans = spans.phases().map(|(name, steps)| Span {
            name,
            start_ms: ms(steps.start),
            end_ms: ms(steps.end),
        });
        Ok(spans.collect())
    }

    pub(super) fn timing(&self) -> Timing {
        match self {
            Self::Odr(task) => task.timing(),
            Self::Odrd(task) => task.timing(),
            Self::Overlap(task) => task.timing(),
            Self::ZeroGap(task) => task.timing(),
            Self::Gap(task) => task.timing(),
        }
    }

    pub(super) fn schedule(&self, dt_ms: u32) -> Result<Schedule, TaskError> {
        Schedule::new(&self.timing(), dt_ms)
    }
}

/// The canonical decimal number of ms behind `prefix`.
fn ms_after(name: &str, prefix: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?;
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_paper_are_known() {
        for name in ["odr", "odr500", "odr3000", "odrd", "overlap", "zero_gap", "gap", "gap500"] {
            assert_eq!(Task::named(name).map(|task| task.name()).as_deref(), Some(name));
        }
        assert_eq!(Task::named("odr1500"), Task::named("odr"));
        for name in ["", "odr0", "odr01500", "odr+5", "odr 5", "odrs", "gap-1", "odr99999999999"] {
            assert_eq!(Task::named(name), None, "{name}");
        }
    }

    #[test]
    fn a_task_is_a_table_with_its_kind() {
        let json = serde_json::json!({"kind": "odr", "delay_ms": 3000});
        let task = Task::named("odr3000");
        assert_eq!(serde_json::to_value(task).ok(), Some(json.clone()));
        assert_eq!(serde_json::from_value(json).ok(), task);
        for kind in Task::KINDS {
            let plain: Task = serde_json::from_value(serde_json::json!({"kind": kind})).unwrap();
            assert_eq!(plain.name(), kind);
            let typo = serde_json::json!({"kind": kind, "dleay_ms": 1});
            assert!(serde_json::from_value::<Task>(typo).is_err(), "{kind}");
        }
    }

    #[test]
    fn every_duration_is_floored_on_its_own() {
        let task = Task::named("odr1234").unwrap();
        assert_eq!(task.steps(25), Ok(40 + 20 + 49 + 20));
        assert_eq!(Task::named("zero_gap").unwrap().steps(30), Ok(33 + 3 + 16));
    }

    #[test]
    fn impossible_durations_are_refused() {
        let odr = |delay_ms| Task::Odr(Odr { delay_ms });
        assert_eq!(odr(1500).steps(0), Err(TaskError::NoTimeStep));
        let short = TaskError::TooShort { phase: "delay", ms: 19, dt_ms: 20 };
        assert_eq!(odr(19).epochs(20), Err(short));
        let long = TaskError::TooLong { phase: "delay", ms: u32::MAX };
        assert_eq!(odr(u32::MAX).steps(20), Err(long));
        assert!(Task::named("overlap").unwrap().steps(101).is_err());
    }

    proptest! {
        #[test]
        fn spans_and_epochs_stay_inside_the_trial(kind in 0usize..5, ms in 1u32..20_000, dt in 1u32..120) {
            let task = match Task::KINDS[kind] {
                "odr" => Task::Odr(Odr { delay_ms: ms }),
                "gap" => Task::Gap(Gap { gap_ms: ms }),
                plain => Task::named(plain).unwrap(),
            };
            prop_assert_eq!(Task::named(&task.name()), Some(task));
            let Ok(steps) = task.steps(dt) else { return Ok(()) };
            for epoch in task.epochs(dt).unwrap() {
                let range = epoch.range(steps);
                prop_assert!(range.start < range.end && range.end <= steps);
            }
            let spans = task.spans(dt).unwrap();
            prop_assert_eq!(spans[0].start_ms, 0.0);
            prop_assert_eq!(spans[spans.len() - 1].end_ms, (steps as u32 * dt) as f64);
            prop_assert!(spans.windows(2).all(|pair| pair[0].end_ms == pair[1].start_ms));
        }
    }
}
