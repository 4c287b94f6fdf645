//! How a run ended.

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Stage instances that ran.
    pub ran: usize,
    /// Stage instances whose results were known.
    pub known: usize,
    /// Stage instances that failed, each with its error.
    pub failed: Vec<(String, String)>,
    /// Stage instances that were skipped, each with the one that failed.
    pub skipped: Vec<(String, String)>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
