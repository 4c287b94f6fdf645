//! Oculomotor delayed response with a distractor (ODRD): keep the cue in mind, ignore what comes after.
//!
//! Zhou et al., *Nat. Commun.* 7:13423 (2016); timing as in Liu et al., *iScience* 24:103178 (2021).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::timing::{Phase, Place, Response, Stimulus, Timing};

/// Delayed response with a distractor: fixation 1000 ms, cue 500 ms, delay 500 ms, distractor 500 ms,
/// delay 500 ms, response 500 ms to the cue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Odrd {}

impl Odrd {
    pub(super) fn timing(self) -> Timing {
        Timing {
            phases: vec![
                Phase { name: "fixation", ms: 1000 },
                Phase { name: "stimulus", ms: 500 },
                Phase { name: "delay", ms: 500 },
                Phase { name: "distractor", ms: 500 },
                Phase { name: "delay 2", ms: 500 },
                Phase { name: "go", ms: 500 },
            ],
            stimuli: vec![
                Stimulus { phase: "stimulus", place: Place::Cue },
                Stimulus { phase: "distractor", place: Place::Distractor },
            ],
            fixation_off: "go",
            go: "go",
            response: Response::Pro,
            epochs: vec![
                ("fix1", None, Some("stimulus")),
                ("stim1", Some("stimulus"), Some("delay")),
                ("delay1", Some("delay"), Some("distractor")),
                ("distract1", Some("distractor"), Some("delay 2")),
                ("delay2", Some("delay 2"), Some("go")),
                ("go1", Some("go"), None),
            ],
        }
    }
}
