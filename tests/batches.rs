//! Commits in batches, and the index of records: what is known when, and what is believed.

use std::fs;
use std::path::{Path, PathBuf};

use rnnwm::store::{Commit, Durability, Key, Store};
use serde_json::json;

/// More records than an index is made for.
const MANY: u64 = 300;

fn key(number: u64) -> Key {
    Key::of(&json!(number)).expect("canonical")
}

/// A small output that stands in the record, and a large one that is a file.
fn outputs(number: u64) -> Vec<(String, Vec<u8>)> {
    let small = [0xff, number as u8, 7].to_vec();
    let large = number.to_le_bytes().repeat(500);
    vec![("small".to_owned(), small), ("large".to_owned(), large)]
}

fn commit(store: &Store, number: u64) {
    let action = json!({ "number": number });
    let commit =
        Commit { key: key(number), action, outputs: outputs(number), facts: json!(number), started_ms: 5 };
    store.commit(commit).expect("it is committed");
}

fn open(root: &Path) -> Store {
    Store::open(root, Durability::Synced).expect("a store")
}

/// Whether a store knows a record, and has all of it.
fn knows(store: &Store, number: u64) -> bool {
    let Some(brief) = store.brief(&key(number)) else { return false };
    let wanted = outputs(number);
    assert_eq!(brief.outputs.iter().count(), wanted.len());
    wanted.iter().all(|(name, bytes)| {
        let digest = brief.outputs.get(name).expect("an output");
        store.has(digest) && &store.read(digest).expect("it is there") == bytes
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

fn record_file(root: &Path) -> PathBuf {
    let mut logs = files(&root.join("records"));
    logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    assert_eq!(logs.len(), 1);
    logs.remove(0)
}

/// A store with so many records that it has an index.
fn indexed(root: &Path) {
    let store = open(root);
    (0..MANY).for_each(|number| commit(&store, number));
    store.flush().expect("it is flushed");
    store.tidy();
    assert!(root.join("records/index").exists());
}

/// Changes one byte of a record, where its start time stands.
fn alter(root: &Path, number: u64) {
    let path = record_file(root);
    let mut bytes = fs::read(&path).expect("records");
    let wanted = key(number).to_string();
    let at = bytes.windows(wanted.len()).position(|window| window == wanted.as_bytes()).expect("its line");
    bytes[at + wanted.len() + 10] ^= 1;
    fs::write(&path, bytes).expect("records can be written");
}

#[test]
fn a_commit_is_known_at_once_and_to_others_after_the_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, other) = (open(folder.path()), open(folder.path()));
    commit(&store, 1);
    assert!(knows(&store, 1));
    assert!(files(&folder.path().join("objects")).is_empty(), "nothing has a name yet");
    other.refresh().expect("it reads");
    assert!(!knows(&other, 1));
    store.flush().expect("it is flushed");
    other.refresh().expect("it reads");
    assert!(knows(&store, 1) && knows(&other, 1));
    assert_eq!(other.lookup(&key(1)).expect("a record").facts, json!(1));
}

#[test]
fn what_is_not_flushed_when_the_process_dies_never_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    commit(&store, 1);
    store.flush().expect("it is flushed");
    commit(&store, 2);
    std::mem::forget(store);
    let store = open(folder.path());
    assert!(knows(&store, 1) && !knows(&store, 2));
    commit(&store, 2);
    drop(store);
    assert!(knows(&open(folder.path()), 2), "a store that is closed has flushed");
}

#[test]
fn an_index_says_what_the_records_say_and_what_comes_later_is_read_on_top() {
    let folder = tempfile::tempdir().expect("a folder");
    indexed(folder.path());
    let store = open(folder.path());
    assert!((0..MANY).all(|number| knows(&store, number)));
    assert!(!knows(&store, MANY));
    commit(&store, MANY);
    drop(store);
    let store = open(folder.path());
    assert!((0..=MANY).all(|number| knows(&store, number)));
    assert_eq!(store.lookup(&key(7)).expect("a record").action, json!({ "number": 7 }));
}

#[test]
fn an_index_that_is_damaged_or_gone_is_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    indexed(folder.path());
    let path = folder.path().join("records/index");
    let whole = fs::read(&path).expect("an index");
    for damaged in [whole[..whole.len() / 2].to_vec(), Vec::new(), b"no index".to_vec()] {
        fs::write(&path, damaged).expect("it can be written");
        let store = open(folder.path());
        assert!((0..MANY).all(|number| knows(&store, number)));
        assert_eq!(fs::read(&path).expect("an index").len(), whole.len());
    }
}

#[test]
fn an_index_does_not_hide_that_a_record_was_altered() {
    let folder = tempfile::tempdir().expect("a folder");
    indexed(folder.path());
    alter(folder.path(), 5);
    let store = open(folder.path());
    assert!(!knows(&store, 5) && store.lookup(&key(5)).is_none());
    assert!((0..MANY).filter(|number| *number != 5).all(|number| knows(&store, number)));
    assert_eq!(store.damage().records, 1);
    commit(&store, 5);
    drop(store);
    assert!(knows(&open(folder.path()), 5), "it is made again");
}

#[test]
fn a_record_that_is_altered_behind_the_index_is_missing_once_that_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    indexed(folder.path());
    let store = open(folder.path());
    let small = *store.brief(&key(5)).expect("it is known").outputs.get("small").expect("an output");
    alter(folder.path(), 5);
    assert!(store.read(&small).is_err());
    assert!(!store.has(&small) && store.brief(&key(5)).is_none() && store.lookup(&key(5)).is_none());
    assert!(knows(&store, 6));
    commit(&store, 5);
    store.flush().expect("it is flushed");
    assert!(knows(&store, 5), "it is made again");
}

#[test]
fn an_index_does_not_keep_records_alive_whose_file_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    indexed(folder.path());
    fs::remove_file(record_file(folder.path())).expect("it can be removed");
    let store = open(folder.path());
    assert!((0..MANY).all(|number| !knows(&store, number)));
}
