//! `tuning_correlation`: how rates and saccades deviate together, by where the unit is tuned to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, TuningCorrelationTables};
use crate::stats::{Stage, TuningR, correlation_t, mean, mean_present, one_sample_t, sd, tuning_correlation};
use crate::table::{Table, Values};

use super::analysis::{CorrelationParams, Question, stage_differences};
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::tables::Tables;

/// What is compared between stages, and in the summary.
const AT_BEST: &str = "r at the best location";
const OPPOSITE: &str = "r opposite to the best location";
const OVER_ALL: &str = "mean r over tuning locations";

/// The kind `tuning_correlation`.
pub struct TuningCorrelation;

/// The correlation of rates and saccades at tuning locations, by stage of training: at each location relative
/// to the units' best one, Pearson's r across units between the mean deviation of a unit's rate from its
/// median and the mean deviation of the saccade's endpoint from its median. The endpoint's deviation counts
/// as positive opposite to the best location, as negative at it, and else as positive towards it. Correct
/// trials only; means over the checkpoints of a stage.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct TuningCorrelationParams(CorrelationParams);

/// One checkpoint: r at each place in tuning order, and how many units were analysed.
struct Curve {
    places: Vec<TuningR>,
    units: usize,
}

impl Kind for TuningCorrelation {
    type Params = TuningCorrelationParams;
    type Resolved = Question;

    const NAME: &'static str = "tuning_correlation";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 2, draw });

    fn bind(
        TuningCorrelationParams(params): TuningCorrelationParams,
        scope: &Scope,
    ) -> Result<Bound<Question>, Vec<Complaint>> {
        params.bind(scope)
    }

    fn run(question: Question, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let answers = question.ask(inputs, context, |session| {
            let places = tuning_correlation(&session.rates, &session.deviations(), &session.units);
            Ok(Curve { places, units: session.units.len() })
        })?;
        let stages = question.by_stage(&answers, context);
        Tables::default()
            .with("curves", curves(&question, &stages)?)
            .with("stages", stage_table(&stages)?)
            .with("numbers", numbers(&question, &stages)?)
            .into_outcome()
    }
}

/// The checkpoints of a stage.
type OfStage<'a> = (Stage, Vec<&'a Curve>);

/// r at one place of the checkpoints where it is defined.
fn at(curves: &[&Curve], place: usize) -> Vec<f64> {
    let r = curves.iter().filter_map(|curve| curve.places.get(place).map(|place| place.r));
    r.filter(|r| !r.is_nan()).collect()
}

fn curves(question: &Question, stages: &[OfStage]) -> Result<Table, StageError> {
    let mut names = Vec::new();
    let (mut offset, mut r, mut sem) = (Vec::new(), Vec::new(), Vec::new());
    let (mut units, mut checkpoints) = (Vec::new(), Vec::new());
    for (stage, curves) in stages {
        for place in 0..curves[0].places.len() {
            let values = at(curves, place);
            names.push(stage.name().to_owned());
            offset.push(question.offset_degrees(place));
            r.push(mean(&values));
            sem.push(sd(&values) / (values.len() as f64).sqrt());
            units.push(mean_present(curves.iter().map(|curve| curve.places[place].units as f64)));
            checkpoints.push(values.len() as i64);
        }
    }
    Table::new([
        ("stage", Values::Text(names)),
        ("offset_deg", Values::F64(offset)),
        ("r", Values::F64(r)),
        ("sem", Values::F64(sem)),
        ("units", Values::F64(units)),
        ("checkpoints", Values::I64(checkpoints)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn stage_table(stages: &[OfStage]) -> Result<Table, StageError> {
    let units = |curves: &[&Curve]| mean_present(curves.iter().map(|curve| curve.units as f64));
    Table::new([
        ("stage", Values::Text(stages.iter().map(|(stage, _)| stage.name().to_owned()).collect())),
        ("checkpoints", Values::I64(stages.iter().map(|(_, curves)| curves.len() as i64).collect())),
        ("units", Values::F64(stages.iter().map(|(_, curves)| units(curves)).collect())),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn numbers(question: &Question, stages: &[OfStage]) -> Result<Table, StageError> {
    let mut numbers = Numbers::default();
    let over_all = |curves: &[&Curve]| -> Vec<f64> {
        let distinct =
            |curve: &&Curve| curve.places.iter().take(question.locations).map(|place| place.r).collect();
        let means = curves.iter().map(distinct).map(|r: Vec<f64>| mean_present(r));
        means.filter(|mean| !mean.is_nan()).collect()
    };
    for (stage, curves) in stages {
        let name = stage.name();
        for (quantity, place) in [(AT_BEST, question.best_place()), (OPPOSITE, 0)] {
            let values = at(curves, place);
            let test = match (curves.as_slice(), values.as_slice()) {
                ([only], [r]) => correlation_t(*r, only.places[place].units),
                _ => one_sample_t(&values),
            };
            if !values.is_empty() {
                numbers.mean(name, quantity, &values).test(test);
            }
        }
        let means = over_all(curves);
        if !means.is_empty() {
            numbers.mean(name, OVER_ALL, &means).test(one_sample_t(&means));
        }
        let units: Vec<f64> = curves.iter().map(|curve| curve.units as f64).collect();
        numbers.mean(name, "units", &units);
    }
    let by_stage = |values: &dyn Fn(&[&Curve]) -> Vec<f64>| -> Vec<(Stage, Vec<f64>)> {
        stages.iter().map(|(stage, curves)| (*stage, values(curves))).collect()
    };
    let best = question.best_place();
    stage_differences(&mut numbers, AT_BEST, &by_stage(&|curves| at(curves, best)));
    stage_differences(&mut numbers, OVER_ALL, &by_stage(&over_all));
    numbers.into_table()
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = TuningCorrelationTables {
        curves: tables.get("curves")?,
        stages: tables.get("stages")?,
        numbers: tables.get("numbers")?,
    };
    figures::tuning_correlation(parts, style)
        .map_err(StageError::because("cannot draw the correlation at tuning locations"))
}
