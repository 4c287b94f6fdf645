//! Oculomotor delayed response (ODR): remember where the cue was, look there after a delay.
//!
//! Funahashi, Bruce & Goldman-Rakic, *J. Neurophysiol.* 61:331 (1989); timing as in
//! Liu et al., *iScience* 24:103178 (2021).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::timing::{Phase, Place, Response, Stimulus, Timing};

/// Oculomotor delayed response: fixation 1000 ms, cue 500 ms, delay, response 500 ms to the cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Odr {
    /// Delay between the cue and the response, in ms.
    #[serde(default = "plain_delay")]
    #[schemars(range(min = 1, max = 600_000))]
    pub delay_ms: u32,
}

/// The delay of the task that is called just `odr`.
pub(super) const PLAIN_DELAY_MS: u32 = 1500;

fn plain_delay() -> u32 {
    PLAIN_DELAY_MS
}

impl Odr {
    pub(super) fn timing(self) -> Timing {
        Timing {
            phases: vec![
                Phase { name: "fixation", ms: 1000 },
                Phase { name: "stimulus", ms: 500 },
                Phase { name: "delay", ms: self.delay_ms },
                Phase { name: "go", ms: 500 },
            ],
            stimuli: vec![Stimulus { phase: "stimulus", place: Place::Cue }],
            fixation_off: "go",
            go: "go",
            response: Response::Pro,
            epochs: vec![
                ("fix1", None, Some("stimulus")),
                ("stim1", Some("stimulus"), Some("delay")),
                ("delay1", Some("delay"), Some("go")),
                ("go1", Some("go"), None),
            ],
        }
    }
}
