//! A figure of several figures: panels with letters, in rows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FigureError;
use super::document::{document, moved, parts};
use super::legend::Legend;
use super::options::LegendPlace;
use super::sheet::Sheet;
use super::style::{FigureStyle, GAP, LEAST_MM, MARGIN};

/// White space between panels in mm, beside their margins.
const BETWEEN: f64 = 2.0 * GAP;

/// How one panel of a composite figure looks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PanelLook {
    /// Width in mm; if it is not given, an equal share of what the row has left.
    #[schemars(range(min = 40.0, max = 400.0))]
    pub width_mm: Option<f64>,
    /// Title of the panel; if it is not given, it names what it shows; an empty one is left out.
    pub title: Option<String>,
    /// The ends of the horizontal axes, in the units of the axis; if not given, as in the whole.
    pub x_limits: Option<[f64; 2]>,
    /// The ends of the vertical axes, in the units of the axis; if not given, as in the whole.
    pub y_limits: Option<[f64; 2]>,
    /// Where the legend stands; if it is not given, as in the whole figure.
    pub legend: Option<LegendPlace>,
}

/// Where the panels of a composite figure stand, and how they look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrangement {
    /// How many panels stand in each row.
    pub rows: Vec<usize>,
    /// The looks of panels by their letters; those without an entry look as they do alone.
    pub looks: BTreeMap<char, PanelLook>,
    /// The look of the whole.
    pub style: FigureStyle,
}

impl Arrangement {
    /// The letter of a panel: A, B, C, ...
    pub fn letter(panel: usize) -> char {
        u8::try_from(panel).map_or('?', |panel| char::from(b'A'.saturating_add(panel)))
    }

    /// How each panel is drawn, row by row. No heights are set.
    ///
    /// # Errors
    /// If the panels of a row have no room beside each other.
    pub fn styles(&self) -> Result<Vec<Vec<FigureStyle>>, FigureError> {
        self.style.check()?;
        let mut rows = Vec::new();
        let mut first = 0;
        for &panels in &self.rows {
            let letters: Vec<char> = (first..first + panels).map(Self::letter).collect();
            rows.push(self.row(&letters)?);
            first += panels;
        }
        Ok(rows)
    }

    fn row(&self, letters: &[char]) -> Result<Vec<FigureStyle>, FigureError> {
        let look = |letter: &char| self.looks.get(letter).cloned().unwrap_or_default();
        let set = letters.iter().filter_map(|letter| look(letter).width_mm);
        let open = letters.len() - set.clone().count();
        let gaps = BETWEEN * letters.len().saturating_sub(1) as f64;
        let left: f64 = self.style.width_mm - gaps - set.sum::<f64>();
        let share = if open == 0 { 0.0 } else { left / open as f64 };
        if left < 0.0 || (open > 0 && share < LEAST_MM) {
            return Err(FigureError::Setting(format!(
                "panels {} have no room beside each other in {} mm, each needs {LEAST_MM} mm",
                letters.iter().map(char::to_string).collect::<Vec<_>>().join(", "),
                self.style.width_mm
            )));
        }
        let style = |letter: &char| {
            let look = look(letter);
            FigureStyle {
                width_mm: look.width_mm.unwrap_or(share),
                height_mm: None,
                title: look.title,
                x_limits: look.x_limits.or(self.style.x_limits),
                y_limits: look.y_limits.or(self.style.y_limits),
                legend: look.legend.unwrap_or(self.style.legend),
                letter: Some(*letter),
                ..self.style.clone()
            }
        };
        Ok(letters.iter().map(style).collect())
    }
}

/// A panel as a document of its own.
struct Panel {
    svg: String,
    height: f64,
}

impl Panel {
    fn new(svg: String) -> Self {
        let height = parts(&svg).map_or(0.0, |((_, height), _)| height);
        Self { svg, height }
    }
}

/// Draws panels as one SVG document. `draw` draws the panel of this number in a style; the panels of a
/// row become equally high.
///
/// # Errors
/// If a panel cannot be drawn, or has no room.
pub fn composite<E: From<FigureError>>(
    arrangement: &Arrangement,
    draw: impl Fn(usize, &FigureStyle) -> Result<String, E>,
) -> Result<String, E> {
    let style = &arrangement.style;
    let rows = arrangement.styles()?;
    let mut drawn: Vec<Vec<Panel>> = Vec::new();
    let mut panel = 0;
    for row in &rows {
        let mut panels = Vec::new();
        for style in row {
            panels.push(Panel::new(draw(panel, style)?));
            panel += 1;
        }
        drawn.push(panels);
    }
    let natural: Vec<f64> =
        drawn.iter().map(|row| row.iter().map(|panel| panel.height).fold(0.0, f64::max)).collect();
    let between = BETWEEN * rows.len().saturating_sub(1) as f64;
    let heading = Sheet::new(&untitled(style), "", Legend::new(style), 0.0).body().top - MARGIN;
    let stretch = match style.height_mm {
        Some(height) => (height - heading - between) / natural.iter().sum::<f64>(),
        None => 1.0,
    };
    let heights: Vec<f64> = natural.iter().map(|height| (height * stretch).max(LEAST_MM)).collect();

    let mut body = String::new();
    let (mut top, mut panel) = (heading, 0);
    for ((row, panels), &height) in rows.iter().zip(drawn).zip(&heights) {
        let mut left = 0.0;
        for (style, natural) in row.iter().zip(panels) {
            let fitted = FigureStyle { height_mm: Some(height), ..style.clone() };
            let svg = if natural.height == height { natural.svg } else { draw(panel, &fitted)? };
            body.push_str(&parts(&svg).map(|(_, body)| moved((left, top), body)).unwrap_or_default());
            left += style.width_mm + BETWEEN;
            panel += 1;
        }
        top += height + BETWEEN;
    }
    let whole = FigureStyle { height_mm: Some(top - BETWEEN), ..untitled(style) };
    let frame = Sheet::new(&whole, "", Legend::new(&whole), 0.0).draw(|_| Ok(()))?;
    Ok(parts(&frame).map(|(size, frame)| document(size, &format!("{frame}{body}"))).unwrap_or_default())
}

/// The style of a whole whose panels have titles: it has one only if it is given.
fn untitled(style: &FigureStyle) -> FigureStyle {
    FigureStyle { title: Some(style.title.clone().unwrap_or_default()), ..style.clone() }
}
