//! Checks a value against the JSON Schema of the type it will become, and says everything that is
//! wrong with it, in the user's words and at its place.
//!
//! Only what `schemars` writes for our parameter types is understood: objects, lists, numbers with
//! ranges, texts, enumerations, optional values, alternatives and references. A text with `"format": "task"` is
//! the name of a task; [`tasks_in`] finds them.

use serde_json::Value as Json;

use super::problem::Problem;
use super::suggest::{hint, nearest};
use super::value::{Entry, Node, Value};

/// Says what is wrong with `node` as a value of `schema`. `what` names it in messages.
pub fn check(schema: &Json, node: &Node, what: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    Checker { root: schema, problems: &mut problems }.check(schema, node, what);
    problems
}

/// The value without the entries that problems are about, so that the rest can be looked at.
pub fn without(node: &Node, problems: &[Problem]) -> Node {
    let wrong = |span| problems.iter().any(|problem| problem.labels.iter().any(|(place, _)| *place == span));
    let value = match &node.value {
        Value::Table(entries) => {
            let kept = entries.iter().filter(|entry| !wrong(entry.key_span) && !wrong(entry.node.span));
            Value::Table(
                kept.map(|entry| Entry { node: without(&entry.node, problems), ..entry.clone() }).collect(),
            )
        }
        Value::Array(items) => {
            let kept = items.iter().filter(|item| !wrong(item.span));
            Value::Array(kept.map(|item| without(item, problems)).collect())
        }
        other => other.clone(),
    };
    Node { span: node.span, value }
}

/// Every text in `node` that `schema` says is the name of a task.
pub fn tasks_in<'n>(schema: &Json, node: &'n Node) -> Vec<&'n Node> {
    let mut found = Vec::new();
    collect_tasks(schema, schema, node, &mut found);
    found
}

fn collect_tasks<'n>(root: &Json, schema: &Json, node: &'n Node, found: &mut Vec<&'n Node>) {
    let schema = resolve(root, schema);
    if schema["format"] == "task" && node.as_str().is_some() {
        found.push(node);
    }
    for alternative in alternatives(schema) {
        collect_tasks(root, alternative, node, found);
    }
    match &node.value {
        Value::Array(items) => {
            items.iter().for_each(|item| collect_tasks(root, &schema["items"], item, found))
        }
        Value::Table(entries) => entries.iter().for_each(|entry| {
            collect_tasks(root, &schema["properties"][entry.key.as_str()], &entry.node, found)
        }),
        _ => {}
    }
}

fn resolve<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    match name {
        Some(name) => &root["$defs"][name],
        None => schema,
    }
}

fn alternatives(schema: &Json) -> Vec<&Json> {
    ["anyOf", "oneOf"]
        .iter()
        .filter_map(|key| schema[*key].as_array())
        .flatten()
        .filter(|alternative| alternative["type"] != "null")
        .collect()
}

/// The texts that are allowed, where a schema allows these and nothing else.
fn names(schema: &Json) -> Vec<&str> {
    if let Some(only) = schema["const"].as_str() {
        return vec![only];
    }
    let constants: Option<Vec<&str>> =
        alternatives(schema).iter().map(|alternative| alternative["const"].as_str()).collect();
    match constants {
        Some(constants) if !constants.is_empty() => constants,
        _ => schema["enum"].as_array().into_iter().flatten().filter_map(Json::as_str).collect(),
    }
}

struct Checker<'a> {
    root: &'a Json,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn check(&mut self, schema: &Json, node: &Node, what: &str) {
        let schema = resolve(self.root, schema);
        let names = names(schema);
        if !names.is_empty() {
            return self.one_of(&names, node, what);
        }
        let alternatives = alternatives(schema);
        if !alternatives.is_empty() {
            return self.any_of(&alternatives, node, what);
        }
        let allows = |name: &str| match &schema["type"] {
            Json::String(only) => only == name,
            Json::Array(several) => several.iter().any(|one| one == name),
            _ => true,
        };
        match &node.value {
            Value::String(text) if allows("string") => self.text(schema, node, text, what),
            Value::Boolean(_) if allows("boolean") => {}
            Value::Integer(number) if allows("integer") || allows("number") => {
                self.range(schema, node, *number as f64, what);
            }
            Value::Float(number) if allows("number") => self.range(schema, node, *number, what),
            Value::Array(items) if allows("array") => {
                let least = schema["minItems"].as_u64().unwrap_or(0);
                if (items.len() as u64) < least {
                    self.say(node, format!("{what} has too few values"), format!("at least {least}"));
                }
                if let Some(most) = schema["maxItems"].as_u64().filter(|most| items.len() as u64 > *most) {
                    self.say(node, format!("{what} has too many values"), format!("at most {most}"));
                }
                for (index, item) in items.iter().enumerate() {
                    self.check(&schema["items"], item, &format!("{what}[{index}]"));
                }
            }
            Value::Table(_) if allows("object") => self.object(schema, node, what),
            other => {
                let found = match other {
                    Value::Float(number) => number.to_string(),
                    _ => other.type_name().to_owned(),
                };
                self.say(node, format!("{what} is {found}"), format!("expected {}", expected(schema)));
            }
        }
    }

    fn say(&mut self, node: &Node, message: String, label: String) {
        self.problems.push(Problem::at(node.span, message, label));
    }

    fn one_of(&mut self, names: &[&str], node: &Node, what: &str) {
        let expected = quoted(names);
        match node.as_str() {
            Some(text) if names.contains(&text) => {}
            Some(text) => {
                let help = match nearest(text, names.iter().copied()) {
                    Some(near) => format!("did you mean \"{near}\"? known: {expected}"),
                    None => format!("known: {expected}"),
                };
                self.problems.push(
                    Problem::at(node.span, format!("{what} cannot be \"{text}\""), "not known").help(help),
                );
            }
            None => {
                let found = node.value.type_name();
                self.say(node, format!("{what} is {found}"), format!("expected one of {expected}"));
            }
        }
    }

    /// The value may fit any alternative; where it fits none, the one that is complained of least is
    /// meant. Alternatives that are texts are one alternative: to be one of them.
    fn any_of(&mut self, alternatives: &[&Json], node: &Node, what: &str) {
        let (texts, others): (Vec<&Json>, Vec<&Json>) =
            alternatives.iter().partition(|alternative| alternative["const"].is_string());
        let texts: Vec<&str> = texts.iter().filter_map(|text| text["const"].as_str()).collect();
        let (mut wrong_type, mut meant) = (Vec::new(), Vec::new());
        let mut consider = |expected: String, check: &dyn Fn(&mut Checker)| {
            let mut problems = Vec::new();
            check(&mut Checker { root: self.root, problems: &mut problems });
            let place = problems.first().map(|problem| &problem.labels[0]);
            match place.is_some_and(|(span, label)| *span == node.span && label.starts_with("expected")) {
                true => wrong_type.push((expected, problems)),
                false => meant.push(problems),
            }
        };
        if !texts.is_empty() {
            consider(quoted(&texts), &|checker| checker.one_of(&texts, node, what));
        }
        for other in others {
            let expected = expected(resolve(self.root, other));
            consider(expected, &|checker| checker.check(other, node, what));
        }
        if let Some(least) = meant.into_iter().min_by_key(Vec::len) {
            self.problems.extend(least);
        } else if wrong_type.len() == 1 {
            self.problems.extend(wrong_type.into_iter().flat_map(|(_, problems)| problems));
        } else {
            let expected: Vec<String> = wrong_type.into_iter().map(|(expected, _)| expected).collect();
            let found = node.value.type_name();
            self.say(node, format!("{what} is {found}"), format!("expected {}", expected.join(" or ")));
        }
    }

    fn text(&mut self, schema: &Json, node: &Node, text: &str, what: &str) {
        let least = schema["minLength"].as_u64().unwrap_or(0);
        if (text.len() as u64) < least {
            self.say(node, format!("{what} is empty"), "expected a text".to_owned());
        }
    }

    fn range(&mut self, schema: &Json, node: &Node, number: f64, what: &str) {
        let bound = |key: &str| schema[key].as_f64();
        let broken = [
            (bound("minimum").filter(|bound| number < *bound), "at least"),
            (bound("maximum").filter(|bound| number > *bound), "at most"),
            (bound("exclusiveMinimum").filter(|bound| number <= *bound), "more than"),
            (bound("exclusiveMaximum").filter(|bound| number >= *bound), "less than"),
        ];
        for (bound, words) in broken {
            if let Some(bound) = bound {
                self.say(node, format!("{what} is {number}"), format!("must be {words} {bound}"));
            }
        }
    }

    fn object(&mut self, schema: &Json, node: &Node, what: &str) {
        let empty = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        for entry in node.entries().unwrap_or_default() {
            match properties.get(&entry.key) {
                Some(inner) => self.check(inner, &entry.node, &format!("`{}`", entry.key)),
                None if schema["additionalProperties"].is_object() => {
                    self.check(&schema["additionalProperties"], &entry.node, &format!("`{}`", entry.key));
                }
                None => self.problems.push(unknown_key(
                    entry.key_span,
                    &entry.key,
                    what,
                    properties.keys().map(String::as_str),
                )),
            }
        }
        for key in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if node.entry(key).is_none() {
                let about = properties.get(key).and_then(|inner| inner["description"].as_str());
                self.problems.push(
                    Problem::at(node.span, format!("{what} has no `{key}`"), "expected here")
                        .maybe_help(about.map(|about| format!("`{key}`: {}", first_sentence(about)))),
                );
            }
        }
    }
}

/// The problem of a key that is not known, with the nearest one that is.
pub fn unknown_key<'k>(
    span: super::source::Span,
    key: &str,
    what: &str,
    known: impl Iterator<Item = &'k str>,
) -> Problem {
    Problem::at(span, format!("{what} has no parameter `{key}`"), "not known").help(hint(key, "known", known))
}

/// The first sentence of a description.
pub fn first_sentence(text: &str) -> String {
    let text = text.split("\n\n").next().unwrap_or(text).replace('\n', " ");
    text.trim_end_matches('.').to_owned()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

fn expected(schema: &Json) -> String {
    let name = |name: &str| match name {
        "string" if schema["format"] == "task" => "the name of a task",
        "string" => "text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "a list",
        "object" => "a table",
        _ => "nothing",
    };
    match &schema["type"] {
        Json::String(only) => name(only).to_owned(),
        Json::Array(several) => {
            let words: Vec<&str> =
                several.iter().filter_map(Json::as_str).filter(|one| *one != "null").map(name).collect();
            words.join(" or ")
        }
        _ => "something else".to_owned(),
    }
}
