//! What analyses of rates in a window see of each checkpoint.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::stages::activity::Recorded;
use crate::stages::context::{Context, Inputs, StageError};
use crate::stages::kind::{Complaint, Scope};
use crate::stages::select::Chosen;
use crate::stages::simulator::Simulator;
use crate::stats::{ClassRates, CorrectRates, Deviations, Stage};

use super::options::Pairing;
use super::timing::{Times, Trial, Window};
use super::units::Units;

/// What is asked of the checkpoints: when in a trial, which units, which stages of training.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// When in a trial.
    pub times: Times,
    /// Which units.
    pub units: Units,
    /// Whether rates and saccades are of the same simulation.
    pub pairing: Pairing,
    /// Which stages of training.
    pub stages: Vec<Stage>,
    /// How many stimulus locations there are.
    pub locations: usize,
}

/// One checkpoint: its trials, and their rates in the window.
pub struct Session {
    /// The trials.
    pub recorded: Recorded,
    /// Mean rates by location over time.
    pub over_time: ClassRates,
    /// Rates in the window of the correct trials.
    pub rates: CorrectRates,
    /// The units that are analysed.
    pub units: Vec<usize>,
}

impl Question {
    /// The question that parameters ask of the activity of a statistic: `epoch`, `baseline`, `window`,
    /// `units`, and what needs no resolving.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn new(
        scope: &Scope,
        (epoch, baseline, window): (&str, &str, Window),
        units: Units,
        pairing: Pairing,
        stages: Vec<Stage>,
    ) -> Result<Self, Vec<Complaint>> {
        let one = |complaint: Complaint| vec![complaint];
        let model = scope.model("activity").map_err(one)?;
        let mut complaints: Vec<Complaint> = units.check(model.dynamics.units).err().into_iter().collect();
        match Trial::of(scope).map_err(one)?.times(epoch, baseline, window) {
            Ok(times) if complaints.is_empty() => {
                Ok(Self { times, units, pairing, stages, locations: model.dynamics.ring_units })
            }
            Ok(_) => Err(complaints),
            Err(wrong) => {
                complaints.extend(wrong);
                Err(complaints)
            }
        }
    }

    /// Analyses every checkpoint of the stages asked for, side by side. A checkpoint without units is said in
    /// the log.
    ///
    /// # Errors
    /// Those of `analyse` and of simulating.
    pub fn ask<T: Send>(
        &self,
        inputs: Inputs,
        context: &Context,
        analyse: impl Fn(&Session) -> Result<T, StageError> + Sync,
    ) -> Result<Vec<(Chosen, T)>, StageError> {
        let asked: Vec<Option<(Chosen, usize, T)>> = inputs
            .all("activity")
            .par_iter()
            .map(|input| {
                let (chosen, simulator) = Simulator::of(input, context)?;
                if !chosen.stages.iter().any(|stage| self.stages.contains(stage)) {
                    return Ok(None);
                }
                let session = self.session(&simulator)?;
                Ok(Some((chosen, session.units.len(), analyse(&session)?)))
            })
            .collect::<Result<_, StageError>>()?;
        let answers = asked.into_iter().flatten().map(|(chosen, units, answer)| {
            if units == 0 {
                context.report.log(format!("warning: checkpoint {} has no unit to analyse", chosen.trials));
            }
            (chosen, answer)
        });
        Ok(answers.collect())
    }

    /// The angle in degrees between a place in tuning order and the best location.
    pub fn offset_degrees(&self, place: usize) -> f64 {
        (place as f64 - self.best_place() as f64) * 360.0 / self.locations as f64
    }

    /// The place of the best location in tuning order.
    pub fn best_place(&self) -> usize {
        self.locations / 2
    }

    fn session(&self, simulator: &Simulator) -> Result<Session, StageError> {
        let failed = || StageError::because("cannot average rates");
        let recorded = match self.pairing {
            Pairing::Same => simulator.whole()?,
            Pairing::Independent => simulator.whole()?.with_saccades_of(simulator.next_draw().whole()?),
        };
        let recording = recorded.recording();
        let over_time = recording.class_rates().map_err(failed())?;
        let rates = recording.correct_rates(&self.times.window).map_err(failed())?;
        let units = self.units.choose(&recording, &over_time, &self.times).map_err(failed())?;
        Ok(Session { over_time, rates, units, recorded })
    }

    /// The answers of the checkpoints of each stage that was asked for and has any; others are said in the
    /// log.
    pub fn by_stage<'a, T>(&self, answers: &'a [(Chosen, T)], context: &Context) -> Vec<(Stage, Vec<&'a T>)> {
        let mut stages = Vec::new();
        for stage in Stage::ALL.into_iter().filter(|stage| self.stages.contains(stage)) {
            let of_stage = answers.iter().filter(|(chosen, _)| chosen.stages.contains(&stage));
            let of_stage: Vec<&T> = of_stage.map(|(_, answer)| answer).collect();
            if of_stage.is_empty() {
                context.report.log(format!("warning: no checkpoint is {}", stage.name()));
            } else {
                stages.push((stage, of_stage));
            }
        }
        stages
    }
}

impl Session {
    /// How the saccades of the correct trials deviate.
    pub fn deviations(&self) -> Deviations {
        self.recorded.deviations()
    }
}
