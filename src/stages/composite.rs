//! `composite`: several statistics drawn as one figure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::figures::{self, Arrangement, FigureStyle, PAGE_MM, PanelLook};

use super::context::{Context, Inputs, Outcome, StageError};
use super::figure::{complaints, drawing_of, files, warn_of_colors};
use super::kind::{Arity, Bound, Complaint, Drawing, Gives, Input, Kind, Offer, Scope};
use super::tables::Tables;

/// Panels of a composite figure, for which there are letters.
const MOST_PANELS: usize = 26;
/// Panels in a row where nothing is said.
const IN_A_ROW: usize = 2;

/// The kind `composite`.
pub struct Composite;

/// Several statistics as one figure with panels A, B, C, ... in rows. It is drawn from the tables of the
/// statistics, which may well have `figure = false`; a change of its look runs nothing else.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CompositeParams {
    /// How many panels stand in each row, from the top [default: two].
    rows: Vec<usize>,
    /// How panels look that should look otherwise than alone, by their letters, as in
    /// `looks.B = { title = "", legend = "none" }`.
    looks: BTreeMap<String, PanelLook>,
    /// How the whole looks; it has no title unless one is given.
    #[serde(deserialize_with = "page_wide")]
    figure: FigureStyle,
}

impl Default for CompositeParams {
    fn default() -> Self {
        let figure = FigureStyle { width_mm: PAGE_MM, ..FigureStyle::default() };
        Self { rows: Vec::new(), looks: BTreeMap::new(), figure }
    }
}

/// A style that is a page wide unless it says otherwise.
fn page_wide<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FigureStyle, D::Error> {
    let mut style = serde_json::Map::deserialize(deserializer)?;
    style.entry("width_mm").or_insert_with(|| PAGE_MM.into());
    serde_json::from_value(style.into()).map_err(serde::de::Error::custom)
}

/// What `composite` reads.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resolved {
    panels: Vec<Panel>,
    arrangement: Arrangement,
}

/// The statistic of a panel.
#[derive(Debug, Serialize, Deserialize)]
struct Panel {
    /// Its kind.
    of: String,
    /// The version of its drawing.
    drawing: u32,
}

impl Kind for Composite {
    type Params = CompositeParams;
    type Resolved = Resolved;

    const NAME: &'static str = "composite";
    const VERSION: u32 = 1;
    const GIVES: Gives = Gives::Figure;
    const INPUTS: &'static [Input] = &[Input {
        name: "panels",
        takes: Gives::Statistic,
        arity: Arity::Several,
        parts: &[],
        about: "the statistics that are drawn, panel by panel",
    }];

    fn bind(params: CompositeParams, scope: &Scope) -> Result<Bound<Resolved>, Vec<Complaint>> {
        let offers = scope.inputs.get("panels").map_or(&[][..], Vec::as_slice);
        let rows = rows(&params.rows, offers.len()).map_err(|complaint| vec![complaint])?;
        let letters: Vec<char> = (0..offers.len()).map(Arrangement::letter).collect();
        let mut wrong = complaints(&params.figure, "figure");
        let mut looks = BTreeMap::new();
        for (name, look) in params.looks {
            let path = format!("looks.{name}");
            match letters.iter().find(|letter| name == letter.to_string()) {
                Some(&letter) => {
                    let (x_limits, y_limits) = (look.x_limits, look.y_limits);
                    let style = FigureStyle { x_limits, y_limits, ..FigureStyle::default() };
                    wrong.extend(complaints(&style, &path));
                    looks.insert(letter, look);
                }
                None => {
                    let known = letters.iter().map(char::to_string).collect::<Vec<_>>().join(", ");
                    let complaint = Complaint::new(&path, format!("there is no panel `{name}`"));
                    wrong.push(complaint.help(format!("panels: {known}")));
                }
            }
        }
        let arrangement = Arrangement { rows, looks, style: params.figure };
        if let (true, Err(error)) = (wrong.is_empty(), arrangement.styles()) {
            wrong.push(
                Complaint::new("rows", error.to_string())
                    .help("put fewer panels in a row, or widen `figure`"),
            );
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let panels = offers.iter().map(|offer| {
            let of = offer.kind.unwrap_or_default();
            let drawing = drawing_of(of).map_or(0, |drawing| drawing.version);
            Panel { of: of.to_owned(), drawing }
        });
        Ok(Bound::new(Resolved { panels: panels.collect(), arrangement }, Offer::default()))
    }

    fn run(resolved: Resolved, inputs: Inputs, context: &Context) -> Result<Outcome, StageError> {
        let statistics = inputs.all("panels");
        let tables: Vec<Tables> =
            statistics.iter().map(|input| Tables::read(input, context)).collect::<Result<_, _>>()?;
        let drawings: Vec<Drawing> =
            resolved.panels.iter().map(|panel| drawing_of(&panel.of)).collect::<Result<_, _>>()?;
        warn_of_colors(&resolved.arrangement.style, &tables, context);
        let panels: Vec<(&Drawing, &Tables)> = drawings.iter().zip(&tables).collect();
        let svg = figures::composite(&resolved.arrangement, |panel, style| match panels.get(panel) {
            Some((drawing, tables)) => (drawing.draw)(tables, style),
            None => Err(StageError::Failed(format!("the panel {} is missing", Arrangement::letter(panel)))),
        })?;
        files(svg, &resolved.arrangement.style)
    }
}

/// How many panels stand in each row.
fn rows(written: &[usize], panels: usize) -> Result<Vec<usize>, Complaint> {
    if panels == 0 {
        return Err(Complaint::new("panels", "a composite figure needs panels")
            .help("name statistics, as in `panels = [\"psth\", \"endpoints\"]`"));
    }
    if panels > MOST_PANELS {
        return Err(Complaint::new("panels", format!("{panels} panels are more than there are letters for")));
    }
    if written.is_empty() {
        let whole = vec![IN_A_ROW; panels / IN_A_ROW];
        return Ok(whole.into_iter().chain([panels % IN_A_ROW]).filter(|row| *row > 0).collect());
    }
    let placed = written.iter().fold(0usize, |sum, row| sum.saturating_add(*row));
    if placed == panels && !written.contains(&0) {
        return Ok(written.to_vec());
    }
    let complaint = Complaint::new("rows", format!("the rows hold {placed} panels, and there are {panels}"));
    Err(complaint.help("every row holds at least one panel, and all of them together hold all panels"))
}
