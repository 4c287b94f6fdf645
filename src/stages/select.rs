//! `select`: the checkpoints that stand for early, mid and mature networks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::stats::{Criteria, Selection, Stage, select};

use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Arity, Bound, Complaint, Gives, Input, Kind, Offer, Scope};
use super::model::CHECKPOINTS;
use super::task_name::TaskName;
use super::train::TrainingLog;

/// The kind `select`.
pub struct Select;

/// Chooses the checkpoints of a model that stand for the early, mid and mature stages of training, by
/// the smoothed performance of one task.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectParams {
    /// The task of the model whose performance decides. Not needed where the model has only one.
    #[serde(default)]
    task: Option<TaskName>,
    /// Where the stages lie.
    #[serde(default)]
    criteria: Criteria,
    /// Checkpoints named by hand instead, by trials trained.
    #[serde(default)]
    by_hand: Option<ByHand>,
}

/// Checkpoints named by hand, by trials trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ByHand {
    /// Of the early stage.
    early: Vec<u64>,
    /// Of the mid stage.
    mid: Vec<u64>,
    /// Of the mature stage.
    mature: Vec<u64>,
}

/// What `select` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    task: usize,
    criteria: Criteria,
    by_hand: Option<ByHand>,
}

/// A chosen checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// Trials trained.
    pub trials: u64,
    /// The stages that it stands for.
    pub stages: Vec<Stage>,
    /// Its performance in the task that decided.
    pub performance: f64,
}

impl Kind for Select {
    type Params = SelectParams;
    type Resolved = Resolved;

    const NAME: &'static str = "select";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Selection;
    const INPUTS: &'static [Input] = &[Input {
        name: "model",
        takes: Gives::Model,
        arity: Arity::One,
        parts: &["log", CHECKPOINTS],
        about: "the model whose checkpoints are chosen",
    }];

    fn bind(params: SelectParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let model = scope.model("model").map_err(|complaint| vec![complaint])?;
        let task = match &params.task {
            Some(TaskName(name)) => model.task("task", name).map_err(|complaint| vec![complaint])?,
            None if model.tasks.len() == 1 => 0,
            None => {
                let complaint = Complaint::new("task", "the model has several tasks; which one decides?");
                return Err(vec![complaint.help(format!("add `task = \"...\"`, one of {}", model.list()))]);
            }
        };
        let Criteria { early, mid, mature, .. } = params.criteria;
        if !(early < mid && mid < mature) {
            let complaint = Complaint::new("criteria", "the stages are not in order");
            return Err(vec![complaint.help("early < mid < mature is needed")]);
        }
        let probe = Some(model.tasks[task].task);
        let resolved = Resolved { task, criteria: params.criteria, by_hand: params.by_hand };
        Ok(Bound::new(resolved, Offer { model: Some(model), task: Some(task), probe, ..Offer::default() }))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let model = inputs.one("model")?;
        let log: TrainingLog = context.read_json(model, "log")?;
        let trials: Vec<u64> = log.tests.iter().map(|test| test.trials).collect();
        let performance = log.performance(resolved.task);
        let kept: Option<Vec<u64>> =
            model.has(CHECKPOINTS).then(|| context.read_json(model, CHECKPOINTS)).transpose()?;
        let is_there = |trials: &u64| kept.as_ref().is_none_or(|kept| kept.contains(trials));
        let there: Vec<u64> = trials.iter().copied().filter(is_there).collect();
        let selection = match resolved.by_hand {
            Some(by_hand) => existing(by_hand, &there)?,
            None => only_existing(select(&trials, &performance, &resolved.criteria), &there, context),
        };
        for stage in Stage::ALL {
            let count = selection.of(stage).len();
            context.report.log(format!("{}: {count} checkpoints", stage.name()));
            if count == 0 {
                context.report.log(format!("warning: no checkpoint is {}", stage.name()));
            }
        }
        let items: Vec<Chosen> = trials
            .iter()
            .zip(&performance)
            .filter_map(|(trials, performance)| {
                let stages: Vec<Stage> =
                    Stage::ALL.into_iter().filter(|stage| selection.of(*stage).contains(trials)).collect();
                (!stages.is_empty()).then_some(Chosen { trials: *trials, stages, performance: *performance })
            })
            .collect();
        let facts = json!({ "items": items });
        let bytes = serde_json::to_vec(&items).map_err(StageError::because("cannot write the selection"))?;
        Ok(Outcome { outputs: vec![("selection".to_owned(), bytes)], facts, ..Outcome::default() })
    }
}

/// What a selection has of checkpoints that are there. It is made from the log, so some may be missing.
fn only_existing(selection: Selection, there: &[u64], context: &Context) -> Selection {
    let keep = |stage: Stage| {
        let selected = selection.of(stage);
        let kept: Vec<u64> = selected.iter().copied().filter(|trials| there.contains(trials)).collect();
        if kept.len() < selected.len() {
            context.report.log(format!(
                "warning: of {} {} checkpoints, {} are there; the others are in the log only",
                selected.len(),
                stage.name(),
                kept.len()
            ));
        }
        kept
    };
    Selection { early: keep(Stage::Early), mid: keep(Stage::Mid), mature: keep(Stage::Mature) }
}

fn existing(by_hand: ByHand, trials: &[u64]) -> Result<Selection, StageError> {
    let ByHand { early, mid, mature } = by_hand;
    let named = early.iter().chain(&mid).chain(&mature);
    if let Some(missing) = named.into_iter().find(|named| !trials.contains(named)) {
        let nearest = trials.iter().min_by_key(|trials| trials.abs_diff(*missing)).copied().unwrap_or(0);
        return Err(StageError::Failed(format!(
            "the model has no checkpoint at {missing} trials; the nearest is at {nearest}"
        )));
    }
    Ok(Selection { early, mid, mature })
}
