//! `heatmap`: the whole population over time at one cue location.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, HeatmapTables};
use crate::stats::{Heatmap, HeatmapBuilder, Stage, mean, one_way_anova};
use crate::table::{Table, Values};
use crate::tasks::Task;

use super::analysis::{Times, Trial, Window, about, fixation, pick};
use super::context::{Context, Inputs, Outcome, Progress, StageError};
use super::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use super::numbers::Numbers;
use super::select::Chosen;
use super::simulator::Simulator;
use super::tables::Tables;

/// Units whose best location is this near prefer a location, in degrees.
const NEAR_DEG: f64 = 22.5;

/// The kind `heatmap`.
pub struct HeatmapKind;

/// The population at one cue location: the rates of all units over time, sorted by the location to whose
/// cue they respond best, of the median checkpoint of a stage of training. Each row is the normalised rate,
/// averaged over the correct trials at the location, relative to the unit's peak response to the cue at its
/// own best location. Trials are simulated some locations at a time, so that a ring of 360 needs little
/// memory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeatmapParams {
    /// The location of the cue, by its index from 0 [default: a quarter of the ring].
    location: Option<usize>,
    /// The epoch in which best locations and peaks are found.
    epoch: String,
    /// The epoch that rates are compared with.
    baseline: String,
    /// The stage of training; its median checkpoint is looked at, of an even number the earlier of two.
    stage: Stage,
    /// A checkpoint of the selection by its trials instead.
    checkpoint: Option<u64>,
}

impl Default for HeatmapParams {
    fn default() -> Self {
        Self {
            location: None,
            epoch: "stim1".to_owned(),
            baseline: fixation(),
            stage: Stage::Mid,
            checkpoint: None,
        }
    }
}

/// What `heatmap` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    location: usize,
    locations: usize,
    epoch_name: String,
    times: Times,
    delay: Option<Range<usize>>,
    stage: Stage,
    checkpoint: Option<u64>,
    task: Task,
    dt_ms: u32,
}

impl Kind for HeatmapKind {
    type Params = HeatmapParams;
    type Resolved = Resolved;

    const NAME: &'static str = "heatmap";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[super::activity::INPUT];
    const BY_LOCATION: bool = true;
    const DRAWING: Option<Drawing> = Some(Drawing { version: 2, draw });

    fn bind(params: HeatmapParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let trial = Trial::of(scope).map_err(|complaint| vec![complaint])?;
        let times = trial.times(&params.epoch, &params.baseline, Window::Whole)?;
        let model = scope.model("activity").map_err(|complaint| vec![complaint])?;
        let locations = model.dynamics.ring_units;
        let location = params.location.unwrap_or(locations / 4);
        if location >= locations {
            let message = format!("there is no location {location}, the ring has 0 to {}", locations - 1);
            return Err(vec![Complaint::new("location", message)]);
        }
        let resolved = Resolved {
            location,
            locations,
            epoch_name: params.epoch,
            times,
            delay: trial.epoch("epoch", "delay1").ok(),
            stage: params.stage,
            checkpoint: params.checkpoint,
            task: trial.task(),
            dt_ms: trial.dt_ms(),
        };
        Ok(Bound::new(resolved, scope.upstream("activity")))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let picked = pick(inputs.all("activity"), resolved.stage, resolved.checkpoint, context)?;
        let seen = picked.map(|input| Simulator::of(input, context)).transpose()?;
        let seen = match seen {
            Some((chosen, simulator)) => Some((chosen, gather(&simulator, &resolved, context)?)),
            None => None,
        };
        if let Some((chosen, heatmap)) = &seen {
            warn(heatmap, chosen, &resolved, context);
        }
        tables(seen.as_ref(), &resolved)?.into_outcome()
    }
}

fn gather(simulator: &Simulator, resolved: &Resolved, context: &Context) -> Result<Heatmap, StageError> {
    let failed = || StageError::because("cannot compute the heatmap");
    let Times { epoch, baseline, .. } = resolved.times.clone();
    let mut builder = HeatmapBuilder::new(simulator.dynamics().units, resolved.location, epoch, baseline);
    simulator.by_location(context, |first, recorded| {
        let rates = recorded.recording().class_rates().map_err(failed())?;
        builder.add(first, &rates.correct).map_err(failed())?;
        let done = (first + rates.correct.n_locations()) as u64;
        let (total, unit) = (simulator.locations() as u64, "locations");
        context.report.progress(Progress { done, total, unit, fresh: done, lowest_performance: None });
        Ok(())
    })?;
    Ok(builder.finish())
}

fn warn(heatmap: &Heatmap, chosen: &Chosen, resolved: &Resolved, context: &Context) {
    if heatmap.trials == 0 {
        context.report.log(format!(
            "warning: checkpoint {} has no correct trial at location {}",
            chosen.trials, resolved.location
        ));
    }
    let without = heatmap.tuning.best.iter().filter(|best| best.is_none()).count();
    if without > 0 {
        context.report.log(format!(
            "warning: {without} units are silent before the cue, or there are no correct trials; they have no \
             best location"
        ));
    }
}

fn tables(seen: Option<&(Chosen, Heatmap)>, resolved: &Resolved) -> Result<Tables, StageError> {
    let failed = || StageError::because("cannot build the table");
    let degrees = |location: usize| 360.0 * location as f64 / resolved.locations as f64;
    let (chosen, heatmap) = match seen {
        Some((chosen, heatmap)) => (Some(chosen), Some(heatmap)),
        None => (None, None),
    };
    let order = heatmap.map_or(&[][..], |heatmap| &heatmap.order);
    let best = |unit: &usize| heatmap.and_then(|heatmap| heatmap.tuning.best[*unit]);
    let rates = heatmap.map_or(&[][..], |heatmap| &heatmap.rows);
    let steps = rates.len().checked_div(order.len()).unwrap_or(0);
    let ranks = |times: usize| (0..order.len() as i64).flat_map(move |rank| std::iter::repeat_n(rank, times));
    let cells = Table::new([
        ("rank", Values::I64(ranks(steps).collect())),
        (
            "time_ms",
            Values::F64((0..rates.len()).map(|at| (at % steps) as f64 * f64::from(resolved.dt_ms)).collect()),
        ),
        ("rate", Values::F64(rates.to_vec())),
    ])
    .map_err(failed())?;
    let units = Table::new([
        ("rank", Values::I64(ranks(1).collect())),
        ("unit", Values::I64(order.iter().map(|unit| *unit as i64).collect())),
        ("best_deg", Values::F64(order.iter().map(|unit| best(unit).map_or(f64::NAN, degrees)).collect())),
        (
            "peak",
            Values::F64(
                heatmap.map_or_else(Vec::new, |map| order.iter().map(|u| map.tuning.peak[*u]).collect()),
            ),
        ),
    ])
    .map_err(failed())?;
    let shown = [
        ("location", Values::I64(vec![resolved.location as i64])),
        ("location_deg", Values::F64(vec![degrees(resolved.location)])),
        ("locations", Values::I64(vec![resolved.locations as i64])),
        ("correct_trials", Values::I64(vec![heatmap.map_or(0, |heatmap| heatmap.trials as i64)])),
        ("epoch", Values::Text(vec![resolved.epoch_name.clone()])),
    ];
    let about = Table::new(about(resolved.stage, chosen).into_iter().chain(shown)).map_err(failed())?;
    let numbers = heatmap.map_or_else(Numbers::default, |heatmap| numbers(heatmap, resolved));
    Ok(Tables::default()
        .with("cells", cells)
        .with("units", units)
        .with("about", about)
        .with("spans", super::activity::spans(resolved.task, resolved.dt_ms)?)
        .with("numbers", numbers.into_table()?))
}

/// How many units the cue drives, and how active those are that prefer the location, against the others.
fn numbers(heatmap: &Heatmap, resolved: &Resolved) -> Numbers {
    let mut numbers = Numbers::default();
    let group = resolved.stage.name();
    let driven = |unit: usize| heatmap.tuning.peak[unit] > 0.0;
    let count = heatmap.order.iter().filter(|unit| driven(**unit)).count();
    numbers.push(group, "units that the cue drives", count as f64, heatmap.order.len());
    let steps = heatmap.rows.len().checked_div(heatmap.order.len()).unwrap_or(0);
    let near = |location: usize| {
        let away = location.abs_diff(resolved.location);
        let away = away.min(resolved.locations - away) as f64 * 360.0 / resolved.locations as f64;
        away <= NEAR_DEG
    };
    let delay = resolved.delay.iter().map(|steps| ("delay1", steps));
    for (name, epoch) in delay.chain([(resolved.epoch_name.as_str(), &resolved.times.epoch)]) {
        let (mut preferring, mut others) = (Vec::new(), Vec::new());
        for (unit, row) in heatmap.order.iter().zip(heatmap.rows.chunks_exact(steps.max(1))) {
            let Some(best) = heatmap.tuning.best[*unit].filter(|_| driven(*unit)) else { continue };
            let rate = mean(&row[epoch.clone()]);
            if !rate.is_nan() {
                if near(best) { preferring.push(rate) } else { others.push(rate) }
            }
        }
        let mut test = one_way_anova(&[preferring.clone(), others.clone()]);
        for (who, rates) in [("the location", preferring), ("other locations", others)] {
            if !rates.is_empty() {
                let quantity = format!("relative rate in {name}, units that prefer {who}");
                numbers.mean(group, &quantity, &rates).test(test.take());
            }
        }
    }
    numbers
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = HeatmapTables {
        cells: tables.get("cells")?,
        units: tables.get("units")?,
        about: tables.get("about")?,
        spans: tables.get("spans")?,
    };
    figures::heatmap(parts, style).map_err(StageError::because("cannot draw the heatmap"))
}
