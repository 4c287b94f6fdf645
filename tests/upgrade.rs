//! A new version of a kind runs that kind again, and nothing else where it gives the same bytes.

mod common;

use common::{Project, SMALL};
use rnnwm::store::{Commit, Durability, Key, Store};

/// Turns the store into one that a program with the version before of a kind has written.
fn downgrade(project: &Project, kind: &str) {
    let now = Store::open(&project.path("data/store"), Durability::Unsynced).expect("a store");
    let before = Store::open(&project.path("data/before"), Durability::Unsynced).expect("a store");
    for (_, record) in now.records_by_key() {
        let mut action = record.action.clone();
        if action["kind"] == kind {
            action["version"] = (action["version"].as_u64().expect("a version") - 1).into();
        }
        let outputs = record.outputs.iter().map(|(name, output)| {
            (name.clone(), now.read(&output.digest).expect("nothing of this store is lost"))
        });
        let commit = Commit {
            key: Key::of(&action).expect("a key"),
            outputs: outputs.collect(),
            facts: record.facts.clone(),
            started_ms: record.started_ms,
            action,
        };
        before.commit(commit).expect("the disk has room");
    }
    before.flush().expect("the disk has room");
    drop((now, before));
    std::fs::remove_dir_all(project.path("data/store")).expect("it is there");
    std::fs::rename(project.path("data/before"), project.path("data/store")).expect("it is there");
}

#[test]
fn a_new_version_of_a_kind_runs_that_kind_alone() {
    let project = Project::new(SMALL);
    project.run().ok();
    for (kind, stage) in
        [("psth", "psth[seed=1]"), ("select", "select[seed=1]"), ("growth", "growth[seed=1]")]
    {
        downgrade(&project, kind);
        assert_eq!(project.run().ok().ran(), [stage], "the bytes are the same, so nothing below runs");
        assert!(project.run().ok().ran().is_empty());
    }
}
