//! What tests of figures need: tables at hand, and what holds for every figure.
//!
//! The pictures are left in `target/tmp/` to be looked at.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use rnnwm::figures::{FigureError, FigureStyle, pdf, png};
use rnnwm::table::{Table, Values};
use rnnwm::tasks::Task;

/// A style of the given width.
pub fn wide(width_mm: f64) -> FigureStyle {
    FigureStyle { width_mm, ..FigureStyle::default() }
}

/// Checks what holds for every figure, leaves its picture, and gives it back.
pub fn checked(name: &str, draw: impl Fn() -> Result<String, FigureError>) -> String {
    let svg = draw().unwrap();
    assert_eq!(draw().unwrap(), svg, "{name}: another drawing differs");
    assert!(has_all_numbers(&svg), "{name}: a number is missing");
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count(), "{name}");
    let picture = png(&svg, 200).unwrap();
    assert_eq!(png(&svg, 200).unwrap(), picture, "{name}: another picture differs");
    let page = pdf(&svg).unwrap();
    assert!(pdf(&svg).unwrap() == page, "{name}: another PDF differs");
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(path.with_extension("svg"), &svg).unwrap();
    std::fs::write(path.with_extension("png"), &picture).unwrap();
    std::fs::write(path.with_extension("pdf"), &page).unwrap();
    svg
}

/// Whether every number of a figure is one. Pictures and fonts in it may spell anything.
pub fn has_all_numbers(svg: &str) -> bool {
    let own = svg.split("base64,").enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || "+/=".contains(letter)),
    });
    own.into_iter().all(|own| !own.contains("NaN") && !own.contains("inf"))
}

/// The texts of a figure.
pub fn texts(svg: &str) -> Vec<&str> {
    svg.split("<text").skip(1).filter_map(|text| text.split(['>', '<']).nth(1)).map(str::trim).collect()
}

/// A table of columns.
pub fn table<const N: usize>(columns: [(&str, Values); N]) -> Table {
    Table::new(columns).unwrap()
}

/// A column of texts.
pub fn text<S: ToString>(values: impl IntoIterator<Item = S>) -> Values {
    Values::Text(values.into_iter().map(|value| value.to_string()).collect())
}

/// The phases of a task.
pub fn spans(task: &str) -> Table {
    let spans = Task::named(task).unwrap().spans(20).unwrap();
    table([
        ("name", text(spans.iter().map(|span| span.name))),
        ("start_ms", Values::F64(spans.iter().map(|span| span.start_ms).collect())),
        ("end_ms", Values::F64(spans.iter().map(|span| span.end_ms).collect())),
    ])
}
