//! Every kind of file that a run leaves, damaged in every way: it is noticed, what is lost is made again with
//! the same bytes, and nothing is damaged after that.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::power::Chance;
use common::{Project, SMALL, assert_same};
use rnnwm::store::{Commit, Durability, Key, Store};

/// Enough records for an index, and a model from files.
fn experiment() -> String {
    let model = "data/pretrained/6tasks_8loc_256neuron_odr3000_seed0";
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join(model);
    let import = format!("[stages.imported]\nkind = \"import\"\nfolder = {model:?}\n");
    SMALL.replace("max_trials = 320", "max_trials = 3200") + "\n" + &import
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
const KINDS: [(&str, &str, &str); 9] = [
    ("object", "data/store/objects/", ""),
    ("records", "data/store/records/", ".log"),
    ("index of records", "data/store/records/index", ""),
    ("keys", "data/store/runs/", "keys.json"),
    ("run", "data/store/runs/", ""),
    ("known files", "data/store/known_files", ""),
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

/// Whether a damaged file shows it by its time, as when somebody has written to it, or as when its disk rots.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Time {
    New,
    Kept,
}

fn write(path: &Path, bytes: &[u8], time: Time) {
    let before = fs::metadata(path).and_then(|metadata| metadata.modified()).expect("a time");
    fs::remove_file(path).expect("it can be removed");
    fs::write(path, bytes).expect("it can be written");
    if time == Time::Kept {
        let file = fs::File::options().append(true).open(path);
        file.and_then(|file| file.set_modified(before)).expect("its time can be set");
    }
}

fn damage(project: &Project, files: &[String], how: Damage, time: Time, chance: &mut Chance) {
    let at = chance.of(files.len() as u64) as usize;
    let path = project.path(&files[at]);
    let mut bytes = fs::read(&path).expect("it can be read");
    let write = |path: &PathBuf, bytes: &[u8]| self::write(path, bytes, time);
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
            for (how, time) in DAMAGES.into_iter().flat_map(|how| [(how, Time::New), (how, Time::Kept)]) {
                // What is laid out is recognised by its time.
                if time == Time::Kept && (how == Damage::Delete || !is_in_store(kind)) {
                    continue;
                }
                let project = original.copy(&experiment());
                damage(&project, files, how, time, &mut chance);
                try_one(&project, kind, how, &expected);
            }
        }
    }
}

fn is_in_store(kind: &str) -> bool {
    !["manifest", "figure or table", "model"].contains(&kind)
}

fn try_one(project: &Project, kind: &str, how: Damage, expected: &BTreeMap<PathBuf, Vec<u8>>) {
    if is_in_store(kind) {
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
    // A run that cannot be read is not passed over when it is told what is needed.
    let collected = project.command(&["gc", "--dry-run"]).output().expect("the binary runs");
    if kind == "run" && collected.status.code() == Some(2) {
        let said = String::from_utf8_lossy(&collected.stderr).into_owned();
        assert!(said.contains("data/store/runs/small/1 cannot be read"), "{how:?}: {said}");
        fs::remove_dir_all(project.path("data/store/runs/small/1")).expect("it can be removed");
    }
    // What no run has needed is lost until it is collected.
    project.says(&["gc"], 0);
    let lost = project.command(&["verify"]).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&lost.stdout).into_owned();
    assert!(!text.contains("damaged"), "{how:?} of {kind}: {text}");
}

#[test]
fn a_record_that_rots_under_its_index_is_made_again() {
    let original = Project::new(&experiment());
    original.run().ok();
    let expected = original.artifacts();
    assert!(original.path("data/store/records/index").exists());
    for kinds in [&["select"][..], &["train"], &["import"], &["train", "select", "import"]] {
        let project = original.copy(&experiment());
        for kind in kinds {
            rot(&project, kind);
        }
        project.clear();
        let run = project.run().ok();
        assert!(run.stderr.contains("damaged records were passed over"), "{kinds:?}: {}", run.stderr);
        let stages = run.ran();
        let again =
            |kind: &&str| stages.iter().any(|stage| stage.starts_with(&kind.replace("import", "imported")));
        assert!(kinds.iter().all(again), "{kinds:?}: {stages:?}");
        assert_same(&expected, &project.artifacts());
        assert!(project.run().ok().ran().is_empty());
    }
}

#[test]
fn a_record_file_that_was_made_anew_is_read_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Store::open(folder.path(), Durability::Unsynced).expect("a store");
    let action = |number: usize| serde_json::json!({ "kind": "test", "number": number });
    let key = |number: usize| Key::of(&action(number)).expect("a key");
    let store = open();
    for number in [1, 2] {
        let (outputs, facts) = (Vec::new(), serde_json::Value::Null);
        let commit = Commit { key: key(number), action: action(number), outputs, facts, started_ms: 0 };
        store.commit(commit).expect("a commit");
    }
    let reader = open();
    let mut files = fs::read_dir(folder.path().join("records")).expect("a folder");
    let path = files.next().expect("a record file").expect("it can be read").path();
    let whole = fs::read(&path).expect("records");
    let mut rotten = whole.clone();
    rotten[100] ^= 1;
    fs::write(&path, rotten).expect("written");
    assert!(reader.lookup(&key(1)).is_none() && reader.lookup(&key(2)).is_some());
    // Whole again, where the rotten one stood.
    let first = whole.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    fs::write(&path, &whole[..first]).expect("written");
    reader.refresh().expect("it can be read");
    assert!(reader.lookup(&key(1)).is_some() && reader.lookup(&key(2)).is_none());
}

/// Flips a bit in the record of a stage of this kind; nothing else of its file changes.
fn rot(project: &Project, kind: &str) {
    let records = project.files("data/store/records");
    let said = format!("\"kind\":\"{kind}\"");
    let find = |bytes: &[u8]| bytes.windows(said.len()).position(|part| part == said.as_bytes());
    let found = records.iter().filter(|(path, _)| path.extension().is_some_and(|it| it == "log"));
    let (path, bytes, at) =
        found.filter_map(|(path, bytes)| Some((path, bytes, find(bytes)?))).next().expect("a record");
    let mut rotten = bytes.clone();
    rotten[at + 2] ^= 1;
    write(&project.path("data/store/records").join(path), &rotten, Time::Kept);
}

#[test]
fn nothing_is_collected_because_of_a_run_that_cannot_be_read() {
    let original = Project::new(SMALL);
    original.run().ok();
    original.write(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    original.run().ok();
    original.says(&["runs", "--pin", "small/1"], 0);
    let objects = original.files("data/store/objects");
    for (file, refused) in [
        ("2/run", true),
        ("2/experiment.toml", true),
        ("1/run", true),
        ("1/keys.json", true),
        // What was pinned is known by its keys, and the newest run by its parameters.
        ("1/experiment.toml", false),
        ("2/keys.json", false),
        ("keys.json", false),
    ] {
        let damages: &[Damage] = &[Damage::Flip, Damage::Truncate, Damage::Empty, Damage::Delete];
        for (number, how) in damages.iter().enumerate() {
            let project = original.copy(SMALL);
            let path = format!("data/store/runs/small/{file}");
            damage(&project, &[path], *how, Time::Kept, &mut Chance(number as u64));
            let said = project.says(&["gc"], if refused { 2 } else { 0 });
            assert!(!refused || said.contains("cannot be read, so what is still needed"), "{file}: {said}");
            assert_eq!(objects, project.files("data/store/objects"), "{how:?} of {file}");
        }
    }
    // Who can do without the run removes its folder.
    fs::remove_file(original.path("data/store/runs/small/2/run")).expect("it can be removed");
    assert!(original.says(&["gc"], 2).contains("data/store/runs/small/2"));
    fs::remove_dir_all(original.path("data/store/runs/small/2")).expect("it can be removed");
    original.says(&["gc"], 0);
    assert!(original.files("data/store/objects").len() < objects.len());
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
