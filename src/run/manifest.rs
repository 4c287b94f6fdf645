//! What was laid out, so that nothing is written twice, and nothing that somebody has changed is removed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::store::{StoreError, write_atomically};

use super::layout::Layout;

/// The files that were laid out, by their paths.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Manifest {
    /// The files.
    pub files: HashMap<String, Written>,
}

/// A file as it was when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// What it was made from.
    pub of: String,
    size: u64,
    modified_ns: u64,
    /// Whether it belongs to what is laid out now.
    #[serde(skip)]
    pub wanted: bool,
}

impl Manifest {
    /// Where it is.
    pub fn path(layout: &Layout) -> PathBuf {
        layout.outputs.join(".layout.json")
    }

    /// What was laid out; nothing, where that cannot be read.
    pub fn read(layout: &Layout) -> Self {
        let bytes = std::fs::read(Self::path(layout)).ok();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Writes it, in an order that does not depend on chance.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, layout: &Layout) -> Result<(), StoreError> {
        let sorted: std::collections::BTreeMap<&String, &Written> = self.files.iter().collect();
        write_atomically(&Self::path(layout), &serde_json::to_vec(&sorted)?)
    }
}

impl Written {
    /// A file that has just been written, made from `of`.
    pub fn now(path: &Path, of: String) -> Option<Self> {
        let (size, modified_ns) = stat(path)?;
        Some(Self { of, size, modified_ns, wanted: true })
    }

    /// Whether the file stands there as it was written.
    pub fn is_still(&self, path: &Path) -> bool {
        stat(path) == Some((self.size, self.modified_ns))
    }
}

/// Size of a file, and when it was last changed in nanoseconds since 1970.
fn stat(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((metadata.len(), modified.as_nanos() as u64))
}
