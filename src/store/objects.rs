//! Objects: immutable files named by the digest of their bytes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::error::StoreError;
use super::files;

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

    /// Gives staged objects their names; all contents are durable before the first name is, and the
    /// names before this returns.
    pub fn publish(&self, staged: Vec<Staged>, sync: bool) -> Result<(), StoreError> {
        if sync {
            for object in &staged {
                let file: &File = object.file.as_file();
                file.sync_all().map_err(StoreError::io("sync", object.file.path()))?;
            }
        }
        let mut folders = std::collections::BTreeSet::new();
        for object in staged {
            let path = self.path(&object.digest);
            let folder = path.parent().unwrap_or(&self.objects).to_owned();
            files::create_folder(&folder)?;
            object.file.persist(&path).map_err(|error| StoreError::io("write", &path)(error.error))?;
            folders.insert(folder);
        }
        if sync {
            for folder in &folders {
                files::sync_folder(folder)?;
            }
            if !folders.is_empty() {
                files::sync_folder(&self.objects)?;
            }
        }
        Ok(())
    }
}
