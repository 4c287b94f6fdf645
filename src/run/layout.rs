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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, StageNode, State};
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

/// Lays out all that is known. Gives the number of files that were written.
///
/// # Errors
/// If the disk refuses. What the store has lost meanwhile is left out.
pub fn lay_out(plan: &Plan, store: &Store, layout: &Layout) -> Result<usize, StoreError> {
    let manifest_path = layout.outputs.join(".layout.json");
    let manifest: Manifest = std::fs::read(&manifest_path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let mut writer = Writer { store, before: manifest, after: Manifest::default(), written: 0 };
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
            Gives::Model => model(plan, node, &mut writer, &layout.data.join(&name))?,
            Gives::Selection => {}
        }
    }
    let report = layout.outputs.join("report.html");
    let of = report::state(plan);
    writer.file(report, of, || Some(report::html(plan, store).into_bytes()))?;
    let Writer { after, before, written, .. } = writer;
    if after.0 != before.0 {
        let bytes = serde_json::to_vec(&after)?;
        write_atomically(&manifest_path, &bytes)?;
    }
    Ok(written)
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
    for (_, other) in plan.instances() {
        let (Some(item), true) = (&other.item, other.model == Some(node)) else { continue };
        let job = match (&other.recipe, &other.state) {
            (Some(job), _) => job,
            (None, State::Pending { job, .. }) => job,
            _ => continue,
        };
        for digest in job.needs() {
            let path = folder.join(item.trials.to_string()).join("model.safetensors");
            writer.object(path, &digest, Some)?;
        }
    }
    Ok(())
}

struct Writer<'a> {
    store: &'a Store,
    before: Manifest,
    after: Manifest,
    written: usize,
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
            && stat(&path, of.clone()).as_ref() == Some(before)
        {
            self.after.0.insert(path, before.clone());
            return Ok(());
        }
        let Some(bytes) = make() else { return Ok(()) };
        write_atomically(&path, &bytes)?;
        self.written += 1;
        if let Some(written) = stat(&path, of) {
            self.after.0.insert(path, written);
        }
        Ok(())
    }
}

fn stat(path: &Path, of: String) -> Option<Written> {
    let metadata = std::fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Written { of, size: metadata.len(), modified_ns: modified.as_nanos() })
}
