//! What the registry asks of every stage kind: documentation, an example, and outputs that do not change
//! unnoticed.

mod common;

use std::fs;
use std::path::Path;

use common::{Project, SMALL};
use rnnwm::stages::kinds;
use rnnwm::table::Table;
use serde_json::Value as Json;

fn experiments() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .expect("there are experiments")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("text")))
        .collect();
    files.sort();
    files
}

#[test]
fn every_kind_and_every_parameter_is_documented() {
    fn check(at: &str, schema: &Json) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let described = property["description"].is_string() || property["$ref"].is_string();
            assert!(described, "{at}.{name} has no doc comment");
        }
    }
    for kind in kinds() {
        let schema = kind.schema();
        assert!(schema["description"].is_string(), "{} has no doc comment", kind.name());
        check(kind.name(), &schema);
        for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
            assert!(definition["description"].is_string(), "{name} has no doc comment");
            check(name, definition);
        }
    }
}

#[test]
fn every_kind_has_an_example_among_the_experiments() {
    let all: String = experiments().into_iter().map(|(_, text)| text).collect();
    for kind in kinds() {
        let name = kind.name();
        let used = all.contains(&format!("[stages.{name}]")) || all.contains(&format!("kind = \"{name}\""));
        assert!(used, "no experiment uses `{name}`");
    }
}

#[test]
fn every_experiment_can_be_planned() {
    for (path, _) in experiments() {
        let project = Project::new(SMALL);
        let output = project.command(&["plan", &path]).output().expect("the binary runs");
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Every table that every kind gives: its columns, as people and scripts rely on them.
#[test]
fn the_tables_of_every_kind_have_these_columns() {
    let summarised = SMALL.to_owned()
        + "\n[stages.summary]\nof = [\"psth\", \"endpoints\", \"growth\"]\nover = [\"seed\"]\n";
    let project = Project::new(&summarised);
    project.run().ok();
    let mut listing = String::new();
    for (path, bytes) in project.files("outputs/small/tables") {
        if path.extension().is_some_and(|extension| extension == "parquet") {
            let table = Table::from_parquet(&bytes).expect("a table");
            listing.push_str(&format!("{}: {}\n", path.display(), table.columns().join(", ")));
        }
    }
    insta::assert_snapshot!(listing);
}

#[test]
fn the_page_of_kinds_is_up_to_date() {
    let project = Project::new(SMALL);
    let output = project.command(&["kinds"]).output().expect("the binary runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kinds.md")).expect("the page");
    let (_, generated) = page.split_once("<!-- rnnwm kinds -->\n").expect("the mark");
    assert_eq!(generated.trim(), printed.trim(), "docs/kinds.md is not what `rnnwm kinds` prints");
}
