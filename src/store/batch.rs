//! What has been committed and is not durable yet: it is made so many commits at a time, since waiting
//! for the disk takes the same time for one as for many.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::digest::{Digest, Key};
use super::lock::KeyLock;
use super::objects::Staged;
use super::record::Record;

/// A batch is made durable after this time at the latest, or with this many commits or bytes.
const MOST_WAIT: Duration = Duration::from_millis(250);
const MOST_RECORDS: usize = 256;
const MOST_BYTES: u64 = 256 << 20;

/// What has been committed and is not durable yet.
#[derive(Debug, Default)]
pub struct Batch {
    /// Objects, which have no names yet.
    pub staged: Vec<Staged>,
    /// Records, which are in no file yet.
    pub records: HashMap<Key, Record>,
    /// Locks of what was computed, held until others can find it.
    pub locks: Vec<KeyLock>,
    paths: HashMap<Digest, PathBuf>,
    inline: HashMap<Digest, Key>,
    bytes: u64,
    since: Option<Instant>,
}

impl Batch {
    /// Adds a commit.
    pub fn add(&mut self, staged: Vec<Staged>, key: Key, record: Record) {
        self.since.get_or_insert_with(Instant::now);
        self.bytes += record.outputs.values().map(|output| output.size).sum::<u64>();
        self.paths.extend(staged.iter().map(|object| (object.digest(), object.path().to_owned())));
        self.staged.extend(staged);
        let inline = record.outputs.values().filter(|output| output.is_inline());
        self.inline.extend(inline.map(|output| (output.digest, key)));
        self.records.insert(key, record);
    }

    /// Forgets records that have become durable, and what they name.
    pub fn forget(&mut self, durable: &HashMap<Key, Record>) {
        for (key, record) in durable {
            self.records.remove(key);
            for output in record.outputs.values() {
                self.paths.remove(&output.digest);
                self.inline.remove(&output.digest);
                self.bytes = self.bytes.saturating_sub(output.size);
            }
        }
        self.since = if self.records.is_empty() { None } else { Some(Instant::now()) };
    }

    /// Whether there is nothing to make durable.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether it is time to make it durable.
    pub fn is_due(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= MOST_WAIT)
            || self.records.len() >= MOST_RECORDS
            || self.bytes >= MOST_BYTES
    }

    /// Where an object stands that has no name yet.
    pub fn path(&self, digest: &Digest) -> Option<PathBuf> {
        self.paths.get(digest).cloned()
    }

    /// The bytes of an output that stands in a record.
    pub fn inline(&self, digest: &Digest) -> Option<Vec<u8>> {
        let record = self.records.get(self.inline.get(digest)?)?;
        record.outputs.values().find(|output| output.digest == *digest)?.bytes()
    }

    /// Whether it holds these bytes.
    pub fn has(&self, digest: &Digest) -> bool {
        self.paths.contains_key(digest) || self.inline.contains_key(digest)
    }
}
