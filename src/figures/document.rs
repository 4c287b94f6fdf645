//! SVG documents as text: their frame, documents within documents, and the font that comes along.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::canvas::units;
use super::fonts::{EMBEDDED, WEB_BOLD, WEB_REGULAR};

/// A style sheet with the letters that figures need, for viewers that have no such font: regular and
/// bold, some 30 KB in all.
static STYLE_SHEET: LazyLock<String> = LazyLock::new(|| {
    let face = |weight: &str, font: &[u8]| {
        let data = STANDARD.encode(font);
        format!(
            "@font-face{{font-family:\"{EMBEDDED}\";font-weight:{weight};\
             src:url(data:font/woff2;base64,{data}) format(\"woff2\")}}"
        )
    };
    format!("<style>{}{}</style>\n", face("normal", WEB_REGULAR), face("bold", WEB_BOLD))
});

/// The document that shows `body`, `(width, height)` mm large.
pub(super) fn document((width, height): (f64, f64), body: &str) -> String {
    let (w, h) = (units(width), units(height));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" \
         viewBox=\"0 0 {w} {h}\" stroke-linejoin=\"round\">\n{body}</svg>\n"
    )
}

/// The size of a [`document`] in mm, and what it shows.
pub(super) fn parts(svg: &str) -> Option<((f64, f64), &str)> {
    let (head, rest) = svg.split_once('\n')?;
    let size = |name: &str| {
        let (_, value) = head.split_once(&format!(" {name}=\""))?;
        value.split_once("mm\"")?.0.parse().ok()
    };
    Some(((size("width")?, size("height")?), rest.trim_end().strip_suffix("</svg>")?))
}

/// What is drawn in `body`, moved by `(left, top)` mm.
pub(super) fn moved((left, top): (f64, f64), body: &str) -> String {
    format!("<g transform=\"translate({} {})\">\n{body}</g>\n", units(left), units(top))
}

/// A figure with its font, so that it looks the same everywhere and its text stays text.
pub fn with_fonts(svg: &str) -> String {
    svg.replacen('\n', &format!("\n{}", *STYLE_SHEET), 1)
}

/// A figure without its font, for a page that has [`style_sheet`] once for all its figures.
pub fn without_fonts(svg: &str) -> String {
    svg.replacen(STYLE_SHEET.as_str(), "", 1)
}

/// The style sheet that figures without fonts ask for, as an HTML element.
pub fn style_sheet() -> &'static str {
    &STYLE_SHEET
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_taken_apart_as_they_were_put_together() {
        let svg = document((85.0, 61.5), "<rect/>\n");
        assert_eq!(parts(&svg), Some(((85.0, 61.5), "<rect/>\n")));
        assert_eq!(parts("<svg>\n</svg>"), None);
        assert_eq!(without_fonts(&with_fonts(&svg)), svg);
    }
}
