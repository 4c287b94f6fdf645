//! Verifying a store: every record and every object.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::digest::Digest;
use super::error::StoreError;
use super::lock::Alone;
use super::objects::Objects;
use super::record::Record;
use super::sift::{Line, RecordFile, record_files, reduce};

/// What verifying a store has found.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// Records that are whole.
    pub records: usize,
    /// Records that are not what was written.
    pub damaged_records: usize,
    /// Whether damaged records were removed; not while others use the store, or where it is read-only.
    pub removed_records: bool,
    /// Objects that are whole.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that are not what their digests say. They have been put away.
    pub damaged: Vec<Missed>,
    /// Objects that are not what their digests say, or cannot be read, and cannot be put away.
    pub stuck: Vec<Missed>,
    /// Objects that a record names and that are not there.
    pub missing: Vec<Missed>,
}

/// An object that is not there as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Its digest.
    pub digest: Digest,
    /// What it is, as the first record that names it tells: `weights of checkpoint`.
    pub what: String,
}

impl Verified {
    /// Whether everything that the store should have is there and whole.
    pub fn is_whole(&self) -> bool {
        self.damaged_records == 0
            && [&self.damaged, &self.stuck, &self.missing].iter().all(|all| all.is_empty())
    }
}

/// Reads every record and every object of the store in `root`, in parallel, and puts away what is
/// damaged, so that it is made again when it is needed. Damaged records are removed if the store is had
/// `alone`. `progress` is told how many objects of how many are done.
///
/// # Errors
/// If a record file cannot be read at all.
pub fn verify(
    root: &Path,
    alone: Option<&Alone>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Verified, StoreError> {
    let files = record_files(root)?;
    let named = named(&files);
    let objects = Objects::new(root);
    let present: Vec<Digest> = objects.list().into_iter().filter_map(|(_, digest)| digest).collect();
    let (done, total) = (AtomicU64::new(0), present.len() as u64);
    progress(0, total);
    let checked = present
        .par_iter()
        .map(|digest| {
            let checked = objects.check(digest);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            (*digest, checked)
        })
        .collect::<Vec<_>>();
    let missed = |digest: &Digest| Missed {
        digest: *digest,
        what: named.get(digest).cloned().unwrap_or_else(|| "no record names it".to_owned()),
    };
    let mut verified = Verified {
        records: files.iter().map(|file| file.records().count()).sum(),
        damaged_records: files.iter().map(RecordFile::damaged).sum(),
        ..Verified::default()
    };
    let mut present: HashSet<Digest> = present.iter().copied().collect();
    for (digest, checked) in &checked {
        match checked {
            Ok((true, bytes)) => {
                verified.objects += 1;
                verified.bytes += bytes;
            }
            // Somebody else who uses the store may be faster.
            Ok((false, _)) if objects.put_away(digest).is_ok() || !objects.has(digest) => {
                verified.damaged.push(missed(digest));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                present.remove(digest);
            }
            Ok((false, _)) | Err(_) => verified.stuck.push(missed(digest)),
        }
    }
    verified.missing = named.keys().filter(|digest| !present.contains(digest)).map(missed).collect();
    if verified.damaged_records > 0 && alone.is_some() {
        verified.removed_records = reduce(root, &files, |line| !matches!(line, Line::Damaged)).is_ok();
    }
    Ok(verified)
}

/// The objects that records name, and what they are.
fn named(files: &[RecordFile]) -> BTreeMap<Digest, String> {
    let mut named = BTreeMap::new();
    for (_, record) in files.iter().flat_map(RecordFile::records) {
        for (name, output) in &record.outputs {
            if !output.is_inline() {
                named.entry(output.digest).or_insert_with(|| format!("{name} of {}", kind(record)));
            }
        }
    }
    named
}

/// The kind of action that a record is of.
pub fn kind(record: &Record) -> &str {
    record.action.get("kind").and_then(|kind| kind.as_str()).unwrap_or("an action without a kind")
}
