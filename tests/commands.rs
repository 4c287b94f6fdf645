//! The commands that look at results: what people and programs read of them, through the real binary.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Project, SMALL};
use rnnwm::store::Digest;
use serde_json::Value as Json;

/// What a command printed. It must have succeeded.
fn printed(project: &Project, arguments: &[&str]) -> String {
    let output = project.command(arguments).output().expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    for line in text.lines() {
        assert!(!line.contains('\u{1b}'), "an escape code: {line:?}");
    }
    text
}

/// What a command printed for people: lines that fit a page, times put out.
fn shown(project: &Project, arguments: &[&str]) -> String {
    let text = printed(project, arguments);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    untimed(&text)
}

fn json(project: &Project, arguments: &[&str]) -> Json {
    serde_json::from_str(&printed(project, &[arguments, &["--json"]].concat())).expect("JSON")
}

/// What a command said about input that is wrong.
fn refused(project: &Project, arguments: &[&str]) -> String {
    let output = project.command(arguments).output().expect("the binary runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    said
}

/// Puts out times of day, durations and sizes, and with them the widths of columns: they are not the same
/// for ever, and often not twice.
fn untimed(text: &str) -> String {
    let line = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let line = line.split_once(" after ").map_or(line.to_owned(), |(head, _)| format!("{head} after _"));
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let cells = cells.into_iter().map(|cell| if varies(cell) { "_" } else { cell });
        format!("{}{}\n", " ".repeat(indent), cells.collect::<Vec<_>>().join("  "))
    };
    text.lines().map(line).collect()
}

/// Whether a cell is a time of day, a duration or a size.
fn varies(cell: &str) -> bool {
    let words: Vec<&str> = cell.split(' ').collect();
    let is_amount = |pair: &[&str]| {
        pair.len() == 2
            && pair[0].parse::<f64>().is_ok()
            && ["s", "min", "h", "d", "B", "kB", "MB"].contains(&pair[1])
    };
    let is_date = words.len() == 2 && words[0].matches('-').count() == 2 && words[1].contains(':');
    is_date || words.chunks(2).all(is_amount)
}

/// An experiment whose selection fails: nobody has trained 17 trials.
fn failing() -> String {
    SMALL.replace("mid = [32]", "mid = [17]")
}

/// An experiment that trains for longer than any test waits.
fn endless() -> String {
    SMALL.replace("max_trials = 320", "max_trials = 1_000_000_000")
}

/// Waits until something is so.
fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(120), "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn status_says_what_is_known_failed_and_to_do() {
    let project = Project::new(SMALL);
    insta::assert_snapshot!("status_of_a_new_experiment", shown(&project, &["status", "experiment.toml"]));
    project.run().ok();
    insta::assert_snapshot!("status_of_a_known_experiment", shown(&project, &["status", "experiment.toml"]));
    project.write(&failing());
    assert_eq!(project.run().code, Some(1));
    insta::assert_snapshot!("status_after_a_failure", shown(&project, &["status", "experiment.toml"]));
    let status = json(&project, &["status", "experiment.toml"]);
    let select = &status["stages"][1];
    assert_eq!(select["stage"], "select");
    assert_eq!(select["counts"]["failed"], 1);
    assert!(select["instances"][0]["error"].as_str().expect("an error").contains("17 trials"));
    // What is edited since is not what failed.
    project.write(&SMALL.replace("mid = [32]", "mid = [48]"));
    assert!(!printed(&project, &["status", "experiment.toml"]).contains("failed"));
}

#[test]
fn status_runs_and_log_see_a_run_in_another_process() {
    let project = Project::new(&endless());
    let mut run = project.start("events.ndjson", &["--no-sync"]);
    wait_for("the training tells how far it is", || {
        project.events("events.ndjson").iter().any(|event| event["event"] == "stage_progress")
    });
    let text = printed(&project, &["status", "experiment.toml"]);
    assert!(text.contains("run small/1 is at work"), "{text}");
    assert!(text.contains("\nrunning\n  train[seed=1]  ") && text.contains("/1000000000 trials"), "{text}");
    let status = json(&project, &["status", "experiment.toml"]);
    assert_eq!(status["stages"][0]["instances"][0]["state"], "running");
    assert!(printed(&project, &["runs"]).contains("running"));
    let mut follower = project.command(&["log", "train", "-f"]);
    let follower = follower.stdout(Stdio::piped()).spawn().expect("the binary runs");
    run.kill().expect("it can be killed");
    run.wait().expect("it ends");
    let followed = follower.wait_with_output().expect("it ends with the run");
    assert!(followed.status.success());
    let log = printed(&project, &["log", "train"]);
    assert_eq!(String::from_utf8(followed.stdout).expect("text"), log);
    assert!(printed(&project, &["runs"]).contains("killed"));
    assert!(!printed(&project, &["status", "experiment.toml"]).contains("running"));
}

#[test]
fn a_log_is_followed_to_its_end() {
    let project = Project::new(&SMALL.replace("max_trials = 320", "max_trials = 4000"));
    let run = project.start("events.ndjson", &["--no-sync"]);
    wait_for("the training begins", || {
        project.events("events.ndjson").iter().any(|event| event["event"] == "stage_started")
    });
    let followed = printed(&project, &["log", "train", "--follow", "--experiment", "experiment.toml"]);
    let ended = run.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(followed, printed(&project, &["log", "train"]));
    assert!(followed.contains("\n4000 trials: performance ") && followed.contains("\ndone after "));
    // What has ended is not waited for.
    assert_eq!(printed(&project, &["log", "train", "-f"]), followed);
}

#[test]
fn logs_are_found_by_name_place_and_pattern() {
    let project = Project::new(SMALL);
    let before = refused(&project, &["log", "train"]);
    project.run().ok();
    insta::assert_snapshot!("log_of_one_stage", keyless(&shown(&project, &["log", "select"])));
    assert_eq!(printed(&project, &["log", "select[seed=1]"]), printed(&project, &["log", "select"]));
    insta::assert_snapshot!("logs_of_several_stages", keyless(&shown(&project, &["log", "fig_*"])));
    let messages = [
        before,
        refused(&project, &["log", "trian"]),
        refused(&project, &["log", "train[seed=2]"]),
        refused(&project, &["log", "activity"]),
        refused(&project, &["log", "fig_*", "-f"]),
        refused(&project, &["log", "train", "--experiment", "missing.toml"]),
    ];
    insta::assert_snapshot!("messages_of_log", messages.concat());
}

#[test]
fn logs_are_printed_as_json() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.run().ok();
    let logs = json(&project, &["log", "*"]);
    let logs = logs.as_array().expect("logs");
    assert_eq!(logs.len(), 8, "every stage that ran has a log");
    for log in logs {
        assert_eq!(log["run"], "small/1", "{log}");
        let stage = log["stage"].as_str().expect("a name");
        let lines: Vec<&str> =
            log["lines"].as_array().expect("lines").iter().filter_map(Json::as_str).collect();
        assert!(lines[0] == stage && lines.last().is_some_and(|last| last.starts_with("done")), "{lines:?}");
        let file = fs::read_to_string(project.path(log["file"].as_str().expect("a file"))).expect("a log");
        assert_eq!(lines, file.lines().collect::<Vec<_>>());
    }
    project.says(&["log", "train", "--json", "--follow"], 2);
}

#[test]
fn a_run_leaves_the_logs_of_another_alone() {
    let project = Project::new(&endless());
    let mut one = project.start("one.ndjson", &["--no-sync"]);
    project.wait_for(&mut one, "one.ndjson", 160);
    let mut other = project.start("other.ndjson", &["--no-sync"]);
    project.wait_for_event(&mut other, "other.ndjson", "stage_started");
    let log = printed(&project, &["log", "train"]);
    assert!(log.contains("\nstarts from new weights\n") && log.contains("\n160 trials: "), "{log}");
    assert_eq!(json(&project, &["log", "train"])[0]["run"], "small/1");
    for run in [&mut one, &mut other] {
        run.kill().expect("it can be killed");
        run.wait().expect("it ends");
    }
}

/// Keys of what depends on the program's own version are not the same for ever.
fn keyless(text: &str) -> String {
    let line =
        |line: &str| if line.starts_with("key ") { "key ...\n".to_owned() } else { format!("{line}\n") };
    text.lines().map(line).collect()
}

#[test]
fn graphs_show_stages_by_how_far_they_are() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.write(&failing());
    project.run();
    insta::assert_snapshot!("graph_of_stages", printed(&project, &["graph", "experiment.toml"]));
    for (output, start) in [("graph.svg", "<svg "), ("graph.dot", "digraph "), ("graph.gv", "digraph ")] {
        assert_eq!(printed(&project, &["graph", "experiment.toml", "-o", output]), "");
        let text = fs::read_to_string(project.path(output)).expect("it is written");
        assert!(text.starts_with(start), "{text}");
        assert!(text.contains("fig_endpoints") && text.contains("failed"), "{text}");
    }
    let printed_svg = printed(&project, &["graph", "experiment.toml", "--format", "svg"]);
    assert_eq!(printed_svg, fs::read_to_string(project.path("graph.svg")).expect("text"));
    let graph = json(&project, &["graph", "experiment.toml", "--instances"]);
    let nodes = graph["nodes"].as_array().expect("nodes");
    let names: BTreeSet<&str> = nodes.iter().map(|node| node["name"].as_str().expect("a name")).collect();
    assert!(names.contains("train[seed=1]"), "{names:?}");
    for edge in graph["edges"].as_array().expect("edges") {
        assert!(
            names.contains(edge[0].as_str().expect("a name"))
                && names.contains(edge[1].as_str().expect("a name"))
        );
    }
    insta::assert_snapshot!(refused(&project, &["graph", "experiment.toml", "-o", "graph.png"]));
}

#[test]
fn runs_are_numbered_and_say_how_they_ended() {
    let project = Project::new(SMALL);
    assert_eq!(printed(&project, &["runs"]), "nothing has run yet\n");
    project.run().ok();
    project.run_with(&["--only", "growth", "--set", "stages.train.stop.max_trials=160"]).ok();
    project.write(&failing());
    assert_eq!(project.run().code, Some(1));
    insta::assert_snapshot!("runs", shown(&project, &["runs"]));
    assert_eq!(printed(&project, &["runs", "experiment.toml"]), printed(&project, &["runs"]));
    let runs = json(&project, &["runs"]);
    assert_eq!(runs[0]["state"], "failed");
    assert_eq!(runs[0]["end"]["failed"][0]["stage"], "select[seed=1]");
    assert_eq!(runs[1]["only"][0], "growth");
    let ended = json(&project, &["run", "experiment.toml", "--only", "train", "-q"]);
    assert_eq!((&ended["run"], &ended["known"]), (&"small/4".into(), &1.into()));
    fs::write(project.path("printed.ndjson"), printed(&project, &["events", "small/3"])).expect("written");
    let [written, asked_for] = ["printed.ndjson", "events.ndjson"].map(|name| {
        let mut events = project.events(name);
        // Every file stamps its own time.
        events.iter_mut().for_each(|event| event["time_ms"] = Json::Null);
        events
    });
    assert_eq!(written, asked_for);
}

#[test]
fn the_difference_of_runs_is_in_parameters_and_numbers() {
    let project = Project::new(SMALL);
    project.run().ok();
    project.run().ok();
    insta::assert_snapshot!("diff_of_the_same", shown(&project, &["diff"]));
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 160"));
    project.run().ok();
    insta::assert_snapshot!("diff_after_an_edit", shown(&project, &["diff", "1", "last"]));
    project.write(&SMALL.replace("\"small\"", "\"other\"").replace("units = 12", "units = 13"));
    project.run().ok();
    let across = json(&project, &["diff", "small/last~2", "other"]);
    assert_eq!((&across["before"], &across["after"]), (&"small/1".into(), &"other/1".into()));
    let paths: Vec<&str> = across["parameters"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["path"].as_str())
        .collect();
    assert_eq!(paths, ["experiment.name", "stages.train.model.units"]);
    let numbers = across["numbers"].as_array().expect("a list");
    assert!(numbers.iter().any(|number| number["difference"].as_f64().is_some_and(|value| value != 0.0)));
    let messages = [
        refused(&project, &["diff", "1", "last"]),
        refused(&project, &["diff", "small/9", "last"]),
        refused(&project, &["diff", "smal/1", "last"]),
        refused(&project, &["diff", "last~9"]),
        refused(&project, &["diff", "yesterday"]),
    ];
    insta::assert_snapshot!("messages_of_diff", messages.concat());
}

#[test]
fn what_is_exported_is_what_the_store_has() {
    let project = Project::new(SMALL);
    project.run().ok();
    let text = printed(&project, &["export", "*", "out", "--experiment", "experiment.toml"]);
    assert!(text.starts_with("out/train.seed=1: 23 files, ") && text.lines().count() == 9, "{text}");
    let exported = project.files("out");
    for (path, bytes) in project.files("outputs/small/tables") {
        assert!(exported[&path] == bytes, "{}", path.display());
    }
    let weights = |path: &str| &exported[std::path::Path::new(path)];
    for trials in [0, 16, 320] {
        assert!(
            exported.contains_key(std::path::Path::new(&format!("train.seed=1/{trials}/model.safetensors")))
        );
    }
    let laid_out =
        fs::read(project.path("data/small/train.seed=1/16/model.safetensors")).expect("a checkpoint");
    assert!(*weights("train.seed=1/16/model.safetensors") == laid_out);
    for (path, bytes) in exported.iter().filter(|(path, _)| path.ends_with("manifest.json")) {
        let manifest: Json = serde_json::from_slice(bytes).expect("JSON");
        let folder = path.parent().expect("a folder");
        for (name, file) in manifest["files"].as_object().expect("files") {
            let digest = Digest::of(&exported[&folder.join(name)]).to_string();
            assert_eq!(file["blake3"], Json::from(digest), "{}", path.display());
        }
    }
    // What is simulated for an export is what would have been kept.
    project.write(&SMALL.replace("repeats = 2", "repeats = 2\nkeep = true"));
    project.run().ok();
    let mut kept = project.files("outputs/small/activity").into_values();
    assert!(kept.len() > 0 && kept.all(|bytes| exported.values().any(|exported| *exported == bytes)));
}

#[test]
fn checkpoints_to_export_are_chosen_and_what_is_unknown_is_said() {
    let project = Project::new(SMALL);
    project.run().ok();
    let files = |which: &str| {
        let exported = json(&project, &["export", "train", which, "--checkpoints", which]);
        assert!(exported[0]["files"].as_u64() > Some(2), "{exported}");
        project
            .files(which)
            .into_keys()
            .filter(|path| path.ends_with("model.safetensors"))
            .collect::<Vec<_>>()
    };
    assert_eq!(files("last"), [std::path::Path::new("train.seed=1/320/model.safetensors")]);
    assert_eq!(files("0,32").len(), 2);
    let mut messages = vec![
        refused(&project, &["export", "train", "out", "--checkpoints", "17"]),
        refused(&project, &["export", "train", "out", "--checkpoints", "some"]),
        refused(&project, &["export", "psht", "out"]),
    ];
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 160"));
    messages.push(refused(&project, &["export", "growth", "out"]));
    insta::assert_snapshot!("messages_of_export", messages.concat());
    assert!(!project.path("out").exists());
}

#[test]
fn cleaning_removes_what_was_laid_out_and_nothing_else() {
    let project = Project::new(SMALL);
    project.run().ok();
    let (before, store) = (project.artifacts(), project.files("data/store"));
    let mine = project.path("data/small/mine.txt");
    fs::write(&mine, "mine").expect("written");
    let edited = project.path("outputs/small/tables/psth.seed=1/numbers.csv");
    fs::write(&edited, "edited").expect("written");
    let dry = printed(&project, &["clean", "experiment.toml", "--dry-run"]);
    assert!(dry.contains("outputs/small/report.html\n") && dry.contains("changed by hand"), "{dry}");
    assert!(project.path("outputs/small/report.html").exists());
    let cleaned = json(&project, &["clean", "experiment.toml"]);
    assert_eq!(cleaned["changed"][0], "outputs/small/tables/psth.seed=1/numbers.csv");
    let left: Vec<_> = project.files("outputs").into_keys().collect();
    assert_eq!(left.len(), 2, "the edited file and the list that it stands in: {left:?}");
    assert_eq!(project.files("data/small").len(), 1);
    assert!(store == project.files("data/store"), "the store is untouched");
    fs::remove_file(mine).and_then(|()| fs::remove_file(edited)).expect("removed");
    printed(&project, &["clean", "experiment.toml"]);
    assert!(!project.path("outputs/small").exists());
    assert!(project.run().ok().ran().is_empty());
    common::assert_same(&before, &project.artifacts());
}

#[test]
fn everything_can_be_read_by_programs() {
    let project = Project::new(SMALL);
    project.run().ok();
    let plan = json(&project, &["plan", "experiment.toml"]);
    assert_eq!(plan["stages"][0]["state"], "known");
    assert_eq!((&plan["estimate_ms"], &plan["without_estimate"]), (&Json::from(0), &Json::from(0)));
    // What has run before is expected to take as long again; of what has not, nothing is known.
    let more = SMALL.replace("seed = [1]", "seed = [1, 2]") + "\n[stages.tuning]\nactivity = \"activity\"\n";
    project.write(&more);
    let plan = json(&project, &["plan", "experiment.toml"]);
    let stages = plan["stages"].as_array().expect("a list");
    let find = |name: &str| stages.iter().find(|stage| stage["stage"] == name).expect("a stage");
    let took = &find("train[seed=1]")["took_ms"];
    assert_eq!(&find("train[seed=2]")["estimate_ms"], took);
    assert_eq!(find("tuning[seed=1]")["estimate_ms"], Json::Null);
    let estimates = stages.iter().filter_map(|stage| stage["estimate_ms"].as_u64());
    assert_eq!(plan["estimate_ms"], estimates.sum::<u64>());
    let unknown = stages.iter().filter(|stage| stage.get("estimate_ms").is_some_and(Json::is_null));
    assert_eq!(plan["without_estimate"], unknown.count());
    project.write(SMALL);
    let kinds = json(&project, &["kinds"]);
    assert!(kinds.as_array().expect("a list").len() > 3);
    assert_eq!(json(&project, &["kinds", "train"])[0]["kind"], "train");
}

#[test]
fn a_reader_may_stop_reading() {
    let project = Project::new(SMALL);
    project.run().ok();
    for arguments in
        [&["status", "experiment.toml"][..], &["log", "*"], &["events"], &["graph", "experiment.toml"]]
    {
        let mut command = project.command(arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
    }
}
