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
