//! Several runs at once, and several experiments that have something in common: nothing is computed twice,
//! and a killed run's work is taken over.

mod common;

use std::collections::BTreeMap;

use common::{Project, SEGMENT, SMALL, assert_same, long, text};
use serde_json::Value as Json;

/// [`SMALL`] under another name, with other seeds and another length of training.
fn named(name: &str, seeds: &str, max_trials: u64) -> String {
    SMALL
        .replace("name = \"small\"", &format!("name = \"{name}\""))
        .replace("seed = [1]", &format!("seed = [{seeds}]"))
        .replace("max_trials = 320", &format!("max_trials = {max_trials}"))
}

/// Starts `rnnwm run` of each experiment, in one project at once, and gives the events of each.
fn at_once(project: &Project, experiments: &[String]) -> Vec<Vec<Json>> {
    let mut children = Vec::new();
    for (number, experiment) in experiments.iter().enumerate() {
        let (file, events) = (format!("{number}.toml"), format!("{number}.ndjson"));
        std::fs::write(project.path(&file), experiment).expect("the experiment can be written");
        let mut command = project.command(&["run", &file, "-j", "2", "--quiet", "--events", &events]);
        children.push((command.spawn().expect("the binary runs"), events));
    }
    let ended = children.into_iter().map(|(mut child, events)| {
        assert!(child.wait().expect("it ends").success());
        project.events(&events)
    });
    ended.collect()
}

/// How often each key was computed, by all runs together.
fn computed(runs: &[Vec<Json>]) -> BTreeMap<String, usize> {
    let mut computed = BTreeMap::new();
    for event in runs.iter().flatten().filter(|event| event["outcome"] == "done") {
        *computed.entry(text(&event["key"])).or_default() += 1;
    }
    computed
}

/// Trials that all runs together have trained.
fn trained(runs: &[Vec<Json>]) -> u64 {
    let finished = runs.iter().flatten().filter(|event| event["event"] == "stage_finished");
    finished
        .filter(|event| text(&event["stage"]).starts_with("train["))
        .filter_map(|event| event["fresh"].as_u64())
        .sum()
}

#[test]
fn ten_overlapping_runs_at_once_compute_nothing_twice() {
    let project = Project::new(SMALL);
    let experiments: Vec<String> = (0..10)
        .map(|number| named(&format!("e{number}"), &format!("{}, {}", number / 2, number / 2 + 1), 320))
        .collect();
    let runs = at_once(&project, &experiments);
    let computed = computed(&runs);
    assert!(computed.values().all(|times| *times == 1), "{computed:?}");
    // Six seeds, each with eight stages.
    assert_eq!(computed.len(), 6 * 8);
    assert_eq!(trained(&runs), 6 * 320);
    project.says(&["verify"], 0);
}

#[test]
fn runs_at_once_share_the_segments_of_a_trajectory() {
    let project = Project::new(SMALL);
    let runs =
        at_once(&project, &[named("short", "1", 320), named("long", "1", 640), named("longer", "1", 960)]);
    assert_eq!(trained(&runs), 960);
    let fresh = Project::new(&named("longer", "1", 960));
    fresh.run().ok();
    let of_longer = |project: &Project| {
        let mut files = project.artifacts();
        files.retain(|path, _| path.starts_with("longer"));
        files
    };
    assert_same(&of_longer(&project), &of_longer(&fresh));
}

#[test]
fn what_a_killed_run_was_at_is_taken_over_by_one_that_waits_for_it() {
    let project = Project::new(&long());
    let mut killed = project.start("killed.ndjson", &["--no-sync"]);
    project.wait_for(&mut killed, "killed.ndjson", 1600);
    let mut waiting = project.start("waiting.ndjson", &[]);
    project.wait_for_event(&mut waiting, "waiting.ndjson", "stage_started");
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    assert!(waiting.wait().expect("it ends").success());
    let trained = trained(&[project.events("waiting.ndjson")]);
    assert!(trained > 0 && trained <= 6400 - 1440, "{trained} trials were trained again");
    project.says(&["verify"], 0);
}

#[test]
fn two_experiments_one_after_the_other_share_a_trajectory() {
    let project = Project::new(&named("one", "1", 320));
    assert_eq!(project.run().ok().trained("train[seed=1]"), 320);
    project.write(&named("other", "1, 2", 640));
    let run = project.run().ok();
    assert_eq!((run.trained("train[seed=1]"), run.trained("train[seed=2]")), (320, 640));
}

#[test]
fn another_stopping_rule_trains_only_what_is_new() {
    // Whoever makes one correct response in a test is above this target: training stops with the first
    // such test, or after more.
    let above = |tests: u64| {
        let stop = format!("max_trials = 3200, target_perf = 0.0, tests_above_target = {tests}");
        SMALL.replace("max_trials = 320", &stop)
    };
    let project = Project::new(&above(12));
    let first = project.run().ok().trained("train[seed=1]");
    project.write(&above(20));
    let more = project.run().ok().trained("train[seed=1]");
    assert!(first >= 10 * SEGMENT && more >= 8 * SEGMENT && first + more < 3200, "{first} and {more}");
    project.write(&above(16));
    assert_eq!(project.run().ok().trained("train[seed=1]"), 0);
    let fresh = Project::new(&above(16));
    fresh.run().ok();
    assert_same(&project.artifacts(), &fresh.artifacts());
    fresh.write(&above(20));
    fresh.run().ok();
    project.write(&above(20));
    assert_eq!(project.run().ok().trained("train[seed=1]"), 0);
    assert_same(&project.artifacts(), &fresh.artifacts());
}

#[test]
fn another_selection_trains_nothing() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.write(&SMALL.replace("mid = [32]", "mid = [160, 176]"));
    let run = project.run().ok();
    assert!(!run.ran().iter().any(|stage| stage.starts_with("train")), "{:?}", run.ran());
    assert!(run.ran().contains(&"select[seed=1]".to_owned()));
}
