//! The stage kind `weights`.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::{self, WeightsTables};
use crate::random::Stream;
use crate::stages::activity::INPUT;
use crate::stages::analysis::{Times, Trial, Window, fixation, pick};
use crate::stages::context::{Context, Inputs, Outcome, StageError};
use crate::stages::kind::{Bound, Complaint, Drawing, Gives, Input, Kind, Scope};
use crate::stages::model::{ModelSpec, NamedTask};
use crate::stages::select::Chosen;
use crate::stages::simulator::Simulator;
use crate::stages::tables::Tables;
use crate::stats::{Clusters, CueTuning, CueTuningBuilder, Stage, TaskVarianceBuilder, cluster_units};
use crate::tasks::Task;

use super::blocks::{Block, blocks};
use super::tables::tables;

/// The kind `weights`.
pub struct WeightsKind;

/// What units are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The location to whose cue they respond best.
    #[default]
    Cue,
    /// What they are for: clusters of units that the same tasks move.
    Cluster,
}

/// The weight matrices of the median checkpoint of a stage of training, `[to, from]`, with the biases, units
/// sorted by the location to whose cue they respond best in the trials of the activity. Or sorted by what
/// they are for: all tasks of the model are simulated as those trials are, and units are clustered by the
/// variance that each task gives them (k-means, the number of clusters by silhouette).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WeightsParams {
    /// What units are sorted by.
    order: Order,
    /// The epoch in which best locations are found.
    epoch: String,
    /// The epoch that rates are compared with.
    baseline: String,
    /// The stage of training; its median checkpoint is looked at, of an even number the earlier of two.
    stage: Stage,
    /// A checkpoint of the selection by its trials instead.
    checkpoint: Option<u64>,
}

impl Default for WeightsParams {
    fn default() -> Self {
        Self {
            order: Order::default(),
            epoch: "stim1".to_owned(),
            baseline: fixation(),
            stage: Stage::Mature,
            checkpoint: None,
        }
    }
}

/// What `weights` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    pub(super) order: Order,
    times: Times,
    pub(super) stage: Stage,
    checkpoint: Option<u64>,
    /// The tasks of the model, where they are simulated.
    pub(super) tasks: Vec<ModelTask>,
}

/// A task of the model.
#[derive(Debug, Serialize, Deserialize)]
pub struct ModelTask {
    pub(super) name: String,
    task: Task,
    /// Its rule unit, counted from 0.
    rule: usize,
    /// The steps after fixation.
    after_fixation: Range<usize>,
}

impl Kind for WeightsKind {
    type Params = WeightsParams;
    type Resolved = Resolved;

    const NAME: &'static str = "weights";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[INPUT];
    const BY_LOCATION: bool = true;
    const DRAWING: Option<Drawing> = Some(Drawing { version: 2, draw });

    fn bind(params: WeightsParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let trial = Trial::of(scope).map_err(|complaint| vec![complaint])?;
        let times = trial.times(&params.epoch, &params.baseline, Window::Whole)?;
        let model = scope.model(INPUT.name).map_err(|complaint| vec![complaint])?;
        let tasks = match params.order {
            Order::Cue => Vec::new(),
            Order::Cluster => model_tasks(&model).map_err(|complaint| vec![complaint])?,
        };
        let (order, stage, checkpoint) = (params.order, params.stage, params.checkpoint);
        let resolved = Resolved { order, times, stage, checkpoint, tasks };
        Ok(Bound::new(resolved, scope.upstream(INPUT.name)))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let picked = pick(inputs.all(INPUT.name), resolved.stage, resolved.checkpoint, context)?;
        let seen = match picked {
            Some(input) => Some(look(Simulator::of(input, context)?, &resolved, context)?),
            None => None,
        };
        tables(seen.as_ref(), &resolved)?.into_outcome()
    }
}

fn model_tasks(model: &ModelSpec) -> Result<Vec<ModelTask>, Complaint> {
    let after_fixation = |NamedTask { name, task, rule }: &NamedTask| {
        let dt_ms = model.dynamics.dt_ms;
        let laid_out = task.steps(dt_ms).and_then(|steps| Ok((steps, task.epochs(dt_ms)?)));
        let (steps, epochs) = laid_out.map_err(|error| Complaint::new("order", error.to_string()))?;
        let fixation_end = epochs.iter().find(|epoch| epoch.name == fixation()).and_then(|epoch| epoch.end);
        let after_fixation = fixation_end.unwrap_or(0)..steps;
        Ok(ModelTask { name: name.clone(), task: *task, rule: *rule, after_fixation })
    };
    model.tasks.iter().map(after_fixation).collect()
}

/// What was found in one checkpoint.
pub(super) struct Seen {
    pub chosen: Chosen,
    /// Stimulus locations.
    pub locations: usize,
    pub tuning: CueTuning,
    /// Units in the order in which they are shown.
    pub order: Vec<usize>,
    pub blocks: Vec<Block>,
    /// Task variance `[unit, task]`, where tasks were simulated.
    pub variance: Vec<f64>,
    pub clusters: Clusters,
}

fn look(
    (chosen, simulator): (Chosen, Simulator),
    resolved: &Resolved,
    context: &Context,
) -> Result<Seen, StageError> {
    let failed = || StageError::because("cannot find best locations");
    let units = simulator.dynamics().units;
    let Times { epoch, baseline, .. } = resolved.times.clone();
    let mut tuning = CueTuningBuilder::new(units, epoch, baseline);
    simulator.by_location(context, |first, recorded| {
        let rates = recorded.recording().class_rates().map_err(failed())?;
        tuning.add(first, &rates.correct).map_err(failed())
    })?;
    let tuning = tuning.finish();
    let variance = task_variances(&simulator, resolved, context)?;
    let clusters = cluster_units(&variance, resolved.tasks.len(), &Stream::new(0, "clusters"));
    warn(&tuning, &clusters, resolved, context);
    let order = order(&tuning, &clusters);
    let blocks = blocks(simulator.weights(), simulator.dynamics(), &order);
    let locations = simulator.locations();
    Ok(Seen { chosen, locations, tuning, order, blocks, variance, clusters })
}

/// The variance of every unit in every task `[unit, task]`.
fn task_variances(
    simulator: &Simulator,
    resolved: &Resolved,
    context: &Context,
) -> Result<Vec<f64>, StageError> {
    let units = simulator.dynamics().units;
    let mut by_task = Vec::new();
    for ModelTask { task, rule, after_fixation, .. } in &resolved.tasks {
        let mut variance = TaskVarianceBuilder::new(units, after_fixation.clone());
        simulator.in_task(*task, *rule).by_location(context, |_, recorded| {
            variance.add(&recorded.recording()).map_err(StageError::because("cannot compute the variance"))
        })?;
        by_task.push(variance.finish());
    }
    Ok((0..units).flat_map(|unit| by_task.iter().map(move |variance| variance[unit])).collect())
}

/// Units by cluster, those of none last; or, without clusters, by best location.
fn order(tuning: &CueTuning, clusters: &Clusters) -> Vec<usize> {
    let mut order = clusters.order.clone();
    order.extend(tuning.order().into_iter().filter(|unit| !clusters.order.contains(unit)));
    order
}

fn warn(tuning: &CueTuning, clusters: &Clusters, resolved: &Resolved, context: &Context) {
    let without = tuning.best.iter().filter(|best| best.is_none()).count();
    if without > 0 {
        context.report.log(format!(
            "warning: {without} units have no best location (silent before the cue, or no correct trials)"
        ));
    }
    if resolved.order == Order::Cluster && clusters.order.is_empty() {
        context.report.log(
            "warning: fewer than three units vary in these tasks, or all alike, so there are no clusters; units \
             are sorted by best location"
                .to_owned(),
        );
    }
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let parts = WeightsTables {
        cells: tables.get("cells")?,
        blocks: tables.get("blocks")?,
        units: tables.get("units")?,
        clusters: tables.get("clusters")?,
        variance: tables.get("task_variance")?,
        about: tables.get("about")?,
    };
    figures::weights(parts, style).map_err(StageError::because("cannot draw the weights"))
}
