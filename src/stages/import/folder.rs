//! What a model's folder has: hyperparameters, the log, and a folder for each checkpoint.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::kind::Complaint;

/// The parameter that names the folder, which complaints are about.
pub const FOLDER: &str = "folder";
/// Names of the file of hyperparameters; the first that is there counts.
const HYPERPARAMETERS: [&str; 2] = ["hp.json", "hparams.json"];
const LOG: &str = "log.json";
/// Trials are whole numbers that JSON can carry exactly.
const MOST_TRIALS: u64 = 1 << 53;

/// A model's folder.
pub struct ModelFolder {
    /// The file of hyperparameters.
    pub hyperparameters: PathBuf,
    /// The file of the training log.
    pub log: PathBuf,
    /// The files of each checkpoint by name, by trials trained.
    pub checkpoints: BTreeMap<u64, BTreeMap<String, PathBuf>>,
}

impl ModelFolder {
    /// Looks what a folder has. No file is read.
    ///
    /// # Errors
    /// If something is missing.
    pub fn look(path: &Path) -> Result<Self, Complaint> {
        let shown = path.display();
        if !path.is_dir() {
            return Err(Complaint::new(FOLDER, format!("there is no folder `{shown}`"))
                .help("paths start from the folder of the file that they stand in"));
        }
        let file = |names: &[&str]| {
            let found = names.iter().map(|name| path.join(name)).find(|path| path.is_file());
            found.ok_or_else(|| {
                Complaint::new(FOLDER, format!("`{shown}` has no file `{}`", names.join("` or `"))).help(
                    "a model's folder has `hp.json`, `log.json`, and a folder for each checkpoint, named by \
                     the trials trained",
                )
            })
        };
        let (hyperparameters, log) = (file(&HYPERPARAMETERS)?, file(&[LOG])?);
        let checkpoints = checkpoints(path)?;
        if checkpoints.is_empty() {
            return Err(Complaint::new(FOLDER, format!("`{shown}` has no checkpoints"))
                .help("a checkpoint is a folder named by the trials trained, such as `748800`"));
        }
        Ok(Self { hyperparameters, log, checkpoints })
    }
}

fn checkpoints(path: &Path) -> Result<BTreeMap<u64, BTreeMap<String, PathBuf>>, Complaint> {
    let mut checkpoints = BTreeMap::new();
    for (name, below) in entries(path)? {
        // `0100` would be another name of the checkpoint `100`.
        let is_name = |trials: &u64| trials.to_string() == name && *trials <= MOST_TRIALS;
        let trials = name.parse::<u64>().ok().filter(is_name);
        let Some(trials) = trials.filter(|_| below.is_dir()) else { continue };
        let mut files = entries(&below)?;
        files.retain(|name, _| is_of_a_checkpoint(name));
        if !files.keys().any(|name| name.ends_with(".index")) {
            return Err(Complaint::new(FOLDER, format!("`{}` has no `.index` file", below.display()))
                .help("copy the whole folder of the checkpoint, or remove it"));
        }
        checkpoints.insert(trials, files);
    }
    Ok(checkpoints)
}

fn is_of_a_checkpoint(name: &str) -> bool {
    name == "checkpoint" || name.ends_with(".index") || name.contains(".data-")
}

/// What is in a folder, by name, sorted. What has a name that is no text is none of ours.
fn entries(path: &Path) -> Result<BTreeMap<String, PathBuf>, Complaint> {
    let unreadable = |error: std::io::Error| {
        Complaint::new(FOLDER, format!("cannot read the folder `{}`: {error}", path.display()))
    };
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if let Ok(name) = entry.file_name().into_string() {
            found.insert(name, entry.path());
        }
    }
    Ok(found)
}
