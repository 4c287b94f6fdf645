//! Which checkpoints of a training stand for which developmental stage.
//!
//! Liu et al., *iScience* 24:103178 (2021): networks of about 35, 65 and 95 % performance are compared
//! with animals before, in and after learning or puberty.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::numbers::smooth_forward;

/// A developmental stage of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Performance near 0.35.
    Early,
    /// Performance near 0.65.
    Mid,
    /// Performance of 0.95 and more.
    Mature,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 3] = [Self::Early, Self::Mid, Self::Mature];

    /// `early`, `mid` or `mature`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Mid => "mid",
            Self::Mature => "mature",
        }
    }
}

/// By what a checkpoint belongs to a stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Criteria {
    /// Performance in the early stage.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub early: f64,
    /// Performance in the mid stage.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub mid: f64,
    /// Least performance in the mature stage.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub mature: f64,
    /// How far the smoothed performance may be from these.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub margin: f64,
    /// The performance of a checkpoint is smoothed over it and this many that follow.
    pub window: usize,
    /// At most this many checkpoints of a stage.
    #[schemars(range(min = 1))]
    pub limit: usize,
}

impl Default for Criteria {
    fn default() -> Self {
        Self { early: 0.35, mid: 0.65, mature: 0.95, margin: 0.05, window: 9, limit: 30 }
    }
}

/// The checkpoints of each stage, by trials trained, ascending. A checkpoint may be in two stages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The last ones of the early stage.
    pub early: Vec<u64>,
    /// Those in the middle of the mid stage.
    pub mid: Vec<u64>,
    /// The first ones of the mature stage.
    pub mature: Vec<u64>,
}

/// How a selected checkpoint is assigned to a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assignment {
    /// To every stage that it was selected for.
    #[default]
    Selection,
    /// To one stage by its own performance: mature above that of the mid stage, mid above that of
    /// the early stage, else early.
    Performance,
}

/// Selects the checkpoints of each stage by the `performance` (0 to 1) of one task at the tests after
/// `trials` trials (`[test]`, ascending).
///
/// The performance is smoothed by a forward mean. Where it lies within the margin of a stage's
/// performance (for the mature stage: not below it), all the checkpoints of that mean are selected.
/// Of more than `limit`, the early stage keeps the last, the mature stage the first, and the mid stage
/// loses half of the excess, rounded down, at either end.
pub fn select(trials: &[u64], performance: &[f64], criteria: &Criteria) -> Selection {
    let tests = trials.len().min(performance.len());
    let mut found: [BTreeSet<u64>; 3] = Default::default();
    for (start, &smooth) in smooth_forward(&performance[..tests], criteria.window).iter().enumerate() {
        if let Some(stage) = criteria.stage_near(smooth) {
            let end = start.saturating_add(criteria.window).saturating_add(1).min(tests);
            found[stage as usize].extend(&trials[start..end]);
        }
    }
    let [early, mid, mature] = found.map(|stage| stage.into_iter().collect::<Vec<_>>());
    let limit = criteria.limit;
    let cut = mid.len().saturating_sub(limit) / 2;
    Selection {
        early: early[early.len().saturating_sub(limit)..].to_vec(),
        mid: mid[cut..mid.len() - cut].to_vec(),
        mature: mature[..mature.len().min(limit)].to_vec(),
    }
}

impl Criteria {
    fn stage_near(&self, performance: f64) -> Option<Stage> {
        let near = |target: f64| target - self.margin <= performance && performance <= target + self.margin;
        if near(self.early) {
            Some(Stage::Early)
        } else if near(self.mid) {
            Some(Stage::Mid)
        } else if performance >= self.mature - self.margin {
            Some(Stage::Mature)
        } else {
            None
        }
    }

    /// The stage that a performance belongs to: mature above `mid`, mid above `early`, else early.
    pub fn stage_of(&self, performance: f64) -> Stage {
        if performance > self.mid {
            Stage::Mature
        } else if performance > self.early {
            Stage::Mid
        } else {
            Stage::Early
        }
    }
}

impl Selection {
    /// The checkpoints of one stage.
    pub fn of(&self, stage: Stage) -> &[u64] {
        match stage {
            Stage::Early => &self.early,
            Stage::Mid => &self.mid,
            Stage::Mature => &self.mature,
        }
    }

    /// All selected checkpoints, each once, ascending.
    pub fn all(&self) -> Vec<u64> {
        let all: BTreeSet<u64> = Stage::ALL.iter().flat_map(|&stage| self.of(stage)).copied().collect();
        all.into_iter().collect()
    }

    /// The stages that a checkpoint of this `performance` is assigned to; none if it is not selected.
    pub fn stages_of(
        &self,
        checkpoint: u64,
        performance: f64,
        assignment: Assignment,
        criteria: &Criteria,
    ) -> Vec<Stage> {
        let mut selected: Vec<Stage> = Stage::ALL.to_vec();
        selected.retain(|&stage| self.of(stage).contains(&checkpoint));
        match assignment {
            Assignment::Performance if !selected.is_empty() => vec![criteria.stage_of(performance)],
            _ => selected,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trials(tests: usize) -> Vec<u64> {
        (0..tests as u64).map(|test| test * 1280).collect()
    }

    #[test]
    fn each_stage_keeps_its_own_end() {
        let performance = [vec![0.35; 40], vec![0.65; 41], vec![1.0; 40]].concat();
        let criteria = Criteria { window: 0, ..Criteria::default() };
        let selected = select(&trials(121), &performance, &criteria);
        assert_eq!((selected.early[0], selected.early[29]), (10 * 1280, 39 * 1280));
        assert_eq!(selected.mid.len(), 31, "an odd excess keeps one more");
        assert_eq!((selected.mid[0], selected.mid[30]), (45 * 1280, 75 * 1280));
        assert_eq!((selected.mature[0], selected.mature[29]), (81 * 1280, 110 * 1280));
    }

    #[test]
    fn an_excess_of_one_is_kept_whole() {
        let criteria = Criteria { window: 0, ..Criteria::default() };
        assert_eq!(select(&trials(31), &[0.65; 31], &criteria).mid, trials(31));
    }

    #[test]
    fn a_shared_checkpoint_is_assigned_as_asked() {
        let criteria = Criteria::default();
        let selected = Selection { early: vec![1, 2], mid: vec![2, 3], mature: vec![] };
        let stages = |assignment| selected.stages_of(2, 0.9, assignment, &criteria);
        assert_eq!(stages(Assignment::Selection), [Stage::Early, Stage::Mid]);
        assert_eq!(stages(Assignment::Performance), [Stage::Mature]);
        assert_eq!(selected.stages_of(9, 0.9, Assignment::Performance, &criteria), []);
        assert_eq!(selected.all(), [1, 2, 3]);
        assert_eq!(
            [0.35, 0.36, 0.65, 0.66].map(|performance| criteria.stage_of(performance)),
            [Stage::Early, Stage::Mid, Stage::Mid, Stage::Mature]
        );
    }

    proptest! {
        #[test]
        fn selections_are_sorted_known_and_limited(
            performance in prop::collection::vec(0.0f64..=1.0, 0..200), window in 0usize..20, limit in 1usize..40,
        ) {
            let trials = trials(performance.len());
            let selected = select(&trials, &performance, &Criteria { window, limit, ..Criteria::default() });
            for stage in Stage::ALL {
                let checkpoints = selected.of(stage);
                prop_assert!(checkpoints.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert!(checkpoints.iter().all(|checkpoint| trials.contains(checkpoint)));
                prop_assert!(checkpoints.len() <= limit + 1);
            }
        }
    }
}
