//! `rnnwm schema`: the JSON Schema of experiment files, for editors that complete and check.
//!
//! It is written as draft 7, which editors of TOML understand. It asks for nothing to be there, since what is
//! not may come from a file that is extended; `rnnwm plan` says what is missing.

use clap::Args;
use serde_json::{Map, Value as Json, json};

use crate::plan::Execution;
use crate::stages::{Arity, FIGURE, Gives, StageKind, kinds};
use crate::tasks::Task;

use super::failure::Failure;

/// Arguments of `rnnwm schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {}

/// Prints the schema.
pub fn schema(_: &SchemaArgs) -> Result<(), Failure> {
    super::print(&format!("{:#}\n", document()));
    Ok(())
}

fn document() -> Json {
    let mut definitions = Map::new();
    definitions.insert(
        "axis".to_owned(),
        json!({
            "description": "The value of an axis, such as \"{seed}\".",
            "type": "string",
            "pattern": "^\\{[A-Za-z0-9_-]+\\}$",
        }),
    );
    let names: Vec<&str> = kinds().iter().map(|kind| kind.name()).collect();
    for kind in kinds() {
        let stage = stage(*kind, &mut definitions);
        definitions.insert(format!("stage.{}", kind.name()), stage);
    }
    let figure = converted("figure", &FIGURE.schema(), &mut definitions);
    definitions.insert("figure".to_owned(), figure);
    let any: Vec<Json> = names.iter().map(|name| reference(&format!("stage.{name}"))).collect();
    definitions.insert("stage".to_owned(), json!({ "description": "A stage.", "anyOf": any }));
    let task = task(&mut definitions);
    definitions.insert("task".to_owned(), task);
    let stages: Map<String, Json> = names.iter().map(|name| ((*name).to_owned(), named(name))).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An experiment of rnnwm",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "experiment": head(),
            "axes": axes(),
            "sweep": sweep(),
            "tasks": {
                "description": "Tasks that stages refer to by name. The built-in names (overlap, zero_gap, gap, gap500, odr, odr3000, odrd, ...) need no entry.",
                "type": "object",
                "additionalProperties": reference("task"),
            },
            "stages": {
                "description": "The stages. A stage is of the kind that its name says, or `kind`.",
                "type": "object",
                "properties": stages,
                "additionalProperties": reference("stage"),
            },
        },
        "definitions": definitions,
    })
}

fn head() -> Json {
    let texts = json!({ "type": ["string", "array"], "items": { "type": "string" } });
    let with = |about: &str| {
        let mut texts = texts.clone();
        texts["description"] = about.into();
        texts
    };
    json!({
        "description": "What the experiment is called, and what it starts from.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "name": {
                "description": "Outputs go to a folder of this name [default: the name of the file].",
                "type": "string",
            },
            "description": { "description": "What it is about, for the report.", "type": "string" },
            "extends": with("Another experiment, or several, that this one starts from: a path relative to this file."),
            "remove": with("What is not taken over from there, such as \"stages.psth\" or \"axes.seed\"."),
        },
    })
}

fn axes() -> Json {
    let range = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "from": { "description": "The first value.", "type": "integer" },
            "to": { "description": "The last value.", "type": "integer" },
            "step": { "description": "The distance of values [default: 1].", "type": "integer", "minimum": 1 },
        },
    });
    let list = json!({ "type": "array", "minItems": 1, "items": { "type": SCALAR } });
    json!({
        "description": "The axes of the sweep. Stages run once for each value of the axes that they use.",
        "type": "object",
        "additionalProperties": { "anyOf": [list, range] },
    })
}

/// What an axis holds.
const SCALAR: [&str; 4] = ["integer", "number", "string", "boolean"];

fn sweep() -> Json {
    let types = [SCALAR.as_slice(), &["array"]].concat();
    let values = json!({ "type": types, "items": { "type": SCALAR } });
    json!({
        "description": "Which combinations of the axes there are; without it, all of them.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "zip": {
                "description": "Axes that move together: [[\"seed\", \"delay_ms\"]].",
                "type": "array",
                "items": { "type": "array", "minItems": 2, "items": { "type": "string" } },
            },
            "exclude": {
                "description": "Combinations that are left out: [{ seed = 3, delay_ms = [1500, 3000] }].",
                "type": "array",
                "items": { "type": "object", "additionalProperties": values },
            },
        },
    })
}

/// Tasks, by what fits: every parameter of every kind with its own ranges.
fn task(definitions: &mut Map<String, Json>) -> Json {
    let variants = Task::KINDS.iter().map(|kind| {
        let schema = crate::plan::task_schema(kind);
        converted("task", &schema, definitions)
    });
    json!({ "description": "A task.", "anyOf": variants.collect::<Vec<_>>() })
}

/// A stage whose name is that of a kind: of this kind, unless it says another.
fn named(kind: &str) -> Json {
    let other = json!({ "type": "object", "required": ["kind"], "allOf": [reference("stage")] });
    json!({ "anyOf": [reference(&format!("stage.{kind}")), other] })
}

fn stage(kind: &dyn StageKind, definitions: &mut Map<String, Json>) -> Json {
    let mut stage = converted(kind.name(), &kind.schema(), definitions);
    let mut properties = Map::new();
    properties
        .insert("kind".to_owned(), json!({ "description": "The kind of stage.", "const": kind.name() }));
    for input in kind.inputs() {
        let about = format!("A stage: {}.", input.about);
        let types = if input.arity.is_list() { json!(["array", "string"]) } else { json!("string") };
        let mut property = json!({ "description": about, "type": types });
        if input.arity.is_list() {
            property["items"] = json!({ "type": "string" });
        }
        if input.arity == Arity::Gathered {
            let over = json!({
                "description": "The axes that are gathered.",
                "type": "array",
                "items": { "type": "string" },
            });
            properties.insert("over".to_owned(), over);
        }
        properties.insert(input.name.to_owned(), property);
    }
    if kind.drawing().is_some() && kind.gives() != Gives::Figure {
        let figure = json!({
            "description": "How its figure looks, or false for none.",
            "anyOf": [{ "type": "boolean" }, reference("figure")],
        });
        properties.insert("figure".to_owned(), figure);
    }
    let mut execution = converted("execution", &Execution::schema(), definitions);
    for one in [&mut stage, &mut execution] {
        if let Some(own) = one["properties"].as_object_mut() {
            properties.append(own);
        }
    }
    stage["properties"] = properties.into();
    stage["additionalProperties"] = false.into();
    stage
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The schema of a type, as draft 7 has it: its definitions are added to `definitions` under names that
/// begin with `name`; any value that is no text may also be that of an axis.
fn converted(name: &str, schema: &Json, definitions: &mut Map<String, Json>) -> Json {
    for (inner, definition) in schema["$defs"].as_object().into_iter().flatten() {
        let own = format!("{name}.{inner}");
        definitions.insert(own, convert(name, definition));
    }
    convert(name, schema)
}

/// Keywords that say nothing more, or that draft 7 does not know.
const LEFT_OUT: [&str; 6] = ["$schema", "$defs", "title", "format", "required", "default"];

fn convert(name: &str, schema: &Json) -> Json {
    let Json::Object(keywords) = schema else { return schema.clone() };
    let mut converted = Map::new();
    for (keyword, value) in keywords {
        let value = match keyword.as_str() {
            left_out if LEFT_OUT.contains(&left_out) => continue,
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                properties.map(|(key, inner)| (key.clone(), convert(name, inner))).collect()
            }
            "items" | "additionalProperties" => convert(name, value),
            "anyOf" | "oneOf" => {
                let alternatives = value.as_array().into_iter().flatten();
                alternatives.filter(|one| one["type"] != "null").map(|one| convert(name, one)).collect()
            }
            // In draft 7 nothing may stand beside a reference.
            "$ref" => {
                let target = value.as_str().unwrap_or_default().replace("#/$defs/", "");
                converted.insert("allOf".to_owned(), json!([reference(&format!("{name}.{target}"))]));
                continue;
            }
            "type" => without_null(value),
            _ => value.clone(),
        };
        let keyword = if keyword == "oneOf" { "anyOf" } else { keyword };
        converted.insert(keyword.to_owned(), value);
    }
    let leaf = ["integer", "number", "boolean"].iter().any(|one| converted.get("type") == Some(&json!(one)));
    let choice = converted.contains_key("enum") || keywords.get("oneOf").is_some();
    if leaf || choice {
        let description = converted.remove("description");
        let mut either = Map::from_iter([("anyOf".to_owned(), json!([converted, reference("axis")]))]);
        either.extend(description.map(|text| ("description".to_owned(), text)));
        return either.into();
    }
    converted.into()
}

/// Types but for "null", which TOML does not have.
fn without_null(types: &Json) -> Json {
    let Some(several) = types.as_array() else { return types.clone() };
    let rest: Vec<&Json> = several.iter().filter(|one| **one != "null").collect();
    match rest.as_slice() {
        [only] => (*only).clone(),
        rest => json!(rest),
    }
}
