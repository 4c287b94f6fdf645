//! The experiments that the engine is measured with: many small stages of real kinds. Networks of two
//! units that are tested once and not trained; of each, checkpoints selected by many criteria, and its
//! growth smoothed over many windows.

use std::fmt::Write;

/// A sweep of small stages.
#[derive(Clone, Copy, Debug)]
pub struct Graph {
    /// Models.
    pub seeds: usize,
    /// Selections for each model.
    pub criteria: usize,
    /// Growth curves for each model.
    pub windows: usize,
}

impl Graph {
    /// A graph of so many stages, or of a few less.
    pub fn of(stages: usize) -> Self {
        let seeds = (stages / 100).clamp(1, 100);
        let each = (stages / seeds).saturating_sub(1).max(2);
        let windows = (each / 10).max(1);
        Self { seeds, criteria: each - windows, windows }
    }

    /// How many stages it has.
    pub fn stages(self) -> usize {
        self.seeds * (1 + self.criteria + self.windows)
    }

    /// The experiment.
    pub fn experiment(self) -> String {
        let mut criteria = String::new();
        for number in 0..self.criteria {
            let share = 0.1 + 0.4 * number as f64 / self.criteria as f64;
            // Writing to a text cannot fail.
            let _ = write!(criteria, "{}{share:.7}", if number > 0 { ", " } else { "" });
        }
        let Self { seeds, windows, .. } = self;
        format!(
            r#"# Many small stages, to measure the engine with: `rnnwm bench engine`.
[experiment]
name = "engine"

[axes]
seed = {{ from = 1, to = {seeds} }}
criterion = [{criteria}]
window = {{ from = 1, to = {windows} }}

[stages.train]
tasks = ["odr500"]
seed = "{{seed}}"
model = {{ units = 2, ring_units = 2 }}
batch_size = 1
display_step = 1
test_trials = 1
stop = {{ max_trials = 0 }}

[stages.select]
model = "train"
criteria = {{ early = "{{criterion}}" }}

[stages.growth]
model = "train"
window = "{{window}}"
figure = false
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_have_about_the_size_that_is_asked_for() {
        for (asked, stages) in [(1000, 1000), (10_000, 10_000), (100_000, 100_000)] {
            assert_eq!(Graph::of(asked).stages(), stages);
        }
        assert!((90..=110).contains(&Graph::of(100).stages()));
        assert!(Graph::of(1).stages() > 0);
    }
}
