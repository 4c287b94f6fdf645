//! What planning needs to know of a record: its outputs and its times, without action and facts.

use std::sync::Arc;

use super::digest::Digest;
use super::record::Record;

/// What planning needs to know of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Digests of the outputs.
    pub outputs: Outputs,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl From<&Record> for Brief {
    fn from(record: &Record) -> Self {
        let outputs = record.outputs.iter().map(|(name, output)| (Arc::from(name.as_str()), output.digest));
        Self { outputs: outputs.collect(), started_ms: record.started_ms, duration_ms: record.duration_ms }
    }
}

/// Digests of outputs, by name, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs(Box<[(Arc<str>, Digest)]>);

impl Outputs {
    /// The digest of the output of this name.
    pub fn get(&self, name: &str) -> Option<&Digest> {
        self.iter().find(|(other, _)| *other == name).map(|(_, digest)| digest)
    }

    /// Names and digests.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Digest)> {
        self.0.iter().map(|(name, digest)| (&**name, digest))
    }

    /// The digests alone.
    pub fn values(&self) -> impl Iterator<Item = &Digest> {
        self.0.iter().map(|(_, digest)| digest)
    }
}

impl FromIterator<(Arc<str>, Digest)> for Outputs {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Digest)>>(outputs: I) -> Self {
        let mut outputs: Box<[_]> = outputs.into_iter().collect();
        outputs.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(outputs)
    }
}
