//! The statistics of recorded activity, against those of the reference.

mod golden;

use std::ops::Range;

use golden::{Golden, assert_close};
use rnnwm::stats::{
    ClassRates, Heatmap, HeatmapBuilder, Psth, Recording, deviations, psth, responsive_units, stage_psth,
    task_variance, unit_trials,
};
use rnnwm::tasks::{Scored, score};

const TOLERANCE: f64 = 1e-6;

/// Analyses that are not computed yet; anything else that a file expects must be checked.
const LATER: [&str; 5] =
    ["r_at_tuning_locations", "r_per_delay_unit", "tuning_curve", "fano_factor", "gaussian_fit_a_u_s"];
/// Steps of an epoch in the golden metadata.
fn epoch(golden: &Golden, name: &str, steps: usize) -> Range<usize> {
    let edges = &golden.json("epochs")[name];
    let edge = |at: usize, missing: usize| edges[at].as_u64().map_or(missing, |step| step as usize);
    edge(0, 0)..edge(1, steps)
}

/// A recording, its scored trials, and its mean rates.
struct Session {
    h: Vec<f32>,
    scored: Vec<Scored>,
    correct: Vec<bool>,
    target: Vec<f64>,
    location: Vec<usize>,
    n_locations: usize,
    steps: usize,
    units: usize,
    dt_ms: f64,
    rates: ClassRates,
}

impl Session {
    /// The recording under `prefix`, of location-major test trials.
    fn read(golden: &Golden, prefix: &str) -> Self {
        let h = golden.f32(&format!("{prefix}h"));
        let shape = golden.shape(&format!("{prefix}h"));
        let y_loc = golden.f32(&format!("{prefix}y_loc_last"));
        let scored = score(&golden.f32(&format!("{prefix}y_hat_last")), &y_loc);
        let target: Vec<f64> = y_loc.iter().map(|&angle| f64::from(angle)).collect();
        let n_locations = golden.shape(&format!("{prefix}y_hat_last"))[1] - 1;
        let location: Vec<usize> = (0..shape[1]).map(|trial| trial * n_locations / shape[1]).collect();
        let correct: Vec<bool> = scored.iter().map(|trial| trial.correct).collect();
        let dt_ms = golden.meta("dt_ms").parse().unwrap();
        let (steps, units) = (shape[0], shape[2]);
        let recording =
            Recording { h: &h, steps, units, dt_ms, location: &location, n_locations, correct: &correct };
        let rates = recording.class_rates().unwrap();
        Self { h, scored, correct, target, location, n_locations, steps, units, dt_ms, rates }
    }

    fn recording(&self) -> Recording<'_> {
        Recording {
            h: &self.h,
            steps: self.steps,
            units: self.units,
            dt_ms: self.dt_ms,
            location: &self.location,
            n_locations: self.n_locations,
            correct: &self.correct,
        }
    }

    /// The heatmap at the location that the file names.
    fn heatmap(&self, golden: &Golden) -> Heatmap {
        let [cue, baseline] = ["stim1", "fix1"].map(|name| epoch(golden, name, self.steps));
        let location = golden.meta("heatmap_location").parse().unwrap();
        let mut builder = HeatmapBuilder::new(self.units, location, cue, baseline);
        builder.add(0, &self.rates.correct).unwrap();
        builder.finish()
    }
}

#[test]
fn golden_single_models_are_equal() {
    let files: Vec<Golden> =
        golden::walk("analysis").into_iter().filter(|file| file.name.starts_with("single_model_")).collect();
    assert!(!files.is_empty(), "no single model");
    for golden in files {
        let session = Session::read(&golden, "");
        assert_eq!(session.location, golden.indices("in_loc"), "{}", golden.name);
        let checked =
            golden.names("expect/").iter().filter(|name| check_single(&golden, &session, name)).count();
        assert!(checked >= 22, "{}: only {checked} statistics checked", golden.name);
    }
}

/// Checks one expected tensor; `false` if it belongs to a later analysis.
fn check_single(golden: &Golden, session: &Session, name: &str) -> bool {
    let baseline = epoch(golden, "fix1", session.steps);
    let correct = &session.correct;
    let endpoint: Vec<f64> = session.scored.iter().map(|trial| trial.location).collect();
    let deviations = deviations(&endpoint, &session.target, &session.location, correct);
    let responsive =
        |name: &str| responsive_units(&session.rates.correct, &epoch(golden, name, session.steps), &baseline);
    let close = |ours: &[f64]| assert_close(ours, &golden.f64(name), TOLERANCE, name);
    let equal = |ours: Vec<usize>| assert_eq!(ours, golden.indices(name), "{}: {name}", golden.name);
    match name.trim_start_matches("expect/") {
        "y_hat_loc" => close(&endpoint),
        "distance_deg" => {
            let degrees: Vec<f64> = session.scored.iter().map(|trial| trial.distance.to_degrees()).collect();
            close(&degrees);
        }
        "correct" => equal(correct.iter().copied().map(usize::from).collect()),
        "correct_trials" => equal(deviations.trials),
        "clockwise_trials" => equal(deviations.clockwise()),
        "counterclockwise_trials" => equal(deviations.counterclockwise()),
        "dev_theta_deg" => close(&deviations.sizes()),
        "delay_units" => equal(responsive(golden.meta("epoch")).unwrap()),
        "cue_units" => equal(responsive("stim1").unwrap()),
        "best_cue_location" => equal(session.heatmap(golden).tuning.best.into_iter().flatten().collect()),
        "best_cue_peak" => close(&session.heatmap(golden).tuning.peak),
        "heatmap_unit_order" => equal(session.heatmap(golden).order),
        "heatmap_rows" => assert_relative(&session.heatmap(golden).rows, &golden.f64(name), name),
        "task_variance" => {
            let after_fixation = baseline.end..session.steps;
            close(&task_variance(&session.recording(), &after_fixation).unwrap());
        }
        unit if unit.starts_with("unit") => {
            let (unit, location) = unit["unit".len()..].split_once("_location").unwrap();
            let [unit, location] = [unit, location].map(|index| index.parse().unwrap());
            close(&unit_trials(&session.recording(), unit, location, &baseline).unwrap().rates);
        }
        later => {
            assert!(LATER.contains(&later), "{}: nothing computes `{later}`", golden.name);
            return false;
        }
    }
    true
}

/// Fails unless every number is near its own golden one: a peak near 0, by which rows are divided, makes
/// some of them large.
fn assert_relative(ours: &[f64], golden: &[f64], what: &str) {
    assert_eq!(ours.len(), golden.len(), "{what}: length");
    for (at, (a, b)) in ours.iter().zip(golden).enumerate() {
        assert!((a - b).abs() <= TOLERANCE * b.abs().max(1e-3), "{what}[{at}]: {a} should be {b}");
    }
}

#[test]
fn golden_psths_are_equal() {
    let files: Vec<Golden> =
        golden::walk("analysis").into_iter().filter(|file| file.name.starts_with("psth_")).collect();
    assert!(files.len() >= 2, "PSTHs are missing");
    for golden in files {
        let performance = golden.json("performance");
        let stages = golden.json("stages");
        for (stage, checkpoints) in stages.as_object().unwrap() {
            let psths: Vec<(f64, Psth)> = checkpoints
                .as_array()
                .unwrap()
                .iter()
                .map(|checkpoint| {
                    let session = Session::read(&golden, &format!("checkpoint{checkpoint}/"));
                    let range = |name: &str| epoch(&golden, name, session.steps);
                    let psth = psth(&session.rates, &range(golden.meta("epoch")), &range("fix1")).unwrap();
                    (performance[checkpoint.to_string()].as_f64().unwrap(), psth)
                })
                .collect();
            let mean = stage_psth(psths.iter().map(|(performance, psth)| (*performance, psth))).unwrap();
            let names = golden.names(&format!("expect/{stage}/"));
            assert!(names.len() >= 2, "{}: {stage} expects nothing", golden.name);
            for name in names {
                let curve = match name.rsplit('/').next().unwrap() {
                    "correct" | "correct_best" => &mean.psth.correct_best,
                    "correct_opposite" => &mean.psth.correct_opposite,
                    "error" | "error_best" => &mean.psth.error_best,
                    "error_opposite" => &mean.psth.error_opposite,
                    other => panic!("{}: unknown curve `{other}`", golden.name),
                };
                assert_close(curve, &golden.f64(&name), TOLERANCE, &name);
            }
            check_labels(&golden, stage, mean.performance, mean.psth.units);
        }
    }
}

/// The legend texts of a stage: `correct_mature_0.995` or `correct_mature_0.995_neuron_4.0`.
fn check_labels(golden: &Golden, stage: &str, performance: f64, units: f64) {
    let labels = golden.names("expect/labels/").into_iter().map(|name| golden.text(&name));
    let mut checked = 0;
    for label in labels {
        let parts: Vec<&str> = label.split('_').collect();
        match parts[..] {
            [_, named, _] | [_, named, _, "neuron", _] if named != stage => continue,
            [_, _, perf] => assert_eq!(perf.parse(), Ok(performance), "{label}"),
            [_, _, perf, "neuron", count] => {
                assert_eq!((perf.parse(), count.parse()), (Ok(performance), Ok(units)), "{label}");
            }
            _ => panic!("{}: label `{label}`", golden.name),
        }
        checked += 1;
    }
    assert!(checked >= 2, "{}: no labels of {stage}", golden.name);
}
