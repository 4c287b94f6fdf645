//! `tuning`: tuning curves and the variability that goes with them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, TuningTables};
use crate::stats::{
    Gaussian, Stage, TestResult, Tuning, mean, mean_curve, mean_present, normalized_in_epoch, paired_t, sd,
    tuning,
};
use crate::table::{Table, Values};

use super::analysis::{
    Pairing, Question, Rates, Session, Units, Window, all_stages, delay, fixation, stage_differences,
};
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::tables::Tables;

/// What is compared between stages, and in the summary.
const DIP: &str = "Fano factor, best less opposite location (Hz)";

/// The kind `tuning`.
pub struct TuningKind;

/// Tuning curves and Fano factors, by stage of training: the mean rate of the units, and the variance over mean
/// of their rate across trials, at each location relative to their best one, with a Gaussian fitted to the
/// tuning curve. Correct trials only; means over the checkpoints of a stage.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TuningParams {
    /// The epoch in which units must respond, and whose end is analysed.
    epoch: String,
    /// The epoch that rates are compared with.
    baseline: String,
    /// The part of the epoch whose rates are analysed; the best location of a unit is that of its largest
    /// normalised rate there.
    window: Window,
    /// The units that are analysed.
    units: Units,
    /// Which rates the tuning curve shows. Fano factors are always of rates in Hz.
    rates: Rates,
    /// The stages of training.
    #[schemars(length(min = 1))]
    stages: Vec<Stage>,
}

impl Default for TuningParams {
    fn default() -> Self {
        Self {
            epoch: delay(),
            baseline: fixation(),
            window: Window::default(),
            units: Units::default(),
            rates: Rates::default(),
            stages: all_stages(),
        }
    }
}

/// What `tuning` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    question: Question,
    rates: Rates,
}

/// One checkpoint.
struct Answer {
    tuning: Tuning,
    units: Vec<usize>,
}

impl Kind for TuningKind {
    type Params = TuningParams;
    type Resolved = Resolved;

    const NAME: &'static str = "tuning";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 2, draw });

    fn bind(params: TuningParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let TuningParams { epoch, baseline, window, units, rates, stages } = params;
        let question = Question::new(scope, (&epoch, &baseline, window), units, Pairing::default(), stages)?;
        Ok(Bound::new(Resolved { question, rates }, scope.upstream("activity")))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let question = &resolved.question;
        let answers = question.ask(inputs, context, |session| answer(session, &resolved))?;
        let stages = question.by_stage(&answers, context);
        let curves: Vec<StageCurves> = stages.iter().map(|of| StageCurves::new(of)).collect();
        for curve in curves.iter().filter(|curve| curve.fit.is_none()) {
            let name = curve.stage.name();
            context.report.log(format!("warning: the {name} tuning curve has no Gaussian through it"));
        }
        Tables::default()
            .with("curves", curve_table(question, &curves)?)
            .with("stages", stage_table(question, &curves, resolved.rates)?)
            .with("numbers", numbers(question, &stages, &curves)?)
            .into_outcome()
    }
}

fn answer(session: &Session, resolved: &Resolved) -> Result<Answer, StageError> {
    let times = &resolved.question.times;
    let normalised = normalized_in_epoch(&session.over_time.correct, &times.window, &times.baseline)
        .map_err(StageError::because("cannot normalise rates"))?;
    let shown = match resolved.rates {
        Rates::Normalised => &normalised,
        Rates::Raw => &session.rates.mean,
    };
    let tuning = tuning(shown, &session.rates.fano, &normalised, session.rates.units, &session.units);
    Ok(Answer { tuning, units: session.units.clone() })
}

/// The checkpoints of a stage.
type OfStage<'a> = (Stage, Vec<&'a Answer>);

/// The mean curves of a stage, with their standard errors over checkpoints.
struct StageCurves {
    stage: Stage,
    rate: Vec<(f64, f64)>,
    fano: Vec<(f64, f64)>,
    fit: Option<Gaussian>,
    checkpoints: usize,
    units: f64,
    /// Fano factors of the units at their best location, and opposite to it.
    fano_pairs: (Vec<f64>, Vec<f64>),
}

impl StageCurves {
    /// Fano factors at the best location less those opposite to it.
    fn fano_differences(&self) -> Vec<f64> {
        let (best, opposite) = &self.fano_pairs;
        best.iter().zip(opposite).map(|(best, opposite)| best - opposite).collect()
    }

    /// Whether they differ, over units.
    fn fano_test(&self) -> Option<TestResult> {
        let (best, opposite) = &self.fano_pairs;
        paired_t(opposite, best)
    }

    fn new((stage, answers): &OfStage) -> Self {
        let mean_and_sem = |of: fn(&Tuning) -> &Vec<f64>| -> Vec<(f64, f64)> {
            (0..of(&answers[0].tuning).len())
                .map(|place| {
                    let values = answers.iter().map(|answer| of(&answer.tuning)[place]);
                    let values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
                    (mean(&values), sd(&values) / (values.len() as f64).sqrt())
                })
                .collect()
        };
        let rate = mean_and_sem(|tuning| &tuning.rate);
        Self {
            stage: *stage,
            fit: Gaussian::fit(&rate.iter().map(|(mean, _)| *mean).collect::<Vec<f64>>()),
            rate,
            fano: mean_and_sem(|tuning| &tuning.fano),
            checkpoints: answers.len(),
            fano_pairs: fano_pairs(answers),
            units: mean_present(answers.iter().map(|answer| answer.units.len() as f64)),
        }
    }
}

fn curve_table(question: &Question, stages: &[StageCurves]) -> Result<Table, StageError> {
    let names = stages.iter().flat_map(|of| of.rate.iter().map(|_| of.stage.name().to_owned()));
    let offsets = stages.iter().flat_map(|of| (0..of.rate.len()).map(|place| question.offset_degrees(place)));
    let column = |of: fn(&StageCurves) -> &Vec<(f64, f64)>, pick: fn(&(f64, f64)) -> f64| {
        Values::F64(stages.iter().flat_map(|stage| of(stage).iter().map(pick)).collect())
    };
    Table::new([
        ("stage", Values::Text(names.collect())),
        ("offset_deg", Values::F64(offsets.collect())),
        ("rate", column(|of| &of.rate, |(mean, _)| *mean)),
        ("rate_sem", column(|of| &of.rate, |(_, sem)| *sem)),
        ("fano", column(|of| &of.fano, |(mean, _)| *mean)),
        ("fano_sem", column(|of| &of.fano, |(_, sem)| *sem)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

/// One row for each stage: its size, and the Gaussian through its curve in degrees.
fn stage_table(question: &Question, stages: &[StageCurves], rates: Rates) -> Result<Table, StageError> {
    let degrees = 360.0 / question.locations as f64;
    let fit = |of: fn(&Gaussian, f64, f64) -> f64| {
        let value = |stage: &StageCurves| {
            stage.fit.map_or(f64::NAN, |fit| of(&fit, degrees, question.best_place() as f64))
        };
        Values::F64(stages.iter().map(value).collect())
    };
    let shown = match rates {
        Rates::Normalised => "normalised rate",
        Rates::Raw => "rate (Hz)",
    };
    Table::new([
        ("stage", Values::Text(stages.iter().map(|of| of.stage.name().to_owned()).collect())),
        ("checkpoints", Values::I64(stages.iter().map(|of| of.checkpoints as i64).collect())),
        ("units", Values::F64(stages.iter().map(|of| of.units).collect())),
        ("rates", Values::Text(vec![shown.to_owned(); stages.len()])),
        ("fit_area", fit(|fit, degrees, _| fit.area * degrees)),
        ("fit_center_deg", fit(|fit, degrees, best| (fit.center - best) * degrees)),
        ("fit_width_deg", fit(|fit, degrees, _| fit.width.abs() * degrees)),
        ("fit_base", fit(|fit, _, _| fit.base)),
        ("fano_difference", Values::F64(stages.iter().map(|of| mean(&of.fano_differences())).collect())),
        (
            "fano_p",
            Values::F64(stages.iter().map(|of| of.fano_test().map_or(f64::NAN, |test| test.p)).collect()),
        ),
    ])
    .map_err(StageError::because("cannot build the table"))
}

/// Means over the checkpoints of each unit's Fano factor at its best location and opposite to it, of the
/// units that have both.
fn fano_pairs(answers: &[&Answer]) -> (Vec<f64>, Vec<f64>) {
    let mut pairs: BTreeMap<usize, Vec<[f64; 2]>> = BTreeMap::new();
    for answer in answers {
        let fano = answer.tuning.fano_best.iter().zip(&answer.tuning.fano_opposite);
        for (unit, (&best, &opposite)) in answer.units.iter().zip(fano) {
            if !best.is_nan() && !opposite.is_nan() {
                pairs.entry(*unit).or_default().push([best, opposite]);
            }
        }
    }
    pairs
        .values()
        .map(|of_unit| mean_curve(of_unit.iter().map(|pair| &pair[..]), 2))
        .map(|pair| (pair[0], pair[1]))
        .unzip()
}

fn numbers(question: &Question, stages: &[OfStage], curves: &[StageCurves]) -> Result<Table, StageError> {
    let mut numbers = Numbers::default();
    let mut dips = Vec::new();
    for ((stage, answers), curve) in stages.iter().zip(curves) {
        let name = stage.name();
        let units: Vec<f64> = answers.iter().map(|answer| answer.units.len() as f64).collect();
        numbers.mean(name, "units", &units);
        let (best, opposite) = &curve.fano_pairs;
        if !best.is_empty() {
            numbers.mean(name, "Fano factor at the best location (Hz)", best);
            numbers.mean(name, "Fano factor opposite to the best location (Hz)", opposite);
            numbers.mean(name, DIP, &curve.fano_differences()).test(curve.fano_test());
        }
        if let Some(fit) = curve.fit {
            let degrees = fit.width.abs() * 360.0 / question.locations as f64;
            numbers.push(name, "tuning width, sd of the Gaussian (degrees)", degrees, curve.checkpoints);
        }
        let by_checkpoint = answers.iter().map(|answer| {
            let (best, opposite) = fano_pairs(&[answer]);
            mean(&best) - mean(&opposite)
        });
        dips.push((*stage, by_checkpoint.collect()));
    }
    stage_differences(&mut numbers, DIP, &dips);
    numbers.into_table()
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = TuningTables { curves: tables.get("curves")?, stages: tables.get("stages")? };
    figures::tuning(parts, style).map_err(StageError::because("cannot draw the tuning"))
}
