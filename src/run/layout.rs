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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};

use crate::plan::{Instance, Plan, StageNode, State};
use crate::stages::{Gives, model_files};
use crate::store::{Digest, Store, StoreError, write_atomically};
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
struct Manifest(BTreeMap<PathBuf, Written>);

/// A file as it was when it was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Written {
    /// What it was made from.
    of: String,
    size: u64,
    modified_ns: u128,
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
    let manifest_path = layout.outputs.join(".layout.json");
    let before: Manifest = std::fs::read(&manifest_path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let mut writer = Writer { store, before, after: Manifest::default(), laid_out: LaidOut::default() };
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
                for (output, digest) in &settled.outputs {
                    let extension = output.rsplit('.').next().unwrap_or_default();
                    let path = layout.outputs.join("figures").join(format!("{name}.{extension}"));
                    writer.object(path, digest, Some)?;
                }
            }
            Gives::Statistic => {
                let folder = layout.outputs.join("tables").join(&name);
                for (output, digest) in &settled.outputs {
                    writer.object(folder.join(output), digest, Some)?;
                    let csv = folder.join(output).with_extension("csv");
                    writer.object(csv, digest, |bytes| {
                        Table::from_parquet(&bytes).ok().map(|table| table.to_csv().into_bytes())
                    })?;
                }
            }
            Gives::Activity => {
                for (output, digest) in &settled.outputs {
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
    writer.file(report, of, || Some(report::html(plan, store).into_bytes()))?;
    let whole = plan.is_whole()
        && plan.instances().all(|(_, instance)| {
            !matches!(instance.state, State::Pending { .. } | State::Waiting | State::Failed)
        });
    writer.clear(whole);
    let Writer { after, before, laid_out, .. } = writer;
    if after.0 != before.0 {
        let bytes = serde_json::to_vec(&after)?;
        write_atomically(&manifest_path, &bytes)?;
    }
    Ok(laid_out)
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
        writer.file(folder.join(name), of.clone(), || {
            let made = files.get_or_insert_with(|| {
                let log = store.read(settled.outputs.get("log")?).ok()?;
                model_files(&instance.resolved, spec, &settled.facts, &log, folder, store)
            });
            made.as_ref().and_then(|files| files.get(name).cloned())
        })?;
    }
    Ok(())
}

/// The weights of a checkpoint that something selected.
fn weights(checkpoint: &Instance, writer: &mut Writer, folder: &Path) -> Result<(), StoreError> {
    let (Some(item), Some(job)) = (&checkpoint.item, &checkpoint.recipe) else { return Ok(()) };
    for digest in job.needs() {
        let path = folder.join(item.trials.to_string()).join("model.safetensors");
        writer.object(path, &digest, Some)?;
    }
    Ok(())
}

struct Writer<'a> {
    store: &'a Store,
    before: Manifest,
    after: Manifest,
    laid_out: LaidOut,
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
        for (path, written) in &self.before.0 {
            if self.after.0.contains_key(path) {
                continue;
            }
            if !whole {
                self.after.0.insert(path.clone(), written.clone());
            } else if unchanged(path, written) {
                // What cannot be removed does no harm.
                let _ = std::fs::remove_file(path);
                let _ = path.parent().map(std::fs::remove_dir);
            }
        }
    }

    fn file(
        &mut self,
        path: PathBuf,
        of: String,
        make: impl FnOnce() -> Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        if self.after.0.contains_key(&path) {
            return Ok(());
        }
        if let Some(before) = self.before.0.get(&path)
            && before.of == of
            && unchanged(&path, before)
        {
            self.after.0.insert(path, before.clone());
            return Ok(());
        }
        let Some(bytes) = make() else {
            self.laid_out.lost += 1;
            return Ok(());
        };
        write_atomically(&path, &bytes)?;
        self.laid_out.written += 1;
        if let Some(written) = stat(&path, of) {
            self.after.0.insert(path, written);
        }
        Ok(())
    }
}

fn unchanged(path: &Path, written: &Written) -> bool {
    stat(path, written.of.clone()).as_ref() == Some(written)
}

fn stat(path: &Path, of: String) -> Option<Written> {
    let metadata = std::fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Written { of, size: metadata.len(), modified_ns: modified.as_nanos() })
}
