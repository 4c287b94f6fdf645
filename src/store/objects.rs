//! Objects: immutable files named by the digest of their bytes.

use std::fs::{self, File};
use std::io;
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
    damaged: PathBuf,
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
        let folder = |name| root.join(name);
        Self { objects: folder("objects"), staging: folder("staging"), damaged: folder("damaged") }
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
        // Where the store cannot be written it stays, and is a miss whenever it is read.
        let _ = self.put_away(digest);
        Err(StoreError::Lost { digest: *digest, damaged: true })
    }

    /// Moves a damaged object out of the way.
    pub fn put_away(&self, digest: &Digest) -> Result<(), StoreError> {
        files::create_folder(&self.damaged, false)?;
        files::move_to(&self.path(digest), &self.damaged.join(digest.to_string()))
    }

    /// Whether the file of an object is what its digest says, and its size.
    pub fn check(&self, digest: &Digest) -> io::Result<(bool, u64)> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(self.path(digest))?)?;
        Ok((Digest::from(hasher.finalize()) == *digest, hasher.count()))
    }

    /// All files in the folder of objects; those that have no object's name come without a digest.
    pub fn list(&self) -> Vec<(PathBuf, Option<Digest>)> {
        let inside = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files = Vec::new();
        for folder in inside(&self.objects).map(|entry| entry.path()) {
            if !folder.is_dir() {
                files.push((folder, None));
                continue;
            }
            for file in inside(&folder).map(|entry| entry.path()) {
                let name =
                    [&folder, &file].map(|path| path.file_name().unwrap_or_default().to_string_lossy());
                let digest = name.concat().parse().ok().filter(|digest| self.path(digest) == file);
                files.push((file, digest));
            }
        }
        files.sort();
        files
    }

    /// Writes an object privately; `None` where it is there already.
    pub fn stage(&self, digest: Digest, bytes: &[u8]) -> Result<Option<Staged>, StoreError> {
        if self.has(&digest) {
            return Ok(None);
        }
        files::create_folder(&self.staging, false)?;
        let mut file = files::temporary(&self.staging, "", "")?;
        files::write(&mut file, bytes)?;
        files::make_read_only(file.path())?;
        Ok(Some(Staged { digest, file }))
    }

    /// Gives staged objects their names, and takes them out of `staged`; all contents are durable before
    /// the first name is, and the names before this returns.
    pub fn publish(&self, staged: &mut Vec<Staged>, sync: bool) -> Result<(), StoreError> {
        if sync {
            at_once(staged, |object| files::sync_file(object.file.as_file(), object.file.path()))?;
        }
        let mut folders = std::collections::BTreeSet::new();
        while let Some(object) = staged.pop() {
            let path = self.path(&object.digest);
            let folder = path.parent().unwrap_or(&self.objects).to_owned();
            let Staged { digest, file } = object;
            let named = match files::create_folder(&folder, sync) {
                Ok(()) => files::rename(file, &path),
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
