//! From SVG to PNG and PDF, with the shipped fonts alone.

use std::fmt::Display;
use std::sync::{Arc, LazyLock};

use krilla::Document;
use krilla::geom::Size;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use super::FigureError;
use super::fonts::{BOLD, REGULAR};

/// A picture may have this many pixels (four bytes each).
const MOST_PIXELS: u64 = 100_000_000;
/// Units of a PDF in an inch.
const POINTS_PER_INCH: u32 = 72;

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
    const FORMAT: &str = "PNG";
    let tree = tree(svg, dpi, FORMAT)?;
    let size = tree.size().to_int_size();
    let pixels = u64::from(size.width()) * u64::from(size.height());
    let allowed = (pixels <= MOST_PIXELS).then_some(size);
    let picture = allowed.and_then(|size| Pixmap::new(size.width(), size.height()));
    let mut picture = picture.ok_or_else(|| failed(FORMAT)(&format!("{pixels} pixels are too many")))?;
    resvg::render(&tree, Transform::identity(), &mut picture.as_mut());
    picture.encode_png().map_err(|error| failed(FORMAT)(&error))
}

/// An SVG document as a PDF of one page: lines stay lines, and text stays text, in a font that comes
/// along. The same document gives the same bytes; no date is in them.
///
/// # Errors
/// If the document is no SVG.
pub fn pdf(svg: &str) -> Result<Vec<u8>, FigureError> {
    const FORMAT: &str = "PDF";
    let tree = tree(svg, POINTS_PER_INCH, FORMAT)?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let size = Size::from_wh(width, height).zip(PageSettings::from_wh(width, height));
    let (size, settings) = size.ok_or_else(|| failed(FORMAT)(&"it has no size"))?;
    let mut document = Document::new();
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let drawn = surface.draw_svg(&tree, size, SvgSettings::default());
    surface.finish();
    page.finish();
    drawn.ok_or_else(|| failed(FORMAT)(&"it cannot be drawn"))?;
    document.finish().map_err(|error| failed(FORMAT)(&format!("{error:?}")))
}

fn tree(svg: &str, dpi: u32, format: &'static str) -> Result<Tree, FigureError> {
    let options = Options { dpi: dpi as f32, fontdb: Arc::clone(&FONTS), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|error| failed(format)(&error))
}

fn failed(format: &'static str) -> impl Fn(&dyn Display) -> FigureError {
    move |why| FigureError::Convert { format, why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(mm: u32) -> String {
        format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="{mm}mm" height="{mm}mm"/>"#)
    }

    #[test]
    fn what_is_no_svg_is_refused() {
        for wrong in ["<p>no</p>", ""] {
            assert!(png(wrong, 300).is_err() && pdf(wrong).is_err());
        }
    }

    #[test]
    fn a_huge_picture_is_refused() {
        assert!(png(&square(10), 300).is_ok());
        assert!(matches!(png(&square(400), 1200), Err(FigureError::Convert { .. })));
    }

    #[test]
    fn a_pdf_has_the_size_of_the_figure_and_no_date() {
        let pdf = pdf(&square(85)).unwrap();
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-") && text.contains("/MediaBox[0 0 240.9"), "{text}");
        assert!(!text.contains("Date"));
    }
}
