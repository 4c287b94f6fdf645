//! The content-addressed store: immutable objects by digest, and records that map the key of an
//! action to what it gave. Knows nothing of neuroscience.
//!
//! ```text
//! store/
//!   objects/ab/cdef...     one file per object, read-only, named by the BLAKE3 digest of its bytes
//!   records/*.log          append-only, one writer per process: `<checksum> <key> <json>` a line
//!   records/index          of the records, so that a start need not read them; can be deleted
//!   staging/               what is being written
//!   damaged/               objects that are not what their digests say, out of the way
//!   locks/                 held while a key is being computed
//!   in-use                 a lock that all users share, and that collecting has alone
//!   runs/                  one folder per experiment: its runs, each with the logs of its stages
//!   known_files            digests of files elsewhere; a cache, which can be deleted
//! ```
//!
//! **Commit**: objects are staged, synced and renamed; then the record is appended and synced, many of
//! them in one batch. A record that is read whole is true. A crash at any instant loses at most the last
//! batch, and leaves at most garbage.

mod access;
mod batch;
mod brief;
mod collect;
mod digest;
mod error;
mod fault;
mod files;
mod index;
mod known_files;
mod lock;
mod objects;
mod record;
mod records;
mod sealed;
mod sift;
mod verify;

pub use access::{Commit, Damage, Durability, Held, Store, now_ms};
pub use brief::{Brief, Outputs};
pub use collect::{Collected, Tally, collect, collectable};
pub use digest::{Digest, Key};
pub use error::StoreError;
pub use files::{
    create, create_folder, create_folders, remove_parts, replace, sync_folder, write_atomically,
};
pub use known_files::KnownFiles;
pub use lock::Alone;
pub use record::{Output, Record};
pub use sealed::{seal, unseal};
pub use sift::records;
pub use verify::{Missed, Verified, verify};
