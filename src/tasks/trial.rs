//! The trial batch that all tasks build.

use serde::{Deserialize, Serialize};

use super::held::Held;

/// What the network is trained to minimise; it decides how targets and masks are coded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Mean of the masked squared error of sigmoid outputs.
    #[default]
    Lsq,
    /// Mean of the masked cross entropy of the softmax over all outputs.
    CrossEntropy,
}

/// How stimuli and distractors are coded on the input ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    /// A Gaussian bump around the location.
    #[default]
    Gaussian,
    /// 1 at the unit whose preferred angle is nearest.
    OneHot,
}

/// The ring of location units that inputs and outputs share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Units of a ring (`n_eachring`).
    pub units: usize,
    /// Input rings (`num_ring`).
    pub rings: usize,
    /// How stimuli are coded.
    pub coding: Coding,
}

/// A batch of trials of one task. Arrays are `[time, trial, channel]`, time slowest.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialBatch {
    /// Time steps.
    pub steps: usize,
    /// Trials.
    pub trials: usize,
    /// The number of the first trial in the batch that this is a part of, 0 if it is a whole one. Noise is
    /// drawn by it, so that a trial is the same in any part.
    pub first: usize,
    /// Input channels: fixation, the rings, one unit per rule.
    pub n_input: usize,
    /// Output channels: fixation, then one ring.
    pub n_output: usize,
    /// Network input `[time, trial, input]`, rule unit included, noise not.
    pub x: Held,
    /// Target output `[time, trial, output]`.
    pub y: Held,
    /// Cost mask: `[time, trial, output]` for [`Loss::Lsq`], `[time, trial]` for [`Loss::CrossEntropy`].
    pub c_mask: Held,
    /// Target angle in radians `[time, trial]`, -1 where the target is fixation.
    pub y_loc: Held,
    /// Stimulus location of each trial in radians `[trial]`.
    pub stimulus: Vec<f64>,
    /// Index of the ring location nearest to the stimulus of each trial `[trial]`.
    pub location: Vec<usize>,
}
