//! The few file-system primitives that everything else uses. Each passes a point where tests can let it
//! fail.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use super::error::StoreError;
use super::fault::{self, Doing};

/// How the names of files begin that are being written.
const PART: &str = ".part-";

/// Writes a file whole or not at all: a reader sees the old content or the new one.
///
/// # Errors
/// If the folder cannot be made or the file cannot be written; nothing is left under `path` then.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    replace(path, bytes, false)
}

/// [`write_atomically`], which with `sync` waits until the disk has it.
pub fn replace(path: &Path, bytes: &[u8], sync: bool) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder, sync)?;
    let mut file = temporary(folder, PART, "")?;
    write(&mut file, bytes)?;
    // Temporary files are private to their user; results are not.
    set_mode(file.path(), 0o644)?;
    if sync {
        sync_file(file.as_file(), file.path())?;
    }
    rename(file, path).map_err(|(error, _)| error)?;
    if sync { sync_folder(folder) } else { Ok(()) }
}

/// Removes what [`write_atomically`] has left in a folder when it was killed. Nobody may be writing there.
pub fn remove_parts(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PART) {
            // What cannot be removed does no harm.
            let _ = remove(&entry.path());
        }
    }
}

/// Makes a file that is written from now on, empty; one that is there is emptied.
///
/// # Errors
/// If the folder or the file cannot be made.
pub fn create(path: &Path) -> Result<File, StoreError> {
    create_folder(path.parent().unwrap_or(Path::new("")), false)?;
    fault::pass(Doing::Create, path).and_then(|()| File::create(path)).map_err(StoreError::io("create", path))
}

/// Makes a folder and those above it.
///
/// # Errors
/// If one cannot be made.
pub fn create_folders(path: &Path) -> Result<(), StoreError> {
    create_folder(path, false)
}

/// Makes a folder and those above it, with `sync` in such a way that the disk has them.
pub fn create_folder(path: &Path, sync: bool) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let above = path.parent().unwrap_or(Path::new(""));
    create_folder(above, sync)?;
    let made = fault::pass(Doing::Folder, path).and_then(|()| fs::create_dir(path));
    // Another process may have been faster.
    if let Err(error) = made
        && !path.is_dir()
    {
        return Err(StoreError::io("create the folder", path)(error));
    }
    if sync { sync_folder(above) } else { Ok(()) }
}

/// A new file in a folder, which is removed again unless it is given another name.
pub fn temporary(folder: &Path, prefix: &str, suffix: &str) -> Result<NamedTempFile, StoreError> {
    let failed = StoreError::io("create a file in", folder);
    let file = match tempfile::Builder::new().prefix(prefix).suffix(suffix).tempfile_in(folder) {
        Ok(file) => file,
        Err(error) => return Err(failed(error)),
    };
    fault::pass(Doing::Create, file.path()).map_err(failed)?;
    Ok(file)
}

/// Adds bytes to a file.
pub fn write(file: &mut NamedTempFile, bytes: &[u8]) -> Result<(), StoreError> {
    let path = file.path().to_owned();
    append(file.as_file_mut(), &path, bytes)
}

/// Adds bytes to the open file that is called `path`.
pub fn append(file: &mut File, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let written = match fault::at(Doing::Write(bytes.len()), path) {
        None => file.write_all(bytes),
        // Who is stopped in a write has written a part.
        Some(fault) => file.write_all(&bytes[..bytes.len() / 2]).and_then(|()| Err(fault.strike())),
    };
    written.map_err(StoreError::io("write", path))
}

/// Waits until the disk has what is in the open file that is called `path`.
pub fn sync_file(file: &File, path: &Path) -> Result<(), StoreError> {
    fault::pass(Doing::Sync, path).and_then(|()| file.sync_all()).map_err(StoreError::io("sync", path))
}

/// Makes the names in a folder durable.
pub fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    fault::pass(Doing::SyncFolder, path)
        .and_then(|()| File::open(path)?.sync_all())
        .map_err(StoreError::io("sync", path))
}

/// Gives a temporary file its name; what had that name is replaced. Where that fails the file is given
/// back.
pub fn rename(file: NamedTempFile, path: &Path) -> Result<(), (StoreError, NamedTempFile)> {
    let failed = StoreError::io("write", path);
    if let Err(error) = fault::pass(Doing::Rename(path), file.path()) {
        return Err((failed(error), file));
    }
    file.persist(path).map(|_| ()).map_err(|error| (failed(error.error), error.file))
}

/// Gives a file another name; what had that name is replaced.
pub fn move_to(from: &Path, to: &Path) -> Result<(), StoreError> {
    fault::pass(Doing::Rename(to), from)
        .and_then(|()| fs::rename(from, to))
        .map_err(StoreError::io("move", from))
}

/// Removes a file; one that is not there is removed already.
pub fn remove(path: &Path) -> Result<(), StoreError> {
    match fault::pass(Doing::Remove, path).and_then(|()| fs::remove_file(path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Objects are never written again.
pub fn make_read_only(path: &Path) -> Result<(), StoreError> {
    set_mode(path, 0o444)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(StoreError::io("set the permissions of", path))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> Result<(), StoreError> {
    Ok(())
}
