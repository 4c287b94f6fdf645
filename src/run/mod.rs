//! Running a plan: the scheduler and its workers, one stream of events with its sinks, and what is
//! laid out for people at the end.

mod clean;
mod clock;
mod event;
mod events;
mod execute;
mod history;
mod isolate;
mod layout;
mod logs;
mod manifest;
mod progress;
mod rebuild;
mod report;
mod resources;
mod scheduler;
mod summary;
mod worker;

pub use clean::{Cleaned, clean};
pub use event::{Event, Outcome, Stamped, event_schema};
pub use events::{Events, EventsError, Sink, ndjson};
pub use execute::{Executed, execute};
pub use history::{
    Asked, CurrentRun, Ended, FailedStage, Follower, History, Live, Run, RunRecord, RunState, Running,
    Unreadable,
};
pub use isolate::{Order, Told};
pub use layout::{LaidOut, Layout, is_laid_out, lay_out};
pub use logs::Logs;
pub use progress::{PlainLines, ProgressBars};
pub use rebuild::{Rebuilt, rebuild};
pub use resources::machine_memory;
pub use scheduler::{Options, run};
pub use summary::{Summary, first_few};
