//! An index of the record files, so that a start need not read them.
//!
//! ```text
//! magic, checksum of all that follows
//! record files    name, bytes covered, size and time of change, damaged lines
//! output names
//! rows            one per key, ascending: where its record stands, its times, its outputs
//! outputs         digest, name, whether its bytes stand in the record
//! inline          the outputs whose bytes stand in a record, by ascending digest, and their rows
//! ```
//!
//! Numbers are little-endian. It holds nothing that the record files do not say, and is made anew from
//! them where it does not fit them.

use std::ops::Range;

use super::digest::{Digest, Key};

const MAGIC: &[u8; 8] = b"rnnwmix1";
const HASH: usize = 32;
const ROW: usize = HASH + 40;
const OUTPUT: usize = HASH + 8;
const INLINE: usize = 8;

/// A record file as it was when it was indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The file's name in the folder of records.
    pub name: String,
    /// How much of it is indexed.
    pub bytes: u64,
    /// Its size then.
    pub size: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified_ns: u64,
    /// Lines of it that could not be read.
    pub damaged: u64,
}

/// Where a record's line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Position of the record file.
    pub file: u32,
    /// The line's first byte.
    pub start: u64,
    /// Its length, without its end.
    pub length: u32,
}

/// What the index knows of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its outputs, by ascending name.
    pub outputs: Vec<EntryOutput>,
}

/// What the index knows of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryOutput {
    /// Its digest.
    pub digest: Digest,
    /// Position of its name among the names.
    pub name: u32,
    /// Whether its bytes stand in the record.
    pub inline: bool,
}

/// An index that has been read.
#[derive(Debug)]
pub struct Index {
    /// The record files that it covers.
    pub files: Vec<Covered>,
    /// Names of outputs.
    pub names: Vec<String>,
    bytes: Vec<u8>,
    rows: Range<usize>,
    outputs: Range<usize>,
    inline: Range<usize>,
}

impl Index {
    /// Reads an index from its bytes, if they are whole.
    pub fn parse(bytes: Vec<u8>) -> Option<Self> {
        let start = MAGIC.len() + HASH;
        if bytes.get(..MAGIC.len())? != MAGIC
            || blake3::hash(bytes.get(start..)?).as_bytes() != bytes.get(MAGIC.len()..start)?
        {
            return None;
        }
        let mut reader = Reader { bytes: &bytes, at: start };
        let mut files = Vec::new();
        for _ in 0..reader.u64()? {
            files.push(Covered {
                name: reader.text()?,
                bytes: reader.u64()?,
                size: reader.u64()?,
                modified_ns: reader.u64()?,
                damaged: reader.u64()?,
            });
        }
        let mut names = Vec::new();
        for _ in 0..reader.u64()? {
            names.push(reader.text()?);
        }
        let (rows, outputs, inline) = (reader.rows(ROW)?, reader.rows(OUTPUT)?, reader.rows(INLINE)?);
        Some(Self { files, names, rows, outputs, inline, bytes })
    }

    /// The bytes of an index of these records.
    pub fn encode(files: &[Covered], names: &[&str], mut entries: Vec<(Key, Entry)>) -> Vec<u8> {
        entries.sort_by_key(|(key, _)| *key);
        let mut bytes = MAGIC.to_vec();
        bytes.extend([0; HASH]);
        push(&mut bytes, files.len() as u64);
        for file in files {
            push_text(&mut bytes, &file.name);
            for number in [file.bytes, file.size, file.modified_ns, file.damaged] {
                push(&mut bytes, number);
            }
        }
        push(&mut bytes, names.len() as u64);
        names.iter().for_each(|name| push_text(&mut bytes, name));
        push(&mut bytes, entries.len() as u64);
        let mut output = 0u32;
        for (key, entry) in &entries {
            bytes.extend(key.as_bytes());
            push(&mut bytes, entry.place.start);
            push(&mut bytes, entry.started_ms);
            push(&mut bytes, entry.duration_ms);
            for number in [entry.place.length, entry.place.file, output, entry.outputs.len() as u32] {
                bytes.extend(number.to_le_bytes());
            }
            output += entry.outputs.len() as u32;
        }
        push(&mut bytes, u64::from(output));
        let outputs = || {
            let rows = entries.iter().enumerate();
            rows.flat_map(|(row, (_, entry))| entry.outputs.iter().map(move |output| (row as u32, output)))
        };
        for (_, output) in outputs() {
            bytes.extend(output.digest.as_bytes());
            bytes.extend(output.name.to_le_bytes());
            bytes.extend(u32::from(output.inline).to_le_bytes());
        }
        let mut inline: Vec<(Digest, u32, u32)> = outputs()
            .enumerate()
            .filter(|(_, (_, output))| output.inline)
            .map(|(at, (row, output))| (output.digest, at as u32, row))
            .collect();
        inline.sort_unstable();
        push(&mut bytes, inline.len() as u64);
        for (_, output, row) in inline {
            bytes.extend(output.to_le_bytes());
            bytes.extend(row.to_le_bytes());
        }
        let start = MAGIC.len() + HASH;
        let checksum = blake3::hash(&bytes[start..]);
        bytes[MAGIC.len()..start].copy_from_slice(checksum.as_bytes());
        bytes
    }

    /// How many records it knows.
    pub fn len(&self) -> usize {
        self.rows.len() / ROW
    }

    /// What it knows of a key.
    pub fn find(&self, key: &Key) -> Option<Entry> {
        let row = search(self.len(), key.as_bytes(), |row| self.row(row)?.get(..HASH))?;
        self.entry(row)
    }

    /// Where the record stands that holds the bytes of this output.
    pub fn find_inline(&self, digest: &Digest) -> Option<Place> {
        let table = self.bytes.get(self.inline.clone())?;
        let number = |at: usize| Some(u32_at(table, at)? as usize);
        let found = search(table.len() / INLINE, digest.as_bytes(), |at| {
            self.bytes.get(self.outputs.start + number(at * INLINE)? * OUTPUT..)?.get(..HASH)
        })?;
        Some(self.entry(number(found * INLINE + 4)?)?.place)
    }

    /// Everything that it knows.
    pub fn entries(&self) -> impl Iterator<Item = (Key, Entry)> {
        (0..self.len())
            .filter_map(|row| Some((Key::from_bytes(hash_at(self.row(row)?, 0)?), self.entry(row)?)))
    }

    fn row(&self, row: usize) -> Option<&[u8]> {
        self.bytes.get(self.rows.clone())?.get(row * ROW..(row + 1) * ROW)
    }

    fn entry(&self, row: usize) -> Option<Entry> {
        let row = self.row(row)?;
        let small = |number: usize| u32_at(row, HASH + 24 + 4 * number);
        let large = |number: usize| u64_at(row, HASH + 8 * number);
        let first = small(2)? as usize;
        let outputs = self.bytes.get(self.outputs.clone())?;
        let outputs = outputs.get(first * OUTPUT..(first + small(3)? as usize) * OUTPUT)?;
        let outputs = outputs.chunks_exact(OUTPUT).map(|output| {
            Some(EntryOutput {
                digest: Digest::from_bytes(hash_at(output, 0)?),
                name: u32_at(output, HASH)?,
                inline: u32_at(output, HASH + 4)? != 0,
            })
        });
        Some(Entry {
            place: Place { start: large(0)?, length: small(0)?, file: small(1)? },
            started_ms: large(1)?,
            duration_ms: large(2)?,
            outputs: outputs.collect::<Option<_>>()?,
        })
    }
}

/// The position of `wanted` among `count` hashes in ascending order.
fn search<'a>(count: usize, wanted: &[u8; HASH], hash: impl Fn(usize) -> Option<&'a [u8]>) -> Option<usize> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        match hash(middle)?.cmp(wanted.as_slice()) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Some(middle),
        }
    }
    None
}

fn push(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(number.to_le_bytes());
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    push(bytes, text.len() as u64);
    bytes.extend(text.as_bytes());
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn hash_at(bytes: &[u8], at: usize) -> Option<[u8; HASH]> {
    bytes.get(at..at + HASH)?.try_into().ok()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn u64(&mut self) -> Option<u64> {
        let number = u64_at(self.bytes, self.at)?;
        self.at += 8;
        Some(number)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.u64()?).ok()?;
        let text = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        String::from_utf8(text.to_vec()).ok()
    }

    /// A table of rows of this size, with their number before it.
    fn rows(&mut self, size: usize) -> Option<Range<usize>> {
        let count = usize::try_from(self.u64()?).ok()?;
        let end = self.at.checked_add(count.checked_mul(size)?)?;
        self.bytes.get(self.at..end)?;
        let rows = self.at..end;
        self.at = end;
        Some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> Key {
        Key::of(&serde_json::json!(number)).expect("canonical")
    }

    fn entry(number: u64) -> Entry {
        let outputs = (0..number % 3).map(|name| EntryOutput {
            digest: Digest::of(format!("{number} {name}").as_bytes()),
            name: name as u32,
            inline: name == 1,
        });
        Entry {
            place: Place { file: (number % 2) as u32, start: number * 1000, length: 10 },
            started_ms: number,
            duration_ms: number / 2,
            outputs: outputs.collect(),
        }
    }

    fn example() -> Vec<u8> {
        let file =
            |name: &str| Covered { name: name.to_owned(), bytes: 10, size: 12, modified_ns: 7, damaged: 1 };
        let entries = (0..100).map(|number| (key(number), entry(number))).collect();
        Index::encode(&[file("a.log"), file("b.log")], &["one", "two"], entries)
    }

    #[test]
    fn an_index_knows_what_was_put_in_and_nothing_else() {
        let index = Index::parse(example()).expect("it is whole");
        assert_eq!(index.len(), 100);
        assert_eq!((index.files[1].name.as_str(), index.names[1].as_str()), ("b.log", "two"));
        for number in 0..100 {
            assert_eq!(index.find(&key(number)), Some(entry(number)));
            for output in entry(number).outputs {
                let place = output.inline.then(|| entry(number).place);
                assert_eq!(index.find_inline(&output.digest), place);
            }
        }
        assert_eq!(index.find(&key(100)), None);
        assert_eq!(index.entries().count(), 100);
    }

    #[test]
    fn a_damaged_or_torn_index_is_none() {
        let whole = example();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(Index::parse(damaged).is_none(), "byte {at}");
        }
        for length in [0, 8, 40, 41, whole.len() - 1] {
            assert!(Index::parse(whole[..length].to_vec()).is_none(), "{length} bytes");
        }
    }
}
