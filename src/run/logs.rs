//! One log file per stage instance of a run.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::plan::file_name;

use super::event::{Event, Outcome};
use super::events::Sink;

/// How the last line begins that a log itself says before the stage does.
const REASON: &str = "\nruns because: ";

/// A sink that writes `FOLDER/<stage>.log`. There is a log of what has run or runs: the first thing that a
/// stage says begins it, so that a stage whose result another run was just making has none. A stage that is
/// tried again goes on with its log.
pub struct Logs {
    folder: PathBuf,
    open: HashMap<String, Log>,
}

/// The log of a stage that is running.
struct Log {
    /// What it begins with, until it has been begun.
    head: Option<String>,
    file: Option<File>,
}

impl Logs {
    /// Logs in `folder`, which is made when the first is written.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: HashMap::new() }
    }

    /// Where the log of a stage instance is.
    pub fn path(folder: &Path, address: &str) -> PathBuf {
        folder.join(format!("{}.log", file_name(address)))
    }

    /// The last lines that a stage said in its log when it was last tried, without what the log itself adds.
    pub fn tail(folder: &Path, address: &str, lines: usize) -> Vec<String> {
        let text = fs::read_to_string(Self::path(folder, address)).unwrap_or_default();
        let last = text.rsplit_once(REASON).map_or("", |(_, last)| last);
        let said: Vec<&str> = last.lines().skip(1).collect();
        let said = said.split_last().map_or(&[][..], |(_ending, said)| said);
        said[said.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
    }

    fn is_begun(&self, stage: &str) -> bool {
        self.open.get(stage).is_some_and(|log| log.head.is_none())
    }

    fn write(&mut self, stage: &str, line: &str) {
        let Some(log) = self.open.get_mut(stage) else { return };
        if let Some(head) = log.head.take() {
            let _ = fs::create_dir_all(&self.folder);
            log.file = File::options().create(true).append(true).open(Self::path(&self.folder, stage)).ok();
            log.say(&head);
        }
        log.say(line);
    }
}

impl Log {
    fn say(&mut self, line: &str) {
        // What a log cannot hold is lost without harm.
        let _ = self.file.as_mut().map(|file| writeln!(file, "{line}"));
    }
}

impl Sink for Logs {
    fn take(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, key, reason } => {
                let head = Some(format!("{stage}\nkey {key}{REASON}{reason}"));
                self.open.insert(stage.clone(), Log { head, file: None });
            }
            Event::StageLog { stage, line } => self.write(stage, line),
            Event::StageFinished { stage, outcome, duration_ms, .. } => {
                let ended = match outcome {
                    Outcome::Done => Some("done".to_owned()),
                    Outcome::Found => None,
                    Outcome::Interrupted if !self.is_begun(stage) => None,
                    Outcome::Failed { error } => Some(format!("failed: {error}")),
                    Outcome::Retried { error } => Some(format!("failed, and is tried again: {error}")),
                    Outcome::Interrupted => Some("interrupted".to_owned()),
                };
                if let Some(ended) = ended {
                    self.write(stage, &format!("{ended} after {duration_ms} ms"));
                }
                self.open.remove(stage);
            }
            _ => {}
        }
    }
}
