//! Collecting garbage: removing what nothing needs.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::digest::{Digest, Key};
use super::error::StoreError;
use super::files;
use super::lock::Alone;
use super::objects::Objects;
use super::record::Record;
use super::sift::{Line, RecordFile, record_files, reduce};
use super::verify::kind;

/// Folders in which only processes at work have files.
const PASSING: [&str; 3] = ["staging", "locks", "damaged"];

/// What collecting removed or would remove, and what is left.
#[derive(Debug, Default, Serialize)]
pub struct Collected {
    /// What is removed, by the kind of action that gave it.
    pub removed: BTreeMap<String, Tally>,
    /// What crashes left, and what was put away because it is damaged.
    pub leftovers: Tally,
    /// What is left.
    pub kept: Tally,
}

/// So many records and files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// Bytes of the files, without those of records.
    pub bytes: u64,
}

impl Collected {
    /// All that is removed.
    pub fn total(&self) -> Tally {
        self.removed.values().chain([&self.leftovers]).fold(Tally::default(), |sum, tally| Tally {
            records: sum.records + tally.records,
            files: sum.files + tally.files,
            bytes: sum.bytes + tally.bytes,
        })
    }
}

/// Removes every record for which `keep` does not hold, every object that no other record names, and what
/// crashes have left. What `keep` goes by must have been found out since the store was had alone: what a run gives
/// later, it does not know.
///
/// Records are removed first: a crash on the way leaves objects that the next collection removes.
///
/// # Errors
/// If there are records of another version of the program, or the disk refuses.
pub fn collect(alone: &Alone, keep: &dyn Fn(&Key, &Record) -> bool) -> Result<Collected, StoreError> {
    let root = alone.root();
    let (collected, garbage, record_files) = survey(root, keep)?;
    reduce(root, &record_files, |line| matches!(line, Line::Record(key, record) if keep(key, record)))?;
    for path in garbage {
        files::remove(&path)?;
        // A folder that still holds something stays.
        let _ = path.parent().map(fs::remove_dir);
    }
    Ok(collected)
}

/// What [`collect`] would remove from the store in `root`, which others may use meanwhile.
///
/// # Errors
/// If there are records of another version of the program, or one cannot be read.
pub fn collectable(root: &Path, keep: &dyn Fn(&Key, &Record) -> bool) -> Result<Collected, StoreError> {
    survey(root, keep).map(|(collected, ..)| collected)
}

/// What is to be removed, which files that are, and the record files.
fn survey(
    root: &Path,
    keep: &dyn Fn(&Key, &Record) -> bool,
) -> Result<(Collected, Vec<PathBuf>, Vec<RecordFile>), StoreError> {
    let record_files = record_files(root)?;
    let foreign = record_files.iter().map(RecordFile::foreign).sum();
    if foreign > 0 {
        return Err(StoreError::Foreign(foreign));
    }
    let mut collected = Collected::default();
    let mut needed = HashSet::new();
    let mut owner: BTreeMap<Digest, String> = BTreeMap::new();
    for (key, record) in record_files.iter().flat_map(RecordFile::records) {
        let digests = record.outputs.values().map(|output| output.digest);
        if keep(key, record) {
            needed.extend(digests);
            collected.kept.records += 1;
        } else {
            owner.extend(digests.map(|digest| (digest, kind(record).to_owned())));
            collected.removed.entry(kind(record).to_owned()).or_default().records += 1;
        }
    }
    let mut garbage = Vec::new();
    for (path, digest) in Objects::new(root).list() {
        let tally = if digest.is_some_and(|digest| needed.contains(&digest)) {
            &mut collected.kept
        } else {
            garbage.push(path.clone());
            match digest.and_then(|digest| owner.get(&digest)) {
                Some(kind) => collected.removed.entry(kind.clone()).or_default(),
                None => &mut collected.leftovers,
            }
        };
        tally.add(&path);
    }
    for path in PASSING.iter().flat_map(|folder| inside(&root.join(folder))) {
        collected.leftovers.add(&path);
        garbage.push(path);
    }
    Ok((collected, garbage, record_files))
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

impl Tally {
    fn add(&mut self, path: &Path) {
        self.files += 1;
        self.bytes += fs::metadata(path).map_or(0, |metadata| metadata.len());
    }
}
