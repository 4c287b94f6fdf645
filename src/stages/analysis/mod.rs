//! What analyses of activity ask for alike: when in a trial, which units, which stages of training.

mod correlation;
mod differences;
mod options;
mod pick;
mod session;
mod timing;
mod units;

pub use correlation::CorrelationParams;
pub use differences::stage_differences;
pub use options::{Pairing, Rates, all_stages, delay, fixation};
pub use pick::{about, pick};
pub use session::{Question, Session};
pub use timing::{Times, Trial, Window};
pub use units::Units;
