//! `psth`: normalised rates over time by stage of training.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, PsthPanels, PsthTables};
use crate::stats::{LEAST_PERFORMANCE, Psth, Stage, StagePsth, psth, stage_psth};
use crate::table::{Table, Values};
use crate::tasks::Task;

use super::activity::{Recorded, simulate};
use super::analysis::{Times, Trial, Window, delay, fixation};
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::select::Chosen;
use super::tables::Tables;

/// The phase of a trial that shows a distractor.
const DISTRACTOR: &str = "distractor";

/// The kind `psth`.
pub struct PsthKind;

/// Peri-stimulus time histograms: the mean normalised firing rate of the units that respond in an
/// epoch, at their best location and opposite to it, by stage of training, for correct and error trials.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PsthParams {
    /// The epoch in which units must respond, and by which their best location is found.
    epoch: String,
    /// The epoch that rates are compared with.
    baseline: String,
}

impl Default for PsthParams {
    fn default() -> Self {
        Self { epoch: delay(), baseline: fixation() }
    }
}

/// What `psth` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    epoch_name: String,
    times: Times,
    task: Task,
    dt_ms: u32,
}

impl Kind for PsthKind {
    type Params = PsthParams;
    type Resolved = Resolved;

    const NAME: &'static str = "psth";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 1, draw });

    fn bind(params: PsthParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let trial = Trial::of(scope).map_err(|complaint| vec![complaint])?;
        let times = trial.times(&params.epoch, &params.baseline, Window::Whole)?;
        let (task, dt_ms) = (trial.task(), trial.dt_ms());
        let resolved = Resolved { epoch_name: params.epoch, times, task, dt_ms };
        Ok(Bound::new(resolved, scope.upstream("activity")))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let activity = inputs.all("activity");
        let curves: Vec<(Chosen, Psth)> = activity
            .par_iter()
            .map(|input| {
                let (chosen, recorded) = simulate(input, context)?;
                Ok((chosen, curve(&recorded, &resolved)?))
            })
            .collect::<Result<_, StageError>>()?;
        let stages: Vec<(Stage, StagePsth)> = Stage::ALL
            .into_iter()
            .filter_map(|stage| {
                let members = curves.iter().filter(|(chosen, _)| chosen.stages.contains(&stage));
                Some((stage, stage_psth(members.map(|(chosen, psth)| (chosen.performance, psth)))?))
            })
            .collect();
        for stage in Stage::ALL {
            if !stages.iter().any(|(present, _)| *present == stage) {
                context.report.log(format!(
                    "warning: no {} checkpoint has a performance of {LEAST_PERFORMANCE} or more",
                    stage.name()
                ));
            }
        }
        tables(&stages, &resolved)?.into_outcome()
    }
}

fn curve(recorded: &Recorded, resolved: &Resolved) -> Result<Psth, StageError> {
    let rates = recorded.recording().class_rates().map_err(StageError::because("cannot average rates"))?;
    psth(&rates, &resolved.times.epoch, &resolved.times.baseline)
        .map_err(StageError::because("cannot compute the PSTH"))
}

fn tables(stages: &[(Stage, StagePsth)], resolved: &Resolved) -> Result<Tables, StageError> {
    let (mut stage_of, mut trials, mut location) = (Vec::new(), Vec::new(), Vec::new());
    let (mut time_ms, mut rate) = (Vec::new(), Vec::new());
    let mut numbers = Numbers::default();
    for (stage, mean) in stages {
        let curves = [
            ("correct", "best", &mean.psth.correct_best),
            ("correct", "opposite", &mean.psth.correct_opposite),
            ("error", "best", &mean.psth.error_best),
            ("error", "opposite", &mean.psth.error_opposite),
        ];
        for (class, place, curve) in curves {
            for (step, value) in curve.iter().enumerate() {
                stage_of.push(stage.name().to_owned());
                trials.push(class.to_owned());
                location.push(place.to_owned());
                time_ms.push(step as f64 * f64::from(resolved.dt_ms));
                rate.push(*value);
            }
            let within: Vec<f64> =
                curve[resolved.times.epoch.clone()].iter().copied().filter(|rate| !rate.is_nan()).collect();
            if !within.is_empty() {
                let mean_rate = within.iter().sum::<f64>() / within.len() as f64;
                let what =
                    format!("normalised rate in {} ({class} trials, {place} location)", resolved.epoch_name);
                numbers.push(stage.name(), &what, mean_rate, mean.checkpoints);
            }
        }
        numbers.push(stage.name(), "responsive units", mean.psth.units, mean.checkpoints);
        numbers.push(stage.name(), "performance in training", mean.performance, mean.checkpoints);
    }
    let failed = StageError::because("cannot build the table");
    let curves = Table::new([
        ("stage", Values::Text(stage_of)),
        ("trials", Values::Text(trials)),
        ("location", Values::Text(location)),
        ("time_ms", Values::F64(time_ms)),
        ("rate", Values::F64(rate)),
    ])
    .map_err(failed)?;
    Ok(Tables::default()
        .with("curves", curves)
        .with("stages", stage_table(stages)?)
        .with("spans", super::activity::spans(resolved.task, resolved.dt_ms)?)
        .with("numbers", numbers.into_table()?))
}

fn stage_table(stages: &[(Stage, StagePsth)]) -> Result<Table, StageError> {
    let names = stages.iter().map(|(stage, _)| stage.name().to_owned()).collect();
    let performance = stages.iter().map(|(_, mean)| mean.performance).collect();
    let units = stages.iter().map(|(_, mean)| mean.psth.units).collect();
    let checkpoints = stages.iter().map(|(_, mean)| mean.checkpoints as i64).collect();
    Table::new([
        ("stage", Values::Text(names)),
        ("performance", Values::F64(performance)),
        ("units", Values::F64(units)),
        ("checkpoints", Values::I64(checkpoints)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = PsthTables {
        curves: tables.get("curves")?,
        stages: tables.get("stages")?,
        spans: tables.get("spans")?,
    };
    // Where there is a distractor, it stands opposite to the cue: what happens there is of interest.
    let distracted = parts
        .spans
        .text("name")
        .map_err(StageError::because("cannot read the phases"))?
        .iter()
        .any(|name| name == DISTRACTOR);
    let panels = if distracted { PsthPanels::ByTrials } else { PsthPanels::Together };
    figures::psth(parts, panels, style).map_err(StageError::because("cannot draw the PSTH"))
}
