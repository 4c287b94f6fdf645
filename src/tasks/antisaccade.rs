//! The anti-saccade tasks: look opposite to the cue. They differ in when fixation ends.
//!
//! Zhou et al., *PNAS* 113:3353 (2016); timing as in
//! Liu et al., *iScience* 24:103178 (2021).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::timing::{EpochRow, Phase, Place, Response, Stimulus, Timing};

const FIXATION: Phase = Phase { name: "fixation", ms: 1000 };
const STIMULUS: Phase = Phase { name: "stimulus", ms: 100 };
const GO: Phase = Phase { name: "go", ms: 500 };

/// Anti-saccade with overlap: fixation 1000 ms, cue 100 ms, then fixation goes off and the response
/// of 500 ms opposite to the cue starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overlap {}

/// Anti-saccade without a gap: after 1000 ms fixation goes off as the cue of 100 ms comes on, and
/// the response opposite to it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZeroGap {}

/// Anti-saccade with a gap: after 1000 ms fixation goes off, after the gap the cue of 100 ms comes on
/// and the response opposite to it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Time between the end of fixation and the cue, in ms.
    #[serde(default = "plain_gap")]
    #[schemars(range(min = 1, max = 600_000))]
    pub gap_ms: u32,
}

/// The gap of the task that is called just `gap`.
pub(super) const PLAIN_GAP_MS: u32 = 100;

fn plain_gap() -> u32 {
    PLAIN_GAP_MS
}

impl Overlap {
    pub(super) fn timing(self) -> Timing {
        antisaccade(
            vec![FIXATION, STIMULUS, GO],
            ["go", "go"],
            vec![
                ("fix1", None, Some("stimulus")),
                ("stim1", Some("stimulus"), Some("go")),
                ("go1", Some("go"), None),
            ],
        )
    }
}

impl ZeroGap {
    pub(super) fn timing(self) -> Timing {
        antisaccade(
            vec![FIXATION, STIMULUS, GO],
            ["stimulus", "stimulus"],
            vec![
                ("fix1", None, Some("stimulus")),
                ("stim1", Some("stimulus"), Some("go")),
                ("go1", Some("stimulus"), None),
            ],
        )
    }
}

impl Gap {
    pub(super) fn timing(self) -> Timing {
        antisaccade(
            vec![FIXATION, Phase { name: "gap", ms: self.gap_ms }, STIMULUS, GO],
            ["gap", "stimulus"],
            vec![
                ("fix1", None, Some("gap")),
                ("delay1", Some("gap"), Some("stimulus")),
                ("stim1", Some("stimulus"), Some("go")),
                ("go1", Some("stimulus"), None),
            ],
        )
    }
}

fn antisaccade(phases: Vec<Phase>, [fixation_off, go]: [&'static str; 2], epochs: Vec<EpochRow>) -> Timing {
    let stimuli = vec![Stimulus { phase: "stimulus", place: Place::Cue }];
    Timing { phases, stimuli, fixation_off, go, response: Response::Anti, epochs }
}
