//! The report: one page that holds everything: figures, tables, parameters, times and keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};
use petgraph::graph::NodeIndex;
use serde::Serialize;

use crate::figures::{style_sheet, without_fonts};
use crate::plan::{Instance, Plan, State, resolved};
use crate::stages::Gives;
use crate::store::Store;
use crate::table::Table;

const TEMPLATE: &str = include_str!("report.html.jinja");
/// Tables longer than this are not shown but for their first rows; the files have them whole.
const MOST_ROWS: usize = 60;

#[derive(Serialize)]
struct Figure {
    name: String,
    /// An SVG element, or a picture that comes along where no SVG was asked for.
    drawing: String,
    numbers: Option<Rows>,
}

#[derive(Serialize)]
struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    left_out: usize,
}

#[derive(Serialize)]
struct StageRow {
    name: String,
    kind: &'static str,
    state: &'static str,
    seconds: String,
    key: String,
}

/// What a report is made from; the same state gives the same report.
pub fn state(plan: &Plan) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(resolved(plan).as_bytes());
    for (_, instance) in plan.instances() {
        hasher.update(instance.address.as_bytes());
        if let Some(settled) = instance.settled() {
            hasher.update(settled.key.as_bytes()).update(&settled.started_ms.to_le_bytes());
        }
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

/// The report as HTML.
pub fn html(plan: &Plan, store: &Store) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let figures: Vec<Figure> = plan
        .instances()
        .filter(|(node, _)| plan.stage(*node).kind.gives() == Gives::Figure)
        .filter_map(|(node, instance)| figure(plan, node, instance, store))
        .collect();
    let stages: Vec<StageRow> = plan
        .instances()
        .filter(|(_, instance)| instance.item.is_none())
        .map(|(node, instance)| row(instance, plan.stage(node).kind.name()))
        .collect();
    let total: u64 =
        plan.instances().filter_map(|(_, i)| i.settled()).map(|settled| settled.duration_ms).sum();
    let values = context! {
        name => plan.experiment.name.as_str(),
        description => plan.experiment.description.as_deref(),
        program => concat!("rnnwm ", env!("CARGO_PKG_VERSION")),
        fonts => style_sheet(),
        figures => Value::from(Serde(figures)),
        stages => Value::from(Serde(stages)),
        total => format!("{:.1}", total as f64 / 1000.0),
        parameters => resolved(plan),
    };
    // The template is part of the program; a test renders it.
    environment.render_str(TEMPLATE, values).unwrap_or_else(|error| format!("<pre>{error}</pre>"))
}

fn figure(plan: &Plan, node: NodeIndex, instance: &Instance, store: &Store) -> Option<Figure> {
    let outputs = &instance.settled()?.outputs;
    let read = |name: &str| store.read(outputs.get(name)?).ok();
    let drawing = match read("figure.svg") {
        Some(svg) => without_fonts(&String::from_utf8(svg).ok()?),
        None => {
            let picture = STANDARD.encode(read("figure.png")?);
            format!("<img alt=\"\" src=\"data:image/png;base64,{picture}\">")
        }
    };
    // A figure of its own stands for several statistics, and their numbers stand with them.
    if !plan.stage(node).is_brought_along() {
        return Some(Figure { name: instance.address.clone(), drawing, numbers: None });
    }
    let statistic = &plan.graph[*instance.inputs.first()?.first()?];
    let numbers = statistic.settled().and_then(|settled| {
        let named =
            ["numbers.parquet", "summary.parquet"].iter().find_map(|name| settled.outputs.get(name))?;
        rows(&Table::from_parquet(&store.read(named).ok()?).ok()?)
    });
    Some(Figure { name: statistic.address.clone(), drawing, numbers })
}

fn rows(table: &Table) -> Option<Rows> {
    if table.is_empty() {
        return None;
    }
    let rows = table.rows().take(MOST_ROWS).collect();
    Some(Rows { columns: table.columns(), rows, left_out: table.len().saturating_sub(MOST_ROWS) })
}

fn row(instance: &Instance, kind: &'static str) -> StageRow {
    let state = match &instance.state {
        State::Known(_) => "known",
        State::Expanded(_) | State::Simulated => "simulated when needed",
        State::Pending { .. } | State::Waiting => "not run",
        State::Failed => "failed",
    };
    let settled = instance.settled();
    StageRow {
        name: instance.address.clone(),
        kind,
        state,
        seconds: settled
            .map_or(String::new(), |settled| format!("{:.1}", settled.duration_ms as f64 / 1000.0)),
        key: settled.map_or(String::new(), |settled| settled.key.to_string()),
    }
}
