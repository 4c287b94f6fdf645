//! The statistics of recorded activity, against those of the reference.

mod golden;

use std::ops::Range;

use golden::{Golden, assert_close};
use rnnwm::stats::{
    ClassRates, CorrectRates, Deviations, Gaussian, Psth, Recording, Tuning, best_locations, deviations,
    normalized, normalized_in_epoch, psth, responsive_units, stage_psth, tuning, tuning_correlation,
    unit_correlations,
};
use rnnwm::tasks::{Scored, score};

const TOLERANCE: f64 = 1e-6;

/// Analyses that are not computed yet; anything else that a file expects must be checked.
const LATER: [&str; 3] = ["heatmap_rows", "heatmap_unit_order", "task_variance"];
/// As [`LATER`], by their beginning.
const LATER_FAMILY: &str = "unit4_location";

/// Steps of an epoch in the golden metadata.
fn epoch(golden: &Golden, name: &str, steps: usize) -> Range<usize> {
    let edges = &golden.json("epochs")[name];
    let edge = |at: usize, missing: usize| edges[at].as_u64().map_or(missing, |step| step as usize);
    edge(0, 0)..edge(1, steps)
}

/// Scored trials, their stimulus locations, and the activity and the mean rates of a recording.
struct Session {
    scored: Vec<Scored>,
    target: Vec<f64>,
    location: Vec<usize>,
    correct: Vec<bool>,
    n_locations: usize,
    h: Vec<f32>,
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
        Self { scored, target, location, correct, n_locations, h, steps, units, dt_ms, rates }
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
        let checked =
            golden.names("expect/").iter().filter(|name| check_single(&golden, &session, name)).count();
        assert!(checked >= 16, "{}: only {checked} statistics checked", golden.name);
    }
}

/// Checks one expected tensor; `false` if it belongs to a later analysis.
fn check_single(golden: &Golden, session: &Session, name: &str) -> bool {
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
        "correct" => equal(session.correct.iter().map(|&correct| usize::from(correct)).collect()),
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
        "best_cue_location" => {
            equal(cue_tuning(golden, session).into_iter().map(|(best, _)| best).collect());
        }
        "best_cue_peak" => {
            let peaks: Vec<f64> = cue_tuning(golden, session).into_iter().map(|(_, peak)| peak).collect();
            close(&peaks);
        }
        later => {
            let known = LATER.contains(&later) || later.starts_with(LATER_FAMILY);
            assert!(known, "{}: nothing computes `{later}`", golden.name);
            return false;
        }
    }
    true
}

/// Each unit's best cue location and its largest normalised rate in `stim1` there.
fn cue_tuning(golden: &Golden, session: &Session) -> Vec<(usize, f64)> {
    let rates = &session.rates.correct;
    let (cue, baseline) = (epoch(golden, "stim1", session.steps), epoch(golden, "fix1", session.steps));
    let best = best_locations(&normalized_in_epoch(rates, &cue, &baseline).unwrap(), rates.units);
    let rest = rates.in_epoch(&baseline).unwrap();
    let tuned = best.into_iter().enumerate().map(|(unit, best)| {
        let best = best.unwrap();
        let rest = rest[best * rates.units + unit];
        let during_cue = rates.over_time(best, unit).skip(cue.start).take(cue.len());
        (best, during_cue.map(|rate| normalized(rate, rest)).fold(f64::NEG_INFINITY, f64::max))
    });
    tuned.collect()
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
