//! What is laid out for people: files made from what the store has. Editing them never alters the
//! store, and deleting them costs nothing but making them again.
//!
//! ```text
//! outputs/<experiment>/
//!   figures/<stage>.svg, .png
//!   tables/<stage>/<table>.parquet, .csv
//!   report.html
//! data/<experiment>/<model>/
//!   hp.json, log.json
//!   <trials>/model.safetensors    of the selected checkpoints
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::plan::{Instance, Plan, StageNode, State};
use crate::stages::{Gives, model_files};
use crate::store::{Digest, Held, Key, Store, StoreError, remove_parts, write_atomically};
use crate::table::Table;

use super::report;

/// Where things are laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The folder of figures, tables and the report.
    pub outputs: PathBuf,
    /// The folder of models.
    pub data: PathBuf,
}

/// What was laid out, so that nothing is written twice.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Manifest {
    pub files: BTreeMap<PathBuf, Written>,
}

/// A file as it was when it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Written {
    /// What it was made from.
    of: String,
    size: u64,
    modified_ns: u128,
}

impl Written {
    /// Whether the file stands there as it was written.
    pub fn is_still(&self, path: &Path) -> bool {
        stat(path, self.of.clone()).as_ref() == Some(self)
    }
}

impl Manifest {
    /// Where it is.
    pub fn path(layout: &Layout) -> PathBuf {
        layout.outputs.join(".layout.json")
    }

    /// What was laid out; nothing, where that cannot be read.
    pub fn read(layout: &Layout) -> Self {
        let bytes = std::fs::read(Self::path(layout)).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}

/// Whether an output of a stage is laid out, and so must be in the store.
pub fn is_laid_out(stage: &StageNode, output: &str) -> bool {
    match stage.kind.gives() {
        Gives::Figure => true,
        Gives::Statistic => output.ends_with(".parquet"),
        Gives::Activity => true,
        Gives::Model => output == "log",
        Gives::Selection => false,
    }
}

/// What laying out did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaidOut {
    /// Files that were written.
    pub written: usize,
    /// Files that could not be made, because the store has lost what they are made from.
    pub lost: usize,
}

/// Lays out all that is known. Where everything is, files of stages that are no more are removed, unless
/// somebody has changed them.
///
/// # Errors
/// If the disk refuses.
pub fn lay_out(plan: &Plan, store: &Store, layout: &Layout) -> Result<LaidOut, StoreError> {
    let before = Manifest::read(layout);
    let mut writer = Writer {
        store,
        before,
        after: Manifest::default(),
        laid_out: LaidOut::default(),
        folders: BTreeSet::new(),
        lock: None,
        lock_key: Key::of(&json!({ "layout": [&layout.outputs, &layout.data] }))?,
    };
    for (_, checkpoint) in plan.instances() {
        if let Some(model) = checkpoint.model {
            weights(checkpoint, &mut writer, &layout.data.join(plan.graph[model].file_name()))?;
        }
    }
    for (node, instance) in plan.instances() {
        let Some(settled) = instance.settled() else { continue };
        let name = instance.file_name();
        let stage = plan.stage(node);
        match stage.kind.gives() {
            Gives::Figure => {
                for (output, digest) in settled.outputs.iter() {
                    let extension = output.rsplit('.').next().unwrap_or_default();
                    let path = layout.outputs.join("figures").join(format!("{name}.{extension}"));
                    writer.object(path, digest, Some)?;
                }
            }
            Gives::Statistic => {
                let folder = layout.outputs.join("tables").join(&name);
                for (output, digest) in settled.outputs.iter() {
                    writer.object(folder.join(output), digest, Some)?;
                    let csv = folder.join(output).with_extension("csv");
                    writer.object(csv, digest, |bytes| {
                        Table::from_parquet(&bytes).ok().map(|table| table.to_csv().into_bytes())
                    })?;
                }
            }
            Gives::Activity => {
                for (output, digest) in settled.outputs.iter() {
                    let path = layout.outputs.join("activity").join(&name).join(output);
                    writer.object(path, digest, Some)?;
                }
            }
            Gives::Model => model(plan, node, &mut writer, &layout.data.join(&name))?,
            Gives::Selection => {}
        }
    }
    let report = layout.outputs.join("report.html");
    let of = report::state(plan);
    writer.file(report, of, || Some(report::html(plan, store).into_bytes()))?;
    let whole = plan.is_whole()
        && plan.instances().all(|(_, instance)| {
            !matches!(instance.state, State::Pending { .. } | State::Waiting | State::Failed)
        });
    writer.clear(whole);
    writer.sweep();
    let Writer { after, before, laid_out, .. } = writer;
    if after.files != before.files {
        let bytes = serde_json::to_vec(&after)?;
        write_atomically(&Manifest::path(layout), &bytes)?;
    }
    Ok(laid_out)
}

/// A model's folder: parameters and log in the form of the reference implementation, and the weights
/// of the checkpoints that something selected.
fn model(plan: &Plan, node: NodeIndex, writer: &mut Writer, folder: &Path) -> Result<(), StoreError> {
    let instance = &plan.graph[node];
    let (Some(settled), Some(spec)) = (instance.settled(), &instance.offer.model) else { return Ok(()) };
    let store = writer.store;
    let of = format!("{} {:?}", settled.key, spec.tasks.iter().map(|task| &task.name).collect::<Vec<_>>());
    let mut files = None;
    for name in ["hp.json", "log.json"] {
        writer.file(folder.join(name), of.clone(), || {
            let made = files.get_or_insert_with(|| {
                let log = store.read(settled.outputs.get("log")?).ok()?;
                model_files(&instance.params(), spec, &settled.facts(store), &log, folder, store)
            });
            made.as_ref().and_then(|files| files.get(name).cloned())
        })?;
    }
    Ok(())
}

/// The weights of a checkpoint that something selected.
fn weights(checkpoint: &Instance, writer: &mut Writer, folder: &Path) -> Result<(), StoreError> {
    let (Some(item), Some(weights)) = (&checkpoint.item, checkpoint.weights()) else { return Ok(()) };
    for digest in weights.values() {
        let path = folder.join(item.trials.to_string()).join("model.safetensors");
        writer.object(path, digest, Some)?;
    }
    Ok(())
}

struct Writer<'a> {
    store: &'a Store,
    before: Manifest,
    after: Manifest,
    laid_out: LaidOut,
    /// Folders in which something was written.
    folders: BTreeSet<PathBuf>,
    /// Keeps other processes from writing here, from the first file on; nothing where the store cannot be
    /// written.
    lock: Option<Held<'a>>,
    lock_key: Key,
}

impl Writer<'_> {
    /// Writes a file made from an object, unless it stands there as it was written.
    fn object(
        &mut self,
        path: PathBuf,
        digest: &Digest,
        make: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let store = self.store;
        self.file(path, digest.to_string(), || make(store.read(digest).ok()?))
    }

    /// Forgets and removes files that were written earlier and are no part of a `whole` layout; of one that
    /// is not whole they are kept.
    fn clear(&mut self, whole: bool) {
        for (path, written) in &self.before.files {
            if self.after.files.contains_key(path) {
                continue;
            }
            if !whole {
                self.after.files.insert(path.clone(), written.clone());
            } else if written.is_still(path) {
                // What cannot be removed does no harm.
                let _ = std::fs::remove_file(path);
                let _ = path.parent().map(std::fs::remove_dir);
            }
        }
    }

    fn lock(&mut self) -> Result<(), StoreError> {
        if self.lock.is_none() {
            match self.store.lock(&self.lock_key, &AtomicBool::new(false)) {
                Ok(lock) => self.lock = Some(lock),
                Err(error) if error.is_read_only() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes parts of files that a crash has left where something was written now.
    fn sweep(&self) {
        if self.lock.is_some() {
            self.folders.iter().for_each(|folder| remove_parts(folder));
        }
    }

    fn file(
        &mut self,
        path: PathBuf,
        of: String,
        make: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        if self.after.files.contains_key(&path) {
            return Ok(());
        }
        if let Some(before) = self.before.files.get(&path)
            && before.of == of
            && before.is_still(&path)
        {
            self.after.files.insert(path, before.clone());
            return Ok(());
        }
        let Some(bytes) = make() else {
            self.laid_out.lost += 1;
            return Ok(());
        };
        self.lock()?;
        write_atomically(&path, &bytes)?;
        self.folders.extend(path.parent().map(Path::to_owned));
        self.laid_out.written += 1;
        if let Some(written) = stat(&path, of) {
            self.after.files.insert(path, written);
        }
        Ok(())
    }
}

fn stat(path: &Path, of: String) -> Option<Written> {
    let metadata = std::fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Written { of, size: metadata.len(), modified_ns: modified.as_nanos() })
}
