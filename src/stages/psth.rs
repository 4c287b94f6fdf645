//! `psth`: normalised rates over time by stage of training.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, PsthPanels, PsthTables};
use crate::stats::{LEAST_PERFORMANCE, Psth, Stage, StagePsth, mean_present, psth_of, stage_psth};
use crate::table::{Table, Values};
use crate::tasks::Task;

use super::activity::{Recorded, of_stages, simulate};
use super::analysis::{Rates, Times, Trial, Units, Window, all_stages, delay, fixation, stage_differences};
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::select::Chosen;
use super::tables::Tables;

/// The phase of a trial that shows a distractor.
const DISTRACTOR: &str = "distractor";

/// The kind `psth`.
pub struct PsthKind;

/// Peri-stimulus time histograms: the mean firing rate over time of the units that respond in an epoch, at
/// their best location and opposite to it, by stage of training, for correct and error trials.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PsthParams {
    /// The epoch in which units must respond, and by which their best location is found.
    epoch: String,
    /// The epoch that rates are compared with.
    baseline: String,
    /// Which units are averaged.
    units: Units,
    /// The part of the epoch by whose rates `units = "anova"` chooses.
    window: Window,
    /// Which rates are averaged, and tell the best location.
    rates: Rates,
    /// The stages of training that are shown.
    #[schemars(length(min = 1))]
    stages: Vec<Stage>,
}

impl Default for PsthParams {
    fn default() -> Self {
        Self {
            epoch: delay(),
            baseline: fixation(),
            units: Units::default(),
            window: Window::default(),
            rates: Rates::default(),
            stages: all_stages(),
        }
    }
}

/// What `psth` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    epoch: String,
    times: Times,
    units: Units,
    rates: Rates,
    stages: Vec<Stage>,
    task: Task,
    dt_ms: u32,
}

impl Kind for PsthKind {
    type Params = PsthParams;
    type Resolved = Resolved;

    const NAME: &'static str = "psth";
    const VERSION: u32 = 2;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 3, draw });

    fn bind(params: PsthParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let trial = Trial::of(scope).map_err(|complaint| vec![complaint])?;
        // Only a choice by rates in the window asks for one, and short trials may have none.
        let window = if params.units == Units::Anova { params.window } else { Window::Whole };
        let times = trial.times(&params.epoch, &params.baseline, window)?;
        let offer = scope.upstream("activity");
        let n_units = offer.model.as_ref().map_or(0, |model| model.dynamics.units);
        params.units.check(n_units).map_err(|complaint| vec![complaint])?;
        let resolved = Resolved {
            epoch: params.epoch,
            times,
            units: params.units,
            rates: params.rates,
            stages: Stage::ALL.into_iter().filter(|stage| params.stages.contains(stage)).collect(),
            task: trial.task(),
            dt_ms: trial.dt_ms(),
        };
        Ok(Bound::new(resolved, offer))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let curves: Vec<(Chosen, Psth)> = of_stages(inputs.all("activity"), &resolved.stages)?
            .par_iter()
            .map(|input| {
                let (chosen, recorded) = simulate(input, context)?;
                Ok((chosen, curve(&recorded, &resolved)?))
            })
            .collect::<Result<_, StageError>>()?;
        let mut stages = Vec::new();
        for stage in &resolved.stages {
            let members: Vec<(f64, &Psth)> = curves
                .iter()
                .filter(|(chosen, _)| chosen.stages.contains(stage))
                .map(|(chosen, psth)| (chosen.performance, psth))
                .filter(|(performance, _)| *performance >= LEAST_PERFORMANCE)
                .collect();
            match stage_psth(members.iter().copied()) {
                Some(mean) => stages.push(StageCurves { stage: *stage, mean, members }),
                None => context.report.log(format!(
                    "warning: no {} checkpoint has a performance of {LEAST_PERFORMANCE} or more",
                    stage.name()
                )),
            }
        }
        tables(&stages, &resolved)?.into_outcome()
    }
}

/// The curves of a stage, and those of its checkpoints with their performance.
struct StageCurves<'a> {
    stage: Stage,
    mean: StagePsth,
    members: Vec<(f64, &'a Psth)>,
}

/// One of the curves of a PSTH.
type Curve = fn(&Psth) -> &Vec<f64>;

/// The curves of a PSTH by class of trials and location.
const CURVES: [(&str, &str, Curve); 4] = [
    ("correct", "best", |psth| &psth.correct_best),
    ("correct", "opposite", |psth| &psth.correct_opposite),
    ("error", "best", |psth| &psth.error_best),
    ("error", "opposite", |psth| &psth.error_opposite),
];

fn curve(recorded: &Recorded, resolved: &Resolved) -> Result<Psth, StageError> {
    let recording = recorded.recording();
    let failed = || StageError::because("cannot compute the PSTH");
    let rates = recording.class_rates().map_err(failed())?;
    let times = &resolved.times;
    let units = resolved.units.choose(&recording, &rates, times).map_err(failed())?;
    let baseline = (resolved.rates == Rates::Normalised).then_some(&times.baseline);
    psth_of(&rates, &units, &times.epoch, baseline).map_err(failed())
}

impl Resolved {
    /// What a rate is called, with its unit.
    fn rate_label(&self) -> &'static str {
        match self.rates {
            Rates::Normalised => "normalised rate",
            Rates::Raw => "rate (Hz)",
        }
    }

    /// The headline number of a curve.
    fn quantity(&self, trials: &str, location: &str) -> String {
        format!("{} in {} ({trials} trials, {location} location)", self.rate_label(), self.epoch)
    }
}

fn numbers(stages: &[StageCurves], resolved: &Resolved) -> Result<Table, StageError> {
    let mut numbers = Numbers::default();
    let in_epoch = |curve: &Vec<f64>| mean_present(curve[resolved.times.epoch.clone()].iter().copied());
    for StageCurves { stage, members, .. } in stages {
        for (trials, location, curve) in CURVES {
            let values: Vec<f64> = members.iter().map(|(_, psth)| in_epoch(curve(psth))).collect();
            if values.iter().any(|value| !value.is_nan()) {
                numbers.mean(stage.name(), &resolved.quantity(trials, location), &values);
            }
        }
        let of = |value: fn(&(f64, &Psth)) -> f64| members.iter().map(value).collect::<Vec<f64>>();
        let units = if resolved.units == Units::Responsive { "responsive units" } else { "units" };
        numbers.mean(stage.name(), units, &of(|(_, psth)| psth.units));
        numbers.mean(stage.name(), "performance in training", &of(|(performance, _)| *performance));
    }
    for (trials, location, curve) in CURVES {
        let values: Vec<(Stage, Vec<f64>)> = stages
            .iter()
            .map(|of| (of.stage, of.members.iter().map(|(_, psth)| in_epoch(curve(psth))).collect()))
            .collect();
        stage_differences(&mut numbers, &resolved.quantity(trials, location), &values);
    }
    numbers.into_table()
}

fn tables(stages: &[StageCurves], resolved: &Resolved) -> Result<Tables, StageError> {
    let (mut stage_of, mut trials, mut location) = (Vec::new(), Vec::new(), Vec::new());
    let (mut time_ms, mut rate) = (Vec::new(), Vec::new());
    for StageCurves { stage, mean, .. } in stages {
        for (class, place, curve) in CURVES {
            for (step, value) in curve(&mean.psth).iter().enumerate() {
                stage_of.push(stage.name().to_owned());
                trials.push(class.to_owned());
                location.push(place.to_owned());
                time_ms.push(step as f64 * f64::from(resolved.dt_ms));
                rate.push(*value);
            }
        }
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
        .with("stages", stage_table(stages, resolved)?)
        .with("spans", super::activity::spans(resolved.task, resolved.dt_ms)?)
        .with("numbers", numbers(stages, resolved)?))
}

fn stage_table(stages: &[StageCurves], resolved: &Resolved) -> Result<Table, StageError> {
    let text = |of: fn(&StageCurves, &Resolved) -> String| {
        Values::Text(stages.iter().map(|stage| of(stage, resolved)).collect())
    };
    let number = |of: fn(&StageCurves) -> f64| Values::F64(stages.iter().map(of).collect());
    Table::new([
        ("stage", text(|of, _| of.stage.name().to_owned())),
        ("performance", number(|of| of.mean.performance)),
        ("units", number(|of| of.mean.psth.units)),
        ("checkpoints", Values::I64(stages.iter().map(|of| of.mean.checkpoints as i64).collect())),
        ("rate", text(|_, resolved| resolved.rate_label().to_owned())),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = PsthTables {
        curves: tables.get("curves")?,
        stages: tables.get("stages")?,
        spans: tables.get("spans")?,
        numbers: tables.get("numbers")?,
    };
    // Where there is a distractor, it stands opposite to the cue: what happens there is of interest.
    let names = parts.spans.text("name").map_err(StageError::because("cannot read the phases"))?;
    let distracted = names.iter().any(|name| name == DISTRACTOR);
    let panels = if distracted { PsthPanels::ByTrials } else { PsthPanels::Together };
    Ok(figures::psth(parts, panels, style)?)
}
