//! Removing what was laid out.

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::{StoreError, write_atomically};

use super::layout::{Layout, Manifest};

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
    for (path, written) in manifest.files {
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if !written.is_still(&path) {
            cleaned.changed.push(path.clone());
            rest.files.insert(path, written);
            continue;
        }
        if !dry_run {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            remove_empty(&path, layout);
        }
        cleaned.bytes += metadata.len();
        cleaned.removed.push(path);
    }
    if !dry_run {
        let path = Manifest::path(layout);
        if !rest.files.is_empty() {
            write_atomically(&path, &serde_json::to_vec(&rest)?)?;
        } else if path.exists() {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            remove_empty(&path, layout);
        }
    }
    Ok(cleaned)
}

/// Removes the folders above a file that are empty, up to those of the layout.
fn remove_empty(file: &Path, layout: &Layout) {
    let inside = |folder: &&Path| folder.starts_with(&layout.outputs) || folder.starts_with(&layout.data);
    for folder in file.ancestors().skip(1).take_while(inside) {
        // A folder with something in it is not removed.
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
