//! Removing what was laid out.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

use super::layout::Layout;
use super::manifest::Manifest;

/// What cleaning removed, or would remove.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Files that are removed.
    pub removed: Vec<PathBuf>,
    /// Their bytes.
    pub bytes: u64,
    /// Files that somebody has changed, which stay.
    pub changed: Vec<PathBuf>,
}

/// Removes the files that were laid out and that nobody has changed since, and folders that are empty
/// then. The store is not touched. With `dry_run` nothing is removed.
///
/// # Errors
/// If the disk refuses.
pub fn clean(layout: &Layout, dry_run: bool) -> Result<Cleaned, StoreError> {
    let manifest = Manifest::read(layout);
    let mut cleaned = Cleaned::default();
    let mut rest = Manifest::default();
    let mut files: Vec<_> = manifest.files.into_iter().collect();
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, written) in files {
        let path = PathBuf::from(&name);
        let metadata = fs::metadata(&path).ok();
        if metadata.is_some() && !written.is_still(&path) {
            cleaned.changed.push(path);
            rest.files.insert(name, written);
            continue;
        }
        if !dry_run {
            remove(&path, metadata.is_some(), layout)?;
        }
        if let Some(metadata) = metadata {
            cleaned.bytes += metadata.len();
            cleaned.removed.push(path);
        }
    }
    if !dry_run {
        let path = Manifest::path(layout);
        if !rest.files.is_empty() {
            rest.write(layout)?;
        } else {
            remove(&path, path.exists(), layout)?;
        }
    }
    Ok(cleaned)
}

/// Removes a file, if it is there, and the folders above it that are empty then, up to those of the layout.
fn remove(path: &Path, is_there: bool, layout: &Layout) -> Result<(), StoreError> {
    if is_there {
        fs::remove_file(path).map_err(StoreError::io("remove", path))?;
    }
    let inside = |folder: &&Path| folder.starts_with(&layout.outputs) || folder.starts_with(&layout.data);
    for folder in path.ancestors().skip(1).take_while(inside) {
        // A folder with something in it is not removed.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
