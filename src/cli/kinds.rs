//! `rnnwm kinds`: what stages there are, from the doc comments and types of their parameters.

use std::fmt::Write;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::experiment::hint;
use crate::plan::Execution;
use crate::stages::{Arity, FIGURE, StageKind, kinds as registered};

use super::failure::Failure;

/// Arguments of `rnnwm kinds`.
#[derive(Debug, Args)]
pub struct KindsArgs {
    /// Only this kind.
    kind: Option<String>,
    /// Print JSON: of each kind its inputs and the JSON Schema of its parameters.
    #[arg(long)]
    json: bool,
}

/// Prints the stage kinds with all their parameters, in Markdown.
pub fn kinds(args: &KindsArgs) -> Result<(), Failure> {
    let all = registered();
    let shown: Vec<&dyn StageKind> = all
        .iter()
        .copied()
        .filter(|kind| args.kind.as_ref().is_none_or(|name| kind.name() == name))
        .collect();
    if let (Some(name), []) = (&args.kind, shown.as_slice()) {
        let help = hint(name, "kinds", all.iter().map(|kind| kind.name()));
        return Err(Failure::Input(format!("there is no stage kind `{name}`; {help}")));
    }
    if args.json {
        super::print_json(&shown.into_iter().map(as_json).collect());
    } else {
        let every = args.kind.is_none().then(every_stage);
        super::print(&shown.into_iter().map(page).chain(every).collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

fn as_json(kind: &dyn StageKind) -> Json {
    let inputs = kind.inputs().iter().map(|input| {
        let required = input.arity != Arity::Optional;
        json!({ "name": input.name, "takes": input.takes.words(), "about": input.about, "required": required })
    });
    json!({
        "kind": kind.name(),
        "version": kind.version(),
        "gives": kind.gives().words(),
        "figure": kind.drawing().is_some(),
        "inputs": inputs.collect::<Vec<_>>(),
        "parameters": kind.schema(),
    })
}

fn page(kind: &dyn StageKind) -> String {
    let schema = kind.schema();
    let about = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
    let mut page = format!("## `{}`\n\n{about}\n\n", kind.name());
    page.push_str("| parameter | what it is | default |\n|---|---|---|\n");
    for input in kind.inputs() {
        let default = if input.arity == Arity::Optional { "none" } else { "required" };
        let what = if input.arity.is_list() { "A list of stages" } else { "A stage" };
        row(&mut page, input.name, &format!("{what}: {}.", input.about), default);
    }
    properties(&mut page, &schema, &schema, "", &Json::Null);
    if kind.drawing().is_some() {
        row(&mut page, "figure", "How its figure looks, or `false` for none.", "");
        let look = FIGURE.schema();
        properties(&mut page, &look, &look, "figure.", &Json::Null);
    }
    page
}

/// What any stage may say beside its parameters.
fn every_stage() -> String {
    let schema = Execution::schema();
    let about = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
    let mut page =
        format!("## Every stage\n\n{about}\n\n| parameter | what it is | default |\n|---|---|---|\n");
    properties(&mut page, &schema, &schema, "", &Json::Null);
    page
}

/// Rows for the properties of a table. `defaults` is what stands where the table itself is not given.
fn properties(page: &mut String, root: &Json, schema: &Json, path: &str, defaults: &Json) {
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let target = resolve(root, property);
        let about = property["description"].as_str().or(target["description"].as_str()).unwrap_or_default();
        let choices = choices(target);
        let given = [&defaults[name.as_str()], &property["default"]];
        let default = given.into_iter().find(|value| !value.is_null()).unwrap_or(&Json::Null);
        let shown = match default {
            Json::Null if required(name) => "required".to_owned(),
            Json::Null | Json::Object(_) => String::new(),
            value => format!("`{value}`"),
        };
        row(page, &format!("{path}{name}"), &format!("{about}{choices}"), &shown);
        properties(page, root, target, &format!("{path}{name}."), default);
    }
}

/// What a reference leads to, or the one alternative of an optional value.
fn resolve<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return &root["$defs"][name];
    }
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    match alternatives.filter(|one| one["type"] != "null").collect::<Vec<_>>().as_slice() {
        [only] => resolve(root, only),
        _ => schema,
    }
}

/// How the alternatives of a parameter are written.
fn choices(schema: &Json) -> String {
    let alternatives = ["oneOf", "anyOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
    let written: Vec<String> = alternatives.filter_map(form).collect();
    if written.is_empty() { String::new() } else { format!(" One of {}.", written.join(", ")) }
}

/// How one alternative is written: a word, a table of one key, or a list.
fn form(alternative: &Json) -> Option<String> {
    if let Some(word) = alternative["const"].as_str() {
        return Some(format!("`\"{word}\"`"));
    }
    match alternative["type"].as_str()? {
        "object" => {
            let keys = alternative["required"].as_array()?.iter().filter_map(Json::as_str);
            Some(format!("`{{ {} = ... }}`", keys.collect::<Vec<_>>().join(" = ..., ")))
        }
        "array" => Some("a list".to_owned()),
        _ => None,
    }
}

fn row(page: &mut String, name: &str, about: &str, default: &str) {
    let about = about.replace('\n', " ").replace('|', "\\|");
    // Writing to a text cannot fail.
    let _ = writeln!(page, "| `{name}` | {about} | {default} |");
}
