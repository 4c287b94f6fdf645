//! What is laid out for people: files made from what the store has. Editing them never alters the
//! store, and deleting them costs nothing but making them again.
//!
//! ```text
//! outputs/<experiment>/
//!   figures/<stage>.svg, .png, .pdf
//!   tables/<stage>/<table>.parquet, .csv
//!   report.html
//! data/<experiment>/<model>/
//!   hp.json, log.json
//!   <trials>/model.safetensors    of the selected checkpoints
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use petgraph::graph::NodeIndex;
use serde_json::json;

use crate::plan::{Instance, Plan, StageNode, State};
use crate::stages::{Gives, model_files};
use crate::store::{Digest, Held, Key, Store, StoreError, remove_parts, write_atomically};
use crate::table::Table;

use super::manifest::{Manifest, Written};
use super::report;

/// Where things are laid out.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The folder of figures, tables and the report.
    pub outputs: PathBuf,
    /// The folder of models.
    pub data: PathBuf,
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
    let mut writer = Writer {
        store,
        manifest: Manifest::read(layout),
        changed: false,
        laid_out: LaidOut::default(),
        folders: BTreeSet::new(),
        lock: None,
        lock_key: Key::of(&json!({ "layout": [&layout.outputs, &layout.data] }))?,
    };
    for (_, checkpoint) in plan.instances() {
        if let Some(model) = checkpoint.model.filter(|model| is_made_here(&plan.graph[*model])) {
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
            Gives::Model if is_made_here(instance) => {
                model(plan, node, &mut writer, &layout.data.join(&name))?;
            }
            Gives::Model => {}
            Gives::Selection => {}
        }
    }
    let report = layout.outputs.join("report.html");
    let of = report::state(plan);
    writer.file(report, &of, || Some(report::html(plan, store).into_bytes()))?;
    let whole = plan.is_whole()
        && plan.instances().all(|(_, instance)| {
            !matches!(instance.state, State::Pending { .. } | State::Waiting | State::Failed)
        });
    writer.clear(whole);
    writer.sweep();
    if writer.changed {
        writer.manifest.write(layout)?;
    }
    Ok(writer.laid_out)
}

/// Whether a model is none that was imported from files, which are laid out already.
fn is_made_here(model: &Instance) -> bool {
    model.files.is_empty()
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
        writer.file(folder.join(name), &of, || {
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
    manifest: Manifest,
    /// Whether the manifest says something new.
    changed: bool,
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
        self.file(path, &digest.hex(), || make(store.read(digest).ok()?))
    }

    /// Forgets and removes files that were written earlier and are no part of a `whole` layout; of one that
    /// is not whole they are kept.
    fn clear(&mut self, whole: bool) {
        if !whole {
            return;
        }
        let before = self.manifest.files.len();
        self.manifest.files.retain(|path, written| {
            let path = Path::new(path);
            if !written.wanted && written.is_still(path) {
                // What cannot be removed does no harm.
                let _ = std::fs::remove_file(path);
                let _ = path.parent().map(std::fs::remove_dir);
            }
            written.wanted
        });
        self.changed |= self.manifest.files.len() < before;
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
        of: &str,
        make: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let name = path.to_string_lossy();
        if let Some(before) = self.manifest.files.get_mut(&*name)
            && (before.wanted || (before.of == of && before.is_still(&path)))
        {
            before.wanted = true;
            return Ok(());
        }
        let Some(bytes) = make() else {
            self.changed |= self.manifest.files.remove(&*name).is_some();
            self.laid_out.lost += 1;
            return Ok(());
        };
        self.lock()?;
        write_atomically(&path, &bytes)?;
        self.folders.extend(path.parent().map(Path::to_owned));
        self.laid_out.written += 1;
        self.changed = true;
        match Written::now(&path, of.to_owned()) {
            Some(written) => self.manifest.files.insert(name.into_owned(), written),
            None => self.manifest.files.remove(&*name),
        };
        Ok(())
    }
}
