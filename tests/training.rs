//! Training learns, and gives the same bits however it is interrupted.

use std::sync::atomic::AtomicBool;

use rnnwm::network::{Optimizer, OptimizerState, Regularization, Weights};
use rnnwm::tasks::{Loss, Odr, Task};
use rnnwm::training::{Segment, Session, TestEntry, TrainedTask, TrainingError, TrainingSpec};

const GO_ON: AtomicBool = AtomicBool::new(false);

fn named(names: &[&str]) -> Vec<Task> {
    names.iter().map(|name| Task::named(name).unwrap()).collect()
}

/// A training that takes a moment.
fn small(names: &[&str], seed: u64) -> TrainingSpec {
    TrainingSpec {
        units: 24,
        batch_trials: 20,
        segment_steps: 3,
        test_batches: 2,
        test_batch_trials: 9,
        ..TrainingSpec::paper(named(names), seed)
    }
}

fn segments(session: &mut Session, count: usize) {
    for _ in 0..count {
        assert_eq!(session.train_segment(&GO_ON).unwrap(), Segment::Done);
    }
}

/// The bits of a session: weights, optimiser state and a test.
fn state(session: &mut Session) -> (Vec<u8>, Vec<u8>, TestEntry) {
    let weights = session.weights();
    let (files, optimizer) = (weights.to_safetensors(), session.optimizer().to_safetensors(weights));
    (files, optimizer, session.test().unwrap())
}

#[test]
fn a_small_network_learns_an_anti_saccade() {
    let spec = TrainingSpec { units: 64, ..TrainingSpec::paper(named(&["overlap"]), 0) };
    let mut session = Session::new(spec).unwrap();
    assert!(session.test().unwrap().lowest() < 0.4);
    while session.trials() < 64_000 && session.test().unwrap().lowest() <= 0.95 {
        segments(&mut session, 1);
    }
    let entry = session.test().unwrap();
    assert!(entry.lowest() > 0.95, "{entry:?}");
}

#[test]
fn a_resumed_training_has_the_bits_of_an_uninterrupted_one() {
    for (optimizer, loss) in [(Optimizer::Adam, Loss::Lsq), (Optimizer::Sgd, Loss::CrossEntropy)] {
        let spec = TrainingSpec { optimizer, loss, ..small(&["overlap", "odrd", "odr500"], 3) };
        let mut whole = Session::new(spec.clone()).unwrap();
        segments(&mut whole, 4);

        let mut first = Session::new(spec.clone()).unwrap();
        segments(&mut first, 1);
        first.test().unwrap();
        let files = state(&mut first);
        let weights = Weights::from_safetensors(&files.0, &spec.architecture()).unwrap();
        let optimizer = OptimizerState::from_safetensors(&files.1, optimizer, &weights).unwrap();
        let mut second = Session::resume(spec, first.steps(), weights, optimizer).unwrap();
        assert_eq!(state(&mut second), files);
        segments(&mut second, 3);
        assert_eq!(state(&mut second), state(&mut whole));
        assert_eq!((second.steps(), second.trials()), (12, 240));
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut session = Session::new(small(&["gap", "odrd"], 5)).unwrap();
            segments(&mut session, 2);
            state(&mut session)
        })
    };
    let expected = run(1);
    assert!([2, 3].into_iter().all(|threads| run(threads) == expected));
}

#[test]
fn seeds_differ() {
    let run = |seed| {
        let mut session = Session::new(small(&["overlap"], seed)).unwrap();
        segments(&mut session, 1);
        state(&mut session).0
    };
    assert_ne!(run(1), run(2));
    assert_eq!(run(1), run(1));
}

#[test]
fn tasks_without_probability_have_a_rule_unit_only() {
    let mut spec = TrainingSpec { sigma_x: 0.0, ..small(&["overlap", "gap", "odr"], 1) };
    spec.tasks[1].probability = 0.0;
    assert_eq!(spec.architecture().n_input, 1 + 8 + 3);
    let mut session = Session::new(spec).unwrap();
    let rule_weights = |session: &Session| -> Vec<Vec<f32>> {
        session.weights().input().chunks(24).skip(1 + 8).map(<[f32]>::to_vec).collect()
    };
    let before = rule_weights(&session);
    segments(&mut session, 4);
    let after = rule_weights(&session);
    let changed: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    assert_eq!(changed, [true, false, true]);
    assert_eq!(session.test().unwrap().perf.len(), 2);
}

#[test]
fn regularisers_are_means_over_test_batches() {
    let test = |l1_h, l2_h, test_batches, test_batch_trials| {
        let regularization = Regularization { l1_h, l2_h, l1_weight: 0.2, l2_weight: 0.01 };
        let spec = TrainingSpec { regularization, test_batches, test_batch_trials, ..small(&["overlap"], 1) };
        Session::new(spec).unwrap().test().unwrap().creg[0]
    };
    let of_weights = test(0.0, 0.0, 1, 32);
    let close = |a: f64, b: f64| (a - b).abs() < 1e-6 * b;
    assert!(of_weights > 0.0 && test(0.1, 0.0, 1, 32) > of_weights);
    assert!(close(test(0.1, 0.0, 4, 8), test(0.1, 0.0, 1, 32)), "a mean is the same");
    let sum = |batches, trials| test(0.0, 0.01, batches, trials) - of_weights;
    assert!(close(sum(4, 8) * 4.0, sum(1, 32)), "a sum is over one batch");
}

#[test]
fn a_cancelled_segment_says_so_at_once() {
    let mut session = Session::new(small(&["overlap"], 1)).unwrap();
    assert_eq!(session.train_segment(&AtomicBool::new(true)).unwrap(), Segment::Cancelled);
    assert_eq!(session.steps(), 0);
}

#[test]
fn divergence_is_an_error() {
    let mut spec = small(&["overlap"], 1);
    (spec.learning_rate, spec.optimizer) = (1e30, Optimizer::Sgd);
    let mut session = Session::new(spec).unwrap();
    let failed = (0..5).find_map(|_| session.train_segment(&GO_ON).err());
    assert!(matches!(failed, Some(TrainingError::Diverged { .. })), "{failed:?}");
}

#[test]
fn impossible_specifications_are_refused() {
    let refused = |change: fn(&mut TrainingSpec)| {
        let mut spec = small(&["overlap", "odrd"], 1);
        change(&mut spec);
        Session::new(spec).err().expect("an error")
    };
    let out_of_range: [fn(&mut TrainingSpec); 9] = [
        |spec| spec.units = 0,
        |spec| spec.batch_trials = 0,
        |spec| spec.segment_steps = 0,
        |spec| spec.test_batches = 0,
        |spec| spec.dt_ms = 200,
        |spec| spec.sigma_rec = -1.0,
        |spec| spec.learning_rate = f32::NAN,
        |spec| spec.regularization.l1_h = f32::INFINITY,
        |spec| spec.tasks[0].probability = f64::NAN,
    ];
    for change in out_of_range {
        assert!(matches!(refused(change), TrainingError::OutOfRange { .. }));
    }
    assert!(matches!(refused(|spec| spec.tasks.clear()), TrainingError::NoTask));
    let too_short = |spec: &mut TrainingSpec| {
        spec.tasks.push(TrainedTask { task: Task::Odr(Odr { delay_ms: 1 }), probability: 1.0 });
    };
    assert!(matches!(refused(too_short), TrainingError::Task(_)));
    assert!(matches!(refused(|spec| spec.ring.units = 1), TrainingError::Task(_)));
}

#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let resume = |from: TrainingSpec, into: TrainingSpec| {
        let session = Session::new(from).unwrap();
        Session::resume(into, 0, session.weights().clone(), session.optimizer().clone())
    };
    let spec = small(&["overlap"], 1);
    assert!(resume(spec.clone(), spec.clone()).is_ok());
    let others = [
        TrainingSpec { units: 25, ..spec.clone() },
        TrainingSpec { optimizer: Optimizer::Sgd, ..spec.clone() },
        small(&["overlap", "gap"], 1),
    ];
    for other in others {
        assert!(matches!(resume(spec.clone(), other), Err(TrainingError::Misfit(_))));
    }
}
