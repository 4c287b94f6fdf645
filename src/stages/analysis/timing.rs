//! When in a trial: epochs and windows by name, resolved to time steps.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stages::activity;
use crate::stages::kind::{Complaint, Scope};
use crate::tasks::{Epoch, Task};

/// Which part of an epoch is analysed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All of it.
    Whole,
    /// So many ms before its end. They may begin before the epoch does.
    LastMs(u32),
}

impl Default for Window {
    fn default() -> Self {
        Self::LastMs(1000)
    }
}

/// When in a trial an analysis looks, in time steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// The epoch that it is about.
    pub epoch: Range<usize>,
    /// The epoch that rates are compared with.
    pub baseline: Range<usize>,
    /// The part of the epoch that is analysed.
    pub window: Range<usize>,
}

/// The layout of the trials that an activity is of.
pub struct Trial {
    task: Task,
    dt_ms: u32,
    steps: usize,
    epochs: Vec<Epoch>,
}

impl Trial {
    /// The layout of the trials of the statistic's activity.
    ///
    /// # Errors
    /// If the input leads to no model.
    pub fn of(scope: &Scope) -> Result<Self, Complaint> {
        let (task, dt_ms) = activity::probe(scope)?;
        let laid_out = task.steps(dt_ms).and_then(|steps| Ok((steps, task.epochs(dt_ms)?)));
        let (steps, epochs) = laid_out.map_err(|error| Complaint::new("", error.to_string()))?;
        Ok(Self { task, dt_ms, steps, epochs })
    }

    /// The steps of the epoch that a parameter names.
    ///
    /// # Errors
    /// If the task has no such epoch.
    pub fn epoch(&self, parameter: &str, name: &str) -> Result<Range<usize>, Complaint> {
        let found = self.epochs.iter().find(|epoch| epoch.name == name);
        found.map(|epoch| epoch.range(self.steps)).ok_or_else(|| {
            let known: Vec<&str> = self.epochs.iter().map(|epoch| epoch.name).collect();
            Complaint::new(parameter, format!("the task `{}` has no epoch `{name}`", self.task.name()))
                .help(format!("set `{parameter}` to one of {}", known.join(", ")))
        })
    }

    /// The steps that the parameters `epoch`, `baseline` and `window` mean.
    ///
    /// # Errors
    /// If the task has no such epoch, or the window is shorter than a time step or begins before the
    /// trial: all that is wrong.
    pub fn times(&self, epoch: &str, baseline: &str, window: Window) -> Result<Times, Vec<Complaint>> {
        let (epoch, baseline) = (self.epoch("epoch", epoch), self.epoch("baseline", baseline));
        let window = epoch.as_ref().ok().map(|epoch| self.window(window, epoch)).transpose();
        match (epoch, baseline, window) {
            (Ok(epoch), Ok(baseline), Ok(Some(window))) => Ok(Times { epoch, baseline, window }),
            (epoch, baseline, window) => {
                Err([epoch.err(), baseline.err(), window.err()].into_iter().flatten().collect())
            }
        }
    }

    fn window(&self, window: Window, epoch: &Range<usize>) -> Result<Range<usize>, Complaint> {
        let Window::LastMs(last_ms) = window else { return Ok(epoch.clone()) };
        let steps = (last_ms / self.dt_ms) as usize;
        let wrong = |message: String| Err(Complaint::new("window.last_ms", message));
        match epoch.end.checked_sub(steps) {
            _ if steps == 0 => {
                wrong(format!("a window of {last_ms} ms is shorter than a time step of {} ms", self.dt_ms))
            }
            Some(start) => Ok(start..epoch.end),
            None => wrong(format!(
                "the last {last_ms} ms before the epoch's end begin before the trial, {} ms are there",
                epoch.end * self.dt_ms as usize
            )),
        }
    }

    /// The task.
    pub fn task(&self) -> Task {
        self.task
    }

    /// The time step in ms.
    pub fn dt_ms(&self) -> u32 {
        self.dt_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial() -> Trial {
        let task = Task::named("odr500").unwrap();
        Trial { task, dt_ms: 20, steps: task.steps(20).unwrap(), epochs: task.epochs(20).unwrap() }
    }

    #[test]
    fn the_last_second_may_begin_before_the_epoch() {
        let delay = trial().epoch("epoch", "delay1").unwrap();
        assert_eq!(delay, 75..100);
        assert_eq!(trial().window(Window::default(), &delay).unwrap(), 50..100);
        assert_eq!(trial().window(Window::Whole, &delay).unwrap(), delay);
    }

    #[test]
    fn windows_that_cannot_be_are_refused() {
        let last = |last_ms| trial().window(Window::LastMs(last_ms), &(75..100));
        assert!(last(19).is_err() && last(2001).is_ok() && last(2020).is_err());
        assert_eq!(last(19).unwrap_err().path, ["window", "last_ms"]);
    }

    #[test]
    fn all_that_is_wrong_is_said() {
        let wrong = trial().times("delay", "fix", Window::Whole).unwrap_err();
        assert_eq!(
            wrong.iter().map(|wrong| wrong.path[0].as_str()).collect::<Vec<_>>(),
            ["epoch", "baseline"]
        );
        let wrong = trial().times("delay1", "fix", Window::LastMs(1)).unwrap_err();
        assert_eq!(
            wrong.iter().map(|wrong| wrong.path[0].as_str()).collect::<Vec<_>>(),
            ["baseline", "window"]
        );
    }

    #[test]
    fn windows_are_written_as_a_word_or_a_table() {
        let read = |text: &str| serde_json::from_str::<Window>(text).unwrap();
        assert_eq!(read("\"whole\""), Window::Whole);
        assert_eq!(read("{\"last_ms\": 1000}"), Window::default());
        assert_eq!(serde_json::to_string(&Window::default()).unwrap(), "{\"last_ms\":1000}");
    }
}
