//! The checkpoints of each stage, as the reference selects them from its own training log.

mod golden;

use rnnwm::stats::{Criteria, Stage, select};
use serde_json::Value;

fn read(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(golden::path(name)).unwrap()).unwrap()
}

fn list<T>(value: &Value, item: fn(&Value) -> Option<T>) -> Vec<T> {
    value.as_array().unwrap().iter().map(|value| item(value).unwrap()).collect()
}

#[test]
fn golden_selection_is_equal_for_every_task() {
    let (log, golden) = (read("reference_log.json"), read("selection.json"));
    let number = |key: &str| golden[key].as_f64().unwrap();
    let criteria = Criteria {
        early: number("early_target_perf"),
        mid: number("mid_target_perf"),
        mature: number("mature_target_perf"),
        margin: number("perf_margin"),
        window: number("smooth_window") as usize,
        limit: number("max_model_num_limit") as usize,
    };
    assert_eq!(criteria, Criteria::default());
    let trials = list(&log["trials"], Value::as_u64);
    let tasks = golden["selection"].as_object().unwrap();
    assert!(!tasks.is_empty());
    for (task, stages) in tasks {
        let performance = list(&log[format!("perf_{task}")], Value::as_f64);
        let selected = select(&trials, &performance, &criteria);
        assert_eq!(stages.as_object().unwrap().len(), Stage::ALL.len(), "{task}");
        for stage in Stage::ALL {
            let expected = list(&stages[stage.name()], Value::as_u64);
            assert_eq!(selected.of(stage), expected, "{task} {}", stage.name());
        }
    }
}
