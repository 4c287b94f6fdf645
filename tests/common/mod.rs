//! A project in a temporary folder, and the real binary run in it.

#![allow(dead_code, reason = "every test file uses its own part of this")]

pub mod power;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// A very small experiment that goes through all stages. Checkpoints are named by hand, since the
/// network has no time to learn.
pub const SMALL: &str = r#"
[experiment]
name = "small"

[axes]
seed = [1]

[stages.train]
tasks = ["overlap", "odr500"]
seed = "{seed}"
model = { units = 12, ring_units = 8 }
batch_size = 8
display_step = 2
test_trials = 16
stop = { max_trials = 320 }

[stages.select]
model = "train"
task = "odr500"
by_hand = { early = [0, 16], mid = [32], mature = [48, 64] }

[stages.activity]
checkpoints = "select"
repeats = 2

[stages.psth]
activity = "activity"

[stages.endpoints]
activity = "activity"

[stages.growth]
model = "train"
selection = "select"
"#;

/// The smallest experiment that trains, has a statistic and draws it: few writes, to try each.
pub const TINY: &str = r#"
[experiment]
name = "tiny"

[stages.train]
tasks = ["overlap"]
model = { units = 4, ring_units = 4 }
batch_size = 4
display_step = 1
test_trials = 4
stop = { max_trials = 12 }

[stages.growth]
model = "train"
"#;

/// [`SMALL`] with enough training to be disturbed in the middle.
pub fn long() -> String {
    SMALL.replace("max_trials = 320", "max_trials = 6400")
}

/// Trials between two tests of [`SMALL`].
pub const SEGMENT: u64 = 16;

/// A folder with an experiment, a store and outputs.
pub struct Project {
    folder: tempfile::TempDir,
}

/// What a run did, from its event stream.
pub struct Run {
    /// The exit code; `None` if it was killed.
    pub code: Option<i32>,
    /// What it said.
    pub stderr: String,
    /// Its events.
    pub events: Vec<Json>,
}

impl Project {
    /// A project with this experiment.
    pub fn new(experiment: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        project.write(experiment);
        project
    }

    /// A copy of the project as it is now, with this experiment. Files keep their times; they are linked, and
    /// so must be replaced, never written to.
    pub fn copy(&self, experiment: &str) -> Self {
        let copy = Self::new(experiment);
        for folder in ["data", "outputs"] {
            let status = Command::new("cp").arg("-al").arg(self.path(folder)).arg(copy.path("")).status();
            assert!(status.expect("cp runs").success());
        }
        copy
    }

    /// The trials after which a training stood that the store has the whole state of, the latest.
    pub fn saved(&self) -> u64 {
        let records = rnnwm::store::records(&self.path("data/store")).expect("records");
        let states = records.iter().filter(|(_, record)| record.action["kind"] == "optimizer state");
        states.filter_map(|(_, record)| record.action["trials"].as_u64()).max().unwrap_or(0)
    }

    /// Replaces the experiment.
    pub fn write(&self, experiment: &str) {
        fs::write(self.path("experiment.toml"), experiment).expect("the experiment can be written");
    }

    /// A path in the project.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary, in the project's folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rnnwm"));
        command.current_dir(self.folder.path()).args(arguments).env("NO_COLOR", "1");
        // What the machine says of itself is no part of a test.
        command.env("RNNWM_MACHINE", "");
        command.stdin(Stdio::null());
        command
    }

    /// `rnnwm run` with more arguments.
    pub fn run_with(&self, arguments: &[&str]) -> Run {
        let mut command = self.run_command("events.ndjson", arguments);
        self.read(command.output().expect("the binary runs"))
    }

    /// `rnnwm run`, without waiting for the disk.
    pub fn run(&self) -> Run {
        self.run_with(&["--no-sync"])
    }

    /// `rnnwm run` of one stage at a time, every write of which is listed in the file `trace`, and of which
    /// the write of number `at` meets a fault, such as `kill`.
    pub fn run_with_fault(&self, fault: &str, at: usize) -> Run {
        self.run_disturbed(fault, at, &["-j", "1"])
    }

    /// [`Project::run_with_fault`], with these arguments.
    pub fn run_disturbed(&self, fault: &str, at: usize, arguments: &[&str]) -> Run {
        let mut command = self.run_command("events.ndjson", arguments);
        command.env("RNNWM_FAULT", format!("{fault}@{at}")).env("RNNWM_FAULT_TRACE", self.path("trace"));
        self.read(command.output().expect("the binary runs"))
    }

    /// Another command, which must end with this exit code; what it says.
    pub fn says(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().expect("the binary runs");
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text.concat());
        text.concat()
    }

    /// Runs the experiment below limits of the shell such as `ulimit -v 950000`.
    #[cfg(unix)]
    pub fn run_limited(&self, limits: &str, arguments: &str) -> Output {
        let limited =
            format!("{limits}; exec {} run experiment.toml {arguments}", env!("CARGO_BIN_EXE_rnnwm"));
        Command::new("bash").args(["-c", &limited]).current_dir(self.path("")).output().expect("bash runs")
    }

    /// Removes what was laid out, so that it must be read from the store again.
    pub fn clear(&self) {
        for folder in ["outputs", "data/tiny", "data/small"] {
            let _ = fs::remove_dir_all(self.path(folder));
        }
    }

    /// `rnnwm run`, in the background, with its events in a file.
    pub fn start(&self, events: &str, arguments: &[&str]) -> Child {
        let mut command = self.run_command(events, arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    }

    /// Waits until a run in the background has trained so many trials.
    pub fn wait_for(&self, child: &mut Child, events: &str, trials: u64) {
        self.wait_until(child, events, |event| event["done"].as_u64().is_some_and(|done| done >= trials));
    }

    /// Waits until an event of this name has come from a run in the background.
    pub fn wait_for_event(&self, child: &mut Child, events: &str, name: &str) {
        self.wait_until(child, events, |event| event["event"] == name);
    }

    fn wait_until(&self, child: &mut Child, events: &str, reached: impl Fn(&Json) -> bool) {
        let started = Instant::now();
        while !self.events(events).iter().any(&reached) {
            let ended = child.try_wait().expect("the child can be asked");
            assert!(ended.is_none(), "the run ended before it could be disturbed");
            assert!(started.elapsed() < Duration::from_secs(120), "the run does not advance");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn run_command(&self, events: &str, arguments: &[&str]) -> Command {
        // A run that is stopped early has no events, and not those of the run before.
        let _ = fs::remove_file(self.path(events));
        self.command(&[&["run", "experiment.toml", "--events", events], arguments].concat())
    }

    fn read(&self, output: Output) -> Run {
        Run {
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            events: self.events("events.ndjson"),
        }
    }

    /// The events in a file, as far as they are whole.
    pub fn events(&self, name: &str) -> Vec<Json> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Every file below a folder, by its path there.
    pub fn files(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(folder), Path::new(""), &mut files);
        files
    }

    /// Everything that is laid out and promised to be the same bytes every time.
    pub fn artifacts(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = self.files("outputs");
        files.extend(self.files("data"));
        files.retain(|path, _| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let timed = ["report.html", "log.json", ".layout.json"].contains(&name);
            !timed && !path.starts_with("store")
        });
        assert!(!files.is_empty(), "nothing was laid out");
        files
    }
}

fn collect(root: &Path, below: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(root.join(below)) else { return };
    for entry in entries.flatten() {
        let path = below.join(entry.file_name());
        if entry.path().is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(path, fs::read(entry.path()).expect("the file can be read"));
        }
    }
}

impl Run {
    /// The run, which must have succeeded.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// The stages that ran and were done, sorted.
    pub fn ran(&self) -> Vec<String> {
        let done = self
            .events
            .iter()
            .filter(|event| event["event"] == "stage_finished" && event["outcome"] == "done");
        let mut ran: Vec<String> = done.map(|event| text(&event["stage"])).collect();
        ran.sort();
        ran
    }

    /// The keys of what ran and was done, in the order of its ending.
    pub fn keys(&self) -> Vec<String> {
        let done = self.events.iter().filter(|event| event["event"] == "stage_finished");
        done.filter(|event| event["outcome"] == "done").map(|event| text(&event["key"])).collect()
    }

    /// Trials that a stage trained in this run.
    pub fn trained(&self, stage: &str) -> u64 {
        let of_stage =
            |event: &&Json| event["event"] == "stage_finished" && event["stage"].as_str() == Some(stage);
        self.events.iter().find(of_stage).map_or(0, |event| event["fresh"].as_u64().expect("a number"))
    }
}

/// The text of a JSON value that is one.
pub fn text(value: &Json) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Asserts that two trees of files are the same, and names the first that is not.
pub fn assert_same(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (path, bytes) in one {
        assert!(bytes == &other[path], "{} differs", path.display());
    }
}
