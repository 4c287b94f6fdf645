//! The history of runs: what each was asked for, what happened in it, and what was known at its end.
//!
//! ```text
//! store/runs/<experiment>/<number>/
//!   run                what was asked for, and how it ended; with a checksum
//!   events.ndjson      what happened; of the newest runs only
//!   logs/              what its stages said, a file each
//!   experiment.toml    the experiment with every default filled in
//!   keys.json          the keys of the results, by the name of the stage instance
//!   lock               held while it runs
//! ```
//!
//! The history serves people, and tells what of the store is still needed. A run that cannot be recorded runs all
//! the same. For people, what cannot be read of an earlier one is passed over; nothing is removed from the
//! store because of it.

mod current;
mod follow;
mod live;
mod past;
mod record;

pub use current::CurrentRun;
pub use follow::Follower;
pub use live::{Live, Running};
pub use past::{History, Run, Unreadable};
pub use record::{Asked, Ended, FailedStage, RunRecord, RunState};
