//! `rnnwm verify` and `rnnwm gc`.

mod common;

use std::fs;

use common::{Project, SMALL, assert_same, long};
use rnnwm::store::{Commit, Durability, Key, Store};
use serde_json::Value as Json;

fn json(text: &str) -> Json {
    let line = text.lines().find(|line| line.starts_with('{')).expect("JSON");
    serde_json::from_str(line).expect("JSON")
}

#[test]
fn what_is_damaged_or_missing_is_told_and_put_away() {
    let project = Project::new(SMALL);
    project.run().ok();
    let whole = json(&project.says(&["verify", "--json"], 0));
    assert_eq!(whole["whole"], true);
    let objects: Vec<_> = project.files("data/store/objects").into_keys().collect();
    let path = |at: usize| project.path("data/store/objects").join(&objects[at]);
    fs::remove_file(path(0)).expect("objects can be removed");
    fs::write(path(1), b"something else").expect("objects can be replaced");
    let told = json(&project.says(&["verify", "--json"], 1));
    assert_eq!(told["whole"], false);
    let (damaged, missing) = (&told["store"]["damaged"], &told["store"]["missing"]);
    assert_eq!((damaged.as_array().map(Vec::len), missing.as_array().map(Vec::len)), (Some(1), Some(1)));
    assert!(damaged[0]["what"].as_str().is_some_and(|what| what.contains(" of ")), "{damaged}");
    assert!(!path(1).exists() && project.files("data/store/damaged").len() == 1);
    // Now both are missing, and a run makes again what it needs.
    assert!(project.says(&["verify"], 1).matches("missing: ").count() == 2);
    project.run().ok();
    project.says(&["gc"], 0);
    assert!(project.files("data/store/damaged").is_empty());
}

#[test]
fn stages_that_are_run_again_give_the_same_bytes() {
    let project = Project::new(SMALL);
    project.run().ok();
    // All eight, the training with all its segments among them.
    let told = json(&project.says(&["verify", "--rebuild", "99", "--json"], 0));
    let rebuilt = told["rebuilt"].as_array().expect("a list");
    assert_eq!(rebuilt.len(), 8);
    let train = rebuilt.iter().find(|stage| stage["stage"] == "train[seed=1]").expect("the training");
    assert!(train["compared"].as_u64().is_some_and(|compared| compared > 20), "{train}");
    // The same seed draws the same stages.
    let drawn =
        |seed: &str| project.says(&["verify", "--rebuild", "2", "--seed", seed, "experiment.toml"], 0);
    assert_eq!(drawn("1"), drawn("1"));
    assert_eq!(drawn("1").matches("the same: ").count(), 2);
}

#[test]
fn a_result_that_cannot_be_had_again_is_told() {
    let project = Project::new(SMALL);
    project.run().ok();
    {
        // Somebody has put a wrong result under the key of `growth`.
        let store = Store::open(&project.path("data/store"), Durability::Unsynced).expect("a store");
        let told = json(&project.says(&["verify", "--rebuild", "99", "--json"], 0));
        let growth =
            told["rebuilt"].as_array().expect("a list").iter().find(|it| it["stage"] == "growth[seed=1]");
        let key: Key = growth.expect("growth")["key"].as_str().expect("a key").parse().expect("a key");
        let record = store.lookup(&key).expect("a record");
        let mut outputs: Vec<(String, Vec<u8>)> = record
            .outputs
            .iter()
            .map(|(name, output)| (name.clone(), store.read(&output.digest).expect("an output")))
            .collect();
        let other = outputs.last_mut().expect("an output");
        other.1.push(b'\n');
        let (action, facts) = (record.action, record.facts);
        store.commit(Commit { key, action, outputs, facts, started_ms: 0 }).expect("a commit");
    }
    let said = project.says(&["verify", "--rebuild", "99"], 1);
    assert!(said.contains("DIFFERS: growth[seed=1]"), "{said}");
}

#[test]
fn what_no_experiment_needs_is_removed_and_the_rest_is_not() {
    let project = Project::new(SMALL);
    project.run().ok();
    let other = SMALL.replace("name = \"small\"", "name = \"other\"").replace("seed = [1]", "seed = [2]");
    fs::write(project.path("other.toml"), &other).expect("written");
    project.says(&["run", "other.toml", "--no-sync"], 0);
    let before = project.files("data/store/objects");
    // The last runs of both need everything.
    assert!(project.says(&["gc"], 0).contains("removed                      0 records         0 files"));
    // A dry run removes nothing.
    let dry = json(&project.says(&["gc", "experiment.toml", "--dry-run", "--json"], 0));
    assert!(dry["total"]["files"].as_u64().is_some_and(|files| files > 0), "{dry}");
    assert_eq!(before, project.files("data/store/objects"));
    project.says(&["gc", "experiment.toml"], 0);
    let after = project.files("data/store/objects");
    assert_eq!(before.len() - after.len(), dry["total"]["files"].as_u64().expect("a number") as usize);
    project.says(&["verify"], 0);
    assert!(project.run().ok().ran().is_empty());
    // The other experiment is made again, with the same bytes.
    let laid_out = project.artifacts();
    assert_eq!(project.says(&["run", "other.toml", "--no-sync"], 0).matches("done ").count(), 8);
    assert_same(&laid_out, &project.artifacts());
}

#[test]
fn segments_beyond_a_shorter_training_are_removed() {
    let project = Project::new(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    project.run().ok();
    project.write(SMALL);
    project.run().ok();
    let told = json(&project.says(&["gc", "experiment.toml", "--json"], 0));
    assert_eq!(told["by"]["removed"]["checkpoint"]["records"], 20);
    assert!(project.run().ok().ran().is_empty());
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    assert_eq!(project.run().ok().trained("train[seed=1]"), 320);
}

#[test]
fn a_training_that_was_killed_keeps_its_segments() {
    let project = Project::new(&long());
    let mut child = project.start("events.ndjson", &["--no-sync"]);
    project.wait_for(&mut child, "events.ndjson", 1600);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    let total = json(&project.says(&["gc", "--json"], 0));
    assert_eq!(total["by"]["removed"], serde_json::json!({}));
    let trained = project.run().ok().trained("train[seed=1]");
    assert!(trained > 0 && trained <= 6400 - 1440, "{trained} trials were trained again");
}

#[test]
fn a_store_in_use_is_not_collected() {
    let project = Project::new(&long());
    let mut child = project.start("events.ndjson", &["--no-sync"]);
    project.wait_for(&mut child, "events.ndjson", 160);
    assert!(project.says(&["gc"], 1).contains("the store is in use"));
    project.says(&["gc", "--dry-run"], 0);
    assert!(child.wait().expect("it ends").success());
    project.says(&["verify"], 0);
}

#[test]
fn a_run_waits_while_the_store_is_collected() {
    let project = Project::new(SMALL);
    project.run().ok();
    let lock = fs::File::open(project.path("data/store/in-use")).expect("a lock");
    lock.try_lock().expect("nobody uses the store");
    let mut child = project.start("events.ndjson", &[]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().expect("the child can be asked").is_none());
    lock.unlock().expect("unlocked");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn what_crashes_leave_is_removed() {
    let project = Project::new(SMALL);
    project.run().ok();
    for leftover in ["staging/.tmpabc", "locks/0123", "damaged/4567", "objects/ab/cdef", "objects/stray"] {
        let path = project.path("data/store").join(leftover);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, b"garbage").expect("a file");
    }
    let told = json(&project.says(&["gc", "--json"], 0));
    assert_eq!(told["by"]["leftovers"]["files"], 5);
    assert!(
        project.files("data/store").keys().all(|path| !path.ends_with("cdef") && !path.ends_with("stray"))
    );
    assert!(project.run().ok().ran().is_empty());
}

#[test]
fn a_store_that_is_not_there_is_bad_input() {
    let project = Project::new(SMALL);
    for command in ["verify", "gc"] {
        assert!(project.says(&[command], 2).contains("there is no store in data/store"));
    }
    assert!(!project.path("data/store").exists());
    project.run().ok();
    fs::remove_dir_all(project.path("data/store/runs")).expect("removed");
    assert!(project.says(&["gc"], 2).contains("no run is remembered here; name the experiments"));
}

/// Two seeds, and stages that vary over nothing else.
fn sweep() -> String {
    SMALL.replace("seed = [1]", "seed = [1, 2]").replace(
        "[stages.growth]",
        "[stages.untrained]\nkind = \"train\"\ntasks = [\"overlap\"]\nmodel = { units = 4 }\n\
         stop = { max_trials = 0 }\n\n[stages.growth]",
    )
}

#[test]
fn a_part_of_a_sweep_is_needed_as_it_was_run() {
    let project = Project::new(&sweep());
    // No axis of the sweep is left.
    project.run_with(&["--no-sync", "--only", "untrained"]).ok();
    assert!(project.says(&["gc"], 0).contains("removed                      0 records"));
    project.run_with(&["--no-sync", "--only", "psth"]).ok();
    project.run().ok();
    project.run_with(&["--no-sync", "--only", "train[seed=2]"]).ok();
    assert!(project.says(&["gc"], 0).contains("removed                      0 records"));
    assert!(project.run().ok().ran().is_empty());
}

/// A project whose experiment, in a folder of its own, imports a model by a relative path.
fn importing() -> Project {
    let project = Project::new(SMALL);
    let model = "data/pretrained/6tasks_8loc_256neuron_odr3000_seed0";
    let model = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(model);
    let copied = std::process::Command::new("cp").arg("-r").arg(model).arg(project.path("model")).status();
    assert!(copied.expect("cp runs").success());
    fs::create_dir(project.path("experiments")).expect("a folder");
    let experiment = "[stages.model]\nkind = \"import\"\nfolder = \"../model\"\n\n\
                      [stages.growth]\nmodel = \"model\"\n";
    fs::write(project.path("experiments/imported.toml"), experiment).expect("written");
    project.says(&["run", "experiments/imported.toml", "--no-sync"], 0);
    project
}

#[test]
fn an_import_is_remembered_by_where_its_files_are() {
    let project = importing();
    assert!(project.says(&["gc"], 0).contains("removed                      0 records"));
    assert!(project.says(&["verify", "--rebuild", "9"], 0).contains("the same: model"));
    // From another folder as well.
    let mut command = project.command(&["gc", "--store", "../data/store"]);
    let output = command.current_dir(project.path("experiments")).output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_run_that_can_no_longer_be_planned_is_named_and_nothing_is_removed() {
    let project = importing();
    fs::rename(project.path("model"), project.path("moved")).expect("it can be moved");
    let objects = project.files("data/store/objects");
    let said = project.says(&["gc"], 2);
    assert!(said.contains("there is no folder"), "{said}");
    assert!(said.contains("run imported/1 can no longer be planned"), "{said}");
    assert!(said.contains("remove data/store/runs/imported/1"), "{said}");
    assert_eq!(objects, project.files("data/store/objects"));
    project.run().ok();
    fs::remove_dir_all(project.path("data/store/runs/imported/1")).expect("removed");
    project.says(&["gc"], 0);
    assert!(project.run().ok().ran().is_empty());
}

#[test]
fn what_a_pinned_run_gave_is_kept() {
    let project = Project::new(SMALL);
    project.run().ok();
    assert_eq!(project.says(&["runs", "--pin", "small/1"], 0), "run small/1 is pinned\n");
    let longer = SMALL.replace("[48, 64]", "[48, 64, 96]").replace("ring_units = 8", "ring_units = 4");
    project.write(&longer);
    project.run().ok();
    assert!(project.says(&["runs"], 0).contains("done pinned"));
    let runs: Json = serde_json::from_str(&project.says(&["runs", "--json"], 0)).expect("JSON");
    assert_eq!((&runs[0]["pinned"], &runs[1]["pinned"]), (&Json::from(false), &Json::from(true)));
    // Whether experiments are named or not.
    assert!(project.says(&["gc"], 0).contains("removed                      0 records"));
    assert!(project.says(&["gc", "experiment.toml"], 0).contains("removed                      0 records"));
    project.write(SMALL);
    assert!(project.run_with(&["--no-sync", "--only", "fig_*"]).ok().ran().is_empty());
    project.write(&longer);
    project.run().ok();
    assert_eq!(project.says(&["runs", "--unpin", "small/1"], 0), "run small/1 is no longer pinned\n");
    assert!(!project.says(&["gc", "experiment.toml"], 0).contains("removed                      0 records"));
    // What is gone cannot be kept.
    let said = project.says(&["runs", "--pin", "small/1"], 0);
    assert!(said.contains("results have been removed from the store before"), "{said}");
    project.says(&["runs", "--pin", "small/99"], 2);
}

/// Collecting first has the store alone and then finds out what is needed, here from a pipe that gives the experiment
/// only when a run has come that wants to add to the store.
#[test]
#[cfg(unix)]
fn what_a_run_adds_while_it_is_found_out_what_is_needed_is_not_removed() {
    let project = Project::new(SMALL);
    project.run().ok();
    let pipe = project.path("pipe.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    let mut gc = project.command(&["gc", "pipe.toml"]).spawn().expect("the binary runs");
    // A pipe opens for writing when it is being read.
    let mut write = fs::File::options().write(true).open(&pipe).expect("a pipe");
    project.write(&SMALL.replace("name = \"small\"", "name = \"other\"").replace("seed = [1]", "seed = [2]"));
    let mut run = project.start("events.ndjson", &["--no-sync"]);
    let mut said = std::io::BufReader::new(run.stderr.take().expect("its errors"));
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).expect("it says something");
    assert!(line.contains("waiting for `rnnwm gc`"), "{line}");
    std::io::Write::write_all(&mut write, SMALL.as_bytes()).expect("written");
    drop(write);
    assert!(gc.wait().expect("it ends").success());
    std::io::Read::read_to_string(&mut said, &mut line).expect("text");
    assert!(run.wait().expect("it ends").success(), "{line}");
    assert!(project.run().ok().ran().is_empty());
}

#[test]
fn records_of_another_version_are_not_collected() {
    let project = Project::new(SMALL);
    project.run().ok();
    let line = format!("{} {{\"form\":99}}", "0".repeat(64));
    let line = [&rnnwm::store::seal(line.as_bytes())[..], b"\n"].concat();
    fs::write(project.path("data/store/records/9999999999999-x.log"), line).expect("written");
    let files = project.files("data/store");
    for arguments in [&["gc"][..], &["gc", "--dry-run"]] {
        assert!(
            project.says(arguments, 1).contains("1 records in the store are of another version of rnnwm")
        );
    }
    assert_eq!(files, project.files("data/store"));
    project.says(&["verify"], 0);
    assert!(project.run().ok().ran().is_empty());
}

#[test]
fn a_read_only_store_is_verified_as_well() {
    let project = Project::new(SMALL);
    project.run().ok();
    let objects: Vec<_> = project.files("data/store/objects").into_keys().collect();
    let damaged = project.path("data/store/objects").join(&objects[0]);
    fs::remove_file(&damaged).and_then(|()| fs::write(&damaged, b"something else")).expect("written");
    let mut command = project.command(&["verify"]);
    let output = command.env("RNNWM_FAULT", "readonly@0").output().expect("the binary runs");
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("damaged, cannot be put away: ") && damaged.exists(), "{said}");
    assert!(project.says(&["verify"], 1).contains("damaged, put away: "));
}

#[test]
fn an_experiment_is_not_laid_out_in_the_store() {
    let project = Project::new(&SMALL.replace("name = \"small\"", "name = \"store\""));
    for command in ["run", "clean"] {
        let said = project.says(&[command, "experiment.toml"], 2);
        assert!(said.contains("would be laid out in data/store, where the store is"), "{said}");
    }
    project.says(&["run", "experiment.toml", "--no-sync", "--data", "models"], 0);
    project.write(&SMALL.replace("name = \"small\"", "name = \"objects\""));
    project.says(&["run", "experiment.toml", "--outputs", "data/../data/store"], 2);
}
