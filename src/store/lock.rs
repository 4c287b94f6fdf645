//! Locks that save double work, and one that keeps the store from being collected while it is in use.
//! They die with their owner. That a result is right never depends on them.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::digest::Key;
use super::error::StoreError;
use super::fault::{self, Doing};
use super::files;

const USE_LOCK: &str = "in-use";

/// Held while a key is being computed; let go when dropped, or when the process ends.
#[derive(Debug)]
pub struct KeyLock {
    path: PathBuf,
    _file: File,
}

impl KeyLock {
    /// Takes the lock of `key` in `folder`, or gives `None` where another holds it.
    pub fn try_take(folder: &Path, key: &Key) -> Result<Option<Self>, StoreError> {
        let path = folder.join(key.to_string());
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) if is_current(&file, &path) => Ok(Some(Self { path, _file: file })),
            // The owner before us removed the file between our opening and our locking it.
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path)(error)),
        }
    }
}

/// Held by everything that uses a store, or by the one that has it alone.
#[derive(Debug)]
pub struct UseLock {
    /// Nothing where the store cannot be written: it is not collected then.
    _file: Option<File>,
}

impl UseLock {
    /// Shares the store in `root` with others, or gives `None` while one has it alone.
    pub fn try_share(root: &Path) -> Result<Option<Self>, StoreError> {
        let path = root.join(USE_LOCK);
        let file = match open(&path).or_else(|refused| File::open(&path).map_err(|_| refused)) {
            Ok(file) => file,
            Err(error) if error.is_read_only() => return Ok(Some(Self { _file: None })),
            Err(error) => return Err(error),
        };
        Self::held(file.try_lock_shared(), file, &path)
    }

    fn try_alone(root: &Path) -> Result<Option<Self>, StoreError> {
        let path = root.join(USE_LOCK);
        let file = open(&path)?;
        Self::held(file.try_lock(), file, &path)
    }

    fn held(locked: Result<(), TryLockError>, file: File, path: &Path) -> Result<Option<Self>, StoreError> {
        match locked {
            Ok(()) => Ok(Some(Self { _file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
        }
    }
}

/// Has a store alone as long as it lives: nobody uses the store meanwhile, and who wants to waits.
#[derive(Debug)]
pub struct Alone {
    root: PathBuf,
    _lock: UseLock,
}

impl Alone {
    /// Has the store in `root` alone.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while somebody uses it, or if the lock cannot be taken.
    pub fn take(root: &Path) -> Result<Self, StoreError> {
        let lock = UseLock::try_alone(root)?.ok_or(StoreError::InUse)?;
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    files::create_folder(path.parent().unwrap_or(Path::new("")), false)?;
    fault::pass(Doing::Create, path)
        .and_then(|()| File::options().create(true).append(true).open(path))
        .map_err(StoreError::io("open the lock", path))
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        // Removed while still locked, so that whoever waits for it notices and makes a new one. A file
        // that stays behind does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_current(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => held.ino() == named.ino() && held.dev() == named.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_current(_file: &File, path: &Path) -> bool {
    path.exists()
}
