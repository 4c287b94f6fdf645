//! The fonts of all figures: Liberation Sans, shipped here, so that no system font is ever asked for.

/// The family as it is written into SVG: viewers without the first take the next.
pub(super) const FAMILY: &str = "Liberation Sans, Arial, Helvetica, sans-serif";
/// The regular face.
pub(super) const REGULAR: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");
/// The bold face.
pub(super) const BOLD: &[u8] = include_bytes!("fonts/LiberationSans-Bold.ttf");
