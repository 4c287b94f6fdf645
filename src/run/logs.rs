//! One log file per stage instance.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::plan::file_name;

use super::event::{Event, Outcome};
use super::events::Sink;

/// Lines at the top of a log: the stage, its key, and why it runs.
const HEAD_LINES: usize = 3;

/// A sink that writes `FOLDER/<stage>.log`. A log is begun anew when its stage runs.
pub struct Logs {
    folder: PathBuf,
    open: HashMap<String, File>,
}

impl Logs {
    /// Logs in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: HashMap::new() }
    }

    /// Where the log of a stage instance is.
    pub fn path(folder: &Path, address: &str) -> PathBuf {
        folder.join(format!("{}.log", file_name(address)))
    }

    /// The last lines that a stage said in its log, without what the log itself adds.
    pub fn tail(folder: &Path, address: &str, lines: usize) -> Vec<String> {
        let text = fs::read_to_string(Self::path(folder, address)).unwrap_or_default();
        let said: Vec<&str> = text.lines().skip(HEAD_LINES).collect();
        let said = said.split_last().map_or(&[][..], |(_ending, said)| said);
        said[said.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
    }

    fn write(&mut self, stage: &str, line: &str) {
        // What a log cannot hold is lost without harm.
        if let Some(file) = self.open.get_mut(stage) {
            let _ = writeln!(file, "{line}");
        }
    }
}

impl Sink for Logs {
    fn take(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, key, reason } => {
                let _ = fs::create_dir_all(&self.folder);
                if let Ok(file) = File::create(Self::path(&self.folder, stage)) {
                    self.open.insert(stage.clone(), file);
                }
                self.write(stage, &format!("{stage}\nkey {key}\nruns because: {reason}"));
            }
            Event::StageLog { stage, line } => self.write(stage, line),
            Event::StageFinished { stage, outcome, duration_ms, .. } => {
                let ended = match outcome {
                    Outcome::Done => "done".to_owned(),
                    Outcome::Found => "found: another process has computed it".to_owned(),
                    Outcome::Failed { error } => format!("failed: {error}"),
                    Outcome::Retried { error } => format!("failed, and is tried again: {error}"),
                    Outcome::Interrupted => "interrupted".to_owned(),
                };
                self.write(stage, &format!("{ended} after {duration_ms} ms"));
                self.open.remove(stage);
            }
            _ => {}
        }
    }
}
