//! The statistics of recorded activity, against those of the reference.

mod golden;

use std::ops::Range;

use golden::{Golden, assert_close};
use rnnwm::stats::{
    ClassRates, CorrectRates, Deviations, Gaussian, Heatmap, HeatmapBuilder, Psth, Recording, Tuning,
    deviations, normalized_in_epoch, psth, responsive_units, stage_psth, task_variance, tuning,
    tuning_correlation, unit_correlations, unit_trials,
};
use rnnwm::tasks::{Scored, score};

const TOLERANCE: f64 = 1e-6;

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

    fn deviations(&self) -> Deviations {
        let endpoint: Vec<f64> = self.scored.iter().map(|trial| trial.location).collect();
        deviations(&endpoint, &self.target, &self.location, &self.correct)
    }
}

/// The steps of the last second of the epoch of a golden file.
fn last_second(golden: &Golden, session: &Session) -> Range<usize> {
    let end = epoch(golden, golden.meta("epoch"), session.steps).end;
    end - golden.meta("last_steps").parse::<usize>().unwrap()..end
}

/// The rates of the correct trials in the last second, and the responsive units.
fn last_second_rates(golden: &Golden, session: &Session) -> (CorrectRates, Vec<usize>) {
    let rates = session.recording().correct_rates(&last_second(golden, session)).unwrap();
    let range = |name: &str| epoch(golden, name, session.steps);
    let units =
        responsive_units(&session.rates.correct, &range(golden.meta("epoch")), &range("fix1")).unwrap();
    (rates, units)
}

/// The tuning of the responsive units in the last second.
fn last_second_tuning(golden: &Golden, session: &Session) -> Tuning {
    let (rates, units) = last_second_rates(golden, session);
    let (window, baseline) = (last_second(golden, session), epoch(golden, "fix1", session.steps));
    let rate = normalized_in_epoch(&session.rates.correct, &window, &baseline).unwrap();
    tuning(&rate, &rates.fano, &rate, session.units, &units)
}

#[test]
fn golden_single_models_are_equal() {
    let files: Vec<Golden> =
        golden::walk("analysis").into_iter().filter(|file| file.name.starts_with("single_model_")).collect();
    assert!(!files.is_empty(), "no single model");
    for golden in files {
        let session = Session::read(&golden, "");
        assert_eq!(session.location, golden.indices("in_loc"), "{}", golden.name);
        let names = golden.names("expect/");
        assert!(names.len() >= 27, "{}: only {} statistics", golden.name, names.len());
        names.iter().for_each(|name| check_single(&golden, &session, name));
    }
}

/// Checks one expected tensor.
fn check_single(golden: &Golden, session: &Session, name: &str) {
    let baseline = epoch(golden, "fix1", session.steps);
    let deviations = session.deviations();
    let responsive =
        |name: &str| responsive_units(&session.rates.correct, &epoch(golden, name, session.steps), &baseline);
    let close = |ours: &[f64]| assert_close(ours, &golden.f64(name), TOLERANCE, name);
    let equal = |ours: Vec<usize>| assert_eq!(ours, golden.indices(name), "{}: {name}", golden.name);
    match name.trim_start_matches("expect/") {
        "y_hat_loc" => close(&session.scored.iter().map(|trial| trial.location).collect::<Vec<f64>>()),
        "distance_deg" => {
            let degrees: Vec<f64> = session.scored.iter().map(|trial| trial.distance.to_degrees()).collect();
            close(&degrees);
        }
        "correct" => equal(session.correct.iter().copied().map(usize::from).collect()),
        "correct_trials" => equal(deviations.trials),
        "clockwise_trials" => equal(deviations.clockwise()),
        "counterclockwise_trials" => equal(deviations.counterclockwise()),
        "dev_theta_deg" => close(&deviations.sizes()),
        "delay_units" => equal(responsive(golden.meta("epoch")).unwrap()),
        "cue_units" => equal(responsive("stim1").unwrap()),
        "r_at_tuning_locations" => {
            let (rates, units) = last_second_rates(golden, session);
            let places = tuning_correlation(&rates, &deviations, &units);
            close(&places.iter().map(|place| place.r).collect::<Vec<f64>>());
        }
        "r_per_delay_unit" => {
            let (rates, units) = last_second_rates(golden, session);
            close(&unit_correlations(&rates, &deviations, &units));
        }
        "tuning_curve" => close(&last_second_tuning(golden, session).rate),
        "fano_factor" => close(&last_second_tuning(golden, session).fano),
        "gaussian_fit_a_u_s" => {
            // The parameters are ill-conditioned, so the curves are compared.
            let curve = last_second_tuning(golden, session).rate;
            let fit = Gaussian::fit(&curve).unwrap();
            let [area, center, width] = golden.f64(name)[..] else { panic!("three parameters") };
            let expected = Gaussian { area, center, width, base: fit.base };
            let drawn = |fit: Gaussian| (0..=80).map(|x| fit.at(f64::from(x) / 10.0)).collect::<Vec<f64>>();
            assert_close(&drawn(fit), &drawn(expected), TOLERANCE, name);
        }
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
        other => panic!("{}: nothing computes `{other}`", golden.name),
    }
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
