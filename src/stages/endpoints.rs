//! `endpoints`: how far from the target saccades end, by stage of training.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures;
use crate::stats::{Assignment, Criteria, Endpoints, Stage, endpoint_edges, endpoint_histograms};
use crate::table::{Table, Values};

use super::activity::{Ending, simulate_endings};
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
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 1, draw });

    fn bind(params: EndpointsParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        Ok(Bound::new(Resolved { assignment: params.assignment }, scope.upstream("activity")))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let trials: Vec<(Chosen, Vec<Ending>)> = inputs
            .all("activity")
            .par_iter()
            .map(|input| simulate_endings(input, context))
            .collect::<Result<_, StageError>>()?;
        let mut numbers = Numbers::default();
        let mut stages = Vec::new();
        for stage in Stage::ALL {
            let members =
                trials.iter().filter(|(chosen, _)| stages_of(chosen, resolved.assignment).contains(&stage));
            let endings: Vec<Ending> = members.flat_map(|(_, endings)| endings.iter().copied()).collect();
            if endings.is_empty() {
                context.report.log(format!("warning: no checkpoint is {}", stage.name()));
            }
            if !endings.is_empty() {
                let correct = endings.iter().filter(|ending| ending.correct).count() as f64;
                let share = correct / endings.len() as f64;
                numbers.push(stage.name(), "share of correct trials", share, endings.len());
            }
            for (outcome, correct) in [("correct", true), ("error", false)] {
                describe(
                    &mut numbers,
                    stage,
                    outcome,
                    endings.iter().filter(|ending| ending.correct == correct),
                );
            }
            let pairs = endings.iter().map(|ending| (ending.distance_degrees, ending.correct));
            stages.push((stage, endpoint_histograms(pairs)));
        }
        Tables::default()
            .with("histograms", histograms(&stages)?)
            .with("numbers", numbers.into_table()?)
            .into_outcome()
    }
}

fn stages_of(chosen: &Chosen, assignment: Assignment) -> Vec<Stage> {
    match assignment {
        Assignment::Selection => chosen.stages.clone(),
        Assignment::Performance => vec![Criteria::default().stage_of(chosen.performance)],
    }
}

fn describe<'a>(
    numbers: &mut Numbers,
    stage: Stage,
    outcome: &str,
    endings: impl Iterator<Item = &'a Ending>,
) {
    let distances: Vec<f64> = endings.map(|ending| ending.distance_degrees).collect();
    let n = distances.len();
    numbers.push(stage.name(), &format!("{outcome} trials"), n as f64, n);
    if n == 0 {
        return;
    }
    let mean = distances.iter().sum::<f64>() / n as f64;
    numbers.push(stage.name(), &format!("mean endpoint distance, {outcome} trials (degrees)"), mean, n);
    if n > 1 {
        let squares: f64 = distances.iter().map(|distance| (distance - mean).powi(2)).sum();
        let sd = (squares / (n - 1) as f64).sqrt();
        numbers.push(
            stage.name(),
            &format!("sd of the endpoint distance, {outcome} trials (degrees)"),
            sd,
            n,
        );
    }
}

fn histograms(stages: &[(Stage, Endpoints)]) -> Result<Table, StageError> {
    let edges = endpoint_edges();
    let (mut stage_of, mut trials_of) = (Vec::new(), Vec::new());
    let (mut low, mut high, mut count) = (Vec::new(), Vec::new(), Vec::new());
    for (stage, endpoints) in stages {
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
    figures::endpoints(tables.get("histograms")?, style)
        .map_err(StageError::because("cannot draw the endpoints"))
}
