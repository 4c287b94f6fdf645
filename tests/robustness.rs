//! Whatever is in an experiment file or a store, reading it gives a result or an error, never a panic.

mod common;

use std::collections::BTreeMap;

use common::SMALL;
use proptest::prelude::*;
use rnnwm::experiment::Experiment;
use rnnwm::plan::Plan;
use rnnwm::store::{Commit, Durability, Key, Store};
use serde_json::json;

/// Plans an experiment against an empty store; gives how many problems it has.
fn problems(text: &str, settings: &[String]) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), Durability::Unsynced).expect("a store");
    let experiment = match Experiment::parse("experiment.toml", text, settings) {
        Ok(experiment) => experiment,
        Err(problems) => return problems.problems.len(),
    };
    match Plan::new(experiment, &[], BTreeMap::new(), &store) {
        Ok(_) => 0,
        Err(rnnwm::plan::PlanError::Experiment(problems)) => {
            for problem in &problems.problems {
                for (span, _) in &problem.labels {
                    assert!(problems.sources.locate(*span).is_some(), "a place outside the text");
                }
            }
            problems.problems.len()
        }
        Err(other) => panic!("{other}"),
    }
}

/// Fragments that mean something in an experiment.
const FRAGMENTS: [&str; 14] = [
    "\"{seed}\"",
    "[stages.x]",
    "kind = \"psth\"",
    "over = [\"seed\"]",
    "= {",
    "}",
    "-1",
    "1e400",
    "\"train\"",
    "[[",
    "model = \"select\"",
    "\u{fc}\u{1f9e0}",
    "9223372036854775808",
    "1979-05-27",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_experiments_are_planned_or_refused(
        edits in prop::collection::vec((0usize..700, 0usize..30, 0usize..FRAGMENTS.len()), 1..4)
    ) {
        let mut text = SMALL.to_owned();
        for (at, removed, fragment) in edits {
            let boundary = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            let (start, end) = (boundary(at.min(text.len())), boundary((at + removed).min(text.len())));
            text.replace_range(start..end, FRAGMENTS[fragment]);
        }
        problems(&text, &[]);
    }

    #[test]
    fn any_setting_is_taken_or_refused(path in "[a-z_.]{0,30}", value in "\\PC{0,12}") {
        problems(SMALL, &[format!("{path}={value}"), format!("stages.train.{path}={value}")]);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        prop_assert!(problems(&text, &[]) > 0);
    }

    #[test]
    fn damaged_records_are_absent_and_the_others_are_there(
        flips in prop::collection::vec((0usize..100_000, 1u8..=255), 1..6)
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let keys: Vec<Key> = (0..6).map(|n| Key::of(&json!({ "n": n })).expect("a key")).collect();
        let store = Store::open(folder.path(), Durability::Unsynced).expect("a store");
        for (n, key) in keys.iter().enumerate() {
            let outputs = vec![("text".to_owned(), format!("output {n}").into_bytes())];
            store
                .commit(Commit { key: *key, action: json!(n), outputs, facts: json!({ "n": n }), started_ms: 0 })
                .expect("a commit");
        }
        let records = std::fs::read_dir(folder.path().join("records")).expect("records");
        let path = records.flatten().next().expect("a file").path();
        let mut bytes = std::fs::read(&path).expect("bytes");
        let whole = bytes.clone();
        for (at, flip) in flips {
            let at = at % bytes.len();
            bytes[at] ^= flip;
        }
        std::fs::write(&path, &bytes).expect("bytes");
        let store = Store::open(folder.path(), Durability::Unsynced).expect("a store");
        let lines = |bytes: &[u8]| -> Vec<Vec<u8>> { bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect() };
        let unchanged = lines(&bytes);
        for (n, (key, line)) in keys.iter().zip(lines(&whole)).enumerate() {
            match store.lookup(key) {
                Some(record) => {
                    prop_assert_eq!(&record.facts, &json!({ "n": n }));
                    let digest = record.outputs["text"].digest;
                    prop_assert_eq!(store.read(&digest).expect("an output"), format!("output {n}").into_bytes());
                }
                None => prop_assert!(!unchanged.contains(&line), "a record that is whole is not found"),
            }
        }
    }
}
