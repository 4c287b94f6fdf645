//! A network that the reference trained does here what it did there.

mod golden;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use golden::{Golden, assert_close};
use rnnwm::experiment::Experiment;
use rnnwm::network::{Fused, Noise, Step, TensorFlowWeights};
use rnnwm::plan::Plan;
use rnnwm::store::{Durability, Store};
use rnnwm::tasks::score;

/// Of results in single precision, relative to the largest.
const TOLERANCE: f64 = 1e-5;

fn model_folder(golden: &Golden) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pretrained").join(golden.meta("model"))
}

/// The files of the checkpoint that a golden file is of.
fn checkpoint(golden: &Golden) -> BTreeMap<String, Vec<u8>> {
    let folder = model_folder(golden).join(golden.meta("checkpoint"));
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

/// An experiment that imports the model of a golden file, planned.
fn plan(golden: &Golden) -> Plan {
    let store = tempfile::tempdir().unwrap();
    let store = Store::open(store.path(), Durability::Unsynced).unwrap();
    let experiment = format!("[stages.import]\nfolder = '{}'\n", model_folder(golden).display());
    let experiment = Experiment::parse("golden.toml", &experiment, &[]).unwrap();
    Plan::new(experiment, &[], BTreeMap::new(), &store).unwrap()
}

fn compare(golden: &Golden, tensor: &str, ours: &[f32]) {
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
    assert_close(&wide(ours), &wide(&golden.f32(tensor)), TOLERANCE, &format!("{}: {tensor}", golden.name));
}

#[test]
fn golden_activity_of_pretrained_networks() {
    for golden in golden::walk("") {
        assert_eq!((golden.meta("sigma_rec"), golden.meta("input_noise")), ("0", "off"), "{}", golden.name);
        let plan = plan(&golden);
        let model = plan.instances().find_map(|(_, instance)| instance.offer.model.clone()).unwrap();
        let task = &model.tasks[model.task("rule", golden.meta("rule")).unwrap()];
        let architecture = model.dynamics.architecture();
        let read = TensorFlowWeights::read(&checkpoint(&golden), &architecture).unwrap();
        assert!(read.rounded.is_empty());
        // Trials of one location are equal without noise; the golden file has one of each.
        let batch = task.task.test_batch(&model.dynamics.encoding(task.rule), 1).unwrap();
        let recording = Fused::new(architecture).record(&read.weights, &batch, &Noise::NONE).unwrap();
        assert_eq!(golden.shape("h"), [batch.steps, batch.trials, model.dynamics.units]);
        compare(&golden, "h", &recording.h);
        compare(&golden, "y_hat", &recording.y_hat);
        let last = (batch.steps - 1) * batch.trials;
        let ends = score(&recording.y_hat[last * batch.n_output..], batch.y_loc.last());
        assert!(ends.iter().filter(|trial| trial.correct).count() >= 7, "the network has learnt its task");
    }
}
