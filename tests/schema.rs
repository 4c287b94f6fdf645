//! The JSON Schema of experiment files: it is what `rnnwm schema` prints, every experiment fits it, and
//! mistakes do not.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Project, SMALL};
use serde_json::Value as Json;

const FILE: &str = "docs/experiment.schema.json";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn schema() -> Json {
    let text = fs::read_to_string(root().join(FILE)).expect("the schema is there");
    serde_json::from_str(&text).expect("JSON")
}

/// Whether a value fits a schema. Knows the keywords that our schema uses, and refuses others.
fn fits(root: &Json, schema: &Json, value: &Json) -> bool {
    let Some(keywords) = schema.as_object() else { return schema != &Json::Bool(false) };
    keywords.iter().all(|(keyword, says)| match keyword.as_str() {
        "$ref" => {
            let name = says.as_str().and_then(|path| path.strip_prefix("#/definitions/")).expect("a name");
            let target = root["definitions"].get(name).unwrap_or_else(|| panic!("no definition {name}"));
            fits(root, target, value)
        }
        "allOf" => says.as_array().expect("a list").iter().all(|one| fits(root, one, value)),
        "anyOf" => says.as_array().expect("a list").iter().any(|one| fits(root, one, value)),
        "type" => match says {
            Json::Array(several) => several.iter().any(|one| is(one, value)),
            one => is(one, value),
        },
        "const" => says == value,
        "enum" => says.as_array().expect("a list").contains(value),
        "pattern" => value.as_str().is_none_or(|text| text.starts_with('{') && text.ends_with('}')),
        "minimum" => value.as_f64().is_none_or(|number| number >= bound(says)),
        "maximum" => value.as_f64().is_none_or(|number| number <= bound(says)),
        "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > bound(says)),
        "exclusiveMaximum" => value.as_f64().is_none_or(|number| number < bound(says)),
        "minItems" => value.as_array().is_none_or(|items| items.len() as f64 >= bound(says)),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as f64 <= bound(says)),
        "uniqueItems" => {
            let repeated = |items: &Vec<Json>| (1..items.len()).any(|at| items[..at].contains(&items[at]));
            says != &Json::Bool(true) || !value.as_array().is_some_and(repeated)
        }
        "minLength" => value.as_str().is_none_or(|text| text.len() as f64 >= bound(says)),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, says, item))),
        "required" => {
            let keys = says.as_array().expect("a list").iter().filter_map(Json::as_str);
            value.as_object().is_none_or(|table| keys.into_iter().all(|key| table.contains_key(key)))
        }
        "properties" => value.as_object().is_none_or(|table| {
            table.iter().all(|(key, inner)| says.get(key).is_none_or(|says| fits(root, says, inner)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|table| {
            let others = table.iter().filter(|(key, _)| schema["properties"].get(key).is_none());
            others.into_iter().all(|(_, inner)| fits(root, says, inner))
        }),
        "$schema" | "title" | "description" | "definitions" => true,
        other => panic!("the schema uses `{other}`, which this test does not know"),
    })
}

fn bound(says: &Json) -> f64 {
    says.as_f64().expect("a number")
}

fn is(name: &Json, value: &Json) -> bool {
    match name.as_str().expect("the name of a type") {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    }
}

fn valid(experiment: &str) -> bool {
    let table: toml::Table = toml::from_str(experiment).expect("TOML");
    let schema = schema();
    fits(&schema, &schema, &serde_json::to_value(table).expect("JSON"))
}

#[test]
fn the_schema_is_up_to_date() {
    let output = Project::new(SMALL).command(&["schema"]).output().expect("the binary runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let written = fs::read_to_string(root().join(FILE)).expect("the schema is there");
    assert!(printed == written, "write it anew: cargo run --release -- schema > {FILE}");
}

#[test]
fn every_experiment_fits_and_names_the_schema() {
    let folder = root().join("experiments");
    for entry in fs::read_dir(&folder).expect("experiments") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        assert!(valid(&text), "{}", path.display());
        let line = text.lines().next().and_then(|line| line.strip_prefix("#:schema ")).expect("the line");
        assert!(folder.join(line).exists(), "{}: {line}", path.display());
    }
    for page in ["README.md", "docs/experiments.md"] {
        let text = fs::read_to_string(root().join(page)).expect("text");
        for block in text.split("```toml\n").skip(1) {
            assert!(valid(block.split("```").next().expect("a block")), "{page}: {block}");
        }
    }
    let kinds = fs::read_to_string(root().join("tests/kinds.toml")).expect("text");
    assert!(valid(&kinds) && valid(SMALL));
}

/// What `plan --resolved` prints has every parameter of every stage.
#[test]
fn every_default_fits() {
    let kinds = fs::read_to_string(root().join("tests/kinds.toml")).expect("text");
    let project = Project::new(&kinds);
    let output = project.command(&["plan", "experiment.toml", "--resolved"]).output().expect("it runs");
    assert!(valid(&String::from_utf8(output.stdout).expect("text")));
}

#[test]
fn what_only_an_extension_or_an_axis_makes_whole_fits() {
    for fine in [
        "[experiment]\nextends = [\"a.toml\"]\nremove = \"stages.psth\"\n[stages.own]\nfigure = { dpi = 100 }",
        "[axes]\nn = { from = 1, to = 3 }\n[stages.train]\nmodel = { units = \"{n}\", activation = \"{a}\" }",
        "[sweep]\nzip = [[\"a\", \"b\"]]\nexclude = [{ a = 1, b = [2, \"x\"] }]",
        "[stages.psth]\nkind = \"activity\"\nrepeats = 2",
    ] {
        assert!(valid(fine), "{fine}");
    }
}

#[test]
fn mistakes_do_not_fit() {
    for wrong in [
        "[stage.train]\nseed = 1",
        "[experiment]\nextend = \"a.toml\"",
        "[axes]\nn = { from = 1, too = 3 }",
        "[axes]\nn = 3",
        "[sweep]\nzip = [[\"a\"]]",
        "[tasks]\nmemory = { kind = \"odr\", delay = 3 }",
        "[stages.train]\nsed = 1",
        "[stages.train]\nmodel = { units = 0 }",
        "[stages.train]\nmodel = { units = \"many\" }",
        "[stages.train]\nmodel = { activation = \"softpuls\" }",
        "[stages.train]\nover = [\"seed\"]",
        "[stages.psth]\nrepeats = 2",
        "[stages.psth]\nfigure = { width_mm = 9000 }",
        "[stages.own]\nkind = \"trian\"",
    ] {
        assert!(!valid(wrong), "{wrong}");
    }
}
