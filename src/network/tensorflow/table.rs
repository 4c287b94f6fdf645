//! Tables in the format of LevelDB, which hold the index of a tensor bundle.
//!
//! A file is blocks, then a footer of 48 bytes: where the block of metadata and the block of blocks are
//! (a *handle* is offset and size, both varints), padding, and a magic number. Behind each block stand
//! one byte that says how it is compressed, and a checksum. A block is entries, in ascending order of their
//! keys, then the positions at which keys start anew (which only a search needs), and how many those are.
//! An entry is: how many bytes of the key before it are kept, how many follow, the length of the value;
//! then both.

use std::borrow::Cow;

use super::checksum::masked_crc32c;
use super::error::TableError;

const FOOTER: usize = 48;
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
/// How a block is compressed, and its checksum.
const TRAILER: usize = 5;
const UNCOMPRESSED: u8 = 0;
const SNAPPY: u8 = 1;
/// Snappy makes at most 64 bytes of 3; what claims to be larger than that is not believed.
const SNAPPY_RATIO: usize = 22;
/// Keys share their beginnings, so a small file could hold a huge amount of keys. Names of all
/// variables of a network are far shorter than this together.
const MOST_KEY_BYTES: usize = 1 << 24;

/// A key and its value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// All entries of a table, in ascending order of their keys.
///
/// # Errors
/// If the file is no table, or is not whole.
pub fn read_table(file: &[u8]) -> Result<Vec<KeyValue>, TableError> {
    let (body, footer) = file.split_last_chunk::<FOOTER>().ok_or(TableError::NoTable)?;
    let (mut handles, magic) = footer.split_at(FOOTER - 8);
    if magic != MAGIC.to_le_bytes() {
        return Err(TableError::NoTable);
    }
    let _metadata = Handle::read(&mut handles)?;
    let blocks = Handle::read(&mut handles)?;
    let mut entries = Entries::default();
    let mut index = Entries::default();
    index.read_block(&blocks.block(body)?)?;
    for (_, handle) in index.read {
        entries.read_block(&Handle::read(&mut handle.as_slice())?.block(body)?)?;
    }
    Ok(entries.read)
}

/// Where a block is.
struct Handle {
    offset: usize,
    size: usize,
}

impl Handle {
    fn read(bytes: &mut &[u8]) -> Result<Self, TableError> {
        Ok(Self { offset: number(bytes)?, size: number(bytes)? })
    }

    /// The block, checked and unpacked.
    fn block<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, TableError> {
        let stored = body
            .get(self.offset..)
            .and_then(|rest| rest.get(..self.size.checked_add(TRAILER)?))
            .ok_or(TableError::OutsideTheFile)?;
        let (checked, checksum) = stored.split_last_chunk::<4>().ok_or(TableError::OutsideTheFile)?;
        if masked_crc32c(checked) != u32::from_le_bytes(*checksum) {
            return Err(TableError::Checksum);
        }
        match checked.split_last() {
            Some((&UNCOMPRESSED, block)) => Ok(Cow::Borrowed(block)),
            Some((&SNAPPY, packed)) => Ok(Cow::Owned(unpack(packed)?)),
            Some((&other, _)) => Err(TableError::Compression(other)),
            None => Err(TableError::OutsideTheFile),
        }
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, TableError> {
    let malformed = |_| TableError::Malformed("it cannot be unpacked");
    let length = snap::raw::decompress_len(packed).map_err(malformed)?;
    if length > packed.len().saturating_mul(SNAPPY_RATIO) {
        return Err(TableError::Malformed("it claims to be impossibly large"));
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(malformed)
}

/// Entries of blocks that follow one another.
#[derive(Default)]
struct Entries {
    read: Vec<KeyValue>,
    key_bytes: usize,
}

impl Entries {
    fn read_block(&mut self, block: &[u8]) -> Result<(), TableError> {
        let cut = TableError::Malformed("it ends too early");
        let (rest, starts) = block.split_last_chunk::<4>().ok_or(cut.clone())?;
        let starts = u32::from_le_bytes(*starts) as usize;
        let end = starts.checked_mul(4).and_then(|bytes| rest.len().checked_sub(bytes)).ok_or(cut)?;
        let mut bytes = &rest[..end];
        let mut key: Vec<u8> = Vec::new();
        while !bytes.is_empty() {
            let (kept, fresh, length) = (number(&mut bytes)?, number(&mut bytes)?, number(&mut bytes)?);
            if kept > key.len() {
                return Err(TableError::Malformed("a key builds on more than there is"));
            }
            key.truncate(kept);
            key.extend_from_slice(take(&mut bytes, fresh)?);
            let value = take(&mut bytes, length)?.to_vec();
            if self.read.last().is_some_and(|(before, _)| *before >= key) {
                return Err(TableError::Malformed("keys are not in order"));
            }
            self.key_bytes += key.len();
            if self.key_bytes > MOST_KEY_BYTES {
                return Err(TableError::Malformed("its keys are impossibly long"));
            }
            self.read.push((key.clone(), value));
        }
        Ok(())
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], TableError> {
    let (taken, rest) =
        bytes.split_at_checked(count).ok_or(TableError::Malformed("an entry ends outside of it"))?;
    *bytes = rest;
    Ok(taken)
}

/// A varint: seven bits a byte, the lowest first, the eighth bit set on all bytes but the last.
fn number(bytes: &mut &[u8]) -> Result<usize, TableError> {
    prost::decode_length_delimiter(bytes).map_err(|_| TableError::Malformed("a number has no end"))
}
