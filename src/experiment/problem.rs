//! What is wrong with an experiment, where, and what to do about it.

use super::source::{Sources, Span};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in a lowercase sentence.
    pub message: String,
    /// Where, each place with a few words.
    pub labels: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at one place.
    pub fn at(span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { message: message.into(), labels: vec![(span, label.into())], help: None }
    }

    /// A problem of the experiment as a whole.
    pub fn general(message: impl Into<String>) -> Self {
        Self { message: message.into(), labels: Vec::new(), help: None }
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what to do where there is something to say.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Adds another place.
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }
}

/// All that is wrong with an experiment, with the texts it was read from.
#[derive(Clone, Debug)]
pub struct Problems {
    /// In the order of their places.
    pub problems: Vec<Problem>,
    /// What the places refer to.
    pub sources: Sources,
}

impl Problems {
    /// Collects problems: sorted by place, each said once.
    pub fn new(mut problems: Vec<Problem>, sources: &Sources) -> Self {
        problems.sort_by_key(|problem| problem.labels.first().map(|(span, _)| *span));
        let mut seen = Vec::new();
        problems.retain(|problem| {
            let fresh = !seen.contains(problem);
            if fresh {
                seen.push(problem.clone());
            }
            fresh
        });
        Self { problems, sources: sources.clone() }
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if let Some(place) = problem.labels.first().and_then(|(span, _)| self.sources.locate(*span)) {
                write!(f, "{place}: ")?;
            }
            write!(f, "{}", problem.message)?;
            if let Some(help) = &problem.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
