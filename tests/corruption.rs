//! Every kind of file that a run leaves, damaged in every way: it is noticed, what is lost is made again with
//! the same bytes, and nothing is damaged after that.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::power::Chance;
use common::{Project, SMALL, assert_same};

/// Enough records for an index.
fn experiment() -> String {
    SMALL.replace("max_trials = 320", "max_trials = 3200")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Damage {
    Flip,
    Truncate,
    Empty,
    Delete,
    Swap,
}

const DAMAGES: [Damage; 5] = [Damage::Flip, Damage::Truncate, Damage::Empty, Damage::Delete, Damage::Swap];

/// The kinds of files, each with the start and the end of its paths.
const KINDS: [(&str, &str, &str); 8] = [
    ("object", "data/store/objects/", ""),
    ("records", "data/store/records/", ".log"),
    ("index of records", "data/store/records/index", ""),
    ("keys", "data/store/runs/", "keys.json"),
    ("run", "data/store/runs/", ""),
    ("manifest", "outputs/", ".layout.json"),
    ("figure or table", "outputs/small/", ""),
    ("model", "data/small/", ""),
];

/// The kind of a file, the most special first.
fn kind(path: &str) -> Option<&'static str> {
    let fits = |(_, start, end): &&(&str, &str, &str)| path.starts_with(start) && path.ends_with(end);
    KINDS.iter().find(fits).map(|(name, ..)| *name)
}

/// All files below a project, by kind.
fn files(project: &Project) -> BTreeMap<&'static str, Vec<String>> {
    let mut kinds: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for folder in ["data", "outputs"] {
        for path in project.files(folder).keys() {
            let path = Path::new(folder).join(path).to_str().expect("text").to_owned();
            if let Some(kind) = kind(&path) {
                kinds.entry(kind).or_default().push(path);
            }
        }
    }
    kinds
}

fn damage(project: &Project, files: &[String], how: Damage, chance: &mut Chance) {
    let at = chance.of(files.len() as u64) as usize;
    let path = project.path(&files[at]);
    let mut bytes = fs::read(&path).expect("it can be read");
    let write = |path: &PathBuf, bytes: &[u8]| {
        let _ = fs::remove_file(path);
        fs::write(path, bytes).expect("it can be written");
    };
    match how {
        Damage::Flip => {
            let bit = chance.of(bytes.len() as u64 * 8);
            bytes[bit as usize / 8] ^= 1 << (bit % 8);
            write(&path, &bytes);
        }
        Damage::Truncate => write(&path, &bytes[..bytes.len() / 2]),
        Damage::Empty => write(&path, b""),
        Damage::Delete => fs::remove_file(&path).expect("it can be removed"),
        Damage::Swap => {
            let other = project.path(&files[(at + 1) % files.len()]);
            let others = fs::read(&other).expect("it can be read");
            // The only file of its kind gets a content that is none of its kind's.
            let others = if other == path { b"{}\n".to_vec() } else { others };
            write(&other, &bytes);
            write(&path, &others);
        }
    }
}

/// Rounds over all kinds and damages in the ordinary run of the tests, each with files and bits of its own;
/// `RNNWM_TEST_ROUNDS=50` tries more.
const ROUNDS: u64 = 1;

#[test]
fn whatever_is_damaged_is_noticed_and_made_again_with_the_same_bytes() {
    let rounds = std::env::var("RNNWM_TEST_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("a number"));
    let original = Project::new(&experiment());
    original.run().ok();
    let expected = original.artifacts();
    let kinds = files(&original);
    assert_eq!(kinds.len(), KINDS.len(), "{:?}", kinds.keys());
    let mut chance = Chance(7);
    for _ in 0..rounds {
        for (kind, files) in &kinds {
            for how in DAMAGES {
                let project = original.copy(&experiment());
                damage(&project, files, how, &mut chance);
                try_one(&project, kind, how, &expected);
            }
        }
    }
}

fn try_one(project: &Project, kind: &str, how: Damage, expected: &BTreeMap<PathBuf, Vec<u8>>) {
    let in_store = !["manifest", "figure or table", "model"].contains(&kind);
    if in_store {
        project.clear();
    }
    let run = project.run().ok();
    assert_same(expected, &project.artifacts());
    let verified = project.command(&["verify"]).output().expect("the binary runs");
    let noticed = run.stderr.contains("damaged") || !run.ran().is_empty() || !verified.status.success();
    if kind == "object" {
        assert!(noticed, "{how:?} of an object is not noticed");
    } else if kind != "records" {
        assert!(run.ran().is_empty(), "{how:?} of {kind} made {:?} run again", run.ran());
        assert!(verified.status.success(), "{how:?} of {kind} harms the store");
    }
    let again = project.run().ok();
    assert!(again.ran().is_empty(), "after {how:?} of {kind}: {:?}", again.ran());
    assert_same(expected, &project.artifacts());
    // What no run has needed is lost until it is collected.
    project.says(&["gc"], 0);
    let lost = project.command(&["verify"]).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&lost.stdout).into_owned();
    assert!(!text.contains("damaged"), "{how:?} of {kind}: {text}");
}

#[test]
fn damaged_records_are_found_and_removed() {
    let project = Project::new(SMALL);
    project.run().ok();
    let files = project.files("data/store/records");
    let (path, bytes) = files.iter().find(|(path, _)| path.extension().is_some()).expect("a record file");
    let mut damaged = bytes.clone();
    damaged[100] ^= 1;
    fs::write(project.path("data/store/records").join(path), damaged).expect("records can be written");
    assert!(project.says(&["verify"], 1).contains("1 damaged records: removed"));
    project.run().ok();
    assert!(project.says(&["verify"], 0).contains("are whole"));
}
