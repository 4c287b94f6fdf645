//! The fonts of all figures: Liberation Sans, shipped here, so that no system font is ever asked for.
//!
//! SVG documents carry the letters that figures need, cut out with fontTools (`pyftsubset`, woff2,
//! without names, as the licence of the font asks of what is changed).

/// The family as it is written into SVG: viewers without the first take the next.
pub(super) const FAMILY: &str = "Figure Sans, Liberation Sans, Arial, Helvetica, sans-serif";
/// The family that comes along in SVG documents.
pub(super) const EMBEDDED: &str = "Figure Sans";
/// The regular face.
pub(super) const REGULAR: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");
/// The bold face.
pub(super) const BOLD: &[u8] = include_bytes!("fonts/LiberationSans-Bold.ttf");
/// Latin and Greek letters and signs of the regular face.
pub(super) const WEB_REGULAR: &[u8] = include_bytes!("fonts/regular.woff2");
/// The same of the bold face.
pub(super) const WEB_BOLD: &[u8] = include_bytes!("fonts/bold.woff2");
