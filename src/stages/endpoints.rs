//! `endpoints`: how far from the target saccades end, by stage of training.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures;
use crate::stats::{Assignment, Criteria, Stage, endpoint_edges, endpoint_histograms, mean_present, sd};
use crate::table::{Table, Values};

use super::activity::{Ending, simulate_endings};
use super::analysis::stage_differences;
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::select::Chosen;
use super::tables::Tables;

/// The kind `endpoints`.
pub struct EndpointsKind;

/// The distribution of saccade endpoints: histograms of the distance from the response target, for
/// correct and error trials, by stage of training. The published analysis has input noise on: give it an
/// activity with `input_noise = true`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointsParams {
    /// By what a checkpoint is assigned to a stage.
    assignment: Assignment,
}

/// What `endpoints` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    assignment: Assignment,
}

impl Kind for EndpointsKind {
    type Params = EndpointsParams;
    type Resolved = Resolved;

    const NAME: &'static str = "endpoints";
    const VERSION: u32 = 2;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const BY_LOCATION: bool = true;
    const DRAWING: Option<Drawing> = Some(Drawing { version: 2, draw });

    fn bind(params: EndpointsParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        Ok(Bound::new(Resolved { assignment: params.assignment }, scope.upstream("activity")))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let checkpoints: Vec<(Chosen, Vec<Ending>)> = inputs
            .all("activity")
            .par_iter()
            .map(|input| simulate_endings(input, context))
            .collect::<Result<_, StageError>>()?;
        let stages: Vec<StageEndings> = Stage::ALL
            .into_iter()
            .map(|stage| StageEndings {
                stage,
                checkpoints: checkpoints
                    .iter()
                    .filter(|(chosen, _)| stages_of(chosen, resolved.assignment).contains(&stage))
                    .map(|(_, endings)| endings.as_slice())
                    .collect(),
            })
            .collect();
        for of in stages.iter().filter(|of| of.checkpoints.is_empty()) {
            context.report.log(format!("warning: no checkpoint is {}", of.stage.name()));
        }
        Tables::default()
            .with("histograms", histograms(&stages)?)
            .with("numbers", numbers(&stages)?)
            .into_outcome()
    }
}

/// How the trials of a stage's checkpoints ended.
struct StageEndings<'a> {
    stage: Stage,
    checkpoints: Vec<&'a [Ending]>,
}

/// Correct and error trials.
const OUTCOMES: [(&str, bool); 2] = [("correct", true), ("error", false)];

impl StageEndings<'_> {
    /// The share of correct trials at each checkpoint.
    fn shares_correct(&self) -> Vec<f64> {
        let share = |endings: &&[Ending]| {
            mean_present(endings.iter().map(|ending| f64::from(u8::from(ending.correct))))
        };
        self.checkpoints.iter().map(share).collect()
    }

    /// Distances from the target in degrees of the correct, or of the error trials, by checkpoint.
    fn distances(&self, correct: bool) -> Vec<Vec<f64>> {
        let of_class = |endings: &&[Ending]| {
            let kept = endings.iter().filter(|ending| ending.correct == correct);
            kept.map(|ending| ending.distance_degrees).collect()
        };
        self.checkpoints.iter().map(of_class).collect()
    }

    /// The mean distance at each checkpoint that has such trials.
    fn mean_distances(&self, correct: bool) -> Vec<f64> {
        self.distances(correct).into_iter().map(mean_present).filter(|mean| !mean.is_nan()).collect()
    }
}

fn stages_of(chosen: &Chosen, assignment: Assignment) -> Vec<Stage> {
    match assignment {
        Assignment::Selection => chosen.stages.clone(),
        Assignment::Performance => vec![Criteria::default().stage_of(chosen.performance)],
    }
}

fn numbers(stages: &[StageEndings]) -> Result<Table, StageError> {
    const CORRECT: &str = "share of correct trials";
    let mean_distance = |outcome: &str| format!("mean endpoint distance, {outcome} trials (degrees)");
    let mut numbers = Numbers::default();
    for of in stages.iter().filter(|of| !of.checkpoints.is_empty()) {
        let name = of.stage.name();
        numbers.mean(name, CORRECT, &of.shares_correct());
        for (outcome, correct) in OUTCOMES {
            let distances = of.distances(correct).concat();
            numbers.push(name, &format!("{outcome} trials"), distances.len() as f64, distances.len());
            if !distances.is_empty() {
                numbers.mean(name, &mean_distance(outcome), &of.mean_distances(correct));
            }
            if distances.len() > 1 {
                let quantity = format!("sd of the endpoint distance, {outcome} trials (degrees)");
                numbers.push(name, &quantity, sd(&distances), distances.len());
            }
        }
    }
    let by_stage = |values: &dyn Fn(&StageEndings) -> Vec<f64>| -> Vec<(Stage, Vec<f64>)> {
        stages.iter().map(|of| (of.stage, values(of))).collect()
    };
    for (outcome, correct) in OUTCOMES {
        let values = by_stage(&|of| of.mean_distances(correct));
        stage_differences(&mut numbers, &mean_distance(outcome), &values);
    }
    stage_differences(&mut numbers, CORRECT, &by_stage(&|of| of.shares_correct()));
    numbers.into_table()
}

fn histograms(stages: &[StageEndings]) -> Result<Table, StageError> {
    let edges = endpoint_edges();
    let (mut stage_of, mut trials_of) = (Vec::new(), Vec::new());
    let (mut low, mut high, mut count) = (Vec::new(), Vec::new(), Vec::new());
    for StageEndings { stage, checkpoints } in stages {
        let endings = checkpoints.iter().flat_map(|endings| endings.iter());
        let endpoints = endpoint_histograms(endings.map(|ending| (ending.distance_degrees, ending.correct)));
        for (class, histogram) in [("error", &endpoints.error), ("correct", &endpoints.correct)] {
            for (bin, trials) in histogram.counts.iter().enumerate() {
                stage_of.push(stage.name().to_owned());
                trials_of.push(class.to_owned());
                low.push(edges[bin]);
                high.push(edges[bin + 1]);
                count.push(*trials as i64);
            }
        }
    }
    Table::new([
        ("stage", Values::Text(stage_of)),
        ("trials", Values::Text(trials_of)),
        ("bin_start_deg", Values::F64(low)),
        ("bin_end_deg", Values::F64(high)),
        ("count", Values::I64(count)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    Ok(figures::endpoints(tables.get("histograms")?, tables.get("numbers")?, style)?)
}
