//! How stages are run: tried again, ended in time, as processes of their own, within memory. None of it
//! changes a key or a byte.

mod common;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use common::{Project, Run, SMALL, assert_same, text};

/// Training that is not done before somebody ends it.
fn endless() -> String {
    SMALL.replace("max_trials = 320", "max_trials = 64000000")
}

fn said_of_train(experiment: &str, said: &str) -> String {
    experiment.replace("[stages.train]", &format!("[stages.train]\n{said}"))
}

fn outcomes(run: &Run, outcome: &str) -> usize {
    run.events.iter().filter(|event| event["outcome"] == outcome).count()
}

/// Trials that training had reached by its last event.
fn reached(run: &Run) -> u64 {
    run.events.iter().filter_map(|event| event["done"].as_u64()).max().expect("training told how far it is")
}

#[test]
fn how_a_stage_is_run_is_no_part_of_its_key() {
    let project = Project::new(SMALL);
    project.run().ok();
    let said = "retries = 2\ntime_limit = \"10 min\"\nisolate = true\ncores = 2\nmemory = \"1 GB\"";
    project.write(&said_of_train(SMALL, said));
    assert!(project.run().ok().ran().is_empty());
    let resolved = project.command(&["plan", "experiment.toml", "--resolved"]).output().expect("it runs");
    let resolved = String::from_utf8_lossy(&resolved.stdout).into_owned();
    for line in said.lines() {
        assert!(resolved.contains(line), "`{line}` is not in {resolved}");
    }
}

#[test]
fn a_stage_that_fails_is_tried_again_as_often_as_it_says() {
    let failing = SMALL.replace("mid = [32]", "mid = [33]");
    let project = Project::new(&failing.replace("[stages.select]", "[stages.select]\nretries = 2"));
    let run = project.run();
    assert_eq!(run.code, Some(1));
    assert_eq!((outcomes(&run, "retried"), outcomes(&run, "failed")), (2, 1));
    assert!(run.stderr.contains("skipped because of it: activity[seed=1]"), "{}", run.stderr);
    assert!(run.stderr.contains("and 2 more"), "{}", run.stderr);
}

#[test]
fn a_stage_that_takes_too_long_fails_and_what_it_has_stored_is_kept() {
    for isolate in ["false", "true"] {
        let limited = format!("time_limit = \"1 s\"\nisolate = {isolate}");
        let project = Project::new(&said_of_train(&endless(), &limited));
        let run = project.run();
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains("took longer than its time limit of 1 s"), "{}", run.stderr);
        assert!(run.stderr.contains("  | ") && run.stderr.contains("trials: performance"), "{}", run.stderr);
        let most = reached(&run) + 320;
        project.write(&SMALL.replace("max_trials = 320", &format!("max_trials = {most}")));
        assert!(project.run().ok().trained("train[seed=1]") <= 320 + 160);
    }
}

#[test]
fn a_stage_in_a_process_of_its_own_gives_the_same_bytes() {
    let project = Project::new(SMALL);
    project.run().ok();
    let isolated =
        said_of_train(SMALL, "isolate = true").replace("[stages.psth]", "[stages.psth]\nisolate = true");
    let other = Project::new(&isolated);
    let run = other.run_with(&[]).ok();
    assert_eq!(run.trained("train[seed=1]"), 320);
    assert!(run.events.iter().any(|event| event["event"] == "stage_log"), "its log comes through");
    assert_same(&project.artifacts(), &other.artifacts());
    assert!(other.run().ok().ran().is_empty());
}

/// The processes that a process has started.
#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("there is /proc").flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // After the name, which ends with a bracket: state, and the parent.
        let parent =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1).map(str::to_owned));
        if parent.is_some_and(|parent| parent == of.to_string()) {
            found.push(id);
        }
    }
    found
}

/// Waits until training has gone past so many trials.
fn wait_for(project: &Project, child: &mut Child, trials: u64) {
    let started = Instant::now();
    while !project
        .events("events.ndjson")
        .iter()
        .any(|event| event["done"].as_u64().is_some_and(|done| done >= trials))
    {
        assert!(child.try_wait().expect("it can be asked").is_none(), "the run ended too early");
        assert!(started.elapsed() < Duration::from_secs(120), "training does not advance");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(id: u32) {
    let status = Command::new("kill").args(["-KILL", &id.to_string()]).status().expect("kill runs");
    assert!(status.success());
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_that_is_killed_fails_its_stage_and_harms_nothing_else() {
    let two = said_of_train(SMALL, "isolate = true")
        .replace("seed = [1]", "seed = [1, 2]")
        .replace("max_trials = 320", "max_trials = 6400");
    let project = Project::new(&two);
    let mut child = project.start("events.ndjson", &["--keep-going", "-j", "1"]);
    wait_for(&project, &mut child, 800);
    let processes = children(child.id());
    assert_eq!(processes.len(), 1, "one stage runs at a time");
    kill(processes[0]);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("stage train[seed=1] failed: its process was killed by signal 9"), "{said}");
    let done = project.events("events.ndjson").into_iter().filter(|event| event["outcome"] == "done");
    let done: Vec<String> = done.map(|event| text(&event["stage"])).collect();
    assert!(done.contains(&"fig_psth[seed=2]".to_owned()), "the other seed went on: {done:?}");
    let run = project.run().ok();
    let trained = run.trained("train[seed=1]");
    assert!(trained > 0 && trained < 6400, "{trained} trials were trained again");
    let undisturbed = Project::new(&two.replace("isolate = true", ""));
    undisturbed.run().ok();
    assert_same(&project.artifacts(), &undisturbed.artifacts());
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_does_not_outlive_the_run_that_started_it() {
    let project = Project::new(&said_of_train(&endless(), "isolate = true"));
    let mut child = project.start("events.ndjson", &["--no-sync"]);
    wait_for(&project, &mut child, 160);
    let processes = children(child.id());
    assert_eq!(processes.len(), 1);
    kill(child.id());
    child.wait().expect("it ends");
    let started = Instant::now();
    let running = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    while processes.iter().any(running) {
        assert!(started.elapsed() < Duration::from_secs(60), "its process goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn stages_keep_to_memory_and_what_is_too_large_runs_alone() {
    let project = Project::new(&SMALL.replace("seed = [1]", "seed = [1, 2, 3]"));
    let run = project.run_with(&["--no-sync", "-j", "4", "--memory", "1MB"]).ok();
    let mut running = 0;
    for event in &run.events {
        match event["event"].as_str() {
            Some("stage_started") => running += 1,
            Some("stage_finished") => running -= 1,
            _ => {}
        }
        assert!(running <= 1, "two stages ran at once");
    }
    let refused = project.command(&["run", "experiment.toml", "--memory", "much"]).output().expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn what_has_the_longest_way_to_go_below_it_runs_first() {
    let other = "[stages.other]\nkind = \"growth\"\nmodel = \"train\"\n\n[stages.select]";
    let project = Project::new(&SMALL.replace("[stages.select]", other));
    let run = project.run_with(&["--no-sync", "-j", "1"]).ok();
    let started = run.events.iter().filter(|event| event["event"] == "stage_started");
    let started: Vec<String> = started.map(|event| text(&event["stage"])).collect();
    assert_eq!(started[..2], ["train[seed=1]", "select[seed=1]"]);
}
