//! What can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

use super::digest::Digest;

/// What can go wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {verb} {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// An object that a record names is gone, or no longer what its digest says.
    #[error("object {digest} is {}", if *.damaged { "damaged" } else { "missing" })]
    Lost {
        /// Its digest.
        digest: Digest,
        /// Whether a file was there.
        damaged: bool,
    },
    /// A record could not be written as JSON.
    #[error("cannot write a record: {0}")]
    Record(#[from] serde_json::Error),
    /// Records of another version of the program stand in the store.
    #[error(
        "{0} records in the store are of another version of rnnwm, and what they need cannot be told; collect it \
         with that version"
    )]
    Foreign(usize),
    /// The store is to be had alone, and others use it.
    #[error("the store is in use; try again when the runs that use it have ended")]
    InUse,
    /// The wait for a lock was broken off.
    #[error("interrupted")]
    Interrupted,
}

/// What to do about an error of the operating system, where there is more to say than its name.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => "; make room (`rnnwm gc` may help), and the next run goes on from here",
        io::ErrorKind::ReadOnlyFilesystem => "; nothing new can be computed into what cannot be written",
        _ => "",
    }
}

impl StoreError {
    /// Whether the reason is that nothing can be written there.
    pub fn is_read_only(&self) -> bool {
        let read_only = [io::ErrorKind::ReadOnlyFilesystem, io::ErrorKind::PermissionDenied];
        matches!(self, Self::Io { source, .. } if read_only.contains(&source.kind()))
    }

    /// Wraps an error of the operating system.
    pub fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { verb, path, source }
    }
}
