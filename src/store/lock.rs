//! Locks that save double work. They die with their owner, and correctness never depends on them.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::digest::Key;
use super::error::StoreError;
use super::files;

/// Held while a key is being computed; let go when dropped, or when the process ends.
#[derive(Debug)]
pub struct KeyLock {
    path: PathBuf,
    _file: File,
}

impl KeyLock {
    /// Takes the lock of `key` in `folder`, or gives `None` where another holds it.
    pub fn try_take(folder: &Path, key: &Key) -> Result<Option<Self>, StoreError> {
        files::create_folder(folder)?;
        let path = folder.join(key.to_string());
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(StoreError::io("open the lock", &path))?;
        match file.try_lock() {
            Ok(()) if is_current(&file, &path) => Ok(Some(Self { path, _file: file })),
            // The owner before us removed the file between our opening and our locking it.
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path)(error)),
        }
    }
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
