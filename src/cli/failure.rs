//! How the program ends when it cannot do what was asked: an exit code, and a message that says what
//! is wrong, where, and what to do.

use std::path::PathBuf;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, SourceCode, SourceSpan,
    SpanContents,
};

use crate::experiment::{Problem, Problems, Source, Sources};
use crate::plan::PlanError;
use crate::stages::StageError;
use crate::store::StoreError;

/// Why the program cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The experiment is wrong.
    #[error(transparent)]
    Experiment(#[from] Problems),
    /// The machine file is wrong.
    #[error(transparent)]
    Machine(Problems),
    /// A file that the user named cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Something else that the user gave is wrong.
    #[error("{0}")]
    Input(String),
    /// A stage failed; it has been said.
    #[error("a stage failed")]
    Stage,
    /// The run was interrupted.
    #[error("interrupted; the next run goes on from here")]
    Interrupted,
    /// Something in the surroundings failed.
    #[error("{0}")]
    Other(String),
}

impl From<Problem> for Failure {
    /// What was typed is wrong.
    fn from(problem: Problem) -> Self {
        let help = problem.help.map_or(String::new(), |help| format!("; {help}"));
        Self::Input(problem.message + &help)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Experiment(problems) => Self::Experiment(problems),
            PlanError::Key(error) => Self::Other(error.to_string()),
            PlanError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Interrupted | StageError::Store(StoreError::Interrupted) => Self::Interrupted,
            other => Self::Other(other.to_string()),
        }
    }
}

impl Failure {
    /// The exit code: 1 a stage or the surroundings failed, 2 the input is wrong, 130 interrupted.
    pub fn code(&self) -> u8 {
        match self {
            Self::Experiment(_) | Self::Machine(_) | Self::File { .. } | Self::Input(_) => 2,
            Self::Stage | Self::Other(_) => 1,
            Self::Interrupted => 130,
        }
    }

    /// Says it on standard error.
    pub fn say(&self) {
        match self {
            Self::Experiment(problems) => eprint!("{}", rendered(problems, "the experiment")),
            Self::Machine(problems) => eprint!("{}", rendered(problems, "the machine file")),
            Self::Stage => {}
            other => eprintln!("error: {other}"),
        }
    }
}

/// All problems of `what`, each with its place in a file.
fn rendered(problems: &Problems, what: &str) -> String {
    let fancy =
        std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    let theme = if fancy { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let mut text = String::new();
    for problem in &problems.problems {
        let shown = Shown::new(problem, &problems.sources);
        // Writing to a text cannot fail but for the library's own reasons; the plain form always works.
        if handler.render_report(&mut text, &shown).is_err() {
            text.push_str(&problem.message);
        }
        text.push('\n');
    }
    let count = problems.problems.len();
    text.push_str(&format!("error: {count} problem{} in {what}\n", if count == 1 { "" } else { "s" }));
    text
}

/// One problem as the renderer wants it.
#[derive(Debug)]
struct Shown {
    message: String,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    source: Option<Arc<Source>>,
}

impl Shown {
    fn new(problem: &Problem, sources: &Sources) -> Self {
        let index = problem.labels.first().map(|(span, _)| span.source);
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            problem.labels.iter().partition(|(span, _)| Some(span.source) == index);
        // One text is shown; places in others are named.
        let elsewhere = elsewhere
            .into_iter()
            .filter_map(|(span, label)| Some(format!("{label}: {}", sources.locate(*span)?)));
        let help: Vec<String> = problem.help.iter().cloned().chain(elsewhere).collect();
        let labels = here
            .into_iter()
            .map(|(span, label)| {
                LabeledSpan::new(Some(label.clone()), span.start, span.end.saturating_sub(span.start))
            })
            .collect();
        Self {
            message: problem.message.clone(),
            help: (!help.is_empty()).then(|| help.join("\n")),
            labels,
            source: index.and_then(|index| sources.get(index)).map(|source| Arc::new(source.clone())),
        }
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.is_some().then_some(self)
    }
}

impl SourceCode for Shown {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let source = self.source.as_ref().ok_or(MietteError::OutOfBounds)?;
        let contents = source.text.read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            source.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            contents.column(),
            contents.line_count(),
        )))
    }
}
