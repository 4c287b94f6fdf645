//! What runs again after an edit, and what does not: told by the event stream of the real binary.

mod common;

use common::{Project, SEGMENT, SMALL, assert_same};

const ALL: [&str; 8] = [
    "endpoints[seed=1]",
    "fig_endpoints[seed=1]",
    "fig_growth[seed=1]",
    "fig_psth[seed=1]",
    "growth[seed=1]",
    "psth[seed=1]",
    "select[seed=1]",
    "train[seed=1]",
];

#[test]
fn a_second_run_executes_nothing_and_leaves_what_is_laid_out() {
    let project = Project::new(SMALL);
    assert_eq!(project.run().ok().ran(), ALL);
    let before = project.files("outputs");
    let again = project.run().ok();
    assert!(again.ran().is_empty());
    assert_eq!(again.events.iter().filter(|event| event["event"] == "stage_started").count(), 0);
    assert_same(&before, &project.files("outputs"));
}

#[test]
fn a_new_figure_width_draws_that_figure_only() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.write(&SMALL.replace("[stages.endpoints]", "[stages.endpoints]\nfigure = { width_mm = 120 }"));
    assert_eq!(project.run().ok().ran(), ["fig_endpoints[seed=1]"]);
}

#[test]
fn a_new_seed_trains_that_seed_only() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.write(&SMALL.replace("seed = [1]", "seed = [1, 2]"));
    let run = project.run().ok();
    assert_eq!(run.ran(), ALL.map(|stage| stage.replace("seed=1", "seed=2")));
}

#[test]
fn touching_commenting_reformatting_and_renaming_run_nothing() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.write(SMALL);
    assert!(project.run().ok().ran().is_empty(), "touch");
    let commented = SMALL.replace("batch_size = 8", "# a comment\nbatch_size   =   8  # another");
    project.write(&commented);
    assert!(project.run().ok().ran().is_empty(), "comment");
    let reordered = SMALL
        .replace("batch_size = 8\n", "")
        .replace("test_trials = 16\n", "test_trials = 0x10\nbatch_size = 8\n")
        .replace("model = { units = 12, ring_units = 8 }", "model = { ring_units = 8, units = 12 }");
    project.write(&reordered);
    assert!(project.run().ok().ran().is_empty(), "order of keys");
    let renamed = SMALL
        .replace("[stages.train]", "[stages.teach]\nkind = \"train\"")
        .replace("model = \"train\"", "model = \"teach\"")
        .replace("[stages.activity]", "[stages.record]\nkind = \"activity\"")
        .replace("activity = \"activity\"", "activity = \"record\"");
    project.write(&renamed);
    assert!(project.run().ok().ran().is_empty(), "new names of stages");
    project.write(&SMALL.replace("units = 12", "units = 12, dt_ms = 20"));
    assert!(project.run().ok().ran().is_empty(), "a default written out");
}

#[test]
fn an_upstream_change_that_gives_the_same_bytes_stops_there() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 320, target_perf = 0.99"));
    let run = project.run().ok();
    assert_eq!(run.ran(), ["train[seed=1]"]);
    assert_eq!(run.trained("train[seed=1]"), 0);
}

#[test]
fn training_longer_trains_the_rest_and_gives_the_bytes_of_a_fresh_run() {
    let longer = SMALL.replace("max_trials = 320", "max_trials = 640");
    let project = Project::new(SMALL);
    assert_eq!(project.run().ok().trained("train[seed=1]"), 320);
    project.write(&longer);
    assert_eq!(project.run().ok().trained("train[seed=1]"), 320);
    let fresh = Project::new(&longer);
    assert_eq!(fresh.run().ok().trained("train[seed=1]"), 640);
    assert_same(&project.artifacts(), &fresh.artifacts());
}

#[test]
fn training_less_trains_nothing_and_gives_the_bytes_of_a_fresh_run() {
    let shorter = SMALL.replace("max_trials = 320", "max_trials = 100");
    let project = Project::new(SMALL);
    project.run().ok();
    project.write(&shorter);
    let run = project.run().ok();
    assert_eq!(run.trained("train[seed=1]"), 0);
    let fresh = Project::new(&shorter);
    assert_eq!(fresh.run().ok().trained("train[seed=1]"), 100_u64.div_ceil(SEGMENT) * SEGMENT);
    assert_same(&project.artifacts(), &fresh.artifacts());
}

#[test]
fn one_job_or_four_give_the_same_bytes() {
    let seeds = SMALL.replace("seed = [1]", "seed = [1, 2, 3]");
    let (one, four) = (Project::new(&seeds), Project::new(&seeds));
    one.run_with(&["--no-sync", "-j", "1"]).ok();
    four.run_with(&["--no-sync", "-j", "4"]).ok();
    assert_same(&one.artifacts(), &four.artifacts());
}

#[test]
fn only_runs_a_stage_and_what_it_needs() {
    let project = Project::new(SMALL);
    assert_eq!(
        project.run_with(&["--no-sync", "--only", "growth"]).ok().ran(),
        ["growth[seed=1]", "select[seed=1]", "train[seed=1]"]
    );
}

#[test]
fn set_replaces_a_value_of_the_file() {
    let project = Project::new(SMALL);
    let run = project.run_with(&["--no-sync", "--set", "stages.train.stop.max_trials=160"]).ok();
    assert_eq!(run.trained("train[seed=1]"), 160);
    assert_eq!(project.run().ok().trained("train[seed=1]"), 160);
}

#[test]
fn a_known_result_needs_nothing_from_upstream() {
    let project = Project::new(SMALL);
    project.run().ok();
    // All weights are deleted; what was made from them is known all the same.
    let mut removed = 0;
    for (path, bytes) in project.files("data/store/objects") {
        if bytes.windows(16).any(|window| window == b"leaky_rnn_cell/b") {
            std::fs::remove_file(project.path("data/store/objects").join(path)).expect("it can be removed");
            removed += 1;
        }
    }
    assert!(removed > 5, "weights were found");
    assert!(project.run().ok().ran().is_empty());
    // A statistic that must be made again needs the weights, and only they are made again.
    project.write(&SMALL.replace("[stages.psth]", "[stages.psth]\nepoch = \"stim1\""));
    let run = project.run().ok();
    assert_eq!(run.ran(), ["fig_psth[seed=1]", "psth[seed=1]", "train[seed=1]"]);
    let fresh = Project::new(&SMALL.replace("[stages.psth]", "[stages.psth]\nepoch = \"stim1\""));
    fresh.run().ok();
    assert_same(&project.artifacts(), &fresh.artifacts());
}

#[test]
fn what_is_laid_out_of_a_stage_that_is_no_more_is_removed_unless_it_was_edited() {
    let project = Project::new(SMALL);
    project.run().ok();
    let figure = |name: &str| project.path("outputs/small/figures").join(name);
    std::fs::write(figure("fig_psth.seed=1.svg"), "edited by hand").expect("figures can be edited");
    project.write(&SMALL.replace("[stages.psth]", "[stages.histograms]\nkind = \"psth\""));
    project.run_with(&["--no-sync", "--only", "growth"]).ok();
    assert!(figure("fig_psth.seed=1.png").exists(), "a part of the experiment removes nothing");
    project.run().ok();
    assert!(figure("fig_histograms.seed=1.png").exists());
    assert!(!figure("fig_psth.seed=1.png").exists());
    assert!(figure("fig_psth.seed=1.svg").exists());
}

#[test]
fn a_log_tells_how_long_training_took_and_whether_the_target_was_reached() {
    let project = Project::new(
        &SMALL
            .replace("units = 12", "units = 64")
            .replace("batch_size = 8", "batch_size = 64")
            .replace("display_step = 2", "display_step = 10")
            .replace("max_trials = 320", "max_trials = 2560"),
    );
    let times = |project: &Project| -> Vec<f64> {
        let log = std::fs::read(project.path("data/small/train.seed=1/log.json")).expect("a log");
        let log: serde_json::Value = serde_json::from_slice(&log).expect("JSON");
        log["times"].as_array().expect("times").iter().filter_map(serde_json::Value::as_f64).collect()
    };
    project.run_with(&["--only", "train"]).ok();
    let whole = times(&project);
    assert!(whole.len() == 5 && whole.is_sorted_by(|a, b| a < b), "{whole:?}");
    let said = project.says(&["log", "train"], 0);
    assert!(said.contains("warning: the target was not reached: 0 of 1 tests were above it"), "{said}");

    // A shorter training has taken as long as its segments did, whenever that was.
    let settings = ["--set", "stages.train.stop.max_trials=1280"];
    let run = project.run_with(&[&["--only", "train"], &settings[..]].concat()).ok();
    assert_eq!(run.trained("train[seed=1]"), 0);
    assert_eq!(times(&project), whole[..3]);
    let why = project.says(&[&["why", "train", "--json"], &settings[..]].concat(), 0);
    let why: serde_json::Value = serde_json::from_str(&why).expect("JSON");
    let took_ms = why[0]["why"]["last"]["duration_ms"].as_f64().expect("a duration");
    assert!(took_ms >= (whole[2] * 1000.0).round(), "{took_ms} {whole:?}");
}
