//! Finding a run by what was typed: `last`, `last~1`, `7`, `quick/7`, `quick/last`, `quick`.

use crate::experiment::hint;
use crate::run::{History, Run};

use super::failure::Failure;

/// How runs are named, for the help.
pub const FORMS: &str = "A run is named by its experiment and number (`quick/7`), or counted from the newest\n\
    (`last`, `last~1`, `quick/last`). Without an experiment, those of all count.";

/// Runs that can be named.
pub struct Runs {
    all: Vec<Run>,
}

impl Runs {
    /// The runs that `wanted` holds for; the others cannot be named.
    pub fn new(history: &History, wanted: impl Fn(&Run) -> bool) -> Self {
        Self { all: history.all().into_iter().filter(wanted).collect() }
    }

    /// The run of this name.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub fn find(&self, typed: &str) -> Result<&Run, Failure> {
        let (experiment, which) = match typed.split_once('/') {
            Some((experiment, which)) => (Some(experiment), which),
            None if self.experiments().contains(&typed) => (Some(typed), "last"),
            None => (None, typed),
        };
        let of_experiment = |run: &&Run| experiment.is_none_or(|name| run.record.experiment == name);
        let runs: Vec<&Run> = self.all.iter().filter(of_experiment).collect();
        if let (Some(name), []) = (experiment, runs.as_slice()) {
            let help = hint(name, "experiments that have run", self.experiments());
            return Err(Failure::Input(format!("no run of `{name}` is known; {help}")));
        }
        if let Ok(number) = which.parse::<u64>() {
            return numbered(typed, &runs, number);
        }
        let Some(back) = steps_back(which) else {
            let help = hint(typed, "experiments that have run", self.experiments());
            return Err(Failure::Input(format!("there is no run `{typed}`; {help}\n{FORMS}")));
        };
        let at = runs.len().checked_sub(back + 1);
        at.and_then(|at| runs.get(at).copied()).ok_or_else(|| {
            Failure::Input(format!(
                "there is no run `{typed}`; {} known (see `rnnwm runs`)",
                match runs.len() {
                    1 => "1 is".to_owned(),
                    count => format!("{count} are"),
                }
            ))
        })
    }

    fn experiments(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.all.iter().map(|run| run.record.experiment.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn numbered<'r>(typed: &str, runs: &[&'r Run], number: u64) -> Result<&'r Run, Failure> {
    let fitting: Vec<&Run> = runs.iter().copied().filter(|run| run.record.number == number).collect();
    match fitting.as_slice() {
        [only] => Ok(only),
        [] => {
            let newest: Vec<String> = runs.iter().rev().take(5).map(|run| run.record.id()).collect();
            let newest = if newest.is_empty() { "none".to_owned() } else { newest.join(", ") };
            Err(Failure::Input(format!("there is no run `{typed}`; the newest: {newest}")))
        }
        several => {
            let names: Vec<String> = several.iter().map(|run| run.record.id()).collect();
            Err(Failure::Input(format!("`{typed}` could be {}", names.join(" or "))))
        }
    }
}

/// How many runs before the newest: 0 for `last`, 2 for `last~2`.
fn steps_back(which: &str) -> Option<usize> {
    match which.strip_prefix("last")? {
        "" => Some(0),
        back => back.strip_prefix('~')?.parse().ok(),
    }
}
