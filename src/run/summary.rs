//! How a run ended.

/// Stage instances that are named where there are many.
const MOST_NAMED: usize = 5;

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
    /// Stage instances that were left when the run stopped.
    pub not_run: usize,
    /// What went wrong with the run itself, if anything did.
    pub error: Option<String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The first few of these names, and how many more there are.
pub fn first_few(names: &[&str]) -> String {
    let (named, rest) = names.split_at(names.len().min(MOST_NAMED));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    named.join(", ") + &more
}
