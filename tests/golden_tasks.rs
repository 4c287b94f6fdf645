//! Every golden trial batch is built again, to the bit.

mod golden;

use golden::Golden;
use rnnwm::tasks::{Coding, Encoding, Loss, Ring, Task, TrialBatch};

/// The batch that a golden file asks for.
fn build(golden: &Golden) -> TrialBatch {
    let number = |key: &str| golden.meta(key).parse::<usize>().unwrap();
    let loss = match golden.meta("loss_type") {
        "lsq" => Loss::Lsq,
        "cross_entropy" => Loss::CrossEntropy,
        other => panic!("{}: loss `{other}`", golden.name),
    };
    let coding = match golden.meta("in_loc_type") {
        "gaussian" => Coding::Gaussian,
        "one_hot" => Coding::OneHot,
        other => panic!("{}: coding `{other}`", golden.name),
    };
    let ring = Ring { units: number("n_eachring"), rings: number("num_ring"), coding };
    let encoding = Encoding { dt_ms: number("dt_ms") as u32, ring, loss, n_rule: 0, rule: None };
    let task = Task::named(golden.meta("rule")).expect("a known task");
    let modes: Vec<&str> = golden.meta("mode").split('-').collect();
    let batch = match modes[..] {
        ["test"] => task.test_batch(&encoding, number("batch_size") / ring.units),
        ["test", cue, distractor] => {
            let distractor = Some(distractor.parse().unwrap());
            task.test_at(&encoding, cue.parse().unwrap(), distractor, number("batch_size"))
        }
        _ => panic!("{}: mode `{}`", golden.name, golden.meta("mode")),
    };
    batch.unwrap()
}

/// Every `stride`-th trial of an array `[time, trial, channel]`.
fn thinned(array: &[f32], trials: usize, steps: usize, stride: usize) -> Vec<f32> {
    let channels = array.len() / (steps * trials);
    let rows = array.chunks_exact(channels).enumerate();
    rows.filter(|(row, _)| (row % trials).is_multiple_of(stride)).flat_map(|(_, row)| row.to_vec()).collect()
}

/// Epochs in the form of the golden metadata.
fn epochs(task: &Task, dt_ms: u32) -> serde_json::Value {
    let epochs = task.epochs(dt_ms).unwrap().into_iter();
    epochs.map(|epoch| (epoch.name.to_owned(), serde_json::json!([epoch.start, epoch.end]))).collect()
}

#[test]
fn golden_trial_batches_are_equal_to_the_bit() {
    for golden in golden::walk("tasks") {
        let batch = build(&golden);
        let task = Task::named(golden.meta("rule")).unwrap();
        let dt_ms = golden.meta("dt_ms").parse().unwrap();
        assert_eq!(epochs(&task, dt_ms), golden.json("epochs"), "{}", golden.name);
        let stride = golden.meta("trial_stride").parse().unwrap();
        for name in golden.names("") {
            let array = match name.as_str() {
                "x" => &batch.x,
                "y" => &batch.y,
                "y_loc" => &batch.y_loc,
                "c_mask" => &batch.c_mask,
                other => panic!("{}: unknown tensor `{other}`", golden.name),
            };
            let ours = thinned(&array.to_vec(), batch.trials, batch.steps, stride);
            assert!(ours == golden.f32(&name), "{}: {name} differs", golden.name);
        }
        assert!(golden.names("").len() >= 4, "{}: tensors are missing", golden.name);
    }
}
