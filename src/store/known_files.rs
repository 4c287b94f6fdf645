//! Digests of files outside of the store, remembered as long as the files look untouched.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::error::StoreError;
use super::files::write_atomically;
use super::sealed::{seal, unseal};

const NAME: &str = "known_files";
/// A file that has just been written can be written again without looking any different. Only what has
/// rested for so long is remembered.
const RESTED: Duration = Duration::from_secs(2);

/// How a file looked when its digest was taken. It need not be read again while it looks the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Look {
    size: u64,
    modified_ns: u128,
    /// When anything of it was changed, its times included, where the system tells.
    changed_ns: u128,
    inode: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    look: Look,
    digest: Digest,
}

#[derive(Debug, Default)]
struct Memory {
    known: BTreeMap<PathBuf, Known>,
    changed: bool,
}

/// Digests of files outside of the store. Forgetting them costs nothing but reading the files again.
#[derive(Debug)]
pub struct KnownFiles {
    cache: PathBuf,
    memory: Mutex<Memory>,
}

impl KnownFiles {
    /// What a store in `root` remembers of files; nothing, where that is not what was written.
    pub fn open(root: &Path) -> Self {
        let cache = root.join(NAME);
        let read = || serde_json::from_slice(unseal(&fs::read(&cache).ok()?)?).ok();
        let memory = Memory { known: read().unwrap_or_default(), changed: false };
        Self { cache, memory: Mutex::new(memory) }
    }

    /// Forgets a file that turned out to hold something else than is remembered, so that the next run reads it.
    pub fn forget(root: &Path, path: &Path) {
        let files = Self::open(root);
        {
            let mut memory = files.memory();
            memory.changed = memory.known.remove(path).is_some();
        }
        files.save();
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // An entry is put in whole or not at all.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The digest of what a file holds.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn digest(&self, path: &Path) -> Result<Digest, StoreError> {
        self.digest_at(path, SystemTime::now())
    }

    fn digest_at(&self, path: &Path, now: SystemTime) -> Result<Digest, StoreError> {
        let path = std::path::absolute(path).map_err(StoreError::io("find", path))?;
        let look = Look::of(&fs::metadata(&path).map_err(StoreError::io("look at", &path))?);
        if let Some(known) = self.memory().known.get(&path).filter(|known| known.look == look) {
            return Ok(known.digest);
        }
        let digest = Digest::of(&fs::read(&path).map_err(StoreError::io("read", &path))?);
        if look.has_rested(now) {
            let mut memory = self.memory();
            memory.known.insert(path, Known { look, digest });
            memory.changed = true;
        }
        Ok(digest)
    }

    /// Remembers for the next run what was learnt in this one, of files that are still there. Where that
    /// cannot be written, files are read again.
    pub fn save(&self) {
        let mut memory = self.memory();
        if !memory.changed {
            return;
        }
        memory.known.retain(|path, _| path.exists());
        if let Ok(bytes) = serde_json::to_vec(&memory.known) {
            let _ = write_atomically(&self.cache, &seal(&bytes));
        }
    }
}

impl Look {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        let modified_ns = modified.map_or(0, |since| since.as_nanos());
        #[cfg(unix)]
        let (changed_ns, inode) = {
            use std::os::unix::fs::MetadataExt;
            let seconds = u128::try_from(metadata.ctime()).unwrap_or(0);
            let nanoseconds = u128::try_from(metadata.ctime_nsec()).unwrap_or(0);
            (seconds * 1_000_000_000 + nanoseconds, metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed_ns, inode) = (modified_ns, 0);
        Self { size: metadata.len(), modified_ns, changed_ns, inode }
    }

    fn has_rested(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        self.modified_ns.max(self.changed_ns) + RESTED.as_nanos() <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(60)
    }

    #[test]
    fn a_file_is_read_again_only_when_it_looks_different() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "one").unwrap();
        let files = KnownFiles::open(folder.path());
        assert_eq!(files.digest_at(&file, later()).unwrap(), Digest::of(b"one"));
        files.save();
        // What is remembered is believed, which a wrong memory shows.
        let cache = folder.path().join(NAME);
        let (right, wrong) = (Digest::of(b"one").to_string(), Digest::of(b"remembered"));
        let memory = String::from_utf8(unseal(&fs::read(&cache).unwrap()).unwrap().to_vec()).unwrap();
        let memory = memory.replace(&right, &wrong.to_string());
        fs::write(&cache, seal(memory.as_bytes())).unwrap();
        let files = KnownFiles::open(folder.path());
        assert_eq!(files.digest(&file).unwrap(), wrong);
        // What turns out to be wrong is forgotten.
        KnownFiles::forget(folder.path(), &file);
        assert_eq!(KnownFiles::open(folder.path()).digest(&file).unwrap(), Digest::of(b"one"));
        fs::write(&file, "another").unwrap();
        assert_eq!(files.digest(&file).unwrap(), Digest::of(b"another"));
    }

    #[test]
    fn what_has_just_been_written_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "new").unwrap();
        let files = KnownFiles::open(folder.path());
        files.digest(&file).unwrap();
        files.save();
        assert!(!folder.path().join(NAME).exists());
        assert!(files.digest(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn a_memory_that_cannot_be_read_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "one").unwrap();
        for garbage in ["", "{", "[1]", "{\"/x\": {\"look\": 3}}"] {
            for written in [garbage.as_bytes().to_vec(), seal(garbage.as_bytes())] {
                fs::write(folder.path().join(NAME), written).unwrap();
                assert_eq!(KnownFiles::open(folder.path()).digest(&file).unwrap(), Digest::of(b"one"));
            }
        }
    }
}
