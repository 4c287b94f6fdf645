//! `unit_psth`: what single units do in every trial, by cue location.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, UnitPsthTables};
use crate::stats::{
    Recording, Stage, UnitTrials, argmax, best_locations, mean, mean_present, normalized_in_epoch,
    one_way_anova, unit_trials,
};
use crate::table::{Table, Values};
use crate::tasks::Task;

use super::activity::Recorded;
use super::analysis::{Times, Trial, Units, Window, about, delay, fixation, pick};
use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::select::Chosen;
use super::simulator::Simulator;
use super::tables::Tables;

/// Directions that panels stand in.
const PLACES: usize = 8;

/// The kind `unit_psth`.
pub struct UnitPsthKind;

/// Single units: the normalised rate in every correct trial over time, by the location of the cue, of the
/// median checkpoint of a stage of training. Panels stand around the middle as cues do; of a ring of more
/// than 8 locations those nearest to the 8 directions are shown, of a smaller one all.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UnitPsthParams {
    /// The units, by their indices from 0, six at the most [default: the one whose rate in the epoch rises
    /// most above the baseline].
    #[schemars(length(max = 6))]
    units: Vec<usize>,
    /// The epoch whose mean rates make the tuning in the middle.
    epoch: String,
    /// The epoch that rates are compared with.
    baseline: String,
    /// The stage of training; its median checkpoint is looked at, of an even number the earlier of two.
    stage: Stage,
    /// A checkpoint of the selection by its trials instead.
    checkpoint: Option<u64>,
}

impl Default for UnitPsthParams {
    fn default() -> Self {
        Self {
            units: Vec::new(),
            epoch: delay(),
            baseline: fixation(),
            stage: Stage::Mature,
            checkpoint: None,
        }
    }
}

/// What `unit_psth` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    units: Vec<usize>,
    epoch_name: String,
    times: Times,
    stage: Stage,
    checkpoint: Option<u64>,
    task: Task,
    dt_ms: u32,
}

impl Kind for UnitPsthKind {
    type Params = UnitPsthParams;
    type Resolved = Resolved;

    const NAME: &'static str = "unit_psth";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 2, draw });

    fn bind(params: UnitPsthParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let trial = Trial::of(scope).map_err(|complaint| vec![complaint])?;
        let times = trial.times(&params.epoch, &params.baseline, Window::Whole)?;
        let model = scope.model("activity").map_err(|complaint| vec![complaint])?;
        let units = Units::Listed(params.units.clone());
        units.check(model.dynamics.units).map_err(|complaint| vec![complaint])?;
        let resolved = Resolved {
            units: params.units,
            epoch_name: params.epoch,
            times,
            stage: params.stage,
            checkpoint: params.checkpoint,
            task: trial.task(),
            dt_ms: trial.dt_ms(),
        };
        Ok(Bound::new(resolved, scope.upstream("activity")))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let picked = pick(inputs.all("activity"), resolved.stage, resolved.checkpoint, context)?;
        let (mut chosen, mut units, mut locations) = (None, Vec::new(), 1);
        if let Some(input) = picked {
            let (checkpoint, simulator) = Simulator::of(input, context)?;
            locations = simulator.locations();
            units = look(&simulator, &resolved)?;
            warn(&units, context);
            chosen = Some(checkpoint);
        }
        tables(chosen.as_ref(), &units, locations, &resolved)?.into_outcome()
    }
}

/// A unit at the shown locations.
struct Unit {
    number: usize,
    views: Vec<View>,
}

/// A unit at one location.
struct View {
    place: usize,
    location: usize,
    trials: UnitTrials,
    /// Mean rate of each correct trial in the epoch, in Hz.
    rates_hz: Vec<f64>,
}

/// The locations that are shown, with the directions (0 to 7, counterclockwise from the right) of their
/// panels.
fn shown(locations: usize) -> Vec<(usize, usize)> {
    let nearest = |at: usize, of: usize, to: usize| (at * to + of / 2) / of % to;
    if locations < PLACES {
        (0..locations).map(|location| (nearest(location, locations, PLACES), location)).collect()
    } else {
        (0..PLACES).map(|place| (place, nearest(place, PLACES, locations))).collect()
    }
}

fn look(simulator: &Simulator, resolved: &Resolved) -> Result<Vec<Unit>, StageError> {
    let failed = || StageError::because("cannot read single trials");
    let mut seen: Vec<(usize, usize, Recorded)> = Vec::new();
    for (place, location) in shown(simulator.locations()) {
        seen.push((place, location, simulator.record(location..location + 1)?));
    }
    let numbers = match resolved.units.as_slice() {
        [] => vec![strongest(&seen, resolved)?],
        listed => listed.to_vec(),
    };
    let view = |number: usize, (place, location, recorded): &(usize, usize, Recorded)| {
        let recording = recorded.recording();
        let trials = unit_trials(&recording, number, 0, &resolved.times.baseline).map_err(failed())?;
        let rates_hz = rates_in_epoch(&recording, number, &trials.trials, resolved).map_err(failed())?;
        Ok(View { place: *place, location: *location, trials, rates_hz })
    };
    let units = numbers.into_iter().map(|number| {
        let views = seen.iter().map(|seen| view(number, seen)).collect::<Result<_, StageError>>()?;
        Ok(Unit { number, views })
    });
    units.collect()
}

fn rates_in_epoch(
    recording: &Recording,
    unit: usize,
    trials: &[usize],
    resolved: &Resolved,
) -> Result<Vec<f64>, crate::stats::StatsError> {
    let rates = recording.trial_rates(&resolved.times.epoch)?;
    Ok(trials.iter().map(|&trial| rates.of_trial(trial)[unit]).collect())
}

/// The unit whose normalised rate in the epoch is largest at any of the shown locations; the first unit if
/// none has one.
fn strongest(seen: &[(usize, usize, Recorded)], resolved: &Resolved) -> Result<usize, StageError> {
    let failed = || StageError::because("cannot average rates");
    let Times { epoch, baseline, .. } = &resolved.times;
    let mut tuning = Vec::new();
    let mut units = 1;
    for (_, _, recorded) in seen {
        let rates = recorded.recording().class_rates().map_err(failed())?.correct;
        units = rates.units;
        tuning.extend(normalized_in_epoch(&rates, epoch, baseline).map_err(failed())?);
    }
    let best = best_locations(&tuning, units);
    let peaks = best
        .iter()
        .enumerate()
        .map(|(unit, best)| best.map_or(f64::NAN, |location| tuning[location * units + unit]));
    Ok(argmax(peaks).unwrap_or(0))
}

fn warn(units: &[Unit], context: &Context) {
    for view in units.first().iter().flat_map(|unit| &unit.views) {
        if view.trials.trials.is_empty() {
            context.report.log(format!("warning: no correct trial at location {}", view.location));
        }
    }
    for unit in units {
        if unit.views.iter().any(|view| view.trials.rates.iter().any(|rate| rate.is_nan())) {
            context.report.log(format!(
                "warning: unit {} is silent before the cue, its rates cannot be normalised",
                unit.number
            ));
        }
    }
}

fn tables(
    chosen: Option<&Chosen>,
    units: &[Unit],
    locations: usize,
    resolved: &Resolved,
) -> Result<Tables, StageError> {
    let failed = || StageError::because("cannot build the table");
    let views = || units.iter().flat_map(|unit| unit.views.iter().map(move |view| (unit.number, view)));
    let (mut trials, mut means) = (Curves::default(), Curves::default());
    for (unit, view) in views() {
        let steps = view.trials.mean.len();
        for (trial, rates) in view.trials.trials.iter().zip(view.trials.rates.chunks_exact(steps.max(1))) {
            trials.push(unit, view.location, *trial, rates, resolved.dt_ms);
        }
        means.push(unit, view.location, 0, &view.trials.mean, resolved.dt_ms);
    }
    let whole = |of: fn((usize, &View)) -> usize| Values::I64(views().map(|at| of(at) as i64).collect());
    let degrees = |view: &View| 360.0 * view.location as f64 / locations as f64;
    let tuning = Table::new([
        ("unit", whole(|(unit, _)| unit)),
        ("location", whole(|(_, view)| view.location)),
        ("place", whole(|(_, view)| view.place)),
        ("angle_deg", Values::F64(views().map(|(_, view)| degrees(view)).collect())),
        ("trials", whole(|(_, view)| view.trials.trials.len())),
        ("rate_hz", Values::F64(views().map(|(_, view)| mean(&view.rates_hz)).collect())),
    ])
    .map_err(failed())?;
    let epoch = [("epoch", Values::Text(vec![resolved.epoch_name.clone()]))];
    let about = Table::new(about(resolved.stage, chosen).into_iter().chain(epoch)).map_err(failed())?;
    Ok(Tables::default()
        .with("trials", trials.into_table(true)?)
        .with("means", means.into_table(false)?)
        .with("tuning", tuning)
        .with("about", about)
        .with("spans", super::activity::spans(resolved.task, resolved.dt_ms)?)
        .with("numbers", numbers(units, locations, resolved).into_table()?))
}

/// Points of curves.
#[derive(Default)]
struct Curves {
    unit: Vec<i64>,
    location: Vec<i64>,
    trial: Vec<i64>,
    time_ms: Vec<f64>,
    rate: Vec<f64>,
}

impl Curves {
    fn push(&mut self, unit: usize, location: usize, trial: usize, rates: &[f64], dt_ms: u32) {
        for (step, rate) in rates.iter().enumerate() {
            self.unit.push(unit as i64);
            self.location.push(location as i64);
            self.trial.push(trial as i64);
            self.time_ms.push(step as f64 * f64::from(dt_ms));
            self.rate.push(*rate);
        }
    }

    fn into_table(self, by_trial: bool) -> Result<Table, StageError> {
        let mut columns = vec![("unit", Values::I64(self.unit)), ("location", Values::I64(self.location))];
        if by_trial {
            columns.push(("trial", Values::I64(self.trial)));
        }
        columns.extend([("time_ms", Values::F64(self.time_ms)), ("rate", Values::F64(self.rate))]);
        Table::new(columns).map_err(StageError::because("cannot build the table"))
    }
}

/// Where each unit fires most, how much, and whether its rates differ between locations.
fn numbers(units: &[Unit], locations: usize, resolved: &Resolved) -> Numbers {
    let mut numbers = Numbers::default();
    for unit in units {
        let group = format!("unit {}", unit.number);
        let Some(best) = argmax(unit.views.iter().map(|view| mean(&view.rates_hz))) else { continue };
        let best = &unit.views[best];
        let groups: Vec<Vec<f64>> = unit.views.iter().map(|view| view.rates_hz.clone()).collect();
        let rate = format!("rate in {} at the best location (Hz)", resolved.epoch_name);
        numbers.mean(&group, &rate, &best.rates_hz).test(one_way_anova(&groups));
        let trials = best.rates_hz.len();
        let degrees = 360.0 * best.location as f64 / locations as f64;
        numbers.push(&group, "best location (degrees)", degrees, trials);
        let during = best.trials.mean[resolved.times.epoch.clone()].iter().copied();
        let normalised = format!("normalised rate in {} at the best location", resolved.epoch_name);
        numbers.push(&group, &normalised, mean_present(during), trials);
    }
    numbers
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = UnitPsthTables {
        trials: tables.get("trials")?,
        means: tables.get("means")?,
        tuning: tables.get("tuning")?,
        about: tables.get("about")?,
        spans: tables.get("spans")?,
    };
    figures::unit_psth(parts, style).map_err(StageError::because("cannot draw single units"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_ring_has_places_around_the_middle() {
        let places = |locations| shown(locations).into_iter().map(|(place, _)| place).collect::<Vec<_>>();
        let at = |locations| shown(locations).into_iter().map(|(_, at)| at).collect::<Vec<_>>();
        assert_eq!((places(8), at(8)), ((0..8).collect(), (0..8).collect()));
        assert_eq!(at(360), [0, 45, 90, 135, 180, 225, 270, 315]);
        assert_eq!(places(4), [0, 2, 4, 6]);
        for locations in 1..40 {
            let mut found = places(locations);
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len(), locations.min(8), "{locations}");
            assert!(at(locations).iter().all(|location| *location < locations));
        }
    }
}
