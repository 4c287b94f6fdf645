//! What an experiment file can say beyond stages: what it extends, which combinations of its axes there
//! are, which part of it is asked for, and what a machine file adds.

mod common;

use common::{Project, SMALL};
use rnnwm::table::Table;

/// The addresses of all instances that `plan` lists.
fn planned(project: &Project, arguments: &[&str]) -> Vec<String> {
    let output = project
        .command(&[&["plan", "experiment.toml"], arguments].concat())
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let rows = text.lines().filter(|line| line.contains("  "));
    rows.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// What a wrong experiment is told; the exit code must be 2.
fn message(project: &Project, arguments: &[&str]) -> String {
    let output = project
        .command(&[&["plan", "experiment.toml"], arguments].concat())
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("text")
}

fn with_file(experiment: &str, name: &str, text: &str) -> Project {
    let project = Project::new(experiment);
    std::fs::write(project.path(name), text).expect("the file can be written");
    project
}

/// A sweep of two axes, of which statistics use both, and training one.
const SWEEP: &str = r#"
[axes]
seed = [1, 2, 3]
delay_ms = [500, 1000, 1500]

[tasks]
probe = { kind = "odr", delay_ms = "{delay_ms}" }

[stages.train]
tasks = ["odr500"]
seed = "{seed}"

[stages.select]
model = "train"
task = "odr500"

[stages.activity]
checkpoints = "select"
task = "probe"
rule = "odr500"

[stages.psth]
activity = "activity"
figure = false

[stages.summary]
of = ["psth"]
over = ["seed"]
figure = false
"#;

fn swept(sweep: &str) -> String {
    format!("[sweep]\n{sweep}\n{SWEEP}")
}

const EXTENDING: &str = r#"
[experiment]
extends = "base/small.toml"
remove = ["stages.growth", "stages.endpoints"]

[axes]
seed = [1, 2]

[stages.train]
stop = { max_trials = 160 }

[stages.psth]
epoch = "stim1"
"#;

fn extending(experiment: &str) -> Project {
    let project = Project::new(experiment);
    std::fs::create_dir(project.path("base")).expect("a folder");
    std::fs::write(project.path("base/small.toml"), SMALL).expect("the file can be written");
    project
}

#[test]
fn an_extension_merges_tables_replaces_values_and_removes_stages() {
    let project = extending(EXTENDING);
    let output =
        project.command(&["plan", "experiment.toml", "--resolved"]).output().expect("the binary runs");
    insta::assert_snapshot!(String::from_utf8(output.stdout).expect("text"));
}

#[test]
fn an_extension_that_changes_nothing_runs_nothing_and_has_outputs_of_its_own() {
    let project = with_file("[experiment]\nextends = \"small.toml\"\n", "small.toml", SMALL);
    let base = project.command(&["run", "small.toml", "--no-sync"]).output().expect("the binary runs");
    assert!(base.status.success());
    assert!(project.run().ok().ran().is_empty());
    assert!(project.path("outputs/experiment/report.html").exists());
}

#[test]
fn another_kind_replaces_the_inherited_task_with_its_parameters() {
    let base = "[tasks]\nown = { kind = \"odr\", delay_ms = 700 }\n[stages.train]\ntasks = [\"own\"]\n";
    let own = "[experiment]\nextends = \"base.toml\"\n[tasks]\nown = { kind = \"gap\" }\n";
    assert_eq!(planned(&with_file(own, "base.toml", base), &[]), ["train"]);
}

#[test]
fn several_files_are_extended_in_order() {
    let own = "[experiment]\nextends = [\"one.toml\", \"two.toml\"]\n";
    let project = with_file(own, "one.toml", "[stages.train]\ntasks = [\"gap\"]\nseed = 1\n");
    std::fs::write(project.path("two.toml"), "[stages.train]\nseed = 2\n").expect("a file");
    let output =
        project.command(&["plan", "experiment.toml", "--resolved"]).output().expect("the binary runs");
    assert!(String::from_utf8(output.stdout).expect("text").contains("seed = 2"));
}

#[test]
fn what_is_wrong_in_an_extended_file_is_shown_there() {
    let own = "[experiment]\nextends = \"base.toml\"\n[stages.train]\nsed = 3\n";
    let base = "# a file of its own\n[stages.train]\ntasks = [\"overlpa\"]\nmodel = { unit = 3 }\n";
    insta::assert_snapshot!(message(&with_file(own, "base.toml", base), &[]));
}

#[test]
fn places_in_two_files_are_both_named() {
    let own = "[experiment]\nextends = \"base.toml\"\n[sweep]\nzip = [[\"seed\", \"size\"]]\n";
    let base = "[axes]\nseed = [1, 2]\nsize = [8]\n[stages.train]\ntasks = [\"gap\"]\nseed = \"{seed}\"\nmodel = { units = \"{size}\" }\n";
    insta::assert_snapshot!(message(&with_file(own, "base.toml", base), &[]));
}

#[test]
fn a_file_that_is_extended_and_not_there() {
    insta::assert_snapshot!(message(&Project::new("[experiment]\nextends = \"papr.toml\"\n"), &[]));
}

#[test]
fn files_that_extend_one_another() {
    let own = "[experiment]\nextends = \"base.toml\"\n";
    let base = "[experiment]\nextends = \"experiment.toml\"\n";
    insta::assert_snapshot!(message(&with_file(own, "base.toml", base), &[]));
}

#[test]
fn removing_what_is_not_inherited() {
    let own = "[experiment]\nextends = \"base.toml\"\nremove = [\"stages.trian\", \"stages.train.seed.x\"]\n";
    let base = "[stages.train]\ntasks = [\"gap\"]\nseed = 1\n";
    insta::assert_snapshot!(message(&with_file(own, "base.toml", base), &[]));
}

#[test]
fn removing_where_nothing_is_extended() {
    let own =
        "[experiment]\nremove = [\"stages.train\"]\nextend = \"x\"\n[stages.train]\ntasks = [\"gap\"]\n";
    insta::assert_snapshot!(message(&Project::new(own), &[]));
}

#[test]
fn extending_with_something_that_is_no_name() {
    insta::assert_snapshot!(message(&Project::new("[experiment]\nextends = 3\n"), &[]));
}

#[test]
fn zipped_axes_move_together_and_are_gathered_together() {
    let project = Project::new(&swept("zip = [[\"seed\", \"delay_ms\"]]"));
    assert_eq!(
        planned(&project, &[]),
        [
            "train[seed=1]",
            "train[seed=2]",
            "train[seed=3]",
            "select[seed=1]",
            "select[seed=2]",
            "select[seed=3]",
            "activity[seed=1,delay_ms=500]",
            "activity[seed=2,delay_ms=1000]",
            "activity[seed=3,delay_ms=1500]",
            "psth[seed=1,delay_ms=500]",
            "psth[seed=2,delay_ms=1000]",
            "psth[seed=3,delay_ms=1500]",
            "summary[delay_ms=500]",
            "summary[delay_ms=1000]",
            "summary[delay_ms=1500]",
        ]
    );
}

#[test]
fn excluded_combinations_are_left_out_where_both_axes_are_used() {
    let project = Project::new(&swept("exclude = [{ seed = 3, delay_ms = [1000, 1500] }]"));
    let planned = planned(&project, &[]);
    assert!(planned.contains(&"train[seed=3]".to_owned()));
    assert!(planned.contains(&"psth[seed=3,delay_ms=500]".to_owned()));
    assert!(!planned.iter().any(|one| one.starts_with("psth[seed=3,delay_ms=1")));
    assert_eq!(planned.iter().filter(|one| one.starts_with("psth")).count(), 7);
}

#[test]
fn a_summary_gathers_the_combinations_that_there_are() {
    let small = SMALL
        .replace("seed = [1]", "seed = [1, 2]\nrepeats = [2, 3]")
        .replace("repeats = 2", "repeats = \"{repeats}\"")
        + "\n[stages.summary]\nof = [\"endpoints\"]\nover = [\"seed\", \"repeats\"]\n";
    let rows = |sweep: &str| {
        let project = Project::new(&format!("{sweep}\n{small}"));
        project.run_with(&["--no-sync", "--only", "summary"]).ok();
        let bytes = std::fs::read(project.path("outputs/small/tables/summary/rows.parquet"));
        let table = Table::from_parquet(&bytes.expect("the table is laid out")).expect("a table");
        let (seeds, repeats) = (table.text("seed").expect("seeds"), table.text("repeats").expect("repeats"));
        let places = seeds.iter().zip(&repeats).map(|(seed, repeats)| format!("{seed}/{repeats}"));
        let mut places: Vec<String> = places.collect();
        places.sort();
        places.dedup();
        places
    };
    assert_eq!(rows("[sweep]\nzip = [[\"seed\", \"repeats\"]]"), ["1/2", "2/3"]);
    assert_eq!(rows("[sweep]\nexclude = [{ seed = 2, repeats = 2 }]"), ["1/2", "1/3", "2/3"]);
}

#[test]
fn the_rules_of_a_sweep_are_a_part_of_the_resolved_experiment() {
    let project = Project::new(&swept("zip = [[\"seed\", \"delay_ms\"]]\nexclude = [{ seed = 3 }]"));
    let before = planned(&project, &[]);
    let output =
        project.command(&["plan", "experiment.toml", "--resolved"]).output().expect("the binary runs");
    project.write(&String::from_utf8(output.stdout).expect("text"));
    assert_eq!(planned(&project, &[]), before);
}

macro_rules! sweep_message_is {
    ($name:ident, $sweep:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(message(&Project::new(&swept($sweep)), &[]));
        }
    };
}

sweep_message_is!(zip_of_an_unknown_axis, "zip = [[\"seed\", \"delay\"]]");
sweep_message_is!(zip_that_is_no_list_of_lists, "zip = [\"seed\", \"delay_ms\"]");
sweep_message_is!(zip_of_one_axis, "zip = [[\"seed\"]]");
sweep_message_is!(zip_of_an_axis_twice, "zip = [[\"seed\", \"delay_ms\"], [\"delay_ms\", \"seed\"]]");
sweep_message_is!(exclusion_of_an_unknown_value, "exclude = [{ seed = 4, delay_ms = 500 }]");
sweep_message_is!(exclusion_of_everything, "exclude = [{ seed = [1, 2, 3] }]");
sweep_message_is!(
    exclusion_of_what_is_not_there,
    "zip = [[\"seed\", \"delay_ms\"]]\nexclude = [{ seed = 1, delay_ms = 1500 }]"
);
sweep_message_is!(unknown_rule_of_a_sweep, "zips = []");

#[test]
fn a_rule_about_axes_that_no_stage_has_together() {
    let experiment = "[axes]\nseed = [1, 2]\nunits = [8, 9]\n[sweep]\nzip = [[\"seed\", \"units\"]]\n\
        [stages.train]\ntasks = [\"gap\"]\nseed = \"{seed}\"\n\
        [stages.other]\nkind = \"train\"\ntasks = [\"gap\"]\nmodel = { units = \"{units}\" }\n";
    insta::assert_snapshot!(message(&Project::new(experiment), &[]));
}

#[test]
fn only_takes_wildcards_and_values_of_axes() {
    let project = Project::new(SWEEP);
    let plan = |only: &[&str]| {
        let arguments: Vec<&str> = only.iter().flat_map(|one| ["--only", *one]).collect();
        planned(&project, &arguments)
    };
    assert_eq!(plan(&["train[seed=1]"]), ["train[seed=1]"]);
    assert_eq!(plan(&["select[seed=?]", "train"]).len(), 6);
    assert_eq!(
        plan(&["psth[seed=2,delay_ms=1*]"]),
        [
            "train[seed=2]",
            "select[seed=2]",
            "activity[seed=2,delay_ms=1000]",
            "activity[seed=2,delay_ms=1500]",
            "psth[seed=2,delay_ms=1000]",
            "psth[seed=2,delay_ms=1500]",
        ]
    );
    // A stage that gathers needs all that it gathers.
    assert_eq!(plan(&["sum*[delay_ms=500]"]).len(), 3 * 4 + 1);
    assert_eq!(plan(&["train[seed=1]", "train[seed=3]"]), ["train[seed=1]", "train[seed=3]"]);
}

#[test]
fn only_that_selects_nothing() {
    let project = Project::new(SWEEP);
    let said: Vec<String> =
        ["trian", "z*", "train[seed=7]", "train[delay_ms=500]", "train[seed=1", "train[seed]"]
            .iter()
            .map(|only| message(&project, &["--only", only]))
            .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_machine_file_gives_the_defaults_of_flags_and_flags_and_environment_come_first() {
    let project =
        with_file(SMALL, "machine.toml", "store = \"of-file\"\noutputs = \"figures\"\nsync = false\n");
    let run = |environment: &[(&str, &str)], flags: &[&str]| {
        let mut command =
            project.command(&[&["run", "experiment.toml", "--only", "train", "--quiet"], flags].concat());
        command.env_remove("RNNWM_MACHINE").envs(environment.iter().copied());
        assert!(command.status().expect("the binary runs").success());
    };
    run(&[], &[]);
    assert!(project.path("of-file/records").exists() && project.path("figures/small").exists());
    run(&[("RNNWM_STORE", "of-environment")], &[]);
    assert!(project.path("of-environment/records").exists());
    run(&[("RNNWM_STORE", "of-environment")], &["--store", "of-flag"]);
    assert!(project.path("of-flag/records").exists());
    run(&[("RNNWM_MACHINE", "")], &[]);
    assert!(project.path("data/store/records").exists());
}

#[test]
fn a_machine_file_of_the_user_is_found_and_one_that_is_named_must_be_there() {
    let project = Project::new(SMALL);
    let folder = project.path("config/rnnwm");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("machine.toml"), "store = \"of-user\"\n").expect("a file");
    let mut command = project.command(&["run", "--help"]);
    command.env_remove("RNNWM_MACHINE").env("XDG_CONFIG_HOME", project.path("config"));
    let help = String::from_utf8(command.output().expect("the binary runs").stdout).expect("text");
    assert!(help.contains("of-user"), "{help}");
    let mut command = project.command(&["plan", "experiment.toml"]);
    let output = command.env("RNNWM_MACHINE", "missing.toml").output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).expect("text"));
}

#[test]
fn a_machine_file_that_is_wrong() {
    let project = with_file(SMALL, "machine.toml", "stor = \"x\"\njobs = 0\nsync = \"no\"\n");
    let mut command = project.command(&["plan", "experiment.toml"]);
    let output = command.env_remove("RNNWM_MACHINE").output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).expect("text"));
    let help = project.command(&["--help"]).env_remove("RNNWM_MACHINE").output().expect("the binary runs");
    assert!(help.status.success(), "help is given all the same");
}

#[test]
fn a_machine_file_that_asks_for_too_much() {
    let project = with_file(SMALL, "machine.toml", "jobs = 5000000000\nmemory = \"lots\"\n");
    let output = project.command(&["plan", "experiment.toml"]).env_remove("RNNWM_MACHINE").output();
    let output = output.expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).expect("text"));
}

#[test]
fn every_shell_has_completions() {
    let project = Project::new(SMALL);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = project.command(&["completions", shell]).output().expect("the binary runs");
        let script = String::from_utf8(output.stdout).expect("text");
        assert!(script.contains("rnnwm") && script.contains("resolved"), "{shell}");
    }
}
