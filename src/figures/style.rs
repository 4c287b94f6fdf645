//! How figures look, in one place: sizes, fonts, colours, dashes and markers.

use plotters::style::RGBColor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FigureError;

/// The size and lettering of a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FigureStyle {
    /// Width in mm; journals print columns of about 85 mm and pages of about 180 mm.
    #[schemars(range(min = 60.0, max = 400.0))]
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
}

impl Default for FigureStyle {
    fn default() -> Self {
        Self { width_mm: 85.0, height_mm: None, title: None, font_pt: 7.0, dpi: 300 }
    }
}

impl FigureStyle {
    /// Refuses sizes that no figure can have.
    pub(super) fn check(&self) -> Result<(), FigureError> {
        let sizes = [
            ("width_mm", self.width_mm, 60.0, 400.0),
            ("height_mm", self.height_mm.unwrap_or(40.0), 40.0, 400.0),
            ("font_pt", self.font_pt, 5.0, 14.0),
            ("dpi", f64::from(self.dpi), 50.0, 1200.0),
        ];
        match sizes.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            Some((name, value, least, most)) => Err(FigureError::Style { name, value, least, most }),
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
}

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
        assert!(FigureStyle { height_mm: Some(1.0), ..plain }.check().is_err());
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
