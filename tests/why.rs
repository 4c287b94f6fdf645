//! `rnnwm why`: what differs from the last time, and which change leads there.

mod common;

use common::{Project, SMALL};
use serde_json::Value as Json;

fn said(project: &Project, arguments: &[&str]) -> String {
    let all = [&["why"], arguments, &["--experiment", "experiment.toml"]].concat();
    let output = project.command(&all).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What is said, without the times.
fn why(project: &Project, stage: &str) -> String {
    let text = said(project, &[stage]);
    let untimed = |line: &str| match line.split_once("(last time: ") {
        Some((before, _)) => format!("{before}(last time: ...)"),
        None => line.to_owned(),
    };
    text.lines().map(untimed).collect::<Vec<_>>().join("\n")
}

fn ran(experiment: &str) -> Project {
    let project = Project::new(experiment);
    project.run().ok();
    project
}

#[test]
fn what_never_ran_begins_with_the_first_stage() {
    insta::assert_snapshot!(why(&Project::new(SMALL), "fig_psth"));
}

#[test]
fn what_is_reached_on_two_ways_begins_in_one_place() {
    insta::assert_snapshot!(why(&Project::new(SMALL), "growth"));
}

#[test]
fn nothing_differs_after_a_run() {
    insta::assert_snapshot!(why(&ran(SMALL), "*psth"));
}

#[test]
fn a_change_far_upstream_is_found_and_shown_with_both_values() {
    let project = ran(SMALL);
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    insta::assert_snapshot!(why(&project, "fig_psth"));
}

#[test]
fn a_change_of_what_is_simulated_is_found() {
    let project = ran(SMALL);
    project.write(&SMALL.replace("repeats = 2", "repeats = 3\ninput_noise = true"));
    insta::assert_snapshot!(why(&project, "fig_endpoints"));
}

#[test]
fn a_change_is_found_after_the_stage_of_it_ran_alone() {
    let project = ran(SMALL);
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    project.run_with(&["--no-sync", "--only", "train"]).ok();
    insta::assert_snapshot!(why(&project, "growth"));
}

#[test]
fn several_changes_are_all_named() {
    let project = ran(SMALL);
    let changed = SMALL
        .replace("max_trials = 320", "max_trials = 640")
        .replace("[stages.growth]", "[stages.growth]\nfigure = { width_mm = 120, title = \"longer\" }");
    project.write(&changed);
    insta::assert_snapshot!(why(&project, "fig_growth"));
}

#[test]
fn what_is_known_from_an_earlier_run_is_known_all_the_same() {
    let project = ran(SMALL);
    project.write(&SMALL.replace("[stages.psth]", "[stages.psth]\nepoch = \"stim1\""));
    project.run().ok();
    project.write(SMALL);
    insta::assert_snapshot!(why(&project, "psth"));
}

#[test]
fn an_output_that_is_lost_is_the_reason() {
    let project = ran(SMALL);
    for (path, bytes) in project.files("data/store/objects") {
        if bytes.starts_with(b"<svg") || bytes.starts_with(b"<?xml") {
            std::fs::remove_file(project.path("data/store/objects").join(path)).expect("it can be removed");
        }
    }
    insta::assert_snapshot!(why(&project, "fig_psth"));
}

#[test]
fn json_has_every_field_of_the_text() {
    let project = ran(SMALL);
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    let json: Json = serde_json::from_str(&said(&project, &["psth", "--json"])).expect("JSON");
    let psth = &json[0];
    assert_eq!(psth["roots"], serde_json::json!(["train[seed=1]"]));
    assert_eq!((&psth["why"]["stage"], &psth["why"]["state"]), (&"psth[seed=1]".into(), &"may_run".into()));
    assert!(psth["why"]["last"]["duration_ms"].is_u64());
    let mut at = &psth["why"];
    while let Some(next) = at["upstream"].get(0) {
        at = next;
    }
    let expected = serde_json::json!([{ "field": "stop.max_trials", "before": 320, "after": 640 }]);
    assert_eq!(at["differences"], expected);
}

#[test]
fn a_stage_that_is_not_there_is_bad_input() {
    let project = Project::new(SMALL);
    let output = project.command(&["why", "pst", "--experiment", "experiment.toml"]).output();
    let output = output.expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).expect("text"));
}

/// The estimate of a stage that ran is how long it took; one that never ran has that of its siblings.
#[test]
fn plan_estimates_from_what_ran() {
    let project = ran(SMALL);
    let plan = |experiment: &str| {
        project.write(experiment);
        let output = project.command(&["plan", "experiment.toml"]).output().expect("the binary runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let longer = plan(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    assert!(longer.lines().last().is_some_and(|line| line.ends_with("one after another")), "{longer}");
    let seeds = plan(&SMALL.replace("seed = [1]", "seed = [1, 2]"));
    let of_new = seeds.lines().find(|line| line.starts_with("train[seed=2]")).expect("the new seed");
    assert!(of_new.contains('~'), "{of_new}");
    let added = plan(
        &(SMALL.replace("[stages.psth]", "[stages.psth]\nepoch = \"stim1\"")
            + "[stages.more]\nkind = \"psth\"\nactivity = \"activity\"\nbaseline = \"delay1\"\n"),
    );
    let total = added.lines().last().expect("a total");
    assert!(total.ends_with("without an estimate"), "{added}");
}
