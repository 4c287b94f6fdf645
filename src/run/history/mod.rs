//! The history of runs: what each was asked for, what happened in it, and what was known at its end.
//!
//! ```text
//! store/runs/<experiment>/<number>/
//!   run.json           what was asked for, and how it ended
//!   events.ndjson      what happened; of the newest runs only
//!   logs/              what its stages said, a file each
//!   experiment.toml    the experiment with every default filled in
//!   keys.json          the keys of the results, by the name of the stage instance
//!   lock               held while it runs
//! ```
//!
//! The history serves people. A run that cannot be recorded runs all the same, and what cannot be read
//! of an earlier one is passed over.

mod current;
mod follow;
mod live;
mod past;
mod record;

pub use current::CurrentRun;
pub use follow::Follower;
pub use live::{Live, Running};
pub use past::{History, Run};
pub use record::{Asked, Ended, FailedStage, RunRecord, RunState};
