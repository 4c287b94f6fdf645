//! `summary`: headline numbers across the sweep.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::figures;
use crate::stats::{Interval, TestResult, mean_interval, one_sample_t, sd};
use crate::table::{Table, Values};

use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Arity, Bound, Complaint, Drawing, Gives, Input, Kind, Offer, Scope};
use super::numbers::Sample;
use super::tables::Tables;

/// The kind `summary`.
pub struct Summary;

/// Gathers the headline numbers of statistics along the axes of `over` into one tidy table: means with 95%
/// intervals, standard deviations and errors, and t-tests against 0 (their scope is `model` where the models
/// differ in their seeds), and a figure of them against one of these axes.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SummaryParams {
    /// The gathered axis that numbers are shown against; the mean is taken over the others.
    against: Option<String>,
    /// Only these quantities [default: all].
    quantities: Vec<String>,
}

/// What `summary` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    against: Option<String>,
    quantities: Vec<String>,
    sample: Sample,
}

/// What the planner says of a gathered input.
#[derive(Deserialize)]
struct Position {
    of: String,
    at: BTreeMap<String, Json>,
}

/// One headline number with its place in the sweep.
struct Row {
    statistic: String,
    group: String,
    quantity: String,
    at: BTreeMap<String, Json>,
    value: f64,
}

impl Kind for Summary {
    type Params = SummaryParams;
    type Resolved = Resolved;

    const NAME: &'static str = "summary";
    const VERSION: u32 = 2;
    const GIVES: Gives = Gives::Statistic;
    const INPUTS: &'static [Input] = &[Input {
        name: "of",
        takes: Gives::Statistic,
        arity: Arity::Gathered,
        parts: &["numbers.parquet"],
        about: "the statistics whose numbers are gathered",
    }];
    const DRAWING: Option<Drawing> = Some(Drawing { version: 3, draw });

    fn bind(params: SummaryParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        if let Some(against) = params.against.as_deref().filter(|against| !scope.over.contains(against)) {
            let complaint = Complaint::new("against", format!("`{against}` is not gathered here"));
            return Err(vec![complaint.help(match scope.over {
                [] => format!("add `over = [\"{against}\"]`"),
                over => format!("`over` gathers {}", over.join(", ")),
            })]);
        }
        let gathered = scope.inputs.get("of").into_iter().flatten();
        let seeds: BTreeSet<u64> =
            gathered.filter_map(|offer| offer.model.as_ref().map(|model| model.seed)).collect();
        let sample = if seeds.len() > 1 { Sample::Model } else { Sample::Descriptive };
        let resolved = Resolved { against: params.against, quantities: params.quantities, sample };
        Ok(Bound::new(resolved, Offer::default()))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let mut rows = Vec::new();
        for input in inputs.all("of") {
            let position: Position = serde_json::from_value(input.item.clone()).map_err(StageError::Job)?;
            let numbers = Tables::read(input, context)?;
            rows.extend(read(&position, numbers.get("numbers")?)?);
        }
        if !resolved.quantities.is_empty() {
            rows.retain(|row| resolved.quantities.contains(&row.quantity));
        }
        if rows.is_empty() {
            context.report.log("warning: there are no numbers to gather".to_owned());
        }
        Tables::default()
            .with("rows", all(&rows)?)
            .with("summary", means(&rows, resolved.against.as_deref(), resolved.sample)?)
            .into_outcome()
    }
}

fn read(position: &Position, numbers: &Table) -> Result<Vec<Row>, StageError> {
    let failed = || StageError::because("cannot read the numbers");
    let group = numbers.text("group").map_err(failed())?;
    let quantity = numbers.text("quantity").map_err(failed())?;
    let value = numbers.f64("value").map_err(failed())?;
    let rows = group.into_iter().zip(quantity).zip(value).map(|((group, quantity), value)| Row {
        statistic: position.of.clone(),
        group,
        quantity,
        at: position.at.clone(),
        value,
    });
    Ok(rows.collect())
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Every number with its place in the sweep, one column for each axis.
fn all(rows: &[Row]) -> Result<Table, StageError> {
    let text = |of: fn(&Row) -> &String| Values::Text(rows.iter().map(|row| of(row).clone()).collect());
    let mut columns = vec![
        ("statistic", text(|row| &row.statistic)),
        ("group", text(|row| &row.group)),
        ("quantity", text(|row| &row.quantity)),
    ];
    let axes: BTreeSet<&String> = rows.iter().flat_map(|row| row.at.keys()).collect();
    for axis in &axes {
        let values = rows.iter().map(|row| row.at.get(*axis).map(shown).unwrap_or_default());
        columns.push((axis.as_str(), Values::Text(values.collect())));
    }
    columns.push(("value", Values::F64(rows.iter().map(|row| row.value).collect())));
    Table::new(columns).map_err(StageError::because("cannot build the table"))
}

/// What one point of the summary is about.
#[derive(PartialEq)]
struct Point<'a> {
    statistic: &'a str,
    group: &'a str,
    quantity: &'a str,
    at: String,
}

/// The mean of some values, and whether it differs from 0.
struct Mean {
    interval: Interval,
    sd: f64,
    test: Option<TestResult>,
}

impl Mean {
    fn of(values: &[f64]) -> Self {
        let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        Self { interval: mean_interval(&present), sd: sd(&present), test: one_sample_t(&present) }
    }
}

/// Means with intervals, for each quantity and each place on the axis that they are shown against.
fn means(rows: &[Row], against: Option<&str>, sample: Sample) -> Result<Table, StageError> {
    let mut points: Vec<(Point, Vec<f64>)> = Vec::new();
    for row in rows {
        let point = Point {
            statistic: &row.statistic,
            group: &row.group,
            quantity: &row.quantity,
            at: against.and_then(|axis| row.at.get(axis)).map(shown).unwrap_or_default(),
        };
        match points.iter_mut().find(|(known, _)| *known == point) {
            Some((_, values)) => values.push(row.value),
            None => points.push((point, vec![row.value])),
        }
    }
    let means: Vec<Mean> = points.iter().map(|(_, values)| Mean::of(values)).collect();
    let text = |of: fn(&Point) -> String| Values::Text(points.iter().map(|(point, _)| of(point)).collect());
    let number = |of: fn(&Mean) -> f64| Values::F64(means.iter().map(of).collect());
    Table::new([
        ("statistic", text(|point| format!("{}: {}", point.statistic, point.quantity))),
        ("series", text(|point| point.group.to_owned())),
        ("axis", Values::Text(vec![against.unwrap_or_default().to_owned(); points.len()])),
        ("x", text(|point| point.at.clone())),
        ("value", number(|mean| mean.interval.mean)),
        ("low", number(|mean| mean.interval.low)),
        ("high", number(|mean| mean.interval.high)),
        ("n", Values::I64(means.iter().map(|mean| mean.interval.n as i64).collect())),
        ("sd", number(|mean| mean.sd)),
        ("sem", number(|mean| mean.sd / (mean.interval.n as f64).sqrt())),
        ("t", number(|mean| mean.test.as_ref().map_or(f64::NAN, |test| test.statistic))),
        ("p", number(|mean| mean.test.as_ref().map_or(f64::NAN, |test| test.p))),
        ("scope", Values::Text(vec![sample.name().to_owned(); points.len()])),
    ])
    .map_err(StageError::because("cannot build the table"))
}

fn draw(tables: &Tables, style: &figures::FigureStyle) -> Result<String, StageError> {
    let table = tables.get("summary")?;
    let axis = table
        .text("axis")
        .map_err(StageError::because("cannot read the axis"))?
        .into_iter()
        .next()
        .unwrap_or_default();
    Ok(figures::summary(table, &axis, style)?)
}
