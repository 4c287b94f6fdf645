//! A loss of power, from the list of writes of a run that was stopped: what was not synced may be there,
//! in part, or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Project;

/// What the disk is sure to have of a file.
#[derive(Clone, Copy, Default)]
struct Content {
    written: u64,
    synced: u64,
}

/// Files and names that the disk may not have.
#[derive(Default)]
struct Disk {
    contents: BTreeMap<PathBuf, Content>,
    /// Names that were given since their folders were synced.
    unsure: Vec<PathBuf>,
}

/// Lets the power fail where the run that left the file `trace` stopped. `chance` decides what becomes of
/// each thing that the disk may or may not have.
pub fn lose_power(project: &Project, chance: u64) {
    let trace = fs::read_to_string(project.path("trace")).expect("a trace");
    let mut disk = Disk::default();
    let lines: Vec<&str> = trace.lines().collect();
    // The last write is the one that was stopped.
    let done = lines.len().saturating_sub(1);
    for line in &lines[..done] {
        disk.take(&line.split('\t').collect::<Vec<_>>());
    }
    disk.fail(project, chance);
}

impl Disk {
    fn take(&mut self, line: &[&str]) {
        let path = PathBuf::from(line[1]);
        match line[0] {
            "folder" => self.unsure.push(path),
            "create" => {
                self.contents.insert(path.clone(), Content::default());
                self.unsure.push(path);
            }
            "write" => {
                let bytes: u64 = line[2].parse().expect("a number of bytes");
                self.contents.entry(path).or_default().written += bytes;
            }
            "sync" => {
                let content = self.contents.entry(path).or_default();
                content.synced = content.written;
            }
            "sync-folder" => self.unsure.retain(|name| name.parent() != Some(&path)),
            "rename" => {
                let content = self.contents.remove(&path).unwrap_or_default();
                self.unsure.retain(|name| *name != path);
                self.contents.insert(line[2].into(), content);
                self.unsure.push(line[2].into());
            }
            "remove" => drop(self.contents.remove(&path)),
            other => panic!("an unknown write: {other}"),
        }
    }

    fn fail(&self, project: &Project, chance: u64) {
        let mut chance = Chance(chance);
        for (path, content) in &self.contents {
            let path = project.path(path.to_str().expect("text"));
            if content.synced < content.written && path.is_file() {
                tear(&path, content.synced, chance.of(4));
            }
        }
        for name in &self.unsure {
            let path = project.path(name.to_str().expect("text"));
            if chance.of(2) == 0 {
                let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            }
        }
    }
}

/// What becomes of a file of which the disk has `synced` bytes for sure.
fn tear(path: &Path, synced: u64, how: u64) {
    let mut bytes = fs::read(path).expect("the file can be read");
    let synced = bytes.len().min(synced as usize);
    match how {
        0 => bytes.truncate(synced),
        1 => bytes[synced..].fill(0),
        2 => bytes.truncate(synced + (bytes.len() - synced) / 2),
        _ => return,
    }
    let _ = fs::remove_file(path);
    File::create(path).and_then(|mut file| std::io::Write::write_all(&mut file, &bytes)).expect("written");
}

/// A small generator of numbers (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    /// A number below `n`.
    pub fn of(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}
