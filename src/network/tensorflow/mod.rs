//! Checkpoints as TensorFlow 1.x writes them: tensor bundles of version 2, one folder each.
//!
//! ```text
//! checkpoint                       text that names the newest bundle of the folder
//! model.ckpt.index                 a table of variables: type, shape, where their bytes are, checksum
//! model.ckpt.data-00000-of-00001   the bytes of all variables; there may be several such files
//! ```
//!
//! Nothing is believed: every length is checked against the size of the file before memory is taken,
//! and every byte that is used is checked against its checksum.

mod bundle;
mod checksum;
mod error;
mod proto;
mod table;
mod weights;

pub use error::{BundleError, TableError, VariableProblem};
pub use weights::TensorFlowWeights;
