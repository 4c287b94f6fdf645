//! `growth`: performance against trials trained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures;
use crate::stats::{Stage, smooth_forward};
use crate::table::{Table, Values};

use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Arity, Bound, Complaint, Drawing, Gives, Input, Kind, Offer, Scope};
use super::numbers::Numbers;
use super::select::Chosen;
use super::tables::Tables;
use super::train::TrainingLog;

/// The performance by which a task counts as learnt.
const LEARNT: f64 = 0.95;

/// The kind `growth`.
pub struct Growth;

/// The growth of performance: every task's smoothed performance against trials trained, the chosen
/// stages shaded.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GrowthParams {
    /// Performance is smoothed over a test and this many that follow.
    window: usize,
}

impl Default for GrowthParams {
    fn default() -> Self {
        Self { window: 5 }
    }
}

/// What `growth` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    window: usize,
    tasks: Vec<String>,
    /// The task by whose performance checkpoints were chosen, if they were.
    chosen_by: Option<String>,
}

impl Kind for Growth {
    type Params = GrowthParams;
    type Resolved = Resolved;

    const NAME: &'static str = "growth";
    const VERSION: u32 = 2;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[
        Input {
            name: "model",
            takes: Gives::Model,
            arity: Arity::One,
            parts: &["log"],
            about: "the model whose training is shown",
        },
        Input {
            name: "selection",
            takes: Gives::Selection,
            arity: Arity::Optional,
            parts: &["selection"],
            about: "the stages to shade",
        },
    ];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 3, draw });

    fn bind(params: GrowthParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let model = scope.model("model").map_err(|complaint| vec![complaint])?;
        let tasks = model.tasks.iter().map(|task| task.name.clone()).collect();
        let chosen_by = scope.upstream("selection").task.map(|task| model.tasks[task].name.clone());
        let offer = Offer { model: Some(model), ..Offer::default() };
        Ok(Bound::new(Resolved { window: params.window, tasks, chosen_by }, offer))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let log: TrainingLog = context.read_json(inputs.one("model")?, "log")?;
        let chosen: Vec<Chosen> = match inputs.all("selection").first() {
            Some(selection) => context.read_json(selection, "selection")?,
            None => Vec::new(),
        };
        let trials: Vec<u64> = log.tests.iter().map(|test| test.trials).collect();
        let (mut task, mut at) = (Vec::new(), Vec::new());
        let (mut performance, mut smoothed) = (Vec::new(), Vec::new());
        let mut numbers = Numbers::default();
        for (index, name) in resolved.tasks.iter().enumerate() {
            let raw = log.performance(index);
            let learnt = trials.iter().zip(&raw).find(|(_, performance)| **performance > LEARNT);
            if let Some((trials, _)) = learnt {
                numbers.push(name, &format!("trials to {LEARNT}"), *trials as f64, raw.len());
            }
            if let Some(last) = raw.last() {
                numbers.push(name, "final performance", *last, raw.len());
            }
            task.extend(raw.iter().map(|_| name.clone()));
            at.extend(trials.iter().map(|trials| *trials as i64));
            smoothed.extend(smooth_forward(&raw, resolved.window));
            performance.extend(raw);
        }
        let curves = Table::new([
            ("task", Values::Text(task)),
            ("trials", Values::I64(at)),
            ("performance", Values::F64(smoothed)),
            ("raw_performance", Values::F64(performance)),
        ])
        .map_err(StageError::because("cannot build the table"))?;
        Tables::default()
            .with("curves", curves)
            .with("stages", stages(&chosen, &trials, resolved.chosen_by.as_deref().unwrap_or_default())?)
            .with("numbers", numbers.into_table()?)
            .into_outcome()
    }
}

/// Stretches of neighbouring checkpoints that were chosen for the same stage.
fn stages(chosen: &[Chosen], trials: &[u64], task: &str) -> Result<Table, StageError> {
    let (mut names, mut start, mut end) = (Vec::new(), Vec::new(), Vec::new());
    for stage in Stage::ALL {
        let is_chosen =
            |trials: &u64| chosen.iter().any(|c| c.trials == *trials && c.stages.contains(&stage));
        for stretch in
            trials.chunk_by(|a, b| is_chosen(a) == is_chosen(b)).filter(|stretch| is_chosen(&stretch[0]))
        {
            names.push(stage.name().to_owned());
            start.push(stretch[0] as i64);
            end.push(stretch[stretch.len() - 1] as i64);
        }
    }
    let task = names.iter().map(|_| task.to_owned()).collect();
    Table::new([
        ("stage", Values::Text(names)),
        ("start", Values::I64(start)),
        ("end", Values::I64(end)),
        ("task", Values::Text(task)),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    Ok(figures::growth(tables.get("curves")?, tables.get("stages")?, tables.get("numbers")?, style)?)
}
