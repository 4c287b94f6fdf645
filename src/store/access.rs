//! The store as others see it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::digest::{Digest, Key};
use super::error::StoreError;
use super::lock::KeyLock;
use super::objects::{Objects, Staged};
use super::record::{FORM, Output, Record};
use super::records::Records;

/// How long to sleep between two looks at a lock that another holds.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Whether a commit waits until the disk has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What is committed survives a loss of power.
    Synced,
    /// What is committed survives the end of the process, not of the machine.
    Unsynced,
}

/// A store in a folder. Cheap to share between threads by reference.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    durability: Durability,
    objects: Objects,
    records: Mutex<Records>,
}

/// What an action gave, on its way into the store.
#[derive(Debug)]
pub struct Commit {
    /// The action's key.
    pub key: Key,
    /// What the key was computed from.
    pub action: serde_json::Value,
    /// What came out, by name.
    pub outputs: Vec<(String, Vec<u8>)>,
    /// What planning needs to know.
    pub facts: serde_json::Value,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
}

impl Store {
    /// Opens the store in `root`; the folder is made when something is first written.
    ///
    /// # Errors
    /// If there are record files that cannot be read.
    pub fn open(root: &Path, durability: Durability) -> Result<Self, StoreError> {
        Ok(Self {
            root: root.to_owned(),
            durability,
            objects: Objects::new(root),
            records: Mutex::new(Records::open(root)?),
        })
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        // The index is only ever extended by whole records, so a panic elsewhere leaves it usable.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record of a key.
    pub fn lookup(&self, key: &Key) -> Option<Record> {
        self.records().lookup(key)
    }

    /// All records that are whole, by their keys.
    pub fn records_by_key(&self) -> Vec<(Key, Record)> {
        self.records().all()
    }

    /// Reads what other processes have committed since.
    ///
    /// # Errors
    /// If a record file cannot be read.
    pub fn refresh(&self) -> Result<(), StoreError> {
        self.records().refresh()
    }

    /// How many lines of the record files could not be read.
    pub fn damaged_records(&self) -> usize {
        self.records().damaged()
    }

    /// Whether an object is there (not whether it is whole; [`Store::read`] finds out).
    pub fn has(&self, digest: &Digest) -> bool {
        self.objects.has(digest) || self.records().inline(digest).is_some()
    }

    /// The bytes of an object, verified.
    ///
    /// # Errors
    /// [`StoreError::Lost`] if it is missing or not what its digest says.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let inline = self.records().inline(digest);
        inline.map_or_else(|| self.objects.read(digest), Ok)
    }

    /// Commits what an action gave: objects first, then the record.
    ///
    /// # Errors
    /// If the disk refuses. Nothing of the action is known then.
    pub fn commit(&self, commit: Commit) -> Result<Record, StoreError> {
        let sync = self.durability == Durability::Synced;
        let mut outputs = std::collections::BTreeMap::new();
        let mut staged: Vec<Staged> = Vec::new();
        for (name, bytes) in commit.outputs {
            let output = Output::of(&bytes);
            if output.inline.is_none() {
                staged.extend(self.objects.stage(output.digest, &bytes)?);
            }
            outputs.insert(name, output);
        }
        self.objects.publish(staged, sync)?;
        let record = Record {
            form: FORM,
            action: commit.action,
            outputs,
            facts: commit.facts,
            started_ms: commit.started_ms,
            duration_ms: now_ms().saturating_sub(commit.started_ms),
            host: host(),
            program: concat!("rnnwm ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        self.records().append(&[(commit.key, record.clone())], sync)?;
        Ok(record)
    }

    /// Waits until no other process or thread computes `key`, and keeps them from it while the lock
    /// lives.
    ///
    /// # Errors
    /// [`StoreError::Interrupted`] when `cancel` is set meanwhile.
    pub fn lock(&self, key: &Key, cancel: &AtomicBool) -> Result<KeyLock, StoreError> {
        loop {
            if let Some(lock) = KeyLock::try_take(&self.root.join("locks"), key)? {
                return Ok(lock);
            }
            if cancel.load(Ordering::Relaxed) {
                return Err(StoreError::Interrupted);
            }
            std::thread::sleep(LOCK_POLL);
        }
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .or_else(|_| std::env::var("HOSTNAME"))
        .unwrap_or_else(|_| "unknown".to_owned())
}
