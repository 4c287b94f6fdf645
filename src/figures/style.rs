//! How figures look, in one place: sizes, fonts, colours, dashes and markers.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::RGBColor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FigureError;
use super::axes::Range;
use super::options::{Format, LegendPlace, color, tint};

/// How a figure looks: its size, letters, colours, limits and files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FigureStyle {
    /// Width in mm; journals print columns of about 85 mm and pages of about 180 mm.
    #[schemars(range(min = 40.0, max = 400.0))]
    pub width_mm: f64,
    /// Height in mm; if it is not given, what the panels need.
    #[schemars(range(min = 40.0, max = 400.0))]
    pub height_mm: Option<f64>,
    /// Title above the figure; if it is not given, the figure names what it shows; an empty one is left out.
    pub title: Option<String>,
    /// Size of the letters in points.
    #[schemars(range(min = 5.0, max = 14.0))]
    pub font_pt: f64,
    /// Dots per inch of the PNG.
    #[schemars(range(min = 50, max = 1200))]
    pub dpi: u32,
    /// The files that are made.
    #[schemars(length(min = 1))]
    pub formats: BTreeSet<Format>,
    /// Colours by the name of what they stand for (a stage, a task, a series of a summary): `"#rrggbb"` or
    /// a name of CSS, as in `{ early = "teal" }`.
    pub colors: BTreeMap<String, String>,
    /// The ends of the horizontal axes, in the units of the axis; what lies outside is cut off.
    pub x_limits: Option<[f64; 2]>,
    /// The ends of the vertical axes, in the units of the axis; what lies outside is cut off.
    pub y_limits: Option<[f64; 2]>,
    /// Where the legend stands.
    pub legend: LegendPlace,
    /// The letter of a panel in a composite figure.
    #[serde(skip)]
    pub letter: Option<char>,
}

impl Default for FigureStyle {
    fn default() -> Self {
        Self {
            width_mm: COLUMN_MM,
            height_mm: None,
            title: None,
            font_pt: 7.0,
            dpi: 300,
            formats: Format::ALL.into(),
            colors: BTreeMap::new(),
            x_limits: None,
            y_limits: None,
            legend: LegendPlace::default(),
            letter: None,
        }
    }
}

/// A setting that cannot be: which, what is wrong with it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StyleProblem {
    /// The setting, keys joined by dots.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

impl FigureStyle {
    /// Settings that no figure can have, apart from sizes out of range.
    pub fn problems(&self) -> Vec<StyleProblem> {
        let colors =
            self.colors.iter().filter(|(_, text)| color(text).is_none()).map(|(name, text)| StyleProblem {
                path: format!("colors.{name}"),
                message: format!("`{text}` is no colour"),
                help: "write \"#rrggbb\" or a name of CSS such as \"teal\"",
            });
        let limits = [("x_limits", self.x_limits), ("y_limits", self.y_limits)];
        let limits = limits.into_iter().filter_map(|(name, limits)| {
            let [low, high] = limits?;
            (!Range { low, high }.is_drawable()).then(|| StyleProblem {
                path: name.to_owned(),
                message: format!("`{name}` goes from {low} to {high}"),
                help: "write the lower end first, then the upper one",
            })
        });
        colors.chain(limits).collect()
    }

    /// Refuses what no figure can have.
    pub(super) fn check(&self) -> Result<(), FigureError> {
        let sizes = [
            ("width_mm", self.width_mm, LEAST_MM, 400.0),
            ("height_mm", self.height_mm.unwrap_or(LEAST_MM), LEAST_MM, 400.0),
            ("font_pt", self.font_pt, 5.0, 14.0),
            ("dpi", f64::from(self.dpi), 50.0, 1200.0),
        ];
        if let Some((name, value, least, most)) =
            sizes.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value))
        {
            return Err(FigureError::Style { name, value, least, most });
        }
        match self.problems().into_iter().next() {
            Some(problem) => Err(FigureError::Setting(format!("{}: {}", problem.path, problem.message))),
            None => Ok(()),
        }
    }

    /// Width between the margins in mm.
    pub(super) fn body_mm(&self) -> f64 {
        self.width_mm - 2.0 * MARGIN
    }

    /// Height of a line of text in mm.
    pub(super) fn line_mm(&self) -> f64 {
        self.font_pt * MM_PER_POINT * LINE_SPACING
    }

    /// The range of the horizontal axes: what is asked for, or that of the data.
    pub(super) fn x_range(&self, data: Range) -> Range {
        self.x_limits.map_or(data, |[low, high]| Range { low, high })
    }

    /// The range of the vertical axes: what is asked for, or that of the data.
    pub(super) fn y_range(&self, data: Range) -> Range {
        self.y_limits.map_or(data, |[low, high]| Range { low, high })
    }

    /// The look of a stage of training.
    pub(super) fn stage_look(&self, stage: &str) -> Look {
        self.colored(stage, stage_look(stage))
    }

    /// The look of the series of this name, the `index`-th of its figure; that of a stage if it is one.
    pub(super) fn series_look(&self, name: &str, index: usize) -> Look {
        match name {
            "early" | "mid" | "mature" => self.stage_look(name),
            _ => self.colored(name, series_look(index)),
        }
    }

    fn colored(&self, name: &str, look: Look) -> Look {
        match self.colors.get(name).and_then(|text| color(text)) {
            Some(color) => Look { color, tint: tint(color), ..look },
            None => look,
        }
    }
}

/// Figures and panels are at least this wide and high, in mm.
pub(super) const LEAST_MM: f64 = 40.0;
/// Width of a journal's column in mm.
pub const COLUMN_MM: f64 = 85.0;
/// Width of a journal's page in mm.
pub const PAGE_MM: f64 = 180.0;
/// One printer's point in mm.
pub(super) const MM_PER_POINT: f64 = 25.4 / 72.0;
/// Distance of lines of text, in letter sizes.
const LINE_SPACING: f64 = 1.3;
/// White space around a figure in mm.
pub(super) const MARGIN: f64 = 1.5;
/// Width of axes in mm.
pub(super) const AXIS_WIDTH: f64 = 0.18;
/// Width of curves in mm.
pub(super) const CURVE_WIDTH: f64 = 0.35;
/// Width of one curve of many in mm.
pub(super) const THIN_WIDTH: f64 = 0.1;
/// Length of a tick in mm.
pub(super) const TICK: f64 = 0.8;
/// White space between neighbours in mm.
pub(super) const GAP: f64 = 1.0;

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(30, 30, 30);
/// What stands behind curves and should not catch the eye.
pub(super) const FAINT: RGBColor = RGBColor(120, 120, 120);
/// The paper.
pub(super) const PAPER: RGBColor = RGBColor(255, 255, 255);

/// A small sign on a curve, so that it is known without colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
}

/// How a series of data looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    pub color: RGBColor,
    /// The colour as a light background.
    pub tint: RGBColor,
    pub marker: Marker,
}

/// Dash and gap of a broken line in mm.
pub(super) const DASH: (f64, f64) = (1.3, 0.8);

/// Early green, mid blue, mature red: of falling lightness (66, 48, 35), so that they differ in grey
/// and for the colour-blind too.
pub(super) fn stage_look(stage: &str) -> Look {
    match stage {
        "early" => {
            Look { color: RGBColor(82, 178, 101), tint: RGBColor(219, 240, 223), marker: Marker::Circle }
        }
        "mid" => {
            Look { color: RGBColor(44, 114, 199), tint: RGBColor(213, 227, 244), marker: Marker::Square }
        }
        "mature" => {
            Look { color: RGBColor(163, 20, 32), tint: RGBColor(240, 214, 216), marker: Marker::Triangle }
        }
        _ => Look { color: FAINT, tint: RGBColor(235, 235, 235), marker: Marker::Diamond },
    }
}

/// Looks of series that are no stages, after Okabe & Ito (2008), *Color universal design*.
pub(super) fn series_look(index: usize) -> Look {
    const COLORS: [RGBColor; 7] = [
        RGBColor(0, 114, 178),
        RGBColor(230, 159, 0),
        RGBColor(0, 158, 115),
        RGBColor(213, 94, 0),
        RGBColor(86, 180, 233),
        RGBColor(204, 121, 167),
        RGBColor(60, 60, 60),
    ];
    const MARKERS: [Marker; 4] = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond];
    let color = COLORS[index % COLORS.len()];
    Look { color, tint: RGBColor(235, 235, 235), marker: MARKERS[index % MARKERS.len()] }
}

/// The background of an epoch in a plot over time; neighbours differ.
pub(super) fn epoch_tint(name: &str) -> RGBColor {
    match name {
        "fixation" => PAPER,
        "stimulus" | "distractor" => RGBColor(221, 221, 221),
        "go" => RGBColor(233, 233, 233),
        _ => RGBColor(246, 246, 246),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_sizes_are_refused() {
        let plain = FigureStyle::default();
        assert!(plain.check().is_ok());
        for width_mm in [f64::NAN, 0.0, -5.0, f64::INFINITY] {
            assert!(FigureStyle { width_mm, ..plain.clone() }.check().is_err());
        }
        assert!(FigureStyle { dpi: 0, ..plain.clone() }.check().is_err());
        assert!(FigureStyle { height_mm: Some(1.0), ..plain.clone() }.check().is_err());
        assert!(FigureStyle { x_limits: Some([2.0, 1.0]), ..plain.clone() }.check().is_err());
        assert!(FigureStyle { y_limits: Some([1.0, 1.0]), ..plain.clone() }.check().is_err());
        let colors = [("early".to_owned(), "greenish".to_owned())].into();
        assert_eq!(FigureStyle { colors, ..plain }.problems()[0].path, "colors.early");
    }

    #[test]
    fn a_style_needs_nothing_and_takes_nothing_unknown() {
        let parse = serde_json::from_str::<FigureStyle>;
        assert_eq!(parse("{}").ok(), Some(FigureStyle::default()));
        assert_eq!(parse(r#"{"width_mm": 180}"#).map(|style| style.width_mm).ok(), Some(180.0));
        assert!(parse(r#"{"widht_mm": 180}"#).is_err());
    }

    /// Lightness of a colour in grey, 0 to 255 (ITU-R BT.601).
    fn grey(RGBColor(r, g, b): RGBColor) -> f64 {
        0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)
    }

    #[test]
    fn stages_differ_in_grey_and_in_marker() {
        let looks = ["early", "mid", "mature"].map(stage_look);
        for pair in looks.windows(2) {
            assert!(grey(pair[0].color) - grey(pair[1].color) > 30.0);
            assert_ne!(pair[0].marker, pair[1].marker);
        }
    }
}
