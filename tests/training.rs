//! Training learns, and gives the same bits however it is interrupted.

use std::sync::atomic::AtomicBool;

use rnnwm::network::{Optimizer, OptimizerState, RecurrentInit, Regularization, Weights};
use rnnwm::tasks::{Loss, Task};
use rnnwm::training::{Dynamics, Session, TestEntry, TrainingError, TrainingSpec};

/// A training that takes a moment.
fn small(names: &[&str], seed: u64) -> TrainingSpec {
    TrainingSpec {
        dynamics: Dynamics { units: 24, rules: names.len(), ..Dynamics::PAPER },
        tasks: names.iter().map(|name| Task::named(name).expect("a task")).collect(),
        probabilities: vec![1.0; names.len()],
        seed,
        recurrent_init: RecurrentInit::Randortho,
        optimizer: Optimizer::Adam,
        learning_rate: 0.001,
        regularization: Regularization::default(),
        batch_size: 20,
        display_step: 3,
        test_trials: 18,
    }
}

fn segments(session: &mut Session, count: usize) {
    for _ in 0..count {
        assert!(session.train_segment(&AtomicBool::new(false)).expect("it trains"));
    }
}

/// The bits of a session: weights, optimiser state and a test.
fn state(session: &mut Session) -> (Vec<u8>, Vec<u8>, TestEntry) {
    let weights = session.weights();
    let files = (weights.to_safetensors(), session.optimizer().to_safetensors(weights));
    (files.0, files.1, session.test().expect("it can be tested"))
}

#[test]
fn a_small_network_learns_an_anti_saccade() {
    let mut spec = small(&["overlap"], 0);
    spec.dynamics.units = 64;
    (spec.batch_size, spec.display_step, spec.test_trials) = (64, 20, 256);
    let mut session = Session::new(spec);
    let mut lowest = session.test().expect("a test").lowest();
    assert!(lowest < 0.4);
    while session.trials() < 64_000 && lowest <= 0.95 {
        segments(&mut session, 1);
        lowest = session.test().expect("a test").lowest();
    }
    assert!(lowest > 0.95, "{lowest} after {} trials", session.trials());
}

#[test]
fn a_resumed_training_has_the_bits_of_an_uninterrupted_one() {
    for (optimizer, loss) in [(Optimizer::Adam, Loss::Lsq), (Optimizer::Sgd, Loss::CrossEntropy)] {
        let mut spec = small(&["overlap", "odrd", "odr500"], 3);
        (spec.optimizer, spec.dynamics.loss) = (optimizer, loss);
        spec.regularization.p_weight_train = Some(0.5);
        let mut whole = Session::new(spec.clone());
        segments(&mut whole, 4);
        let mut first = Session::new(spec.clone());
        segments(&mut first, 1);
        let files = state(&mut first);
        let weights = Weights::from_safetensors(&files.0, &spec.architecture()).expect("weights");
        let optimizer = OptimizerState::from_safetensors(&files.1, optimizer, &weights).expect("a state");
        let mut second = Session::resume(spec, first.trials(), weights, optimizer);
        assert_eq!(state(&mut second), files);
        segments(&mut second, 3);
        assert_eq!(state(&mut second), state(&mut whole));
        assert_eq!(second.trials(), 240);
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let mut session = Session::new(small(&["gap", "odrd"], 5));
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
        let mut session = Session::new(small(&["overlap"], seed));
        segments(&mut session, 1);
        state(&mut session).0
    };
    assert_ne!(run(1), run(2));
    assert_eq!(run(1), run(1));
}

#[test]
fn tasks_without_probability_are_tested_but_not_trained() {
    let mut spec = small(&["overlap", "gap", "odr"], 1);
    spec.probabilities[1] = 0.0;
    spec.dynamics.sigma_x = 0.0;
    let mut session = Session::new(spec);
    let rule_weights = |session: &Session| -> Vec<Vec<f32>> {
        session.weights().input().chunks(24).skip(1 + 8).map(<[f32]>::to_vec).collect()
    };
    let before = rule_weights(&session);
    segments(&mut session, 4);
    let after = rule_weights(&session);
    let changed: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    assert_eq!(changed, [true, false, true]);
    assert_eq!(session.test().expect("a test").performance.len(), 3);
}

#[test]
fn a_delay_of_15_s_can_be_trained() {
    let mut session = Session::new(small(&["odr15000"], 0));
    segments(&mut session, 1);
    assert!(session.test().expect("a test").cost[0].is_finite());
}

#[test]
fn regularisers_are_means_over_the_batches_of_a_test() {
    let creg = |l1_h, l2_h, test_trials| {
        let mut spec = small(&["overlap"], 1);
        spec.regularization = Regularization { l1_h, l2_h, l1_weight: 0.2, ..Regularization::default() };
        spec.test_trials = test_trials;
        Session::new(spec).test().expect("a test").creg[0]
    };
    let of_weights = creg(0.0, 0.0, 32);
    assert!(of_weights > 0.0 && creg(0.1, 0.0, 32) > of_weights);
    // A test of 64 trials stands for 16 batches of 4: the sum over activity is that of 4 trials.
    let four = creg(0.0, 0.01, 64) - of_weights;
    let two = creg(0.0, 0.01, 32) - of_weights;
    assert!((four / two - 2.0).abs() < 0.05, "{four} {two}");
}

#[test]
fn a_cancelled_segment_says_so_at_once() {
    let mut session = Session::new(small(&["overlap"], 1));
    assert!(!session.train_segment(&AtomicBool::new(true)).expect("no error"));
    assert_eq!(session.trials(), 0);
}

#[test]
fn divergence_is_an_error() {
    let mut spec = small(&["overlap"], 1);
    (spec.learning_rate, spec.optimizer) = (1e30, Optimizer::Sgd);
    let mut session = Session::new(spec);
    let failed = (0..5).find_map(|_| session.train_segment(&AtomicBool::new(false)).err());
    assert!(matches!(failed, Some(TrainingError::Diverged { .. })), "{failed:?}");
}
