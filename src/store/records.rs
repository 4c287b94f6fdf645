//! The records: append-only files of checksummed lines, and an index of them.
//!
//! A line is `<checksum> <key> <json>\n`: 16 hexadecimal digits over the rest, then 64 of the key. A
//! line that is torn or altered is passed over. What the [index](super::index) covers is not read again
//! until a record is asked for; the rest is read at the start.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::brief::Brief;
use super::digest::{Digest, Key};
use super::error::StoreError;
use super::files;
use super::index::{Covered, Entry, EntryOutput, Index, Place};
use super::record::{FORM, Record};
use super::sealed::{seal, unseal};

const KEY: usize = 64;
/// Fewer records than this are read as quickly without an index.
const LEAST_INDEXED: usize = 200;
/// An index is made anew when this many times the new records make up what it knows.
const SHARE: usize = 8;
/// File systems tell times no finer than this. A file that changed less long ago could change again
/// without showing it.
const TICK: Duration = Duration::from_millis(20);

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    handle: Option<File>,
    /// How much of it has been read, up to the end of its last whole line.
    read: u64,
    /// Its size then.
    size: u64,
    damaged: u64,
}

/// All records, and the file that this process appends to.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    files: Vec<LogFile>,
    names: Names,
    index: Option<Index>,
    /// What the index does not know.
    recent: HashMap<Key, Entry>,
    recent_inline: HashMap<Digest, Place>,
    /// Records that turned out not to be what was indexed: they are missing from then on.
    broken: HashSet<Place>,
    /// The file that this process appends to.
    own: Option<(File, PathBuf)>,
}

impl Records {
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let mut records = Self {
            folder: root.join("records"),
            files: Vec::new(),
            names: Names::default(),
            index: None,
            recent: HashMap::new(),
            recent_inline: HashMap::new(),
            broken: HashSet::new(),
            own: None,
        };
        records.read_index();
        records.refresh()?;
        // An index only saves time.
        let _ = records.write_index();
        Ok(records)
    }

    fn index_path(&self) -> PathBuf {
        self.folder.join("index")
    }

    /// Takes in the index, if it fits the record files.
    fn read_index(&mut self) {
        let Some(index) = fs::read(self.index_path()).ok().and_then(Index::parse) else { return };
        let fits = |file: &Covered| {
            stat(&self.folder.join(&file.name)).is_some_and(|(size, modified_ns)| {
                size > file.size || (size == file.size && modified_ns == file.modified_ns)
            })
        };
        if !index.files.iter().all(fits) {
            return;
        }
        let known = index.files.iter().map(|file| LogFile {
            path: self.folder.join(&file.name),
            handle: None,
            read: file.bytes,
            size: file.size,
            damaged: file.damaged,
        });
        self.files = known.collect();
        index.names.iter().for_each(|name| {
            self.names.position(name);
        });
        self.index = Some(index);
    }

    /// Reads what any process has appended since.
    pub fn refresh(&mut self) -> Result<(), StoreError> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Ok(()) };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        paths.sort();
        let shrunk = |file: &LogFile| stat(&file.path).is_none_or(|(size, _)| size < file.size);
        if self.files.iter().any(shrunk) {
            // Records are only ever appended; where some are gone, nothing that was read before counts.
            self.files.clear();
            self.broken.clear();
            self.index = None;
            self.recent.clear();
            self.recent_inline.clear();
        }
        for path in paths {
            let at = self.position(&path);
            let file = &mut self.files[at];
            let Some((size, _)) = stat(&path) else { continue };
            if size == file.size {
                continue;
            }
            let mut bytes = Vec::new();
            let mut handle = File::open(&path).map_err(StoreError::io("open", &path))?;
            handle
                .seek(SeekFrom::Start(file.read))
                .and_then(|_| handle.read_to_end(&mut bytes))
                .map_err(StoreError::io("read", &path))?;
            file.size = file.read + bytes.len() as u64;
            self.take_in(at, &bytes);
        }
        Ok(())
    }

    fn position(&mut self, path: &Path) -> usize {
        let known = self.files.iter().position(|file| file.path == path);
        known.unwrap_or_else(|| {
            let path = path.to_owned();
            self.files.push(LogFile { path, handle: None, read: 0, size: 0, damaged: 0 });
            self.files.len() - 1
        })
    }

    /// Takes in the lines that follow what has been read of a file.
    fn take_in(&mut self, at: usize, bytes: &[u8]) {
        let file = &mut self.files[at];
        let mut rest = bytes;
        while let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
            let place = Place { file: at as u32, start: file.read, length: length as u32 };
            match light(&rest[..length]) {
                Some((key, light)) => {
                    let entry = light.entry(place, &mut self.names);
                    let inline = entry.outputs.iter().filter(|output| output.inline);
                    self.recent_inline.extend(inline.map(|output| (output.digest, place)));
                    self.recent.insert(key, entry);
                }
                // A line that is whole is a record of another version of the program.
                None => file.damaged += u64::from(verified(&rest[..length]).is_none()),
            }
            file.read += length as u64 + 1;
            rest = &rest[length + 1..];
        }
    }

    /// The record of a key, if there is one that is whole.
    pub fn lookup(&mut self, key: &Key) -> Option<Record> {
        let place = self.entry(key)?.place;
        self.read(place).map(|(_, record)| record)
    }

    /// What planning needs to know of a key's record.
    pub fn brief(&self, key: &Key) -> Option<Brief> {
        let entry = self.entry(key)?;
        let outputs = entry.outputs.iter().map(|output| Some((self.names.get(output.name)?, output.digest)));
        Some(Brief {
            outputs: outputs.collect::<Option<_>>()?,
            started_ms: entry.started_ms,
            duration_ms: entry.duration_ms,
        })
    }

    fn entry(&self, key: &Key) -> Option<Entry> {
        let entry = self.recent.get(key).cloned().or_else(|| self.index.as_ref()?.find(key))?;
        (!self.broken.contains(&entry.place)).then_some(entry)
    }

    fn read(&mut self, place: Place) -> Option<(Key, Record)> {
        let read = self.read_line(place);
        if read.is_none() {
            self.broken.insert(place);
            // The next start reads the records themselves.
            let _ = fs::remove_file(self.index_path());
        }
        read
    }

    fn read_line(&mut self, place: Place) -> Option<(Key, Record)> {
        let file = self.files.get_mut(place.file as usize)?;
        let handle = match &mut file.handle {
            Some(handle) => handle,
            none => none.insert(File::open(&file.path).ok()?),
        };
        handle.seek(SeekFrom::Start(place.start)).ok()?;
        let mut line = vec![0; place.length as usize];
        handle.read_exact(&mut line).ok()?;
        let (key, json) = verified(&line)?;
        let record: Record = serde_json::from_slice(json).ok()?;
        (record.form == FORM).then_some((key, record))
    }

    /// Whether a record holds the bytes of this output.
    pub fn has_inline(&self, digest: &Digest) -> bool {
        self.inline_place(digest).is_some()
    }

    /// All records that are whole, by their keys.
    pub fn all(&mut self) -> Vec<(Key, Record)> {
        let indexed = self.index.iter().flat_map(Index::entries).map(|(key, _)| key);
        let mut keys: Vec<Key> = indexed.chain(self.recent.keys().copied()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().filter_map(|key| Some((key, self.lookup(&key)?))).collect()
    }

    /// The bytes of an output that stands in a record.
    pub fn inline(&mut self, digest: &Digest) -> Option<Vec<u8>> {
        let place = self.inline_place(digest)?;
        let (_, record) = self.read(place)?;
        record.outputs.into_values().find(|output| output.digest == *digest)?.bytes()
    }

    fn inline_place(&self, digest: &Digest) -> Option<Place> {
        let place = self.recent_inline.get(digest).copied();
        let place = place.or_else(|| self.index.as_ref()?.find_inline(digest))?;
        (!self.broken.contains(&place)).then_some(place)
    }

    /// Appends records; they are durable when this returns, if `sync`.
    pub fn append<'r>(
        &mut self,
        records: impl Iterator<Item = (&'r Key, &'r Record)>,
        sync: bool,
    ) -> Result<(), StoreError> {
        let mut lines = Vec::new();
        for (key, record) in records {
            lines.extend(seal(format!("{key} {}", serde_json::to_string(record)?).as_bytes()));
            lines.push(b'\n');
        }
        let (mut own, path) = match self.own.take() {
            Some(own) => own,
            None => self.create_own(sync)?,
        };
        files::append(&mut own, &path, &lines)?;
        if sync {
            files::sync_file(&own, &path)?;
        }
        // Only a file whose last write was whole is written to again.
        let at = self.position(&path);
        self.own = Some((own, path));
        self.files[at].size += lines.len() as u64;
        self.take_in(at, &lines);
        Ok(())
    }

    fn create_own(&mut self, sync: bool) -> Result<(File, PathBuf), StoreError> {
        files::create_folder(&self.folder, sync)?;
        let named = files::temporary(&self.folder, &format!("{:013}-", super::access::now_ms()), ".log")?;
        let (file, path) = named.into_parts();
        let path = path
            .keep()
            .map_err(|error| StoreError::io("keep a record file in", &self.folder)(error.error))?;
        if sync {
            files::sync_folder(&self.folder)?;
        }
        Ok((file, path))
    }

    /// Writes the index anew where that saves the next start some time.
    pub fn write_index(&mut self) -> Result<(), StoreError> {
        let indexed = self.index.as_ref().map_or(0, Index::len);
        let too_few = self.recent.len() < LEAST_INDEXED || self.recent.len() * SHARE < indexed;
        if too_few || !self.broken.is_empty() {
            return Ok(());
        }
        let mut files = Vec::new();
        for file in &self.files {
            let Some((size, modified_ns)) = settled(&file.path) else { return Ok(()) };
            let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What is appended meanwhile is read at the next start.
            let modified_ns = if size == file.size { modified_ns } else { 0 };
            files.push(Covered {
                name,
                bytes: file.read,
                size: file.size,
                modified_ns,
                damaged: file.damaged,
            });
        }
        let known = self.index.iter().flat_map(Index::entries);
        let known = known.filter(|(key, _)| !self.recent.contains_key(key));
        let entries = known.chain(self.recent.iter().map(|(key, entry)| (*key, entry.clone()))).collect();
        let bytes = Index::encode(&files, &self.names.all(), entries);
        files::write_atomically(&self.index_path(), &bytes)?;
        self.index = Index::parse(bytes);
        self.recent = HashMap::new();
        self.recent_inline = HashMap::new();
        Ok(())
    }

    /// How many lines were found damaged so far.
    pub fn damaged(&self) -> usize {
        self.broken.len() + self.files.iter().map(|file| file.damaged as usize).sum::<usize>()
    }
}

/// Names of outputs by their numbers.
#[derive(Debug, Default)]
struct Names {
    names: Vec<Arc<str>>,
    positions: HashMap<Arc<str>, u32>,
}

impl Names {
    fn position(&mut self, name: &str) -> u32 {
        if let Some(position) = self.positions.get(name) {
            return *position;
        }
        let (name, position) = (Arc::<str>::from(name), self.names.len() as u32);
        self.names.push(name.clone());
        self.positions.insert(name, position);
        position
    }

    fn get(&self, position: u32) -> Option<Arc<str>> {
        self.names.get(position as usize).cloned()
    }

    fn all(&self) -> Vec<&str> {
        self.names.iter().map(|name| &**name).collect()
    }
}

/// What the index keeps of a record.
#[derive(Deserialize)]
struct Light<'a> {
    form: u32,
    #[serde(borrow)]
    outputs: std::collections::BTreeMap<std::borrow::Cow<'a, str>, LightOutput>,
    started_ms: u64,
    duration_ms: u64,
}

#[derive(Deserialize)]
struct LightOutput {
    digest: Digest,
    inline: Option<IgnoredAny>,
    base64: Option<IgnoredAny>,
}

impl Light<'_> {
    fn entry(self, place: Place, names: &mut Names) -> Entry {
        let outputs = self.outputs.into_iter().map(|(name, output)| EntryOutput {
            digest: output.digest,
            name: names.position(&name),
            inline: output.inline.is_some() || output.base64.is_some(),
        });
        Entry {
            place,
            started_ms: self.started_ms,
            duration_ms: self.duration_ms,
            outputs: outputs.collect(),
        }
    }
}

fn light(line: &[u8]) -> Option<(Key, Light<'_>)> {
    let (key, json) = verified(line)?;
    let light: Light = serde_json::from_slice(json).ok()?;
    (light.form == FORM).then_some((key, light))
}

/// Key and JSON of a line that is whole.
pub fn verified(line: &[u8]) -> Option<(Key, &[u8])> {
    let rest = unseal(line)?;
    let key = std::str::from_utf8(rest.get(..KEY)?).ok()?.parse().ok()?;
    Some((key, rest.get(KEY + 1..)?))
}

/// Size of a file, and when it was last changed in nanoseconds since 1970.
fn stat(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((metadata.len(), modified.as_nanos() as u64))
}

/// [`stat`], after waiting until a further change would show.
fn settled(path: &Path) -> Option<(u64, u64)> {
    let (_, modified_ns) = stat(path)?;
    let age = UNIX_EPOCH.elapsed().ok()?.saturating_sub(Duration::from_nanos(modified_ns));
    std::thread::sleep(TICK.saturating_sub(age));
    stat(path)
}
