//! `rnnwm why`.

use clap::Args;
use serde_json::json;

use crate::plan::{Difference, Explanation, Plan, Reason, Standing, brief};
use crate::store::{Durability, Store, now_ms};

use super::about::about;
use super::args::StageArgs;
use super::experiment_file::{self, last_simulated};
use super::failure::Failure;

/// Letters of a value that are shown.
const VALUE_WIDTH: usize = 36;

/// Arguments of `rnnwm why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    #[command(flatten)]
    stage: StageArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Says why a stage will run, or will not.
pub fn why(args: &WhyArgs) -> Result<(), Failure> {
    let store = Store::open(&args.stage.store.store, Durability::Synced)?;
    let mut plan = experiment_file::plan_of_stage(&args.stage, &store)?;
    plan.revive_lost(&store, crate::run::is_laid_out);
    let simulated = last_simulated(&store, &plan.experiment.name);
    let selected = plan.select(&args.stage.stage)?;
    let explanations: Vec<Explanation> =
        selected.into_iter().map(|node| plan.explain(node, &simulated, &store)).collect();
    super::print(&if args.json { as_json(&explanations) } else { as_text(&explanations, &plan) });
    Ok(())
}

fn as_json(explanations: &[Explanation]) -> String {
    let all: Vec<_> = explanations
        .iter()
        .map(|explanation| {
            let roots: Vec<&str> = explanation.roots().iter().map(|root| root.stage.as_str()).collect();
            json!({ "why": explanation, "roots": roots })
        })
        .collect();
    format!("{:#}\n", json!(all))
}

fn as_text(explanations: &[Explanation], plan: &Plan) -> String {
    let each: Vec<String> = explanations
        .iter()
        .map(|explanation| {
            let mut text = String::new();
            tree(explanation, 0, &mut text);
            text.push_str(&conclusion(explanation, plan));
            text
        })
        .collect();
    each.join("\n")
}

/// An instance, what differs in it, and below it what it takes in.
fn tree(explanation: &Explanation, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let state = match explanation.state {
        Standing::Known => "known",
        Standing::WillRun => "will run",
        Standing::MayRun => "may run",
        Standing::OnDemand => "on demand",
    };
    let last = explanation.last.map(|last| {
        let ago = about(now_ms().saturating_sub(last.started_ms));
        format!("  (last time: {ago} ago, {})", about(last.duration_ms))
    });
    text.push_str(&format!("{indent}{}: {state}{}\n", explanation.stage, last.unwrap_or_default()));
    if let Some(reason @ (Reason::New | Reason::Lost(_))) = &explanation.reason {
        text.push_str(&format!("{indent}  - {reason}\n"));
    }
    let names = explanation.differences.iter().map(|difference| match difference {
        Difference::Field { field, .. } => field.len(),
        Difference::Input { .. } => 0,
    });
    let width = names.max().unwrap_or(0);
    for difference in &explanation.differences {
        let line = match difference {
            Difference::Field { field, before, after } => {
                format!("{field:width$}  {} -> {}", brief(before, VALUE_WIDTH), brief(after, VALUE_WIDTH))
            }
            Difference::Input { .. } => difference.to_string(),
        };
        text.push_str(&format!("{indent}  - {line}\n"));
    }
    for upstream in &explanation.upstream {
        tree(upstream, depth + 1, text);
    }
}

fn conclusion(explanation: &Explanation, plan: &Plan) -> String {
    let roots = explanation.roots();
    let names: Vec<&str> = roots.iter().map(|root| root.stage.as_str()).collect();
    match (explanation.state, names.as_slice()) {
        (Standing::Known, []) => "nothing differs from the last time\n".to_owned(),
        (Standing::Known, _) => "it is known all the same, from an earlier run\n".to_owned(),
        (_, []) if plan.last.is_empty() => "nothing of this experiment has run yet\n".to_owned(),
        (_, []) => "nothing differs from the last time\n".to_owned(),
        (_, [only]) if *only == explanation.stage => String::new(),
        (_, names) => format!("it begins with {}\n", names.join(", ")),
    }
}
