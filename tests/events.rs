//! Event files: every event of real runs is as `docs/events.schema.json` and `docs/events.md` say.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{Project, SMALL};
use rnnwm::run::{Event, Stamped, event_schema};
use serde_json::{Value as Json, json};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::read_to_string(path).expect("the page is there")
}

fn schema() -> Json {
    serde_json::from_str(&page("events.schema.json")).expect("JSON")
}

/// Checks a value against a schema, as far as the schema of events needs; what it does not know of is an
/// error, so that nothing goes unchecked.
fn check(value: &Json, schema: &Json) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let ok = match keyword.as_str() {
            "$schema" | "title" | "description" | "format" => true,
            "const" => value == rule,
            "minimum" => value.as_f64() >= rule.as_f64(),
            "type" => match rule {
                Json::Array(types) => types.iter().any(|one| is(value, one)),
                one => is(value, one),
            },
            "pattern" => {
                assert_eq!(rule, "^[0-9a-f]{64}$");
                let text = value.as_str().unwrap_or_default();
                text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
            }
            "required" => rule
                .as_array()
                .expect("names")
                .iter()
                .all(|name| value.get(name.as_str().expect("a name")).is_some()),
            "properties" => {
                for (name, inner) in rule.as_object().expect("properties") {
                    if let Some(field) = value.get(name) {
                        check(field, inner).map_err(|error| format!("{name}: {error}"))?;
                    }
                }
                true
            }
            "oneOf" => {
                let fitting =
                    rule.as_array().expect("choices").iter().filter(|one| check(value, one).is_ok());
                fitting.count() == 1
            }
            other => panic!("the keyword `{other}` is not checked here"),
        };
        if !ok {
            return Err(format!("{value} is against {keyword}: {rule}"));
        }
    }
    Ok(())
}

fn is(value: &Json, kind: &Json) -> bool {
    match kind.as_str().expect("a type") {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type `{other}` is not checked here"),
    }
}

/// Runs that show every event and every outcome but `found`, which needs two processes.
fn real_events() -> Vec<Json> {
    let project = Project::new(SMALL);
    let mut events = project.run().ok().events;
    // Nobody has trained 17 trials: the selection fails, and what needs it is skipped.
    project.write(&SMALL.replace("mid = [32]", "mid = [17]"));
    let failed = project.run();
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    events.extend(failed.events);
    events
}

#[test]
fn the_schema_is_what_the_program_prints() {
    assert!(event_schema() == schema(), "run: rnnwm events --schema > docs/events.schema.json");
    let project = Project::new(SMALL);
    let printed = project.command(&["events", "--schema"]).output().expect("the binary runs").stdout;
    assert_eq!(String::from_utf8(printed).expect("text"), page("events.schema.json"));
}

#[test]
fn every_event_of_real_runs_is_as_the_schema_says() {
    let events = real_events();
    let schema = schema();
    for event in &events {
        check(event, &schema).unwrap_or_else(|error| panic!("{error}"));
    }
    let seen: BTreeSet<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let known: BTreeSet<&str> = variants(&schema)
        .iter()
        .filter_map(|variant| variant["properties"]["event"]["const"].as_str())
        .collect();
    assert_eq!(seen, known, "every event is tried");
    for wrong in [json!({}), json!({ "time_ms": 1, "event": "stage_log", "stage": "train" })] {
        assert!(check(&wrong, &schema).is_err(), "{wrong}");
    }
}

fn variants(schema: &Json) -> &[Json] {
    schema["oneOf"].as_array().expect("one schema for each event")
}

fn fields(schema: &Json) -> BTreeSet<String> {
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let nested = schema["oneOf"].as_array().into_iter().flatten().flat_map(fields);
    own.chain(nested).filter(|name| name != "event").collect()
}

#[test]
fn every_event_and_every_field_is_documented() {
    let page = page("events.md");
    let schema = schema();
    for variant in variants(&schema) {
        let event = variant["properties"]["event"]["const"].as_str().expect("a name");
        let row = page.lines().find(|line| line.starts_with(&format!("| `{event}`")));
        let row = row.unwrap_or_else(|| panic!("docs/events.md says nothing of `{event}`"));
        for field in fields(variant) {
            assert!(row.contains(&format!("`{field}`")), "docs/events.md has no `{field}` of `{event}`");
        }
        for outcome in variant["oneOf"].as_array().into_iter().flatten() {
            let outcome = outcome["properties"]["outcome"]["const"].as_str().expect("a name");
            assert!(page.contains(&format!("- `{outcome}`: ")), "docs/events.md has no outcome `{outcome}`");
        }
    }
}

#[test]
fn readers_ignore_fields_that_they_do_not_know() {
    let mut line = json!({ "time_ms": 5, "event": "stage_skipped", "stage": "b", "because": "a" });
    let read = |line: &Json| serde_json::from_value::<Stamped>(line.clone());
    let before = read(&line).expect("an event");
    assert_eq!(before.event, Event::StageSkipped { stage: "b".to_owned(), because: "a".to_owned() });
    line["hue"] = json!("green");
    assert_eq!(read(&line).expect("an event"), before);
}
