//! The training log of the reference implementation: `log.json`.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::training::TestEntry;

use super::super::train::TrainingLog;

/// The log as `train` keeps it, with these tasks in this order.
///
/// # Errors
/// If it is no such log, says nothing of a task, or contradicts itself.
pub fn read(bytes: &[u8], tasks: &[String]) -> Result<TrainingLog, String> {
    let log: Map<String, Json> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let trials: Vec<u64> = column(&log, "trials")?;
    if trials.is_empty() {
        return Err("it has no tests".to_owned());
    }
    if let Some(pair) = trials.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(format!("`trials` does not ascend: {} stands before {}", pair[0], pair[1]));
    }
    let mut tests: Vec<TestEntry> = trials
        .iter()
        .map(|trials| TestEntry {
            trials: *trials,
            cost: Vec::new(),
            creg: Vec::new(),
            performance: Vec::new(),
        })
        .collect();
    for task in tasks {
        let mut fill = |what: &str, of: fn(&mut TestEntry) -> &mut Vec<f64>| {
            let name = format!("{what}_{task}");
            let values: Vec<f64> = column(&log, &name)?;
            if values.len() != trials.len() {
                let (found, expected) = (values.len(), trials.len());
                return Err(format!("`{name}` has {found} values, but `trials` has {expected}"));
            }
            tests.iter_mut().zip(&values).for_each(|(test, value)| of(test).push(*value));
            Ok(values)
        };
        fill("cost", |test| &mut test.cost)?;
        fill("creg", |test| &mut test.creg)?;
        let performance = fill("perf", |test| &mut test.performance)?;
        if let Some(odd) = performance.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(format!("`perf_{task}` holds {odd}, which is no share of trials"));
        }
    }
    Ok(TrainingLog { tests })
}

fn column<T: DeserializeOwned>(log: &Map<String, Json>, name: &str) -> Result<Vec<T>, String> {
    let column = log.get(name).ok_or_else(|| format!("it has no `{name}`"))?;
    serde_json::from_value(column.clone()).map_err(|error| format!("`{name}`: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log() -> Json {
        json!({
            "trials": [0, 1280], "times": [0.1, 4.8],
            "cost_gap": [2.0, 1.0], "creg_gap": [0, 0.0], "perf_gap": [0.0, 0.5],
            "cost_odr": [2.5, 1.5], "creg_odr": [0, 0.0], "perf_odr": [0.25, 0.75],
        })
    }

    fn read_json(log: &Json, tasks: &[&str]) -> Result<TrainingLog, String> {
        let tasks: Vec<String> = tasks.iter().map(|task| (*task).to_owned()).collect();
        read(log.to_string().as_bytes(), &tasks)
    }

    #[test]
    fn tasks_come_in_the_order_that_is_asked_for() {
        let read = read_json(&log(), &["odr", "gap"]).unwrap();
        let second = TestEntry {
            trials: 1280,
            cost: vec![1.5, 1.0],
            creg: vec![0.0; 2],
            performance: vec![0.75, 0.5],
        };
        assert_eq!(read.tests[1], second);
        assert_eq!(read.tests.len(), 2);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let refused = |name: &str, value: Json| {
            let mut log = log();
            log[name] = value;
            read_json(&log, &["gap"]).unwrap_err()
        };
        assert_eq!(refused("trials", json!([1280, 0])), "`trials` does not ascend: 1280 stands before 0");
        assert_eq!(refused("trials", json!([])), "it has no tests");
        assert_eq!(refused("cost_gap", json!([1.0])), "`cost_gap` has 1 values, but `trials` has 2");
        assert_eq!(
            refused("perf_gap", json!([0.0, 1.5])),
            "`perf_gap` holds 1.5, which is no share of trials"
        );
        assert!(refused("perf_gap", json!("high")).starts_with("`perf_gap`: "));
        assert_eq!(read_json(&log(), &["odrd"]).unwrap_err(), "it has no `cost_odrd`");
        assert!(read(b"[1", &[]).is_err());
    }
}
