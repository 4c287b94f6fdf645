//! What a figure's style can say beyond sizes: files, colours, and where the legend stands.

use std::str::FromStr;

use plotters::style::RGBColor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file that a figure is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The drawing itself; text is text, and its font comes along.
    Svg,
    /// A picture.
    Png,
    /// For journals and LaTeX: lines are lines, text is text.
    Pdf,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Svg, Self::Png, Self::Pdf];
}

/// Where the legend stands. It never covers a plot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegendPlace {
    /// Below the panels.
    #[default]
    Below,
    /// Right of the panels.
    Right,
    /// Nowhere: neither entries nor notes.
    None,
}

/// A colour from text: `#rrggbb` or a name of CSS. Transparent ones are refused.
pub(super) fn color(text: &str) -> Option<RGBColor> {
    let color = svgtypes::Color::from_str(text).ok()?;
    (color.alpha == u8::MAX).then_some(RGBColor(color.red, color.green, color.blue))
}

/// A colour as a light background.
pub(super) fn tint(RGBColor(r, g, b): RGBColor) -> RGBColor {
    let lighter = |part: u8| (f64::from(part) * 0.2 + 255.0 * 0.8).round() as u8;
    RGBColor(lighter(r), lighter(g), lighter(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_css_has_them() {
        assert_eq!(color("#ff8000"), Some(RGBColor(255, 128, 0)));
        assert_eq!(color("teal"), Some(RGBColor(0, 128, 128)));
        for wrong in ["", "greenish", "#12", "#ff800080", "transparent"] {
            assert_eq!(color(wrong), None, "{wrong}");
        }
    }
}
