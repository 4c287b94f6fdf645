//! `input_weights`: how the weights from the first ring are distributed, by stage of training.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures;
use crate::stats::{Stage, WeightDistribution, weight_distribution, weight_edges};
use crate::table::{Table, Values};

use super::activity::of_stages;
use super::analysis::{all_stages, stage_differences};
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::simulator::Simulator;
use super::tables::Tables;

/// The quantity that stages are compared by.
const MEAN_WEIGHT: &str = "mean input weight";

/// The kind `input_weights`.
pub struct InputWeights;

/// The distribution of the input weights: histograms of the weights from the first ring to the units by
/// stage of training, with their mean, and how many are below 0 and from 0 up. The checkpoints are those of
/// the activity; nothing is simulated.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InputWeightsParams {
    /// The stages of training.
    #[schemars(length(min = 1))]
    stages: Vec<Stage>,
}

impl Default for InputWeightsParams {
    fn default() -> Self {
        Self { stages: all_stages() }
    }
}

/// What `input_weights` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    stages: Vec<Stage>,
}

impl Kind for InputWeights {
    type Params = InputWeightsParams;
    type Resolved = Resolved;

    const NAME: &'static str = "input_weights";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 2, draw });

    fn bind(params: InputWeightsParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        Ok(Bound::new(Resolved { stages: params.stages }, scope.upstream("activity")))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let mut checkpoints = Vec::new();
        for input in of_stages(inputs.all("activity"), &resolved.stages)? {
            let (chosen, simulator) = Simulator::of(input, context)?;
            checkpoints.push((chosen, weight_distribution(&ring_weights(&simulator))));
        }
        let stages: Vec<(Stage, Vec<&WeightDistribution>)> = Stage::ALL
            .into_iter()
            .filter(|stage| resolved.stages.contains(stage))
            .map(|stage| {
                let members = checkpoints.iter().filter(|(chosen, _)| chosen.stages.contains(&stage));
                (stage, members.map(|(_, weights)| weights).collect())
            })
            .collect();
        for (stage, _) in stages.iter().filter(|(_, members)| members.is_empty()) {
            context.report.log(format!("warning: no checkpoint is {}", stage.name()));
        }
        Tables::default()
            .with("histograms", histograms(&stages)?)
            .with("stages", summary(&stages)?)
            .with("numbers", numbers(&stages).into_table()?)
            .into_outcome()
    }
}

/// The weights from the first ring, location by location.
fn ring_weights(simulator: &Simulator) -> Vec<f64> {
    let units = simulator.dynamics().units;
    let ring = &simulator.weights().input()[units..(1 + simulator.locations()) * units];
    ring.iter().map(|weight| f64::from(*weight)).collect()
}

fn total(members: &[&WeightDistribution], of: impl Fn(&WeightDistribution) -> u64) -> i64 {
    members.iter().map(|weights| of(weights)).sum::<u64>() as i64
}

fn histograms(stages: &[(Stage, Vec<&WeightDistribution>)]) -> Result<Table, StageError> {
    let edges = weight_edges();
    let rows = || {
        let occupied = stages.iter().filter(|(_, members)| !members.is_empty());
        occupied.flat_map(|(stage, members)| (0..edges.len() - 1).map(move |bin| (stage, members, bin)))
    };
    Table::new([
        ("stage", Values::Text(rows().map(|(stage, ..)| stage.name().to_owned()).collect())),
        ("bin_start", Values::F64(rows().map(|(.., bin)| edges[bin]).collect())),
        ("bin_end", Values::F64(rows().map(|(.., bin)| edges[bin + 1]).collect())),
        (
            "count",
            Values::I64(
                rows()
                    .map(|(_, members, bin)| total(members, |weights| weights.histogram.counts[bin]))
                    .collect(),
            ),
        ),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn summary(stages: &[(Stage, Vec<&WeightDistribution>)]) -> Result<Table, StageError> {
    let occupied: Vec<_> = stages.iter().filter(|(_, members)| !members.is_empty()).collect();
    let whole = |of: &dyn Fn(&WeightDistribution) -> u64| {
        Values::I64(occupied.iter().map(|(_, members)| total(members, of)).collect())
    };
    let mean = |members: &[&WeightDistribution]| {
        members.iter().map(|weights| weights.mean).sum::<f64>() / members.len() as f64
    };
    Table::new([
        ("stage", Values::Text(occupied.iter().map(|(stage, _)| stage.name().to_owned()).collect())),
        ("checkpoints", Values::I64(occupied.iter().map(|(_, members)| members.len() as i64).collect())),
        ("mean", Values::F64(occupied.iter().map(|(_, members)| mean(members)).collect())),
        ("negative", whole(&|weights| weights.negative as u64)),
        ("positive", whole(&|weights| weights.positive as u64)),
        ("outside", whole(&|weights| weights.histogram.outside)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

/// Mean weight and share of negative ones by stage, and how much stages differ.
fn numbers(stages: &[(Stage, Vec<&WeightDistribution>)]) -> Numbers {
    let mut numbers = Numbers::default();
    let mut means = Vec::new();
    for (stage, members) in stages.iter().filter(|(_, members)| !members.is_empty()) {
        let of_stage: Vec<f64> = members.iter().map(|weights| weights.mean).collect();
        let share = |weights: &&WeightDistribution| {
            weights.negative as f64 / (weights.negative + weights.positive) as f64
        };
        let shares: Vec<f64> = members.iter().map(share).collect();
        numbers.mean(stage.name(), MEAN_WEIGHT, &of_stage);
        numbers.mean(stage.name(), "share of input weights below 0", &shares);
        means.push((*stage, of_stage));
    }
    stage_differences(&mut numbers, MEAN_WEIGHT, &means);
    numbers
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    figures::input_weights(tables.get("histograms")?, tables.get("stages")?, style)
        .map_err(StageError::because("cannot draw the input weights"))
}
