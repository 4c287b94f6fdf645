//! The content-addressed store: immutable objects by digest, and records that map the key of an
//! action to what it gave. Knows nothing of neuroscience.
//!
//! ```text
//! store/
//!   objects/ab/cdef...     one file per object, read-only, named by the BLAKE3 digest of its bytes
//!   records/*.log          append-only, one writer per process: `<checksum> <key> <json>` a line
//!   staging/               what is being written
//!   locks/                 held while a key is being computed
//!   runs/                  one folder per run: its events
//!   known_files.json       digests of files elsewhere; a cache, which can be deleted
//! ```
//!
//! **Commit**: objects are staged, synced and renamed; then the record is appended and synced. A
//! record that is read whole is true. A crash at any instant leaves at most garbage.

mod access;
mod digest;
mod error;
mod files;
mod known_files;
mod lock;
mod objects;
mod record;
mod records;

pub use access::{Commit, Durability, Store, now_ms};
pub use digest::{Digest, Key};
pub use error::StoreError;
pub use files::write_atomically;
pub use known_files::KnownFiles;
pub use lock::KeyLock;
pub use record::{Output, Record};
