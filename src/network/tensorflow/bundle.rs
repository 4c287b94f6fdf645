//! A tensor bundle: where each variable's bytes are, and what they mean.

use std::collections::BTreeMap;

use prost::Message;

use super::checksum::masked_crc32c;
use super::error::{BundleError, VariableProblem};
use super::proto::{Entry, Header};
use super::table::read_table;

const NAMES: &str = "checkpoint";
const INDEX: &str = ".index";
/// Bundles that need a newer reader than this are refused.
const VERSION: i32 = 1;
const BIG_ENDIAN: i32 = 1;
/// Variables that a message lists at most.
const MOST_LISTED: usize = 12;

/// The files of a folder by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// An open bundle.
pub struct Bundle<'a> {
    files: &'a Files,
    prefix: String,
    header: Header,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// A variable's bytes, checked.
pub struct Located<'a> {
    bytes: &'a [u8],
    double: bool,
    big_endian: bool,
}

impl<'a> Bundle<'a> {
    /// Opens the bundle that the file `checkpoint` names, or the only one there is.
    ///
    /// # Errors
    /// If there is none, or its index is damaged or of an unknown form.
    pub fn open(files: &'a Files) -> Result<Self, BundleError> {
        let prefix = prefix(files)?;
        let file = format!("{prefix}{INDEX}");
        let index = files.get(&file).ok_or_else(|| BundleError::MissingFile(file.clone()))?;
        let table =
            read_table(index).map_err(|problem| BundleError::Index { file: file.clone(), problem })?;
        let mut entries: BTreeMap<Vec<u8>, Vec<u8>> = table.into_iter().collect();
        let refused = |problem: &str| BundleError::Header { file: file.clone(), problem: problem.to_owned() };
        let header = entries.remove(&b""[..]).ok_or_else(|| refused("the table is no index of variables"))?;
        let header = Header::decode(header.as_slice()).map_err(|_| refused("its header cannot be read"))?;
        if !(0..=BIG_ENDIAN).contains(&header.endianness) {
            return Err(refused(&format!("its order of bytes is not known ({})", header.endianness)));
        }
        let needed = header.version.as_ref().map_or(0, |version| version.min_consumer);
        if needed > VERSION {
            return Err(refused(&format!("it is of version {needed}, and {VERSION} is the newest known")));
        }
        Ok(Self { files, prefix, header, entries })
    }

    /// Finds a variable of this shape. Nothing is copied.
    ///
    /// # Errors
    /// If it is missing, of another shape, or damaged.
    pub fn locate(&self, variable: &str, shape: &[usize]) -> Result<Located<'a>, BundleError> {
        let index = format!("{}{INDEX}", self.prefix);
        let wrong = |file: &str, problem| BundleError::Variable {
            file: file.to_owned(),
            variable: variable.to_owned(),
            problem,
        };
        let (entry, width) = self.entry(variable, shape).map_err(|problem| wrong(&index, problem))?;
        let file = format!("{}.data-{:05}-of-{:05}", self.prefix, entry.shard, self.header.num_shards);
        let data = self.files.get(&file).ok_or_else(|| BundleError::MissingFile(file.clone()))?;
        let bytes = usize::try_from(entry.offset)
            .ok()
            .zip(usize::try_from(entry.size).ok())
            .and_then(|(offset, size)| data.get(offset..)?.get(..size))
            .ok_or_else(|| {
                let end = i128::from(entry.offset) + i128::from(entry.size);
                wrong(&file, VariableProblem::OutsideTheFile { end, length: data.len() })
            })?;
        if masked_crc32c(bytes) != entry.crc32c {
            return Err(wrong(&file, VariableProblem::Checksum));
        }
        let located = Located { bytes, double: width == 8, big_endian: self.header.endianness == BIG_ENDIAN };
        if located.values().any(|value| !value.is_finite()) {
            return Err(wrong(&file, VariableProblem::NotFinite));
        }
        Ok(located)
    }

    /// What the index says of a variable, and how many bytes each of its numbers has.
    fn entry(&self, variable: &str, shape: &[usize]) -> Result<(Entry, u64), VariableProblem> {
        let entry =
            self.entries.get(variable.as_bytes()).ok_or_else(|| VariableProblem::Missing(self.listing()))?;
        let entry = Entry::decode(entry.as_slice()).map_err(|_| VariableProblem::Malformed)?;
        if !entry.slices.is_empty() {
            return Err(VariableProblem::Partitioned(entry.slices.len()));
        }
        let width = match entry.dtype {
            1 => 4,
            2 => 8,
            other => return Err(VariableProblem::Type(type_name(other))),
        };
        let dimensions = entry.shape.as_ref().map(|shape| shape.dimensions.as_slice()).unwrap_or_default();
        let found: Vec<i64> = dimensions.iter().map(|dimension| dimension.size).collect();
        if !found.iter().copied().eq(shape.iter().map(|size| *size as i64)) {
            return Err(VariableProblem::Shape { expected: shape.to_vec(), found });
        }
        let expected = shape.iter().try_fold(width, |bytes: u64, size| bytes.checked_mul(*size as u64));
        match expected {
            Some(expected) if u64::try_from(entry.size) == Ok(expected) => Ok((entry, width)),
            expected => {
                let expected = expected.unwrap_or(u64::MAX);
                Err(VariableProblem::Size { expected, found: entry.size })
            }
        }
    }

    /// The variables that there are, those of the optimiser left out.
    fn listing(&self) -> String {
        let names = self.entries.keys().filter_map(|name| std::str::from_utf8(name).ok());
        let names: Vec<&str> = names.filter(|name| !name.contains("/Adam") && name.contains('/')).collect();
        let more = names.len().saturating_sub(MOST_LISTED);
        match names.as_slice() {
            [] => "none".to_owned(),
            few if more == 0 => few.join(", "),
            many => format!("{} and {more} more", many[..MOST_LISTED].join(", ")),
        }
    }
}

impl Located<'_> {
    /// The numbers, in single precision.
    pub fn values(&self) -> impl Iterator<Item = f32> {
        let (singles, _) = self.bytes.as_chunks::<4>();
        let (doubles, _) = self.bytes.as_chunks::<8>();
        let single = |bytes: &[u8; 4]| match self.big_endian {
            true => f32::from_be_bytes(*bytes),
            false => f32::from_le_bytes(*bytes),
        };
        let double = |bytes: &[u8; 8]| match self.big_endian {
            true => f64::from_be_bytes(*bytes) as f32,
            false => f64::from_le_bytes(*bytes) as f32,
        };
        let (singles, doubles) = if self.double { (&[][..], doubles) } else { (singles, &[][..]) };
        singles.iter().map(single).chain(doubles.iter().map(double))
    }

    /// Whether the numbers are stored in double precision.
    pub fn is_double(&self) -> bool {
        self.double
    }
}

/// What the names of a bundle's files begin with.
fn prefix(files: &Files) -> Result<String, BundleError> {
    if let Some(names) = files.get(NAMES) {
        return named(&String::from_utf8_lossy(names)).ok_or(BundleError::NamesNothing);
    }
    let found: Vec<&str> = files.keys().filter_map(|name| name.strip_suffix(INDEX)).collect();
    match found.as_slice() {
        [] => Err(BundleError::NoIndex),
        [only] => Ok((*only).to_owned()),
        several => Err(BundleError::SeveralIndexes(several.join(", "))),
    }
}

/// The bundle that the text of a file `checkpoint` names. It may name it by a path on the machine where
/// it was trained, of which only the last part holds here.
fn named(text: &str) -> Option<String> {
    let path = text.lines().find_map(|line| line.trim().strip_prefix("model_checkpoint_path:"))?;
    let path = path.trim().strip_prefix('"')?.strip_suffix('"')?;
    path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn type_name(dtype: i32) -> String {
    let name = match dtype {
        3 => "int32",
        7 => "string",
        9 => "int64",
        10 => "bool",
        14 => "bfloat16",
        19 => "half",
        other => return format!("number {other}"),
    };
    name.to_owned()
}
