//! The documentation is tried: every experiment that it shows can be planned, every file that it links to
//! is there.

mod common;

use std::fs;
use std::path::Path;

use common::Project;
use rnnwm::stages::kinds;

const PAGES: [&str; 8] = [
    "README.md",
    "docs/experiments.md",
    "docs/events.md",
    "docs/figures.md",
    "docs/kinds.md",
    "docs/design.md",
    "docs/guarantees.md",
    "docs/performance.md",
];
/// The pages whose experiments are whole.
const WHOLE: [&str; 4] = ["README.md", "docs/experiments.md", "docs/kinds.md", "docs/design.md"];

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("the page is there")
}

/// An experiment that is shown may extend one of those in `experiments/`.
fn beside_the_others(project: &Project) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    for entry in fs::read_dir(folder).expect("experiments") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), project.path(&entry.file_name().to_string_lossy())).expect("a copy");
    }
}

#[test]
fn every_experiment_shown_can_be_planned() {
    let mut tried = 0;
    for name in WHOLE {
        for block in page(name).split("```toml\n").skip(1) {
            let experiment = block.split("```").next().expect("a block ends");
            can_be_planned(name, experiment);
            tried += 1;
        }
    }
    assert!(tried >= 2, "{tried} experiments are shown");
}

fn can_be_planned(name: &str, experiment: &str) {
    // Shown as they stand in experiments/.
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/data/");
    let project = Project::new(&experiment.replace("../data/", data));
    beside_the_others(&project);
    let output = project.command(&["plan", "experiment.toml"]).output().expect("the binary runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The gallery begins with what all its figures have in common; every figure adds to that.
#[test]
fn every_kind_that_is_drawn_stands_in_the_gallery_with_a_picture_and_what_makes_it() {
    let gallery = page("docs/figures.md");
    let mut sections = gallery.split("\n## ");
    let common = toml(sections.next().expect("a head")).expect("what figures have in common");
    let mut shown = Vec::new();
    for section in sections {
        let name = section.lines().next().unwrap_or_default();
        let own = toml(section).unwrap_or_else(|| panic!("`{name}` shows no TOML"));
        assert!(section.contains("](figures/"), "`{name}` shows no picture");
        can_be_planned(name, &format!("{common}\n{own}"));
        shown.push(own);
    }
    let shown = shown.concat();
    let drawn = kinds().iter().filter(|kind| kind.drawing().is_some() || kind.name() == "composite");
    for name in drawn.map(|kind| kind.name()) {
        let used =
            shown.contains(&format!("[stages.{name}]")) || shown.contains(&format!("kind = \"{name}\""));
        assert!(used, "the gallery does not show `{name}`");
    }
}

fn toml(text: &str) -> Option<&str> {
    text.split_once("```toml\n")?.1.split_once("```").map(|(block, _)| block)
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in PAGES {
        let folder = root.join(name).parent().expect("a folder").to_owned();
        for link in page(name).split("](").skip(1) {
            let target = link.split([')', '#']).next().expect("a link ends");
            if !target.starts_with("http") {
                assert!(folder.join(target).exists(), "{name} links to {target}");
            }
        }
    }
}

#[test]
fn every_command_shown_exists() {
    let project = Project::new(common::SMALL);
    for line in page("docs/experiments.md").lines().filter_map(|line| line.strip_prefix("| `rnnwm ")) {
        let command = line.split([' ', '`']).next().expect("a command");
        let output = project.command(&[command, "--help"]).output().expect("the binary runs");
        assert!(output.status.success(), "rnnwm {command}");
        let help = String::from_utf8(output.stdout).expect("text");
        for flag in line.split('`').filter(|part| part.starts_with("--")) {
            let flag = flag.split(' ').next().expect("a flag");
            let nested = line.split(['`', ' ']).nth(1).unwrap_or_default();
            let nested = project.command(&[command, nested, "--help"]).output().expect("the binary runs");
            let all = help.clone() + &String::from_utf8_lossy(&nested.stdout);
            assert!(all.contains(flag), "rnnwm {command} has no {flag}");
        }
    }
}

#[test]
fn every_test_that_a_guarantee_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for row in page("docs/guarantees.md")
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("](../tests/"))
    {
        let cell = row.rsplit(" | ").next().expect("a cell");
        for tests in cell.split("](../tests/").skip(1) {
            let (file, names) = tests.split_once("): ").expect("names of tests");
            let source = fs::read_to_string(root.join("tests").join(file)).expect("a file of tests");
            // Tests of properties stand indented in a macro, and take their cases.
            let source = source.lines().map(str::trim).collect::<Vec<_>>().join("\n");
            for name in names.split('`').skip(1).step_by(2) {
                assert!(source.contains(&format!("]\nfn {name}(")), "{file} has no test {name}");
                named += 1;
            }
        }
    }
    assert!(named > 20, "{named} tests are named");
}
