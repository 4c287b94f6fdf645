//! From SVG to PNG, with the shipped fonts alone.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use super::FigureError;
use super::fonts::{BOLD, REGULAR};

/// A picture may have this many pixels (four bytes each).
const MOST_PIXELS: u64 = 100_000_000;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    Arc::new(fonts)
});

/// Renders an SVG document at `dpi` dots per inch. The same document gives the same bytes.
///
/// # Errors
/// If the document is no SVG, or the picture would be too large.
pub fn png(svg: &str, dpi: u32) -> Result<Vec<u8>, FigureError> {
    let failed = |error: &dyn std::fmt::Display| FigureError::Raster(error.to_string());
    let options = Options { dpi: dpi as f32, fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(&error))?;
    let size = tree.size().to_int_size();
    let pixels = u64::from(size.width()) * u64::from(size.height());
    let allowed = (pixels <= MOST_PIXELS).then_some(size);
    let picture = allowed.and_then(|size| Pixmap::new(size.width(), size.height()));
    let mut picture = picture.ok_or_else(|| failed(&format!("{pixels} pixels are too many")))?;
    resvg::render(&tree, Transform::identity(), &mut picture.as_mut());
    picture.encode_png().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_svg_is_refused() {
        assert!(png("<p>no</p>", 300).is_err());
        assert!(png("", 300).is_err());
    }

    #[test]
    fn a_huge_picture_is_refused() {
        let svg =
            |mm: u32| format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="{mm}mm" height="{mm}mm"/>"#);
        assert!(png(&svg(10), 300).is_ok());
        assert!(matches!(png(&svg(400), 1200), Err(FigureError::Raster(_))));
    }
}
