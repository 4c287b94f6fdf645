//! `rnnwm diff`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::run::{History, Run};
use crate::store::{Durability, Key, Store};
use crate::table::Table;

use super::args::StoreArgs;
use super::failure::Failure;
use super::run_name::{FORMS, Runs};
use super::text::{Columns, Side, clip, counted};

/// Values of parameters wider than this are cut.
const VALUE_WIDTH: usize = 28;

/// Arguments of `rnnwm diff`.
#[derive(Debug, Args)]
#[command(after_help = FORMS)]
pub struct DiffArgs {
    /// The earlier run.
    #[arg(default_value = "last~1")]
    before: String,
    /// The later run.
    #[arg(default_value = "last")]
    after: String,
    /// Show the numbers that are the same in both as well.
    #[arg(long)]
    all: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    store: StoreArgs,
}

/// Compares two runs.
pub fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let store = Store::open(&args.store.store, Durability::Synced)?;
    let runs = Runs::new(&History::new(store.root()), |run| run.record.end.is_some());
    let (before, after) = (runs.find(&args.before)?, runs.find(&args.after)?);
    let parameters = parameters(&read_parameters(before)?, &read_parameters(after)?);
    let numbers = numbers(&read_keys(before)?, &read_keys(after)?, &store);
    let names = [before.record.id(), after.record.id()];
    if args.json {
        super::print_json(&as_json(&names, &parameters, &numbers, args.all));
    } else {
        super::print(&as_text(&names, &parameters, &numbers, args.all));
    }
    Ok(())
}

fn read_parameters(run: &Run) -> Result<Json, Failure> {
    let text = run.parameters().unwrap_or_default();
    let unreadable = |error| Failure::Other(format!("the parameters of {}: {error}", run.record.id()));
    toml::from_str(&text).map_err(unreadable)
}

fn read_keys(run: &Run) -> Result<BTreeMap<String, Key>, Failure> {
    let unreadable = || Failure::Other(format!("the keys of {} cannot be read", run.record.id()));
    run.keys().ok_or_else(unreadable)
}

/// A parameter that differs.
struct Parameter {
    path: String,
    values: [Option<Json>; 2],
}

/// The parameters that differ, field by field.
fn parameters(before: &Json, after: &Json) -> Vec<Parameter> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Json>, after: Option<&Json>, found: &mut Vec<Parameter>) {
    // 85 and 85.0 are the same parameter.
    let number = |value: Option<&Json>| value.and_then(Json::as_f64);
    if before == after || (number(before).is_some() && number(before) == number(after)) {
        return;
    }
    let tables = [before.and_then(Json::as_object), after.and_then(Json::as_object)];
    // A table against nothing is one difference, not one for each of its fields.
    let [Some(old), Some(new)] = tables else {
        let values = [before.cloned(), after.cloned()];
        found.push(Parameter { path: path.to_owned(), values });
        return;
    };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(&inner, old.get(key), new.get(key), found);
    }
}

/// A headline number in two runs.
struct Number {
    stage: String,
    group: String,
    quantity: String,
    values: [Option<f64>; 2],
}

impl Number {
    fn is_same(&self) -> bool {
        let [before, after] = self.values.map(|value| value.map(f64::to_bits));
        before == after
    }

    fn difference(&self) -> Option<f64> {
        let [before, after] = self.values;
        Some(after? - before?)
    }
}

/// Headline numbers, and the stage instances whose numbers are no longer in the store.
struct Numbers {
    numbers: Vec<Number>,
    lost: Vec<String>,
}

/// The headline numbers of both runs, by stage instance.
fn numbers(before: &BTreeMap<String, Key>, after: &BTreeMap<String, Key>, store: &Store) -> Numbers {
    let mut numbers: Vec<Number> = Vec::new();
    let mut lost = Vec::new();
    let stages: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for stage in stages {
        let first = numbers.len();
        for (side, keys) in [before, after].into_iter().enumerate() {
            let Some(table) = keys.get(stage).and_then(|key| headline(key, store)) else { continue };
            let Some(rows) = table.and_then(|table| rows(&table)) else {
                lost.push(stage.clone());
                continue;
            };
            for (group, quantity, value) in rows {
                let is = |number: &&mut Number| number.group == group && number.quantity == quantity;
                match numbers[first..].iter_mut().find(is) {
                    Some(number) => number.values[side] = Some(value),
                    None => {
                        let mut values = [None; 2];
                        values[side] = Some(value);
                        numbers.push(Number { stage: stage.clone(), group, quantity, values });
                    }
                }
            }
        }
    }
    lost.dedup();
    Numbers { numbers, lost }
}

/// The table of headline numbers under a key: `None` if it has none, `Some(None)` if they are lost.
fn headline(key: &Key, store: &Store) -> Option<Option<Table>> {
    let digest = store.lookup(key)?.outputs.get("numbers.parquet")?.digest;
    Some(store.read(&digest).ok().and_then(|bytes| Table::from_parquet(&bytes).ok()))
}

fn rows(table: &Table) -> Option<Vec<(String, String, f64)>> {
    let (groups, quantities) = (table.text("group").ok()?, table.text("quantity").ok()?);
    let values = table.f64("value").ok()?;
    let rows = groups.into_iter().zip(quantities).zip(values);
    Some(rows.map(|((group, quantity), value)| (group, quantity, value)).collect())
}

fn as_text(names: &[String; 2], parameters: &[Parameter], numbers: &Numbers, all: bool) -> String {
    let [before, after] = names;
    let mut text = String::new();
    if parameters.is_empty() {
        text.push_str("the parameters are the same\n");
    } else {
        let heads = [("parameter", Side::Left), (before, Side::Left), (after, Side::Left)];
        let mut columns = Columns::headed(heads);
        for parameter in parameters {
            let [before, after] = parameter.values.each_ref().map(value);
            columns.row([parameter.path.clone(), before, after]);
        }
        text.push_str(&columns.to_string());
    }
    let shown: Vec<&Number> = numbers.numbers.iter().filter(|number| all || !number.is_same()).collect();
    if !shown.is_empty() {
        let heads = [
            ("number", Side::Left),
            (before, Side::Right),
            (after, Side::Right),
            ("difference", Side::Right),
        ];
        let mut columns = Columns::headed(heads);
        let mut stage = None;
        for number in &shown {
            if stage != Some(&number.stage) {
                columns.row([number.stage.clone(), String::new(), String::new(), String::new()]);
                stage = Some(&number.stage);
            }
            let name = match number.group.as_str() {
                "" => number.quantity.clone(),
                group => format!("{group}: {}", number.quantity),
            };
            let [before, after] = number.values.map(|value| value.map_or("-".to_owned(), amount));
            let difference = number.difference().map_or(String::new(), |difference| {
                if difference == 0.0 {
                    "0".to_owned()
                } else {
                    format!("{}{}", sign(difference), amount(difference))
                }
            });
            columns.row([format!("  {name}"), before, after, difference]);
        }
        text.push_str(&format!("\n{columns}"));
    }
    let same = numbers.numbers.iter().filter(|number| number.is_same()).count();
    text.push_str(&format!(
        "\n{}, {} the same in both\n",
        counted(numbers.numbers.len(), "headline number"),
        if same == numbers.numbers.len() { "all".to_owned() } else { same.to_string() }
    ));
    for stage in &numbers.lost {
        text.push_str(&format!(
            "the numbers of {stage} are no longer in the store; run the experiment again\n"
        ));
    }
    text
}

fn value(value: &Option<Json>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) => clip(&value.to_string(), VALUE_WIDTH),
    }
}

fn sign(value: f64) -> &'static str {
    if value > 0.0 { "+" } else { "" }
}

/// A number with six significant digits at most.
fn amount(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value == value.trunc() && value.abs() < 1e9 {
        return format!("{value}");
    }
    let digits = 5 - value.abs().log10().floor() as i32;
    match digits {
        0..=9 => format!("{value:.*}", digits as usize),
        _ => format!("{value:.5e}"),
    }
}

fn as_json(names: &[String; 2], parameters: &[Parameter], numbers: &Numbers, all: bool) -> Json {
    let parameters: Vec<Json> = parameters
        .iter()
        .map(|parameter| {
            json!({ "path": parameter.path, "before": parameter.values[0], "after": parameter.values[1] })
        })
        .collect();
    let shown = numbers.numbers.iter().filter(|number| all || !number.is_same());
    let shown: Vec<Json> = shown
        .map(|number| {
            json!({
                "stage": number.stage,
                "group": number.group,
                "quantity": number.quantity,
                "before": number.values[0],
                "after": number.values[1],
                "difference": number.difference(),
            })
        })
        .collect();
    json!({
        "before": names[0],
        "after": names[1],
        "parameters": parameters,
        "numbers": shown,
        "same_numbers": numbers.numbers.iter().filter(|number| number.is_same()).count(),
        "lost": numbers.lost,
    })
}

#[cfg(test)]
mod tests {
    use super::{amount, parameters};
    use serde_json::json;

    #[test]
    fn numbers_have_six_digits() {
        assert_eq!(
            [14.0, 0.5, 1234.56789, -0.000123456789, 1e-12].map(amount),
            ["14", "0.500000", "1234.57", "-0.000123457", "1.00000e-12"]
        );
        assert_eq!(amount(f64::NAN), "NaN");
    }

    #[test]
    fn parameters_are_compared_field_by_field() {
        let before = json!({"stages": {"train": {"seed": 1, "model": {"units": 3.0}}, "psth": {}}});
        let after = json!({"stages": {"train": {"seed": 2, "model": {"units": 3}}}});
        let found = parameters(&before, &after);
        let paths: Vec<&str> = found.iter().map(|parameter| parameter.path.as_str()).collect();
        assert_eq!(paths, ["stages.psth", "stages.train.seed"]);
        assert_eq!(found[1].values, [Some(json!(1)), Some(json!(2))]);
    }
}
