//! The figure of a statistic: a stage of its own, drawn from the statistic's tables alone.

use serde::{Deserialize, Serialize};

use crate::figures::{FigureStyle, Format, pdf, png, with_fonts};
use crate::stats::Stage;

use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Arity, Bound, Complaint, Drawing, Gives, Input, Kind, Scope, StageKind};
use super::registry::kind;
use super::tables::Tables;

/// The kind of figures. It is no entry of an experiment: a statistic brings its figure along.
pub const FIGURE: &dyn StageKind = &Figure;

/// Every figure.
pub struct Figure;

/// What a figure reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    /// The kind of the statistic.
    of: String,
    /// The version of its drawing.
    drawing: u32,
    /// How it looks.
    style: FigureStyle,
}

impl Kind for Figure {
    type Params = FigureStyle;
    type Resolved = Resolved;

    const NAME: &'static str = "figure";
    const VERSION: u32 = 2;
    const GIVES: Gives = Gives::Figure;
    const INPUTS: &'static [Input] = &[Input {
        name: "statistic",
        takes: Gives::Statistic,
        arity: Arity::One,
        parts: &[],
        about: "the statistic that is drawn",
    }];

    fn bind(style: FigureStyle, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let complaints = complaints(&style, "");
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let offer = scope.upstream("statistic");
        let of = offer.kind.unwrap_or_default();
        let drawing = drawing_of(of).map_or(0, |drawing| drawing.version);
        Ok(Bound::new(Resolved { of: of.to_owned(), drawing, style }, offer))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let tables = Tables::read(inputs.one("statistic")?, context)?;
        let drawing = drawing_of(&resolved.of)?;
        warn_of_colors(&resolved.style, std::slice::from_ref(&tables), context);
        files((drawing.draw)(&tables, &resolved.style)?, &resolved.style)
    }
}

/// How a kind of statistics is drawn.
pub(super) fn drawing_of(of: &str) -> Result<Drawing, StageError> {
    let drawing = kind(of).and_then(|kind| kind.drawing());
    drawing.ok_or_else(|| StageError::Failed(format!("`{of}` has no figure")))
}

/// Says which colours are those of nothing that is drawn. A stage of training may have no checkpoints, and
/// is no such thing.
pub(super) fn warn_of_colors(style: &FigureStyle, drawn: &[Tables], context: &Context) {
    let is_stage = |name: &str| Stage::ALL.iter().any(|stage| stage.name() == name);
    for name in style.colors.keys() {
        if !is_stage(name) && !drawn.iter().any(|tables| tables.mention(name)) {
            context.report.log(format!("warning: `colors.{name}` is not used: nothing here is called that"));
        }
    }
}

/// What is wrong with a style that stands at `path`.
pub(super) fn complaints(style: &FigureStyle, path: &str) -> Vec<Complaint> {
    let problems = style.problems().into_iter();
    problems
        .map(|problem| {
            Complaint::new(&format!("{path}.{}", problem.path), problem.message).help(problem.help)
        })
        .collect()
}

/// The files of a figure.
pub(super) fn files(svg: String, style: &FigureStyle) -> Result<Outcome, StageError> {
    let mut outputs = Vec::new();
    for format in &style.formats {
        let (name, bytes) = match format {
            Format::Svg => ("figure.svg", with_fonts(&svg).into_bytes()),
            Format::Png => ("figure.png", png(&svg, style.dpi)?),
            Format::Pdf => ("figure.pdf", pdf(&svg)?),
        };
        outputs.push((name.to_owned(), bytes));
    }
    Ok(Outcome { outputs, ..Outcome::default() })
}
