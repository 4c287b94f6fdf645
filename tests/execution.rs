//! How stages are run: tried again, ended in time, as processes of their own, within memory. None of it
//! changes a key or a byte.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Project, Run, SMALL, assert_same, long, text};
use rnnwm::experiment::Experiment;
use rnnwm::plan::Plan;
use rnnwm::run::{Event, Events, Options, Outcome, Sink, run};
use rnnwm::store::{Durability, Output, Record, Store};
use serde_json::Value as Json;

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

/// Waits for something that takes as long as it takes.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(120), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process, or to a group of them where the number is negative.
fn signal(name: &str, to: i64) {
    let status = Command::new("kill").args([name, "--", &to.to_string()]).status().expect("kill runs");
    assert!(status.success());
}

fn kill(id: u32) {
    signal("-KILL", id.into());
}

/// What ran at the same time at the most, of the stages whose names begin so.
fn most_at_once(events: &[Json], stages: &str) -> usize {
    let (mut running, mut most) = (0, 0);
    for event in
        events.iter().filter(|event| event["stage"].as_str().is_some_and(|of| of.starts_with(stages)))
    {
        match event["event"].as_str() {
            Some("stage_started") => running += 1,
            Some("stage_finished") => running -= 1,
            _ => {}
        }
        most = most.max(running);
    }
    most
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_in_a_terminal_saves_what_isolated_stages_have_reached() {
    let project = Project::new(&said_of_train(&long(), "isolate = true"));
    let mut command = project.command(&["run", "experiment.toml", "--events", "events.ndjson"]);
    // A terminal sends the signal to the whole group.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().expect("the binary runs");
    wait_for(&project, &mut child, 400);
    signal("-INT", -i64::from(child.id()));
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let events = project.events("events.ndjson");
    let ended = events.iter().find(|event| event["event"] == "stage_finished").expect("it has ended");
    assert_eq!(ended["outcome"], "interrupted");
    let log = project.says(&["log", "train"], 0);
    assert!(log.contains("\ninterrupted after ") && !log.contains("error"), "{log}");
    let reached = events.iter().filter_map(|event| event["done"].as_u64()).max();
    let trained = project.run().ok().trained("train[seed=1]");
    assert_eq!(Some(6400 - trained), reached, "what was trained is kept to the last segment");
}

#[test]
fn what_a_stage_has_stored_is_made_durable_while_it_goes_on() {
    for isolate in ["false", "true"] {
        // After its first test it trains for longer than anybody waits, and stores nothing meanwhile.
        let silent = endless().replace("display_step = 2", "display_step = 1_000_000");
        let project = Project::new(&said_of_train(&silent, &format!("isolate = {isolate}")));
        let mut child = project.start("events.ndjson", &[]);
        project.wait_for_event(&mut child, "events.ndjson", "stage_started");
        wait_until("the first checkpoint is in the store", || {
            let records = rnnwm::store::records(&project.path("data/store")).expect("records");
            records.iter().any(|(_, record)| record.action["kind"] == "checkpoint")
        });
        kill(child.id());
        child.wait().expect("it ends");
    }
}

/// What the processes of isolated stages were started with, once there are so many.
#[cfg(target_os = "linux")]
fn started_with(experiment: &str, jobs: &str, count: usize) -> Vec<String> {
    let project = Project::new(&said_of_train(experiment, "isolate = true"));
    let mut child = project.start("events.ndjson", &["--no-sync", "-j", jobs]);
    let mut lines = Vec::new();
    wait_until("the processes have started", || {
        let commands = children(child.id()).into_iter().map(|id| format!("/proc/{id}/cmdline"));
        lines = commands.filter_map(|path| fs::read_to_string(path).ok()).collect();
        lines.retain(|line| line.contains("exec"));
        lines.len() == count
    });
    kill(child.id());
    child.wait().expect("it ends");
    lines.into_iter().map(|line| line.replace('\0', " ")).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn isolated_stages_share_the_cores_and_one_alone_has_them_all() {
    let several = endless().replace("seed = [1]", "seed = [1, 2, 3, 4]");
    for line in started_with(&several, "2", 2) {
        assert!(line.contains("--threads 1 "), "{line}");
    }
    for line in started_with(&endless(), "2", 1) {
        assert!(line.contains("--threads 2 "), "{line}");
    }
}

#[test]
fn a_wait_for_another_run_is_no_part_of_the_time_that_a_stage_takes() {
    let limit = Duration::from_secs(1);
    // The same result, and another one of the same trajectory.
    for (longer, isolate) in [("", "false"), ("0", "true")] {
        let project = Project::new(&endless());
        let mut working = project.start("working.ndjson", &["--no-sync"]);
        project.wait_for(&mut working, "working.ndjson", 160);
        let said = format!("time_limit = {}\nisolate = {isolate}", limit.as_secs_f64());
        let waiting = endless().replace("max_trials = 64000000", &format!("max_trials = 64000000{longer}"));
        project.write(&said_of_train(&waiting, &said));
        let mut waiting = project.start("waiting.ndjson", &["--no-sync"]);
        project.wait_for_event(&mut waiting, "waiting.ndjson", "stage_started");
        let started = Instant::now();
        wait_until("the limit has passed", || started.elapsed() > 2 * limit);
        let ended = |event: &Json| event["event"] == "stage_finished";
        assert!(!project.events("waiting.ndjson").iter().any(ended), "its wait was counted");
        // What it waits for is its own now, and its own time runs.
        kill(working.id());
        working.wait().expect("it ends");
        let output = waiting.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("took longer than its time limit of 1 s"), "{said}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_isolated_stage_that_does_not_heed_is_ended_after_its_time_limit() {
    let project = Project::new(&said_of_train(&endless(), "time_limit = \"3 s\"\nisolate = true"));
    let mut child = project.start("events.ndjson", &["--no-sync"]);
    wait_for(&project, &mut child, 160);
    let process = children(child.id())[0];
    signal("-STOP", process.into());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("took longer than its time limit of 3 s"), "{said}");
    assert!(!fs::exists(format!("/proc/{process}")).expect("there is /proc"), "its process is there");
}

#[test]
#[cfg(target_os = "linux")]
fn a_stage_that_is_tried_again_goes_on_from_what_it_has_stored() {
    let project = Project::new(&said_of_train(&long(), "isolate = true\nretries = 1"));
    let mut child = project.start("events.ndjson", &[]);
    wait_for(&project, &mut child, 800);
    kill(children(child.id())[0]);
    assert!(child.wait().expect("it ends").success());
    let events = project.events("events.ndjson");
    let of_train = |event: &&Json| event["event"] == "stage_finished" && event["stage"] == "train[seed=1]";
    let ended: Vec<&Json> = events.iter().filter(of_train).collect();
    assert_eq!(ended.iter().map(|event| text(&event["outcome"])).collect::<Vec<_>>(), ["retried", "done"]);
    let trained = ended[1]["fresh"].as_u64().expect("a number");
    assert!(trained > 0 && trained <= 6400 - 640, "{trained} trials were trained again");
    let log = project.says(&["log", "train"], 0);
    let told =
        ["starts from new weights", "is tried again: its process was killed", "goes on from", "\ndone"];
    let places: Vec<usize> = told.iter().map(|told| log.find(told).expect("the log tells")).collect();
    assert!(places.is_sorted(), "{log}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_training_that_runs_alone_has_all_threads() {
    let wide = endless().replace("units = 12", "units = 64").replace("batch_size = 8", "batch_size = 64");
    let project = Project::new(&wide);
    let mut child = project.start("events.ndjson", &["--no-sync", "-j", "4"]);
    // With one thread for what is parallel, only this and the one that runs the stage would be busy.
    wait_until("three threads are busy", || busy_threads(child.id()) >= 3);
    kill(child.id());
    child.wait().expect("it ends");
}

/// How many threads of a process have used a tenth of a second or more.
#[cfg(target_os = "linux")]
fn busy_threads(id: u32) -> usize {
    let threads = fs::read_dir(format!("/proc/{id}/task")).expect("the process is there").flatten();
    let used = threads.filter_map(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).ok()?;
        // After the name, which ends with a bracket: the state, ten fields more, and the time in ticks.
        stat.rsplit(')').next()?.split_whitespace().nth(11)?.parse::<u64>().ok()
    });
    used.filter(|ticks| *ticks >= 10).count()
}

#[test]
fn stages_keep_to_the_cores_and_memory_that_are_declared() {
    let three = SMALL.replace("seed = [1]", "seed = [1, 2, 3]");
    for (said, arguments) in
        [("cores = 2", &["-j", "2"][..]), ("memory = \"2 GB\"", &["-j", "3", "--memory", "3GB"])]
    {
        let project = Project::new(&said_of_train(&three, said));
        let run = project.run_with(&[&["--no-sync"], arguments].concat()).ok();
        assert_eq!(most_at_once(&run.events, "train"), 1, "{said}");
    }
}

#[test]
fn a_run_that_cannot_store_ends_what_is_running_and_says_so() {
    // After its first test it trains for longer than anybody waits; that test's weights find no place.
    let silent = endless().replace("display_step = 2", "display_step = 1_000_000");
    let project = Project::new(&silent.replace("units = 12", "units = 64"));
    fs::create_dir_all(project.path("data/store")).expect("a folder");
    fs::write(project.path("data/store/objects"), b"a file where a folder should be").expect("a file");
    let run = project.run_with(&[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("error: cannot create"), "{}", run.stderr);
    assert!(run.events.iter().any(|event| event["event"] == "stage_finished"), "the stage has ended");
    let last = run.events.last().expect("an event");
    assert_eq!(last["event"], "run_finished");
    assert!(last["error"].as_str().is_some_and(|error| error.contains("cannot create")), "{last}");
    let runs: Json = serde_json::from_str(&project.says(&["runs", "--json"], 0)).expect("JSON");
    assert_eq!(runs[0]["state"], "failed", "{runs}");
}

#[test]
fn a_run_that_can_do_nothing_says_so() {
    let project = Project::new(SMALL);
    project.run().ok();
    // The same results in another store, but for what the selection says that planning needs.
    let store = Store::open(&project.path("data/store"), Durability::Unsynced).expect("a store");
    let other = Project::new(SMALL);
    let damaged = Store::open(&other.path("data/store"), Durability::Unsynced).expect("a store");
    for (key, record) in store.records_by_key() {
        let read = |digest| store.read(digest).expect("an object");
        let outputs =
            record.outputs.iter().map(|(name, output)| (name.clone(), read(&output.digest))).collect();
        let facts = if record.action["kind"] == "select" { Json::Null } else { record.facts };
        let commit = rnnwm::store::Commit { key, action: record.action, outputs, facts, started_ms: 0 };
        damaged.commit(commit).expect("a record");
    }
    let run = other.run();
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let said = "these could not run: activity[seed=1], psth[seed=1], endpoints[seed=1]";
    assert!(run.stderr.contains(said), "{}", run.stderr);
}

/// Removes the objects of a result; gives where they were, and their bytes.
fn lose(store: &Store, record: &Record) -> BTreeMap<PathBuf, Vec<u8>> {
    let objects = record.outputs.values().filter(|output| !output.is_inline());
    let lose = |output: &Output| {
        let name = output.digest.to_string();
        let path = store.root().join("objects").join(&name[..2]).join(&name[2..]);
        let bytes = fs::read(&path).expect("an object");
        fs::remove_file(&path).expect("it can be removed");
        (path, bytes)
    };
    objects.map(lose).collect()
}

/// A disk that loses what `psth` gives as soon as it has it.
struct Broken {
    store: PathBuf,
    told: Arc<Mutex<Vec<(String, Outcome)>>>,
}

impl Sink for Broken {
    fn take(&mut self, event: &Event) {
        let Event::StageFinished { stage, key, outcome, .. } = event else { return };
        if stage == "psth[seed=1]" && *outcome == Outcome::Done {
            let store = Store::open(&self.store, Durability::Unsynced).expect("a store");
            assert!(!lose(&store, &store.lookup(key).expect("a record")).is_empty());
        }
        self.told.lock().expect("nobody panicked").push((stage.clone(), outcome.clone()));
    }
}

#[test]
fn what_is_lost_again_and_again_fails_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), Durability::Unsynced).expect("a store");
    let experiment = Experiment::parse("experiment.toml", SMALL, &[]).expect("an experiment");
    let mut plan = Plan::new(experiment, &[], BTreeMap::new(), &store).expect("a plan");
    let told = Arc::default();
    let events =
        Events::new(vec![Box::new(Broken { store: folder.path().to_owned(), told: Arc::clone(&told) })]);
    let options = Options { jobs: 1, memory: u64::MAX, keep_going: true };
    let summary = run(&mut plan, &store, &events, options, &AtomicBool::new(false));
    assert_eq!(summary.failed.len(), 1, "{summary:?}");
    assert_eq!(summary.skipped, [("fig_psth[seed=1]".to_owned(), "psth[seed=1]".to_owned())]);
    let told = told.lock().expect("nobody panicked");
    let of_psth: Vec<&Outcome> =
        told.iter().filter(|(stage, _)| stage == "psth[seed=1]").map(|(_, outcome)| outcome).collect();
    let [Outcome::Done, Outcome::Done, Outcome::Done, Outcome::Failed { error }] = of_psth[..] else {
        panic!("{of_psth:?}")
    };
    assert!(error.contains("lost again and again"), "{error}");
}

#[test]
fn what_another_run_has_made_again_meanwhile_is_not_made_twice() {
    let project = Project::new(SMALL);
    project.run().ok();
    let store = Store::open(&project.path("data/store"), Durability::Unsynced).expect("a store");
    let records = store.records_by_key();
    let (key, record) = records.iter().find(|(_, record)| record.action["kind"] == "psth").expect("a record");
    let lost = lose(&store, record);
    assert!(!lost.is_empty());
    project.clear();
    let lock = store.lock(key, &AtomicBool::new(false)).expect("a lock");
    let mut child = project.start("repair.ndjson", &["--no-sync"]);
    project.wait_for_event(&mut child, "repair.ndjson", "stage_started");
    for (path, bytes) in &lost {
        fs::write(path, bytes).expect("it can be written");
    }
    drop(lock);
    assert!(child.wait().expect("it ends").success());
    let events = project.events("repair.ndjson");
    let outcomes = events.iter().filter(|event| event["event"] == "stage_finished");
    let outcomes: Vec<String> = outcomes.map(|event| text(&event["outcome"])).collect();
    assert_eq!(outcomes, ["found"]);
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
    assert_eq!(most_at_once(&run.events, ""), 1);
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
