//! `r_distribution`: how the correlation of rate and saccade is distributed over units.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, RDistributionTables};
use crate::stats::{
    Stage, TestResult, bin_edges, histogram, mean, mean_present, median, one_sample_t, signed_rank,
    unit_correlations,
};
use crate::table::{Table, Values};

use super::analysis::{CorrelationParams, Question, stage_differences};
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::tables::Tables;

/// Bins of the histogram.
const BINS: usize = 30;
/// The histogram is at least this wide.
const LEAST_WIDTH: f64 = 0.1;
/// What is compared between stages, and in the summary.
const MEAN_R: &str = "mean r";

/// The kind `r_distribution`.
pub struct RDistribution;

/// The distribution over units of the correlation of rate and saccade, by stage of training: for each unit
/// Pearson's r between the deviation of its rate from the median and the deviation of the saccade's endpoint
/// towards the unit's best location, over its correct trials, but for those at the best location. A unit
/// counts once in a stage, with its mean over the checkpoints; units whose r is not defined are left out and
/// counted.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RDistributionParams(CorrelationParams);

/// One checkpoint: units with their r.
type Answer = Vec<(usize, f64)>;

/// The units of a stage.
struct Distribution {
    stage: Stage,
    checkpoints: usize,
    /// Units with the mean of their r, and over how many checkpoints.
    units: Vec<(usize, f64, usize)>,
    /// Units whose r is not defined in any checkpoint.
    undefined: usize,
    /// The mean r of each checkpoint that has one.
    means: Vec<f64>,
}

impl Kind for RDistribution {
    type Params = RDistributionParams;
    type Resolved = Question;

    const NAME: &'static str = "r_distribution";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 3, draw });

    fn bind(
        RDistributionParams(params): RDistributionParams,
        scope: &Scope,
    ) -> Result<Bound<Question>, Vec<Complaint>> {
        params.bind(scope)
    }

    fn run(question: Question, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let answers = question.ask(inputs, context, |session| {
            let r = unit_correlations(&session.rates, &session.deviations(), &session.units);
            Ok(session.units.iter().copied().zip(r).collect())
        })?;
        let stages: Vec<Distribution> =
            question.by_stage(&answers, context).iter().map(Distribution::new).collect();
        for of in stages.iter().filter(|of| of.undefined > 0) {
            let (stage, undefined) = (of.stage.name(), of.undefined);
            context.report.log(format!("warning: r of {undefined} {stage} units is not defined"));
        }
        Tables::default()
            .with("units", unit_table(&stages)?)
            .with("histograms", histograms(&stages)?)
            .with("stages", stage_table(&stages)?)
            .with("numbers", numbers(&stages)?)
            .into_outcome()
    }
}

impl Distribution {
    fn new((stage, answers): &(Stage, Vec<&Answer>)) -> Self {
        let mut by_unit: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (unit, r) in answers.iter().flat_map(|answer| answer.iter()) {
            let known = by_unit.entry(*unit).or_default();
            known.extend(Some(*r).filter(|r| !r.is_nan()));
        }
        let defined = by_unit.iter().filter(|(_, r)| !r.is_empty());
        let units: Vec<_> = defined.map(|(unit, r)| (*unit, mean(r), r.len())).collect();
        let means = answers.iter().map(|answer| mean_present(answer.iter().map(|(_, r)| *r)));
        Self {
            stage: *stage,
            checkpoints: answers.len(),
            undefined: by_unit.len() - units.len(),
            means: means.filter(|mean| !mean.is_nan()).collect(),
            units,
        }
    }

    fn r(&self) -> Vec<f64> {
        self.units.iter().map(|(_, r, _)| *r).collect()
    }
}

fn unit_table(stages: &[Distribution]) -> Result<Table, StageError> {
    let rows = || stages.iter().flat_map(|of| of.units.iter().map(move |unit| (of.stage, unit)));
    Table::new([
        ("stage", Values::Text(rows().map(|(stage, _)| stage.name().to_owned()).collect())),
        ("unit", Values::I64(rows().map(|(_, (unit, _, _))| *unit as i64).collect())),
        ("r", Values::F64(rows().map(|(_, (_, r, _))| *r).collect())),
        ("checkpoints", Values::I64(rows().map(|(_, (_, _, checkpoints))| *checkpoints as i64).collect())),
    ])
    .map_err(StageError::because("cannot build the table"))
}

/// Histograms from the smallest to the largest r of all stages.
fn histograms(stages: &[Distribution]) -> Result<Table, StageError> {
    let all: Vec<f64> = stages.iter().flat_map(Distribution::r).collect();
    let low = all.iter().copied().fold(f64::INFINITY, f64::min);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let missing = ((LEAST_WIDTH - (high - low)) / 2.0).max(0.0);
    let edges = bin_edges(low - missing, high + missing, BINS);
    let (mut names, mut counts) = (Vec::new(), Vec::new());
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for of in stages.iter().filter(|of| !of.units.is_empty()) {
        for (bin, count) in histogram(of.r(), &edges).counts.into_iter().enumerate() {
            names.push(of.stage.name().to_owned());
            starts.push(edges[bin]);
            ends.push(edges[bin + 1]);
            counts.push(count as i64);
        }
    }
    Table::new([
        ("stage", Values::Text(names)),
        ("bin_start", Values::F64(starts)),
        ("bin_end", Values::F64(ends)),
        ("count", Values::I64(counts)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn stage_table(stages: &[Distribution]) -> Result<Table, StageError> {
    let p = |test: fn(&[f64]) -> Option<TestResult>| {
        Values::F64(stages.iter().map(|of| test(&of.r()).map_or(f64::NAN, |test| test.p)).collect())
    };
    Table::new([
        ("stage", Values::Text(stages.iter().map(|of| of.stage.name().to_owned()).collect())),
        ("checkpoints", Values::I64(stages.iter().map(|of| of.checkpoints as i64).collect())),
        ("units", Values::I64(stages.iter().map(|of| of.units.len() as i64).collect())),
        ("undefined", Values::I64(stages.iter().map(|of| of.undefined as i64).collect())),
        ("mean", Values::F64(stages.iter().map(|of| mean(&of.r())).collect())),
        ("t_test_p", p(one_sample_t)),
        ("wilcoxon_p", p(signed_rank)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn numbers(stages: &[Distribution]) -> Result<Table, StageError> {
    let mut numbers = Numbers::default();
    for of in stages {
        let (name, r) = (of.stage.name(), of.r());
        numbers.push(name, "units", of.units.len() as f64, of.units.len() + of.undefined);
        numbers.push(
            name,
            "units whose r is not defined",
            of.undefined as f64,
            of.units.len() + of.undefined,
        );
        if !r.is_empty() {
            numbers.mean(name, MEAN_R, &r).test(one_sample_t(&r));
            numbers.push(name, "median r", median(&r), r.len()).test(signed_rank(&r));
        }
    }
    let means: Vec<(Stage, Vec<f64>)> = stages.iter().map(|of| (of.stage, of.means.clone())).collect();
    stage_differences(&mut numbers, MEAN_R, &means);
    numbers.into_table()
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = RDistributionTables {
        histograms: tables.get("histograms")?,
        stages: tables.get("stages")?,
        numbers: tables.get("numbers")?,
    };
    figures::r_distribution(parts, style).map_err(StageError::because("cannot draw the distribution of r"))
}
