//! A model's folder as the reference implementation writes it: `hp.json` and `log.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::stats::Criteria;
use crate::store::{Key, Output, Outputs, Store};

use super::super::model::ModelSpec;
use super::kind::Resolved;
use super::log::TrainingLog;
use super::trajectory::checkpoint_key;

/// The files of a model's folder, by name; nothing where what is given is no model's.
pub fn model_files(
    resolved: &Json,
    spec: &ModelSpec,
    facts: &Json,
    log: &[u8],
    folder: &Path,
    store: &Store,
) -> Option<BTreeMap<&'static str, Vec<u8>>> {
    let resolved: Resolved = serde_json::from_value(resolved.clone()).ok()?;
    let log: TrainingLog = serde_json::from_slice(log).ok()?;
    let collection: Key = facts.get("collection")?.as_str()?.parse().ok()?;
    let times = times(&log, &collection, store);
    let pretty = |value: &Json| serde_json::to_vec_pretty(value).ok();
    Some(BTreeMap::from([
        ("hp.json", pretty(&hp(&resolved, spec))?),
        ("log.json", serde_json::to_vec(&log_json(&log, spec, &times, folder)).ok()?),
    ]))
}

/// A checkpoint of a model, as the store has recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Trials trained.
    pub trials: u64,
    /// Its weights.
    pub weights: Output,
}

/// All checkpoints of a model in ascending order of trials, from the facts and outputs of the stage that
/// gave it. Those that the store has no record of are left out.
pub fn checkpoints(facts: &Json, outputs: &Outputs, store: &Store) -> Vec<Checkpoint> {
    let collection: Option<Key> =
        facts.get("collection").and_then(Json::as_str).and_then(|text| text.parse().ok());
    let log = outputs.get("log").and_then(|digest| store.read(digest).ok());
    let log: Option<TrainingLog> = log.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (Some(collection), Some(log)) = (collection, log) else { return Vec::new() };
    log.tests
        .iter()
        .filter_map(|test| {
            let mut record = store.lookup(&checkpoint_key(&collection, test.trials).ok()?)?;
            Some(Checkpoint { trials: test.trials, weights: record.outputs.remove("weights")? })
        })
        .collect()
}

/// Seconds of training up to each test, as far as the store's records tell.
fn times(log: &TrainingLog, collection: &Key, store: &Store) -> Vec<f64> {
    let mut total = 0.0;
    log.tests
        .iter()
        .map(|test| {
            let record = checkpoint_key(collection, test.trials).ok().and_then(|key| store.lookup(&key));
            total += record.map_or(0.0, |record| record.duration_ms as f64 / 1000.0);
            total
        })
        .collect()
}

fn hp(resolved: &Resolved, spec: &ModelSpec) -> Json {
    let Resolved { trajectory, stop } = resolved;
    let dynamics = &trajectory.dynamics;
    let architecture = dynamics.architecture();
    let rules: Vec<&str> = spec.tasks.iter().map(|task| task.name.as_str()).collect();
    let total: f64 = trajectory.probabilities.iter().sum();
    let probabilities: Vec<f64> = trajectory.probabilities.iter().map(|p| p / total).collect();
    let regularization = &trajectory.regularization;
    let stages = Criteria::default();
    let values = [
        ("batch_size_train", json!(trajectory.batch_size)),
        ("batch_size_test", json!(trajectory.test_trials)),
        ("in_type", json!("normal")),
        ("in_loc_type", json!(dynamics.coding)),
        ("rnn_type", json!("LeakyRNN")),
        ("use_separate_input", json!(false)),
        ("loss_type", json!(dynamics.loss)),
        ("optimizer", json!(trajectory.optimizer)),
        ("activation", json!(dynamics.activation)),
        ("tau", json!(dynamics.tau_ms)),
        ("dt", json!(dynamics.dt_ms)),
        ("alpha", json!(f64::from(dynamics.dt_ms) / f64::from(dynamics.tau_ms))),
        ("sigma_rec", json!(dynamics.sigma_rec)),
        ("sigma_x", json!(dynamics.sigma_x)),
        ("w_rec_init", json!(trajectory.recurrent_init)),
        ("l1_h", json!(regularization.l1_h)),
        ("l2_h", json!(regularization.l2_h)),
        ("l1_weight", json!(regularization.l1_weight)),
        ("l2_weight", json!(regularization.l2_weight)),
        ("l2_weight_init", json!(regularization.l2_weight_init)),
        ("p_weight_train", json!(regularization.p_weight_train)),
        ("target_perf", json!(stop.target_perf)),
        ("mature_target_perf", json!(stages.mature)),
        ("mid_target_perf", json!(stages.mid)),
        ("early_target_perf", json!(stages.early)),
        ("n_eachring", json!(dynamics.ring_units)),
        ("num_ring", json!(dynamics.rings)),
        ("n_rule", json!(dynamics.rules)),
        ("rule_start", json!(1 + dynamics.rings * dynamics.ring_units)),
        ("n_input", json!(architecture.n_input)),
        ("n_output", json!(architecture.n_output)),
        ("n_rnn", json!(dynamics.units)),
        ("ruleset", json!(rules.join("+"))),
        ("save_name", json!("rnnwm")),
        ("learning_rate", json!(trajectory.learning_rate)),
        ("c_intsyn", json!(0)),
        ("ksi_intsyn", json!(0)),
        ("mix_rule", json!(true)),
        ("seed", json!(trajectory.seed)),
        ("rule_trains", json!(rules)),
        ("rules", json!(rules)),
        ("rule_probs", json!(probabilities)),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

fn log_json(log: &TrainingLog, spec: &ModelSpec, times: &[f64], folder: &Path) -> Json {
    let mut all = Map::new();
    all.insert("model_dir".into(), folder.display().to_string().into());
    all.insert("trials".into(), log.tests.iter().map(|test| test.trials).collect());
    all.insert("times".into(), times.iter().copied().collect());
    for (index, task) in spec.tasks.iter().enumerate() {
        let mut column = |prefix: &str, values: Vec<f64>| {
            all.insert(format!("{prefix}_{}", task.name), values.into_iter().collect());
        };
        column("cost", log.tests.iter().map(|test| test.cost[index]).collect());
        column("creg", log.tests.iter().map(|test| test.creg[index]).collect());
        column("perf", log.performance(index));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    all.insert("perf_avg".into(), log.tests.iter().map(|test| mean(&test.performance)).collect());
    all.insert("perf_min".into(), log.tests.iter().map(|test| test.lowest()).collect());
    let growth = log.tests.iter().map(|test| -> Json {
        let stages = spec.tasks.iter().zip(&test.performance);
        stages
            .map(|(task, performance)| (task.name.clone(), grown(*performance).into()))
            .collect::<Map<_, _>>()
            .into()
    });
    all.insert("growth".into(), growth.collect());
    all.into()
}

/// Between which stages of growth a task is.
fn grown(performance: f64) -> &'static str {
    let Criteria { early, mid, mature, .. } = Criteria::default();
    match performance {
        low if low <= early => "=>E",
        low if low <= mid => "E=>MID",
        low if low <= mature => "MID=>A",
        _ => "MATURE",
    }
}
