//! What can be wrong with a TensorFlow checkpoint.

use thiserror::Error;

/// A checkpoint that cannot be read.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// A file is not there.
    #[error("there is no file `{0}`; copy the whole folder of the checkpoint")]
    MissingFile(String),
    /// The folder has no checkpoint.
    #[error("there is no `.index` file; this is no folder of a TensorFlow checkpoint of version 2")]
    NoIndex,
    /// The folder has several checkpoints, and nothing says which is meant.
    #[error("there are several `.index` files ({0}), and no file `checkpoint` that says which is meant")]
    SeveralIndexes(String),
    /// The file `checkpoint` names nothing.
    #[error("`checkpoint` has no line `model_checkpoint_path: \"...\"`")]
    NamesNothing,
    /// The index is damaged.
    #[error("`{file}`: {problem}")]
    Index {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: TableError,
    },
    /// The index is whole, but not of a form that is known.
    #[error("`{file}`: {problem}")]
    Header {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A variable cannot be read.
    #[error("`{file}`: variable `{variable}` {problem}")]
    Variable {
        /// The file.
        file: String,
        /// The variable.
        variable: String,
        /// What is wrong with it.
        problem: VariableProblem,
    },
}

/// What is wrong with a table in the format of LevelDB.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// It does not end as a table does.
    #[error("this is no table of variables, or its end is missing; copy the file again")]
    NoTable,
    /// A block lies beyond the end.
    #[error("a block lies outside of the file; copy the file again")]
    OutsideTheFile,
    /// A block is not what was written.
    #[error("a block does not match its checksum; the file is damaged, copy it again")]
    Checksum,
    /// A block is compressed in a way that is not known.
    #[error("a block is compressed in an unknown way ({0})")]
    Compression(u8),
    /// A block cannot be taken apart.
    #[error("a block is malformed: {0}")]
    Malformed(&'static str),
}

/// What is wrong with a variable.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum VariableProblem {
    /// It is not there.
    #[error("is missing; there are {0}")]
    Missing(String),
    /// Its description cannot be read.
    #[error("has a description that cannot be read")]
    Malformed,
    /// It is stored in parts.
    #[error("is stored in {0} slices; save the checkpoint without partitioned variables")]
    Partitioned(usize),
    /// It holds no numbers that could be weights.
    #[error("is of type {0}, not float or double")]
    Type(String),
    /// It is of another shape.
    #[error("has the shape {found:?}, not {expected:?}")]
    Shape {
        /// The shape that the network needs.
        expected: Vec<usize>,
        /// The shape that it has.
        found: Vec<i64>,
    },
    /// Its size and its shape contradict each other.
    #[error("has {found} bytes, not the {expected} of its shape")]
    Size {
        /// The bytes of its shape.
        expected: u64,
        /// The bytes that the index gives it.
        found: i64,
    },
    /// The file ends before it does.
    #[error("ends at byte {end}, but the file has only {length}; it is cut off, copy it again")]
    OutsideTheFile {
        /// Where it should end.
        end: i128,
        /// The length of the file.
        length: usize,
    },
    /// Its bytes are not what was written.
    #[error("does not match its checksum; the file is damaged, copy it again")]
    Checksum,
    /// A number is infinite or not a number.
    #[error("holds a number that is not finite")]
    NotFinite,
}
