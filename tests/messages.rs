//! What people read when an experiment is wrong: the message, the place, and what to do.

mod common;

use common::Project;

/// What `rnnwm plan` says about an experiment that is wrong. It must end with exit code 2.
fn message(experiment: &str) -> String {
    message_with(experiment, &[])
}

fn message_with(experiment: &str, arguments: &[&str]) -> String {
    let project = Project::new(experiment);
    let mut command = project.command(&[&["plan", "experiment.toml"], arguments].concat());
    let output = command.output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}

const TRAIN: &str = "[stages.train]\ntasks = [\"overlap\", \"odr500\"]\n";

macro_rules! message_is {
    ($name:ident, $experiment:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(message($experiment));
        }
    };
}

message_is!(text_that_is_no_toml, "[stages.train\ntasks = [\n");
message_is!(unknown_section, "[stage.train]\ntasks = []\n");
message_is!(key_of_the_head_at_the_top, &format!("extends = \"base.toml\"\n{TRAIN}"));
message_is!(no_stages, "[experiment]\nname = \"empty\"\n");
message_is!(
    experiment_name_that_is_no_folder,
    "[experiment]\nname = \"../up\"\n[stages.train]\ntasks = [\"gap\"]\n"
);
message_is!(unknown_kind, "[stages.trian]\ntasks = [\"overlap\"]\n");
message_is!(unknown_parameter, &format!("{TRAIN}sed = 3\n"));
message_is!(unknown_nested_parameter, &format!("{TRAIN}model = {{ unit = 3 }}\n"));
message_is!(seed_as_text, &format!("{TRAIN}seed = \"one\"\n"));
message_is!(seed_below_zero, &format!("{TRAIN}seed = -1\n"));
message_is!(no_units, &format!("{TRAIN}model = {{ units = 0 }}\n"));
message_is!(fraction_of_a_unit, &format!("{TRAIN}model = {{ units = 1.5 }}\n"));
message_is!(time_step_above_time_constant, &format!("{TRAIN}model = {{ dt_ms = 200 }}\n"));
message_is!(unknown_activation, &format!("{TRAIN}model = {{ activation = \"softpuls\" }}\n"));
message_is!(missing_parameter, "[stages.train]\nseed = 1\n");
message_is!(no_tasks, "[stages.train]\ntasks = []\n");
message_is!(unknown_task, "[stages.train]\ntasks = [\"overlpa\"]\n");
message_is!(task_named_twice, "[stages.train]\ntasks = [\"gap\", \"gap\"]\n");
message_is!(
    negative_delay,
    "[tasks]\nmemory = { kind = \"odr\", delay_ms = -500 }\n[stages.train]\ntasks = [\"memory\"]\n"
);
message_is!(
    delay_below_the_time_step,
    "[tasks]\nmemory = { kind = \"odr\", delay_ms = 5 }\n[stages.train]\ntasks = [\"memory\"]\n"
);
message_is!(
    unknown_task_kind,
    "[tasks]\nmemory = { kind = \"ord\" }\n[stages.train]\ntasks = [\"memory\"]\n"
);
message_is!(unknown_stage, &format!("{TRAIN}[stages.select]\nmodel = \"trian\"\ntask = \"odr\"\n"));
message_is!(stage_that_gives_something_else, &format!("{TRAIN}[stages.activity]\ncheckpoints = \"train\"\n"));
message_is!(missing_input, &format!("{TRAIN}[stages.select]\ntask = \"odr\"\n"));
message_is!(
    circle,
    &format!(
        "{TRAIN}[stages.a]\nkind = \"summary\"\nof = [\"b\"]\n[stages.b]\nkind = \"summary\"\nof = [\"a\"]\n"
    )
);
message_is!(unused_axis, &format!("[axes]\nseed = [1, 2]\n{TRAIN}"));
message_is!(unknown_axis, &format!("[axes]\nseed = [1, 2]\n{TRAIN}seed = \"{{sead}}\"\n"));
message_is!(axis_of_the_wrong_type, &format!("[axes]\nseed = [\"a\"]\n{TRAIN}seed = \"{{seed}}\"\n"));
message_is!(
    axis_without_values,
    &format!("[axes]\nseed = {{ from = 3, to = 1 }}\n{TRAIN}seed = \"{{seed}}\"\n")
);
message_is!(axis_with_a_value_twice, &format!("[axes]\nseed = [1, 1]\n{TRAIN}seed = \"{{seed}}\"\n"));
message_is!(selection_without_a_task, &format!("{TRAIN}[stages.select]\nmodel = \"train\"\n"));
message_is!(
    task_that_could_be_two_of_the_model,
    "[stages.train]\ntasks = [\"odr500\", \"odr3000\"]\n[stages.select]\nmodel = \"train\"\ntask = \"odr\"\n"
);
message_is!(
    trials_of_a_task_that_the_model_does_not_know,
    &format!(
        "{TRAIN}[stages.select]\nmodel = \"train\"\ntask = \"odr\"\n[stages.activity]\ncheckpoints = \"select\"\ntask = \"odr1000\"\n"
    )
);
message_is!(
    epoch_that_the_task_does_not_have,
    &format!(
        "{TRAIN}[stages.select]\nmodel = \"train\"\ntask = \"overlap\"\n[stages.activity]\ncheckpoints = \"select\"\n[stages.psth]\nactivity = \"activity\"\n"
    )
);
message_is!(
    gathering_where_nothing_is_gathered,
    &format!("[axes]\nseed = [1]\n{TRAIN}seed = \"{{seed}}\"\nover = [\"seed\"]\n")
);
message_is!(
    figure_that_is_too_wide,
    &format!("{TRAIN}[stages.growth]\nmodel = \"train\"\nfigure = {{ width_mm = 9000 }}\n")
);
message_is!(
    figure_whose_colour_is_none,
    &format!("{TRAIN}[stages.growth]\nmodel = \"train\"\nfigure = {{ colors = {{ gap = \"greenish\" }} }}\n")
);
message_is!(
    figure_whose_limits_are_turned_around,
    &format!("{TRAIN}[stages.growth]\nmodel = \"train\"\nfigure = {{ y_limits = [1, 0.5] }}\n")
);
message_is!(
    figure_with_one_limit,
    &format!("{TRAIN}[stages.growth]\nmodel = \"train\"\nfigure = {{ y_limits = [1] }}\n")
);
message_is!(
    figure_of_no_known_format,
    &format!("{TRAIN}[stages.growth]\nmodel = \"train\"\nfigure = {{ formats = [\"eps\"] }}\n")
);
message_is!(
    composite_of_what_is_not_there,
    &format!(
        "{TRAIN}[stages.growth]\nmodel = \"train\"\n[stages.both]\nkind = \"composite\"\npanels = [\"growth\", \"grwth\", \"train\"]\n"
    )
);
message_is!(
    composite_whose_rows_hold_too_few,
    &format!(
        "{TRAIN}[stages.growth]\nmodel = \"train\"\n[stages.both]\nkind = \"composite\"\npanels = [\"growth\", \"growth\"]\nrows = [1]\nlooks.C = {{ title = \"\" }}\n"
    )
);
message_is!(
    composite_with_a_look_of_no_panel,
    &format!(
        "{TRAIN}[stages.growth]\nmodel = \"train\"\n[stages.both]\nkind = \"composite\"\npanels = [\"growth\"]\nlooks.B = {{ title = \"\" }}\n"
    )
);
message_is!(
    composite_with_too_much_in_a_row,
    &format!(
        "{TRAIN}[stages.growth]\nmodel = \"train\"\n[stages.both]\nkind = \"composite\"\npanels = [\"growth\", \"growth\", \"growth\"]\nrows = [3]\nfigure = {{ width_mm = 85 }}\n"
    )
);

#[test]
fn everything_that_is_wrong_is_said_in_one_go() {
    insta::assert_snapshot!(message(
        r#"
[axes]
idle = [1]

[tasks]
memory = { kind = "odr", delay = 3000 }

[stages.train]
tasks = ["overlap", "memry"]
seed = "one"
model = { unts = 3, dt_ms = 500 }

[stages.select]
model = "trian"

[stages.psth]
figure = { width = 3 }
"#
    ));
}

#[test]
fn a_setting_that_is_wrong_is_shown_as_it_was_typed() {
    let wrong = ["--set", "stages.train.stop.max_trials=many", "--set", "stages.train.model.units=0"];
    insta::assert_snapshot!(message_with(TRAIN, &wrong));
}

#[test]
fn only_an_unknown_stage() {
    insta::assert_snapshot!(message_with(TRAIN, &["--only", "trian"]));
}

#[test]
fn a_file_that_is_not_there() {
    let project = Project::new(TRAIN);
    let output = project.command(&["run", "missing.toml"]).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).expect("text"));
}

#[test]
fn plan_says_what_will_run_and_why() {
    let project = Project::new(common::SMALL);
    let plan = || {
        let output = project.command(&["plan", "experiment.toml"]).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).expect("text");
        // Times are not the same twice.
        let untimed = |line: &str| {
            let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
            let is_time = |at: usize| words.get(at + 1).is_some_and(|unit| *unit == "s");
            let shown = |(at, word): (usize, &&str)| match word.trim_start_matches('~').parse::<f64>() {
                Ok(_) if is_time(at) => "...".to_owned(),
                _ => (*word).to_owned(),
            };
            words.iter().enumerate().map(shown).collect::<Vec<_>>().join(" ")
        };
        text.lines().map(untimed).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("plan_of_a_new_experiment", plan());
    project.run().ok();
    insta::assert_snapshot!("plan_of_a_known_experiment", plan());
    project.write(&common::SMALL.replace("max_trials = 320", "max_trials = 640"));
    insta::assert_snapshot!("plan_of_an_edited_experiment", plan());
}

#[test]
fn resolved_shows_every_default_and_can_be_run() {
    let project = Project::new(common::SMALL);
    let output =
        project.command(&["plan", "experiment.toml", "--resolved"]).output().expect("the binary runs");
    let resolved = String::from_utf8(output.stdout).expect("text");
    insta::assert_snapshot!(resolved);
    project.run().ok();
    project.write(&resolved);
    assert!(project.run().ok().ran().is_empty(), "the defaults written out change no key");
}
