//! Record files as a whole: what stands in them, and the same files with less in them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::digest::Key;
use super::error::StoreError;
use super::files;
use super::record::{FORM, Record};
use super::records::verified;

/// What a line of a record file is.
pub enum Line {
    /// A record, and its key.
    Record(Key, Box<Record>),
    /// Whole, but of another version of the program.
    Foreign,
    /// Not what was written.
    Damaged,
}

fn read(line: &[u8]) -> Line {
    let Some((key, json)) = verified(line) else { return Line::Damaged };
    match serde_json::from_slice::<Record>(json) {
        Ok(record) if record.form == FORM => Line::Record(key, Box::new(record)),
        _ => Line::Foreign,
    }
}

/// A record file, line by line.
pub struct RecordFile {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Where each line starts and ends, and what it is.
    lines: Vec<(usize, usize, Line)>,
}

/// Reads all record files of the store in `root`.
///
/// # Errors
/// If one cannot be read.
pub fn record_files(root: &Path) -> Result<Vec<RecordFile>, StoreError> {
    let folder = root.join("records");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>),
    };
    let mut paths: Vec<PathBuf> = entries
        .map_err(StoreError::io("read", &folder))?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    paths.sort();
    paths.into_iter().map(RecordFile::open).collect()
}

/// All records of the store in `root` that are whole, in the order of their writing.
///
/// # Errors
/// If a record file cannot be read.
pub fn records(root: &Path) -> Result<Vec<(Key, Record)>, StoreError> {
    let lines = record_files(root)?.into_iter().flat_map(|file| file.lines);
    let whole = lines.filter_map(|(_, _, line)| match line {
        Line::Record(key, record) => Some((key, *record)),
        Line::Foreign | Line::Damaged => None,
    });
    Ok(whole.collect())
}

/// Leaves in the record files only the lines for which `keep` holds. Nobody may be writing to them. A
/// crash on the way leaves each as it was or as it should be.
///
/// # Errors
/// If the disk refuses.
pub fn reduce(root: &Path, files: &[RecordFile], keep: impl Fn(&Line) -> bool) -> Result<(), StoreError> {
    files::remove(&root.join("records").join("index"))?;
    files.iter().try_for_each(|file| file.reduce(&keep))
}

impl RecordFile {
    fn open(path: PathBuf) -> Result<Self, StoreError> {
        let bytes = fs::read(&path).map_err(StoreError::io("read", &path))?;
        let mut lines = Vec::new();
        let mut start = 0;
        // A crash may leave a part of a line at the end.
        for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            let end = start + line.len();
            lines.push((start, end, read(&line[..line.len() - 1])));
            start = end;
        }
        Ok(Self { path, bytes, lines })
    }

    /// Its records, in the order of their writing.
    pub fn records(&self) -> impl Iterator<Item = (&Key, &Record)> {
        self.lines.iter().filter_map(|(_, _, line)| match line {
            Line::Record(key, record) => Some((key, &**record)),
            _ => None,
        })
    }

    /// How many of its lines are damaged.
    pub fn damaged(&self) -> usize {
        self.lines.iter().filter(|(_, _, line)| matches!(line, Line::Damaged)).count()
    }

    /// How many of its lines are of another version of the program.
    pub fn foreign(&self) -> usize {
        self.lines.iter().filter(|(_, _, line)| matches!(line, Line::Foreign)).count()
    }

    /// Leaves only the lines for which `keep` holds, and removes the file where none is left.
    fn reduce(&self, keep: impl Fn(&Line) -> bool) -> Result<(), StoreError> {
        let kept: Vec<u8> = self
            .lines
            .iter()
            .filter(|(_, _, line)| keep(line))
            .flat_map(|(start, end, _)| &self.bytes[*start..*end])
            .copied()
            .collect();
        if kept.len() == self.bytes.len() {
            return Ok(());
        }
        if kept.is_empty() { files::remove(&self.path) } else { files::replace(&self.path, &kept, true) }
    }
}
