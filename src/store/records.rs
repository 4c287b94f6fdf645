//! The index of records: append-only files of checksummed lines, read whole at the start.
//!
//! A line is `<checksum> <key> <json>\n`: 16 hexadecimal digits over the rest, then 64 of the key. A
//! line that is torn or altered is passed over. Lines are parsed when they are looked up, so that a
//! start costs little more than reading the files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::digest::{Digest, Key};
use super::error::StoreError;
use super::files;
use super::record::{FORM, Record};

const CHECKSUM: usize = 16;
const KEY: usize = 64;
const HEAD: usize = CHECKSUM + 1 + KEY + 1;

/// Where a record's line stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    file: usize,
    start: usize,
    end: usize,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    bytes: Vec<u8>,
    /// How much of `bytes` has been indexed; less than all where the last line is not whole.
    indexed: usize,
}

/// All records, and the file that this process appends to.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    files: Vec<LogFile>,
    index: HashMap<Key, Place>,
    inline: HashMap<Digest, Key>,
    /// The file that this process appends to, and its position among `files`.
    own: Option<(File, usize)>,
    /// Lines that could not be read, not counting torn ends.
    damaged: usize,
}

impl Records {
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let mut records = Self {
            folder: root.join("records"),
            files: Vec::new(),
            index: HashMap::new(),
            inline: HashMap::new(),
            own: None,
            damaged: 0,
        };
        records.refresh()?;
        Ok(records)
    }

    /// Reads what any process has appended since.
    pub fn refresh(&mut self) -> Result<(), StoreError> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Ok(()) };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        paths.sort();
        for path in paths {
            let at = self.position(&path);
            let file = &mut self.files[at];
            let size = fs::metadata(&path).map_err(StoreError::io("look at", &path))?.len();
            if size == file.bytes.len() as u64 {
                continue;
            }
            let mut handle = File::open(&path).map_err(StoreError::io("open", &path))?;
            handle
                .seek(SeekFrom::Start(file.bytes.len() as u64))
                .and_then(|_| handle.read_to_end(&mut file.bytes))
                .map_err(StoreError::io("read", &path))?;
            self.index_file(at);
        }
        Ok(())
    }

    fn position(&mut self, path: &Path) -> usize {
        let known = self.files.iter().position(|file| file.path == path);
        known.unwrap_or_else(|| {
            self.files.push(LogFile { path: path.to_owned(), bytes: Vec::new(), indexed: 0 });
            self.files.len() - 1
        })
    }

    fn index_file(&mut self, at: usize) {
        let file = &mut self.files[at];
        let mut start = file.indexed;
        while let Some(length) = file.bytes[start..].iter().position(|byte| *byte == b'\n') {
            let end = start + length;
            let line = &file.bytes[start..end];
            match key_of(line) {
                Some(key) => {
                    let place = Place { file: at, start, end };
                    self.index.insert(key, place);
                    if contains(line, b"\"inline\"")
                        && let Some(record) = parse(line)
                    {
                        let inline = record.outputs.values().filter(|output| output.inline.is_some());
                        self.inline.extend(inline.map(|output| (output.digest, key)));
                    }
                }
                None => self.damaged += 1,
            }
            start = end + 1;
        }
        file.indexed = start;
    }

    /// The record of a key, if there is one that is whole.
    pub fn lookup(&self, key: &Key) -> Option<Record> {
        let place = self.index.get(key)?;
        parse(self.files[place.file].bytes.get(place.start..place.end)?)
    }

    /// All records that are whole, by their keys.
    pub fn all(&self) -> Vec<(Key, Record)> {
        let mut keys: Vec<Key> = self.index.keys().copied().collect();
        keys.sort_unstable();
        keys.into_iter().filter_map(|key| Some((key, self.lookup(&key)?))).collect()
    }

    /// The bytes of an output that stands in a record.
    pub fn inline(&self, digest: &Digest) -> Option<Vec<u8>> {
        let record = self.lookup(self.inline.get(digest)?)?;
        let output = record.outputs.into_values().find(|output| output.digest == *digest)?;
        let bytes = output.inline?.into_bytes();
        (Digest::of(&bytes) == *digest).then_some(bytes)
    }

    /// Appends records; they are durable when this returns, if `sync`.
    pub fn append(&mut self, records: &[(Key, Record)], sync: bool) -> Result<(), StoreError> {
        let mut lines = String::new();
        for (key, record) in records {
            let rest = format!("{key} {}", serde_json::to_string(record)?);
            lines.push_str(&format!("{} {rest}\n", checksum(rest.as_bytes())));
        }
        let (mut own, at) = match self.own.take() {
            Some(own) => own,
            None => self.create_own(sync)?,
        };
        let shown = &self.folder;
        own.write_all(lines.as_bytes()).map_err(StoreError::io("append to a record file in", shown))?;
        if sync {
            own.sync_data().map_err(StoreError::io("sync a record file in", shown))?;
        }
        // Only a file whose last write was whole is written to again.
        self.own = Some((own, at));
        self.files[at].bytes.extend_from_slice(lines.as_bytes());
        self.index_file(at);
        Ok(())
    }

    fn create_own(&mut self, sync: bool) -> Result<(File, usize), StoreError> {
        files::create_folder(&self.folder)?;
        let named = tempfile::Builder::new()
            .prefix(&format!("{:013}-", super::access::now_ms()))
            .suffix(".log")
            .tempfile_in(&self.folder)
            .map_err(StoreError::io("create a record file in", &self.folder))?;
        let (file, path) = named.into_parts();
        let path = path
            .keep()
            .map_err(|error| StoreError::io("keep a record file in", &self.folder)(error.error))?;
        if sync {
            files::sync_folder(&self.folder)?;
        }
        let at = self.position(&path);
        Ok((file, at))
    }

    /// How many lines could not be read.
    pub fn damaged(&self) -> usize {
        self.damaged
    }
}

fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..CHECKSUM].to_owned()
}

fn key_of(line: &[u8]) -> Option<Key> {
    let key = line.get(CHECKSUM + 1..CHECKSUM + 1 + KEY)?;
    std::str::from_utf8(key).ok()?.parse().ok()
}

fn parse(line: &[u8]) -> Option<Record> {
    let (sum, rest) = (line.get(..CHECKSUM)?, line.get(CHECKSUM + 1..)?);
    if checksum(rest).as_bytes() != sum {
        return None;
    }
    let record: Record = serde_json::from_slice(line.get(HEAD..)?).ok()?;
    (record.form == FORM).then_some(record)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
