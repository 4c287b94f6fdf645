//! The figure of a statistic: a stage of its own, drawn from the statistic's tables alone.

use serde::{Deserialize, Serialize};

use crate::figures::{FigureStyle, png};

use super::context::{Context, Inputs, Outcome, StageError};
use super::kind::{Arity, Bound, Complaint, Gives, Input, Kind, Scope, StageKind};
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
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Figure;
    const INPUTS: &'static [Input] = &[Input {
        name: "statistic",
        takes: Gives::Statistic,
        arity: Arity::One,
        parts: &[],
        about: "the statistic that is drawn",
    }];

    fn bind(style: FigureStyle, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let offer = scope.upstream("statistic");
        let of = offer.kind.unwrap_or_default();
        let drawing = kind(of).and_then(|kind| kind.drawing()).map_or(0, |drawing| drawing.version);
        Ok(Bound::new(Resolved { of: of.to_owned(), drawing, style }, offer))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let tables = Tables::read(inputs.one("statistic")?, context)?;
        let drawing = kind(&resolved.of)
            .and_then(|kind| kind.drawing())
            .ok_or_else(|| StageError::Failed(format!("`{}` has no figure", resolved.of)))?;
        let svg = (drawing.draw)(&tables, &resolved.style)?;
        let pixels =
            png(&svg, resolved.style.dpi).map_err(StageError::because("cannot render the figure"))?;
        Ok(Outcome {
            outputs: vec![("figure.svg".to_owned(), svg.into_bytes()), ("figure.png".to_owned(), pixels)],
            ..Outcome::default()
        })
    }
}
