//! The parameters of analyses that correlate rates with saccades.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stages::kind::{Bound, Complaint, Scope};
use crate::stats::Stage;

use super::options::{Pairing, all_stages, delay, fixation};
use super::session::Question;
use super::timing::Window;
use super::units::Units;

/// What the correlations of rates with saccades ask of an activity.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct CorrelationParams {
    /// The epoch in which units must respond, and whose end is analysed.
    epoch: String,
    /// The epoch that rates are compared with to find responsive units.
    baseline: String,
    /// The part of the epoch whose rates are analysed; the best location of a unit is that of its largest
    /// rate there.
    window: Window,
    /// The units that are analysed.
    units: Units,
    /// Whether rates and saccades are those of the same simulated trials.
    pairing: Pairing,
    /// The stages of training.
    #[schemars(length(min = 1))]
    stages: Vec<Stage>,
}

impl Default for CorrelationParams {
    fn default() -> Self {
        Self {
            epoch: delay(),
            baseline: fixation(),
            window: Window::default(),
            units: Units::default(),
            pairing: Pairing::default(),
            stages: all_stages(),
        }
    }
}

impl CorrelationParams {
    /// The question that they ask of `activity`.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn bind(self, scope: &Scope) -> Result<Bound<Question>, Vec<Complaint>> {
        let Self { epoch, baseline, window, units, pairing, stages } = self;
        let question = Question::new(scope, (&epoch, &baseline, window), units, pairing, stages)?;
        Ok(Bound::new(question, scope.upstream("activity")))
    }
}
