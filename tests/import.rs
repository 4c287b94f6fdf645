//! Models that the reference implementation trained, as input: made-up folders of its form through the
//! real binary.

mod bundle;
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bundle::Bundle;
use common::{Project, Run};
use rnnwm::experiment::Experiment;
use rnnwm::plan::Plan;
use rnnwm::store::{Durability, Store};
use serde_json::{Value as Json, json};

const EXPERIMENT: &str = r#"
[experiment]
name = "imported"

[stages.model]
kind = "import"
folder = "model"

[stages.select]
model = "model"
task = "odr"
criteria = { window = 0 }

[stages.activity]
checkpoints = "select"
repeats = 2

[stages.psth]
activity = "activity"

[stages.endpoints]
activity = "activity"

[stages.growth]
model = "model"
selection = "select"
"#;

const ALL: [&str; 8] =
    ["endpoints", "fig_endpoints", "fig_growth", "fig_psth", "growth", "model", "psth", "select"];

/// What changes with the weights of a selected checkpoint.
const OF_ACTIVITY: [&str; 5] = ["endpoints", "fig_endpoints", "fig_psth", "model", "psth"];

/// Units of the network; its weights are too large to stand in a record.
const UNITS: usize = 24;

/// Hyperparameters of a small network that was trained on two of the five tasks of its rule set.
fn hyperparameters() -> Json {
    let real = "data/pretrained/6tasks_8loc_256neuron_odr3000_seed0/hp.json";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(real);
    let mut values: Json = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
    values["n_rnn"] = json!(UNITS);
    values["n_rule"] = json!(5);
    values["n_input"] = json!(14);
    values["ruleset"] = json!("seq_train_test");
    values["rules"] = json!(["overlap", "odr500"]);
    values["rule_trains"] = values["rules"].clone();
    values["rule_probs"] = json!([0.5, 0.5]);
    values
}

/// A log with five tests: the second is early, the third mid, and the last two mature.
fn log() -> Json {
    let flat = json!([0.5, 0.5, 0.5, 0.5, 0.5]);
    json!({
        "model_dir": "elsewhere", "trials": [0, 16, 32, 48, 64], "times": [0.0, 1.0, 2.0, 3.0, 4.0],
        "cost_overlap": flat, "creg_overlap": flat, "perf_overlap": flat,
        "cost_odr500": flat, "creg_odr500": flat, "perf_odr500": [0.2, 0.35, 0.65, 0.96, 1.0],
    })
}

fn checkpoint(trials: u64) -> Bundle {
    Bundle::network(14, UNITS, 9, trials + 1)
}

/// A project with a model that has some of the checkpoints of its log.
struct Model {
    project: Project,
}

impl Model {
    fn new() -> Self {
        let model = Self { project: Project::new(EXPERIMENT) };
        fs::create_dir(model.path("")).expect("a folder");
        model.write_json("hp.json", &hyperparameters());
        model.write_json("log.json", &log());
        for trials in [0, 16, 48] {
            model.write_checkpoint(trials, &checkpoint(trials));
        }
        model
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.path("model").join(name)
    }

    fn write_json(&self, name: &str, value: &Json) {
        fs::write(self.path(name), value.to_string()).expect("a file");
    }

    fn write_checkpoint(&self, trials: u64, bundle: &Bundle) {
        let folder = self.path(&trials.to_string());
        fs::create_dir_all(&folder).expect("a folder");
        for (name, bytes) in bundle.files() {
            fs::write(folder.join(name), bytes).expect("a file");
        }
    }

    fn run(&self) -> Run {
        self.project.run()
    }

    /// What `rnnwm plan` says about a folder that is wrong. It must end with exit code 2.
    fn refusal(&self) -> String {
        let output = self.project.command(&["plan", "experiment.toml"]).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).expect("text")
    }

    /// What `rnnwm run` says about a file that is wrong. It must end with exit code 1.
    fn failure(&self) -> String {
        let run = self.run();
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        let folder = fs::canonicalize(self.path("")).expect("a path").display().to_string();
        let said = run.stderr.lines().filter(|line| line.starts_with("error: "));
        said.map(|line| format!("{}\n", line.replace(&folder, "<model>"))).collect()
    }
}

#[test]
fn an_imported_model_is_analysed_like_one_that_was_trained_here() {
    let model = Model::new();
    let run = model.run().ok();
    assert_eq!(run.ran(), ALL);
    for said in [
        "warning: of 1 mid checkpoints, 0 are there; the others are in the log only",
        "warning: of 2 mature checkpoints, 1 are there; the others are in the log only",
    ] {
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("early checkpoints, "), "{}", run.stderr);
    assert!(model.project.path("outputs/imported/figures/fig_psth.png").exists());
    assert!(!model.project.path("data/imported").exists(), "the model has a folder of its own");
    let again = model.run().ok();
    assert_eq!(again.events.iter().filter(|event| event["event"] == "stage_started").count(), 0);
}

#[test]
fn touching_moving_and_renaming_run_nothing() {
    let model = Model::new();
    model.run().ok();
    for path in model.project.files("model").keys() {
        let file = fs::File::options().append(true).open(model.path("").join(path)).expect("a file");
        file.set_modified(std::time::SystemTime::now()).expect("it can be touched");
    }
    assert!(model.run().ok().ran().is_empty(), "touch");
    fs::create_dir(model.project.path("elsewhere")).expect("a folder");
    fs::rename(model.path(""), model.project.path("elsewhere/renamed")).expect("it can be moved");
    model.project.write(
        &EXPERIMENT.replace("\"model\"\n\n[stages.select]", "\"elsewhere/renamed\"\n\n[stages.select]"),
    );
    assert!(model.run().ok().ran().is_empty(), "move");
    let renamed = model.project.path("elsewhere/renamed");
    fs::rename(renamed.join("hp.json"), renamed.join("hparams.json")).expect("it can be renamed");
    assert!(model.run().ok().ran().is_empty(), "the other name of the hyperparameters");
}

#[test]
fn paths_start_from_the_folder_of_the_experiment_file() {
    let model = Model::new();
    fs::create_dir(model.project.path("below")).expect("a folder");
    let below = EXPERIMENT.replace("folder = \"model\"", "folder = \"../model\"");
    fs::write(model.project.path("below/experiment.toml"), below).expect("a file");
    let output = model.project.command(&["plan", "below/experiment.toml"]).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_inherited_path_starts_from_the_folder_of_the_file_that_it_stands_in() {
    let model = Model::new();
    fs::create_dir_all(model.project.path("below/further")).expect("folders");
    let below = EXPERIMENT.replace("folder = \"model\"", "folder = \"../model\"");
    fs::write(model.project.path("below/base.toml"), below).expect("a file");
    let further = model.project.path("below/further/experiment.toml");
    fs::write(&further, "[experiment]\nextends = \"../base.toml\"\n").expect("a file");
    model.project.says(&["plan", "below/further/experiment.toml"], 0);
    // What is typed starts from where it is typed.
    fs::rename(model.path(""), model.project.path("moved")).expect("it can be moved");
    model.project.says(&["plan", "below/further/experiment.toml"], 2);
    let moved = "stages.model.folder=moved";
    model.project.says(&["plan", "below/further/experiment.toml", "--set", moved], 0);
}

#[test]
fn an_axis_may_give_whole_paths() {
    let model = Model::new();
    let axes = format!("[axes]\nmodel = [{:?}]\n", model.path(""));
    model.project.write(&(axes + &EXPERIMENT.replace("folder = \"model\"", "folder = \"{model}\"")));
    model.project.says(&["plan", "experiment.toml"], 0);
}

#[test]
fn a_path_with_an_axis_imports_a_model_for_each_of_its_values() {
    let model = Model::new();
    for seed in [3, 4] {
        for (path, bytes) in model.project.files("model") {
            let path = model.project.path(&format!("seeds/{seed}")).join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        let mut values = hyperparameters();
        values["seed"] = json!(seed);
        fs::write(model.project.path(&format!("seeds/{seed}/hp.json")), values.to_string()).expect("a file");
    }
    let seeds = EXPERIMENT.replace("folder = \"model\"", "folder = \"seeds/{seed}\"");
    model.project.write(&format!("[axes]\nseed = [3, 4]\n{seeds}"));
    let run = model.project.run_with(&["--no-sync", "--only", "psth"]).ok();
    let expected = ["model[seed=3]", "model[seed=4]", "psth[seed=3]", "psth[seed=4]"];
    let ran: Vec<String> = run.ran().into_iter().filter(|stage| !stage.starts_with("select")).collect();
    assert_eq!(ran, expected);
}

#[test]
fn a_changed_weight_reruns_what_depends_on_it() {
    let model = Model::new();
    model.run().ok();
    let mut changed = checkpoint(48);
    changed.variable("rnn/leaky_rnn_cell/kernel").values[100] += 0.125;
    model.write_checkpoint(48, &changed);
    let run = model.run().ok();
    assert_eq!(run.ran(), OF_ACTIVITY);
    assert!(run.stderr.contains("its input `checkpoints` changed"), "{}", run.stderr);
    let mut unselected = checkpoint(0);
    unselected.variable("output/biases").values[0] += 0.125;
    model.write_checkpoint(0, &unselected);
    assert_eq!(model.run().ok().ran(), ["model"]);
}

#[test]
fn a_checkpoint_more_is_selected() {
    let model = Model::new();
    model.run().ok();
    model.write_checkpoint(32, &checkpoint(32));
    let run = model.run().ok();
    assert_eq!(run.ran(), ALL);
    assert!(!run.stderr.contains("mid checkpoints, "), "{}", run.stderr);
    // One that the log knows nothing of is filed, and said to be of no use.
    model.write_checkpoint(99, &checkpoint(99));
    let run = model.run().ok();
    assert!(run.stderr.contains("the log has no test at 99 trials"), "{}", run.stderr);
    let by_hand = "by_hand = { early = [99] }";
    model.project.write(&EXPERIMENT.replace("criteria = { window = 0 }", by_hand));
    assert!(model.failure().contains("no checkpoint at 99 trials; the nearest is at 48"));
}

#[test]
fn every_form_of_a_checkpoint_gives_the_same_results() {
    let model = Model::new();
    model.run().ok();
    let sharded = Bundle { shards: 3, snappy: true, big_endian: true, block: 2, ..checkpoint(48) };
    fs::remove_dir_all(model.path("48")).expect("a folder");
    model.write_checkpoint(48, &sharded);
    assert_eq!(model.run().ok().ran(), ["model"]);
    let mut double = checkpoint(48);
    double.variable("output/weights").dtype = 2;
    for value in &mut double.variable("output/weights").values {
        *value = f64::from(*value as f32);
    }
    fs::remove_dir_all(model.path("48")).expect("a folder");
    model.write_checkpoint(48, &double);
    let run = model.run().ok();
    assert_eq!(run.ran(), ["model"]);
    let log = model.project.path("data/store/runs/imported/3/logs/model.log");
    let log = fs::read_to_string(log).expect("a log");
    assert!(log.contains("checkpoint 48: rounded to single precision: output/weights"), "{log}");
}

#[test]
fn the_rule_unit_is_that_of_the_rule_set() {
    // Two networks that differ only in where the rule unit of `odr500` is do the same, if its weights are
    // there too.
    let (one, other) = (Model::new(), Model::new());
    let mut values = hyperparameters();
    values["ruleset"] = json!("overlap+odr500");
    values["n_rule"] = json!(2);
    values["n_input"] = json!(11);
    other.write_json("hp.json", &values);
    for trials in [0, 16, 48] {
        let mut bundle = checkpoint(trials);
        let kernel = bundle.variable("rnn/leaky_rnn_cell/kernel");
        // Rows of the rule set: odr500, odrd, overlap, zero_gap, gap; the rows of units follow.
        let row = |row: usize| kernel.values[row * UNITS..][..UNITS].to_vec();
        let rows = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 9].into_iter().chain(14..14 + UNITS);
        kernel.values = rows.flat_map(row).collect();
        kernel.shape[0] = 11 + UNITS as i64;
        other.write_checkpoint(trials, &bundle);
    }
    one.run().ok();
    other.run().ok();
    let table = "outputs/imported/tables/psth/curves.csv";
    let read = |model: &Model| fs::read_to_string(model.project.path(table)).expect("a table");
    assert!(read(&one).lines().count() > 100);
    assert_eq!(read(&one), read(&other));
}

#[test]
fn weights_that_the_store_has_lost_are_imported_again() {
    let model = Model::new();
    model.run().ok();
    for (path, bytes) in model.project.files("data/store/objects") {
        if bytes.windows(16).any(|window| window == b"leaky_rnn_cell/b") {
            fs::remove_file(model.project.path("data/store/objects").join(path)).expect("it can be removed");
        }
    }
    assert!(model.run().ok().ran().is_empty());
    model.project.write(&EXPERIMENT.replace("[stages.psth]", "[stages.psth]\nepoch = \"stim1\""));
    assert_eq!(model.run().ok().ran(), ["fig_psth", "model", "psth"]);
}

macro_rules! refused {
    ($name:ident, $spoil:expr) => {
        #[test]
        fn $name() {
            let model = Model::new();
            let spoil: fn(&Model) = $spoil;
            spoil(&model);
            insta::assert_snapshot!(model.refusal());
        }
    };
}

fn remove(model: &Model, name: &str) {
    let path = model.path(name);
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.expect("it can be removed");
}

refused!(a_folder_that_is_not_there, |model| remove(model, ""));
refused!(no_hyperparameters, |model| remove(model, "hp.json"));
refused!(no_log, |model| remove(model, "log.json"));
refused!(no_checkpoints, |model| ["0", "16", "48"].iter().for_each(|trials| remove(model, trials)));
refused!(a_checkpoint_without_its_index, |model| remove(model, "16/model.ckpt.index"));
refused!(hyperparameters_that_are_no_json, |model| fs::write(model.path("hp.json"), "{\"dt\": 20,").unwrap());
refused!(hyperparameters_that_contradict_themselves, |model| {
    let mut values = hyperparameters();
    values["n_input"] = json!(15);
    values["rules"] = json!(["overlap", "odr500", "odr500", "gap500"]);
    model.write_json("hp.json", &values);
});
refused!(everything_that_is_wrong_with_hyperparameters, |model| {
    let mut values = hyperparameters();
    values["actvation"] = json!("relu");
    values["activation"] = json!("softpuls");
    values["rnn_type"] = json!("LeakyGRU");
    values["use_separate_input"] = json!(true);
    values["in_loc_type"] = json!("triangle");
    values["num_ring"] = json!(3);
    values["dt"] = json!(20.5);
    values["n_rnn"] = json!("many");
    values["sigma_rec"] = json!(-0.05);
    values.as_object_mut().expect("a table").remove("sigma_x");
    values["ruleset"] = json!("all_new_odr300");
    model.write_json("hp.json", &values);
});
refused!(a_task_that_is_not_known, |model| {
    let mut values = hyperparameters();
    values["ruleset"] = json!("odr_mix_delay_time");
    values["n_rule"] = json!(6);
    values["n_input"] = json!(15);
    values["rules"] = json!(["odr_mix", "overlap"]);
    model.write_json("hp.json", &values);
});

#[test]
fn a_task_with_a_name_of_ones_own_is_that_of_the_experiment() {
    let model = Model::new();
    let mut values = hyperparameters();
    values["rules"] = json!(["overlap", "memory"]);
    values["ruleset"] = json!("overlap+memory");
    values["n_rule"] = json!(2);
    values["n_input"] = json!(11);
    model.write_json("hp.json", &values);
    assert!(model.refusal().contains("trained on `memory`"));
    let tasks = "[tasks]\nmemory = { kind = \"odr\", delay_ms = 700 }\n";
    model.project.write(&format!("{tasks}{EXPERIMENT}"));
    let output = model.project.command(&["plan", "experiment.toml"]).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn damaged_files_fail_with_their_names() {
    let spoiled = |spoil: &dyn Fn(&Model)| {
        let model = Model::new();
        spoil(&model);
        let said = model.failure();
        assert!(!said.contains("internal error"), "{said}");
        said
    };
    let change = |name: &'static str, change: fn(&mut Vec<u8>)| {
        spoiled(&|model: &Model| {
            let mut bytes = fs::read(model.path(name)).expect("a file");
            change(&mut bytes);
            fs::write(model.path(name), bytes).expect("a file");
        })
    };
    let mut said = String::new();
    said += &change("48/model.ckpt.data-00000-of-00001", |bytes| bytes[100] ^= 1);
    said += &change("48/model.ckpt.data-00000-of-00001", |bytes| bytes.truncate(500));
    said += &change("16/model.ckpt.index", |bytes| bytes[20] ^= 1);
    said += &change("16/model.ckpt.index", |bytes| bytes.clear());
    said += &change("0/checkpoint", |bytes| bytes.clear());
    said += &spoiled(&|model: &Model| remove(model, "0/model.ckpt.data-00000-of-00001"));
    said += &spoiled(&|model: &Model| model.write_checkpoint(16, &Bundle::network(14, 7, 9, 1)));
    said += &change("log.json", |bytes| bytes.truncate(100));
    said += &spoiled(&|model: &Model| {
        let mut log = log();
        log.as_object_mut().expect("a table").remove("perf_odr500");
        model.write_json("log.json", &log);
    });
    insta::assert_snapshot!(said);
}

#[test]
fn a_job_reads_its_files_wherever_it_runs_and_refuses_others() {
    let model = Model::new();
    let path = model.project.path("experiment.toml");
    let experiment = Experiment::parse(&path.display().to_string(), EXPERIMENT, &[]).expect("it is right");
    let store = Store::open(&model.project.path("data/store"), Durability::Unsynced).expect("a store");
    let plan = Plan::new(experiment, &[], BTreeMap::new(), &store).expect("a plan");
    let job = plan.job(plan.pending()[0]).expect("all that it takes in is known");
    fs::write(model.project.path("job.json"), serde_json::to_string(&job).expect("a job")).expect("a file");
    let exec = || {
        let mut command = model.project.command(&["exec", "../job.json", "--store", "../data/store"]);
        command.current_dir(model.path("")).output().expect("the binary runs")
    };
    model.write_json("log.json", &json!({}));
    let refused = exec();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("log.json` was changed after this run was planned"), "{said}");
    model.write_json("log.json", &log());
    assert!(exec().status.success());
    assert!(!model.run().ok().ran().contains(&"model".to_owned()));
}
