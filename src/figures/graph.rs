//! A graph of named boxes as an SVG document.

use std::fmt::Write;

use super::canvas::Letters;
use super::fonts::FAMILY;
use super::graph_layout::{Spacing, lay_out};
use super::style::MM_PER_POINT;

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphNode {
    /// What it is called.
    pub name: String,
    /// What is said of it, in smaller letters.
    pub note: String,
    /// Its class, as a position.
    pub class: usize,
}

/// How boxes of a class look. Colours are as in SVG.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GraphClass {
    /// What the legend calls it.
    pub words: &'static str,
    /// The colour of the box.
    pub fill: &'static str,
    /// The colour of its border.
    pub line: &'static str,
    /// The width of its border in mm.
    pub line_mm: f64,
    /// Whether the border is broken.
    pub dashed: bool,
    /// Whether the box is dark, and its letters light.
    pub dark: bool,
}

const SPACING: Spacing = Spacing { layers: 14.0, boxes: 3.5, lines: 3.0 };
const MARGIN: f64 = 5.0;
const PADDING: f64 = 2.5;
const BOX_HEIGHT: f64 = 10.0;
const NAME_PT: f64 = 8.5;
const NOTE_PT: f64 = 7.0;
const TITLE_PT: f64 = 11.0;
const LEGEND: f64 = 4.0;
const ARROW: f64 = 2.0;
const INK: &str = "#1e1e1e";
const FAINT: &str = "#5a5a5a";
const EDGE: &str = "#8a8a8a";

/// Draws a graph from left to right, with a legend of the classes that occur. Edges are positions of
/// nodes, and lead from lower to higher ones.
pub fn graph(title: &str, nodes: &[GraphNode], edges: &[(usize, usize)], classes: &[GraphClass]) -> String {
    let width = |node: &GraphNode| {
        let (name, note) =
            (Letters::bold(NAME_PT).width(&node.name), Letters::plain(NOTE_PT).width(&node.note));
        name.max(note) + 2.0 * PADDING
    };
    let sizes: Vec<(f64, f64)> = nodes.iter().map(|node| (width(node), BOX_HEIGHT)).collect();
    let layout = lay_out(&sizes, edges, &SPACING);
    let top = 2.0 * MARGIN + TITLE_PT * MM_PER_POINT;
    let used: Vec<&GraphClass> = classes
        .iter()
        .enumerate()
        .filter(|(at, _)| nodes.iter().any(|node| node.class == *at))
        .map(|(_, class)| class)
        .collect();
    let legend_step =
        |class: &GraphClass| 1.5 * LEGEND + 2.0 * PADDING + Letters::plain(NOTE_PT).width(class.words);
    let legend_width: f64 = used.iter().map(|class| legend_step(class)).sum();
    let title_width = Letters::bold(TITLE_PT).width(title);
    let page = (
        layout.width.max(legend_width).max(title_width) + 2.0 * MARGIN,
        top + layout.height + 2.0 * MARGIN + LEGEND,
    );
    let mut svg = Svg::new(page);
    svg.text(MARGIN, MARGIN + TITLE_PT * MM_PER_POINT, TITLE_PT, INK, true, title);
    for route in &layout.routes {
        svg.edge(route, (MARGIN, top));
    }
    for (node, ((left, middle), (width, height))) in nodes.iter().zip(layout.boxes.iter().zip(&sizes)) {
        let Some(class) = classes.get(node.class) else { continue };
        let (x, y) = (MARGIN + left, top + middle - height / 2.0);
        svg.rect((x, y), (*width, *height), class);
        let (name, note) = if class.dark { ("#ffffff", "#ffffff") } else { (INK, FAINT) };
        svg.text(x + PADDING, y + 4.3, NAME_PT, name, true, &node.name);
        svg.text(x + PADDING, y + 8.0, NOTE_PT, note, false, &node.note);
    }
    let mut x = MARGIN;
    let y = page.1 - MARGIN - LEGEND;
    for class in used {
        svg.rect((x, y), (1.5 * LEGEND, LEGEND), class);
        svg.text(x + 1.5 * LEGEND + PADDING / 2.0, y + 3.0, NOTE_PT, INK, false, class.words);
        x += legend_step(class);
    }
    svg.finish()
}

/// An SVG document that is being written, in mm.
struct Svg(String);

impl Svg {
    fn new((width, height): (f64, f64)) -> Self {
        let mut svg = Self(String::new());
        svg.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.2}mm\" height=\"{height:.2}mm\" \
             viewBox=\"0 0 {width:.2} {height:.2}\" font-family=\"{FAMILY}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
        ));
        svg
    }

    fn put(&mut self, element: std::fmt::Arguments) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "{element}");
    }

    fn text(&mut self, x: f64, baseline: f64, pt: f64, color: &str, bold: bool, text: &str) {
        let weight = if bold { " font-weight=\"bold\"" } else { "" };
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        self.put(format_args!(
            "<text x=\"{x:.2}\" y=\"{baseline:.2}\" font-size=\"{:.2}\" fill=\"{color}\"{weight}>{text}</text>",
            pt * MM_PER_POINT
        ));
    }

    fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &GraphClass) {
        let dash = if class.dashed { " stroke-dasharray=\"1.2 0.8\"" } else { "" };
        self.put(format_args!(
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" rx=\"1.2\" \
             fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{dash}/>",
            class.fill, class.line, class.line_mm
        ));
    }

    /// A smooth line with a head, straight where it passes a layer.
    fn edge(&mut self, route: &[(f64, f64, f64)], (dx, dy): (f64, f64)) {
        let mut path = String::new();
        for (at, pair) in route.windows(2).enumerate() {
            let ((_, from, y), (to, right, end)) = (pair[0], pair[1]);
            let (from, to, y, end) = (from + dx, to + dx, y + dy, end + dy);
            let last = at + 2 == route.len();
            let to = if last { to - ARROW } else { to };
            let middle = f64::midpoint(from, to);
            if at == 0 {
                // A box may be narrower than its layer; what stands below it is not to be crossed.
                let _ = write!(path, "M{:.2} {y:.2}H{from:.2}", pair[0].0 + dx);
            }
            let _ = write!(path, "C{middle:.2} {y:.2} {middle:.2} {end:.2} {to:.2} {end:.2}");
            if last {
                let half = ARROW * 0.4;
                self.put(format_args!(
                    "<path d=\"M{to:.2} {:.2}L{:.2} {end:.2}L{to:.2} {:.2}Z\" fill=\"{EDGE}\"/>",
                    end - half,
                    to + ARROW,
                    end + half
                ));
            } else {
                let _ = write!(path, "L{:.2} {end:.2}", right + dx);
            }
        }
        self.put(format_args!("<path d=\"{path}\" fill=\"none\" stroke=\"{EDGE}\" stroke-width=\"0.3\"/>"));
    }

    fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::png;

    #[test]
    fn a_graph_is_a_picture_whatever_its_names_are() {
        let class = GraphClass {
            words: "known",
            fill: "#ffffff",
            line: "#000000",
            line_mm: 0.3,
            dashed: true,
            dark: false,
        };
        let node = |name: &str| GraphNode { name: name.to_owned(), note: "known".to_owned(), class: 0 };
        let svg = graph("a < b & \"c\"", &[node("<a>"), node("b&c")], &[(0, 1)], &[class]);
        assert!(png(&svg, 100).is_ok());
        assert!(png(&graph("empty", &[], &[], &[class]), 100).is_ok());
    }
}
