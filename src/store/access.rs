//! The store as others see it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::digest::{Digest, Key};
use super::error::StoreError;
use super::lock::{KeyLock, UseLock};
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
    /// Objects that were found damaged.
    damaged: Mutex<Vec<Digest>>,
    /// Keeps others from collecting the store.
    _in_use: Option<UseLock>,
}

/// What was found damaged in a store while it was used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Lines of the record files that are not what was written.
    pub records: usize,
    /// Objects that are not what their digests say. They have been put away.
    pub objects: Vec<Digest>,
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
    /// Opens the store in `root` for looking; the folder is made when something is first written.
    ///
    /// # Errors
    /// If there are record files that cannot be read.
    pub fn open(root: &Path, durability: Durability) -> Result<Self, StoreError> {
        Ok(Self {
            root: root.to_owned(),
            durability,
            objects: Objects::new(root),
            records: Mutex::new(Records::open(root)?),
            damaged: Mutex::default(),
            _in_use: None,
        })
    }

    /// Opens the store in `root` for use, which keeps others from collecting it as long as it is open;
    /// `None` while it is being collected.
    ///
    /// # Errors
    /// If the lock cannot be taken, and those of [`Store::open`].
    pub fn open_for_use(root: &Path, durability: Durability) -> Result<Option<Self>, StoreError> {
        let Some(lock) = UseLock::try_share(root)? else { return Ok(None) };
        Ok(Some(Self { _in_use: Some(lock), ..Self::open(root, durability)? }))
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

    /// Reads what other processes have committed since.
    ///
    /// # Errors
    /// If a record file cannot be read.
    pub fn refresh(&self) -> Result<(), StoreError> {
        self.records().refresh()
    }

    /// What was found damaged so far. All of it counts as missing.
    pub fn damage(&self) -> Damage {
        let objects = self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Damage { records: self.records().damaged(), objects }
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
        let read = inline.map_or_else(|| self.objects.read(digest), Ok);
        if let Err(StoreError::Lost { damaged: true, .. }) = read {
            self.damaged.lock().unwrap_or_else(PoisonError::into_inner).push(*digest);
        }
        read
    }

    /// All records that are whole, by their keys.
    pub fn records_by_key(&self) -> Vec<(Key, Record)> {
        self.records().all()
    }

    /// Adds an object that no record names yet.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn add(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let staged = self.objects.stage(Digest::of(bytes), bytes)?;
        self.objects.publish(staged.into_iter().collect(), self.durability == Durability::Synced)
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
