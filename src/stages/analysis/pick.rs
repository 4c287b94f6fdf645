//! Which single checkpoint is looked at, of all that were simulated.

use crate::stages::context::{Context, StageError};
use crate::stages::job::JobInput;
use crate::stages::select::Chosen;
use crate::stats::Stage;
use crate::table::Values;

/// The checkpoint of this many trials, or else the median one of a stage of training (of an even number the
/// earlier of the two). `None` where the stage has none, which is said in the log.
///
/// # Errors
/// If there is no checkpoint of so many trials.
pub fn pick<'a>(
    inputs: &'a [JobInput],
    stage: Stage,
    checkpoint: Option<u64>,
    context: &Context,
) -> Result<Option<&'a JobInput>, StageError> {
    let chosen = |input: &JobInput| -> Result<Chosen, StageError> {
        serde_json::from_value(input.item.clone()).map_err(StageError::Job)
    };
    let mut all = Vec::new();
    for input in inputs {
        all.push((chosen(input)?, input));
    }
    all.sort_by_key(|(chosen, _)| chosen.trials);
    if let Some(trials) = checkpoint {
        let found = all.iter().find(|(chosen, _)| chosen.trials == trials);
        let nearest = all.iter().map(|(chosen, _)| chosen.trials).min_by_key(|known| known.abs_diff(trials));
        let nearest = nearest.map_or(String::new(), |nearest| format!("; the nearest is at {nearest}"));
        let missing = || StageError::Failed(format!("no checkpoint at {trials} trials was chosen{nearest}"));
        return found.map(|(_, input)| Some(*input)).ok_or_else(missing);
    }
    all.retain(|(chosen, _)| chosen.stages.contains(&stage));
    match all.len() {
        0 => {
            context
                .report
                .log(format!("warning: no checkpoint is {}, so there is nothing to see", stage.name()));
            Ok(None)
        }
        n => Ok(Some(all[(n - 1) / 2].1)),
    }
}

/// Which checkpoint was looked at, as columns of one row: `stage` (text), `checkpoint` (trials trained, -1 for
/// none), `performance`.
pub fn about(stage: Stage, chosen: Option<&Chosen>) -> [(&'static str, Values); 3] {
    [
        ("stage", Values::Text(vec![stage.name().to_owned()])),
        ("checkpoint", Values::I64(vec![chosen.map_or(-1, |chosen| chosen.trials as i64)])),
        ("performance", Values::F64(vec![chosen.map_or(f64::NAN, |chosen| chosen.performance)])),
    ]
}
