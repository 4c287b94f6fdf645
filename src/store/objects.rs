//! Objects: immutable files named by the digest of their bytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::error::StoreError;
use super::files;

/// How many files are synced at a time.
const SYNCS: usize = 16;

/// The folder of objects.
#[derive(Debug)]
pub struct Objects {
    objects: PathBuf,
    staging: PathBuf,
}

/// An object that is written but has no name yet.
#[derive(Debug)]
pub struct Staged {
    digest: Digest,
    file: tempfile::NamedTempFile,
}

impl Staged {
    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub fn path(&self) -> &Path {
        self.file.path()
    }
}

impl Objects {
    pub fn new(root: &Path) -> Self {
        Self { objects: root.join("objects"), staging: root.join("staging") }
    }

    pub fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.objects.join(&name[..2]).join(&name[2..])
    }

    pub fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// The bytes of an object, checked against its digest. A damaged file is put out of the way, so that
    /// the object is missing from then on.
    pub fn read(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.path(digest);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Lost { digest: *digest, damaged: false });
            }
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        };
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        fs::remove_file(&path).map_err(StoreError::io("remove the damaged object", &path))?;
        Err(StoreError::Lost { digest: *digest, damaged: true })
    }

    /// Writes an object privately; `None` where it is there already.
    pub fn stage(&self, digest: Digest, bytes: &[u8]) -> Result<Option<Staged>, StoreError> {
        if self.has(&digest) {
            return Ok(None);
        }
        files::create_folder(&self.staging)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.staging)
            .map_err(StoreError::io("create a file in", &self.staging))?;
        file.write_all(bytes).map_err(StoreError::io("write", file.path()))?;
        files::make_read_only(file.path())?;
        Ok(Some(Staged { digest, file }))
    }

    /// Gives staged objects their names, and takes them out of `staged`; all contents are durable before
    /// the first name is, and the names before this returns.
    pub fn publish(&self, staged: &mut Vec<Staged>, sync: bool) -> Result<(), StoreError> {
        if sync {
            at_once(staged, |object| {
                let file: &File = object.file.as_file();
                file.sync_all().map_err(StoreError::io("sync", object.file.path()))
            })?;
        }
        let mut folders = std::collections::BTreeSet::new();
        while let Some(object) = staged.pop() {
            let path = self.path(&object.digest);
            let folder = path.parent().unwrap_or(&self.objects).to_owned();
            let Staged { digest, file } = object;
            let named = match files::create_folder(&folder) {
                Ok(()) => file
                    .persist(&path)
                    .map_err(|error| (StoreError::io("write", &path)(error.error), error.file)),
                Err(error) => Err((error, file)),
            };
            if let Err((error, file)) = named {
                staged.push(Staged { digest, file });
                return Err(error);
            }
            folders.insert(folder);
        }
        if sync && !folders.is_empty() {
            let folders: Vec<PathBuf> = folders.into_iter().chain([self.objects.clone()]).collect();
            at_once(&folders, |folder| files::sync_folder(folder))?;
        }
        Ok(())
    }
}

/// Does something for many files at once: the disk then waits for them together.
fn at_once<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), StoreError> + Sync,
) -> Result<(), StoreError> {
    if items.len() <= 1 {
        return items.iter().try_for_each(work);
    }
    let share = items.len().div_ceil(SYNCS);
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            items.chunks(share).map(|chunk| scope.spawn(|| chunk.iter().try_for_each(&work))).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
