//! Choices that several analyses offer, and their defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stats::Stage;

/// Which rates are analysed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rates {
    /// Relative to the baseline: `rate / baseline rate - 1`.
    #[default]
    Normalised,
    /// In Hz.
    Raw,
}

/// Whether rates and saccades are those of the same simulated trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// They are.
    #[default]
    Same,
    /// Of two simulations of the same trials with noise of their own, as the published analyses were
    /// made; what noise does to both is lost.
    Independent,
}

/// The default epoch of an analysis.
pub fn delay() -> String {
    "delay1".to_owned()
}

/// The default baseline of an analysis.
pub fn fixation() -> String {
    "fix1".to_owned()
}

/// The default stages of training of an analysis.
pub fn all_stages() -> Vec<Stage> {
    Stage::ALL.to_vec()
}
