//! The store as others see it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::batch::Batch;
use super::brief::Brief;
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
    batch: Mutex<Batch>,
    flushing: Mutex<()>,
    host: String,
    /// Objects that were found damaged.
    damaged: Mutex<Vec<Digest>>,
    /// Keeps others from collecting the store.
    in_use: Option<UseLock>,
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
            batch: Mutex::default(),
            flushing: Mutex::default(),
            host: host(),
            damaged: Mutex::default(),
            in_use: None,
        })
    }

    /// Opens the store in `root` for use, which keeps others from collecting it as long as it is open;
    /// `None` while it is being collected.
    ///
    /// # Errors
    /// If the lock cannot be taken, and those of [`Store::open`].
    pub fn open_for_use(root: &Path, durability: Durability) -> Result<Option<Self>, StoreError> {
        let Some(lock) = UseLock::try_share(root)? else { return Ok(None) };
        let mut store = Self::open(root, durability)?;
        store.in_use = Some(lock);
        Ok(Some(store))
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether commits wait until the disk has them.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        // The index is only ever extended by whole records, so a panic elsewhere leaves it usable.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        // Every change of the batch is whole by itself.
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record of a key.
    pub fn lookup(&self, key: &Key) -> Option<Record> {
        let fresh = self.batch().records.get(key).cloned();
        fresh.or_else(|| self.records().lookup(key))
    }

    /// What planning needs to know of a key's record; it is not read for that.
    pub fn brief(&self, key: &Key) -> Option<Brief> {
        let fresh = self.batch().records.get(key).map(Brief::from);
        fresh.or_else(|| self.records().brief(key))
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

    /// What was found damaged so far. All of it counts as missing.
    pub fn damage(&self) -> Damage {
        let objects = self.damaged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Damage { records: self.records().damaged(), objects }
    }

    /// Whether an object is there (not whether it is whole; [`Store::read`] finds out).
    pub fn has(&self, digest: &Digest) -> bool {
        self.batch().has(digest) || self.records().has_inline(digest) || self.objects.has(digest)
    }

    /// The bytes of an object, verified.
    ///
    /// # Errors
    /// If it is missing or damaged; a damaged one is missing from then on.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let (fresh, staged) = {
            let batch = self.batch();
            (batch.inline(digest), batch.path(digest))
        };
        // What is staged may be given its name at this very moment.
        let staged = || std::fs::read(staged?).ok().filter(|bytes| Digest::of(bytes) == *digest);
        let inline = fresh.or_else(staged).or_else(|| self.records().inline(digest));
        let read = inline.map_or_else(|| self.objects.read(digest), Ok);
        if let Err(StoreError::Lost { damaged: true, .. }) = read {
            self.damaged.lock().unwrap_or_else(PoisonError::into_inner).push(*digest);
        }
        read
    }

    /// Adds an object that no record names yet.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn add(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut staged = Vec::from_iter(self.objects.stage(Digest::of(bytes), bytes)?);
        self.objects.publish(&mut staged, self.durability == Durability::Synced)
    }

    /// Commits what an action gave. It is known at once to this process; with
    /// [`Durability::Synced`], the disk and other processes have it after the next [`Store::flush`],
    /// which is not long after.
    ///
    /// # Errors
    /// If the disk refuses. Nothing of the action is known then.
    pub fn commit(&self, commit: Commit) -> Result<Record, StoreError> {
        let mut outputs = std::collections::BTreeMap::new();
        let mut staged: Vec<Staged> = Vec::new();
        for (name, bytes) in commit.outputs {
            let output = Output::of(&bytes);
            if !output.is_inline() && !self.batch().has(&output.digest) {
                staged.extend(self.objects.stage(output.digest, &bytes)?);
            }
            outputs.insert(name, output);
        }
        let record = Record {
            form: FORM,
            action: commit.action,
            outputs,
            facts: commit.facts,
            started_ms: commit.started_ms,
            duration_ms: now_ms().saturating_sub(commit.started_ms),
            host: self.host.clone(),
            program: concat!("rnnwm ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        match self.durability {
            Durability::Synced => {
                self.batch().add(staged, commit.key, record.clone());
                self.flush_if_due()?;
            }
            Durability::Unsynced => {
                self.objects.publish(&mut staged, false)?;
                self.records().append([(&commit.key, &record)].into_iter(), false)?;
            }
        }
        Ok(record)
    }

    /// [`Store::flush`], if something has waited long enough, or enough has come together.
    ///
    /// # Errors
    /// Those of [`Store::flush`].
    pub fn flush_if_due(&self) -> Result<(), StoreError> {
        if self.batch().is_due() { self.flush() } else { Ok(()) }
    }

    /// Makes all that has been committed durable: the contents of objects, then their names, then the
    /// records that name them. Locks of what was computed are let go.
    ///
    /// # Errors
    /// If the disk refuses. What is not durable yet stays known to this process, and can be flushed
    /// again.
    pub fn flush(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut staged, records, locks) = {
            let mut batch = self.batch();
            if batch.is_empty() {
                batch.locks.clear();
                return Ok(());
            }
            // The batch goes on telling what it holds until that has its name.
            (std::mem::take(&mut batch.staged), batch.records.clone(), std::mem::take(&mut batch.locks))
        };
        let published = self
            .objects
            .publish(&mut staged, true)
            .and_then(|()| self.records().append(records.iter(), true));
        let mut batch = self.batch();
        match published {
            Ok(()) => batch.forget(&records),
            Err(_) => {
                batch.staged.append(&mut staged);
                batch.locks.extend(locks);
            }
        }
        published
    }

    /// Saves the next start some time, where that is worth it. Failing to is no harm.
    pub fn tidy(&self) {
        let _ = self.records().write_index();
    }

    /// [`Store::lock`] where nobody holds it, else `None`.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn try_lock(&self, key: &Key) -> Result<Option<Held<'_>>, StoreError> {
        let lock = KeyLock::try_take(&self.root.join("locks"), key)?;
        Ok(lock.map(|lock| Held { store: self, lock: Some(lock) }))
    }

    /// Waits until no other process or thread computes `key`, and keeps them from it while the lock
    /// lives, and until what has been committed meanwhile can be found.
    ///
    /// # Errors
    /// [`StoreError::Interrupted`] when `cancel` is set meanwhile.
    pub fn lock(&self, key: &Key, cancel: &AtomicBool) -> Result<Held<'_>, StoreError> {
        loop {
            if let Some(held) = self.try_lock(key)? {
                return Ok(held);
            }
            if cancel.load(Ordering::Relaxed) {
                return Err(StoreError::Interrupted);
            }
            // It may be held for what this process has committed.
            self.flush()?;
            std::thread::sleep(LOCK_POLL);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Who cares whether it succeeds has flushed before.
        let _ = self.flush();
    }
}

/// A lock that is held.
#[derive(Debug)]
pub struct Held<'s> {
    store: &'s Store,
    lock: Option<KeyLock>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut batch = self.store.batch();
        if !batch.is_empty() {
            batch.locks.extend(self.lock.take());
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
