//! Kills, interrupts, damage, failures and two processes at once: nothing stored is lost, nothing is
//! computed twice, and the bytes are those of an undisturbed run.

mod common;

use std::fs;
use std::process::Command;

use common::{Project, SMALL, assert_same, long};

#[test]
fn a_killed_training_goes_on_from_a_segment_with_the_bytes_of_an_undisturbed_run() {
    let undisturbed = Project::new(&long());
    assert_eq!(undisturbed.run().ok().trained("train[seed=1]"), 6400);
    for arguments in [&["--no-sync"][..], &[]] {
        let project = Project::new(&long());
        let mut child = project.start("events.ndjson", arguments);
        project.wait_for(&mut child, "events.ndjson", 1600);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let saved = project.saved();
        // What is made durable is so in batches, the last of which is lost.
        assert!(saved >= 1440 || arguments.is_empty(), "only {saved} trials were saved");
        assert_eq!(project.run().ok().trained("train[seed=1]"), 6400 - saved);
        assert_same(&project.artifacts(), &undisturbed.artifacts());
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_ends_with_130_and_the_next_goes_on() {
    let project = Project::new(&long());
    let mut child = project.start("events.ndjson", &["--no-sync"]);
    project.wait_for(&mut child, "events.ndjson", 400);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let reached = project.events("events.ndjson").iter().filter_map(|event| event["done"].as_u64()).max();
    let trained = project.run().ok().trained("train[seed=1]");
    assert_eq!(Some(6400 - trained), reached, "what was trained is kept to the last segment");
}

#[test]
fn damaged_objects_are_noticed_and_made_again() {
    let project = Project::new(SMALL);
    project.run().ok();
    let before = project.artifacts();
    let objects = project.files("data/store/objects");
    for (number, (path, bytes)) in objects.iter().enumerate() {
        let path = project.path("data/store/objects").join(path);
        let mut damaged = bytes.clone();
        match number % 3 {
            0 => damaged[bytes.len() / 2] ^= 1,
            1 => damaged.truncate(bytes.len() / 2),
            _ => damaged.clear(),
        }
        fs::remove_file(&path).expect("objects can be replaced");
        fs::write(&path, damaged).expect("objects can be replaced");
    }
    for folder in ["outputs", "data/small"] {
        fs::remove_dir_all(project.path(folder)).expect("what is laid out can be removed");
    }
    // What is laid out is read from the store, which notices, and makes it again.
    project.run().ok();
    let run = project.run().ok();
    assert!(run.ran().is_empty(), "everything is whole again: {:?}", run.ran());
    assert_same(&before, &project.artifacts());
}

#[test]
fn damaged_records_are_passed_over() {
    let project = Project::new(SMALL);
    project.run().ok();
    let before = project.artifacts();
    for (path, bytes) in project.files("data/store/records") {
        let mut damaged = bytes.clone();
        for at in (0..damaged.len()).step_by(damaged.len() / 7 + 1) {
            damaged[at] ^= 0x20;
        }
        damaged.extend_from_slice(b"0123456789abcdef torn");
        fs::write(project.path("data/store/records").join(path), damaged).expect("records can be written");
    }
    project.run().ok();
    assert!(project.run().ok().ran().is_empty());
    assert_same(&before, &project.artifacts());
}

#[test]
fn editing_what_is_laid_out_does_not_alter_the_store() {
    let project = Project::new(SMALL);
    project.run().ok();
    let before = project.artifacts();
    for path in before.keys() {
        let outputs = project.path("outputs").join(path);
        let path = if outputs.exists() { outputs } else { project.path("data").join(path) };
        fs::write(path, b"scribble").expect("what is laid out can be edited");
    }
    assert!(project.run().ok().ran().is_empty());
    assert_same(&before, &project.artifacts());
}

#[test]
fn two_runs_at_once_share_the_work() {
    let seeds = SMALL.replace("seed = [1]", "seed = [1, 2]");
    let project = Project::new(&seeds);
    let mut one = project.start("one.ndjson", &["--no-sync", "--outputs", "one"]);
    let mut two = project.start("two.ndjson", &["--no-sync", "--outputs", "two"]);
    assert!(one.wait().expect("it ends").success() && two.wait().expect("it ends").success());
    let mut done: Vec<String> = ["one.ndjson", "two.ndjson"]
        .iter()
        .flat_map(|file| project.events(file))
        .filter(|event| event["outcome"] == "done")
        .map(|event| common::text(&event["stage"]))
        .collect();
    done.sort();
    let count = done.len();
    done.dedup();
    assert_eq!(done.len(), count, "a stage ran twice");
    assert_eq!(count, 16);
}

/// A selection that names a checkpoint which does not exist fails when it runs.
fn failing() -> String {
    SMALL.replace("mid = [32]", "mid = [33]")
}

#[test]
fn a_failed_stage_is_reported_and_what_needs_it_is_skipped() {
    let project = Project::new(&failing());
    let run = project.run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("the model has no checkpoint at 33 trials; the nearest is at 32"),
        "{}",
        run.stderr
    );
    let skipped = run.events.iter().filter(|event| event["event"] == "stage_skipped").count();
    assert_eq!(skipped, 7);
}

#[test]
fn keep_going_runs_what_does_not_need_the_failed_stage() {
    let other = failing() + "\n[stages.other]\nkind = \"growth\"\nmodel = \"train\"\n";
    let project = Project::new(&other);
    let run = project.run_with(&["--no-sync", "--keep-going", "-j", "1"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.ran(), ["fig_other[seed=1]", "other[seed=1]", "train[seed=1]"]);
}

#[test]
fn what_is_not_started_after_a_failure_is_counted() {
    let other = failing() + "\n[stages.other]\nkind = \"growth\"\nmodel = \"train\"\n";
    let project = Project::new(&other);
    let run = project.run_with(&["--no-sync", "-j", "1"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.ran(), ["train[seed=1]"]);
    assert!(run.stderr.contains("1 failed, 7 skipped, 2 not run in "), "{}", run.stderr);
    assert_eq!(run.events.last().expect("an event")["not_run"], 2);
}

#[test]
fn a_store_that_cannot_be_written_is_an_error_and_no_panic() {
    let project = Project::new(SMALL);
    fs::create_dir_all(project.path("data")).expect("a folder");
    fs::write(project.path("data/store"), b"a file where a folder should be").expect("a file");
    let run = project.run();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("cannot create"), "{}", run.stderr);
    assert!(!run.stderr.contains("panic"), "{}", run.stderr);
}

#[test]
#[cfg(unix)]
fn a_disk_that_is_full_ends_the_run_with_an_error_and_harms_nothing() {
    let project = Project::new(SMALL);
    // No file can grow beyond 20 KiB: training has room, figures have none.
    let output = project.run_limited("trap '' XFSZ; ulimit -f 20", "--no-sync");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("File too large") && !said.contains("panic"), "{said}");
    project.run().ok();
    let undisturbed = Project::new(SMALL);
    undisturbed.run().ok();
    assert_same(&project.artifacts(), &undisturbed.artifacts());
}
