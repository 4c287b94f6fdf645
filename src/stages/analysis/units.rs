//! Which units are analysed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stages::kind::Complaint;
use crate::stats::{ClassRates, Recording, StatsError, responsive_units, tuned_units};

use super::timing::Times;

/// The level at which the rates of a tuned unit differ.
const LEVEL: f64 = 0.05;

/// Which units are analysed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// Those whose mean rate in the epoch exceeds that in the baseline at any location, in correct trials.
    #[default]
    Responsive,
    /// All.
    All,
    /// Those whose rates in the window differ between locations: one-way ANOVA of the correct trials,
    /// p < 0.05.
    Anova,
    /// These, by their indices from 0.
    #[serde(untagged)]
    Listed(Vec<usize>),
}

impl Units {
    /// Checks the indices, given by the parameter `units`, against the number of units of the network.
    ///
    /// # Errors
    /// If one does not exist, or stands twice.
    pub fn check(&self, n_units: usize) -> Result<(), Complaint> {
        let Self::Listed(units) = self else { return Ok(()) };
        for (at, unit) in units.iter().enumerate() {
            let wrong = |message: String| Err(Complaint::new(&format!("units.{at}"), message));
            if *unit >= n_units {
                return wrong(format!("there is no unit {unit}, the network has units 0 to {}", n_units - 1));
            }
            if units[..at].contains(unit) {
                return wrong(format!("unit {unit} stands here twice"));
            }
        }
        Ok(())
    }

    /// The indices of the units of one recording, whose mean rates are `rates`.
    ///
    /// # Errors
    /// If the epochs or the window do not fit into the trial.
    pub fn choose(
        &self,
        recording: &Recording,
        rates: &ClassRates,
        times: &Times,
    ) -> Result<Vec<usize>, StatsError> {
        match self {
            Self::Responsive => responsive_units(&rates.correct, &times.epoch, &times.baseline),
            Self::All => Ok((0..recording.units).collect()),
            Self::Anova => {
                let rates = recording.trial_rates(&times.window)?;
                Ok(tuned_units(&rates, recording.location, recording.correct, LEVEL))
            }
            Self::Listed(units) => Ok(units.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_as_a_word_or_a_list() {
        let read = |text: &str| serde_json::from_str::<Units>(text).unwrap();
        assert_eq!(read("\"anova\""), Units::Anova);
        assert_eq!(read("[3, 1]"), Units::Listed(vec![3, 1]));
        assert_eq!(serde_json::to_string(&Units::Listed(vec![7])).unwrap(), "[7]");
    }

    #[test]
    fn units_that_do_not_exist_are_refused_at_their_place() {
        let check = |units: &[usize]| Units::Listed(units.to_vec()).check(8);
        assert!(check(&[7, 0]).is_ok() && Units::All.check(8).is_ok());
        assert_eq!(check(&[1, 8]).unwrap_err().path, ["units", "1"]);
        assert_eq!(check(&[1, 2, 1]).unwrap_err().path, ["units", "2"]);
    }
}
