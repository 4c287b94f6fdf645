//! What a record says.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// The form of records; a record of another form is not understood and counts as absent.
pub const FORM: u32 = 1;

/// What an action gave: digests of its outputs, small facts that planning needs, and who made it,
/// when, how long it took, and where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The form of this record.
    pub form: u32,
    /// What the key was computed from.
    pub action: serde_json::Value,
    /// What came out, by name.
    pub outputs: BTreeMap<String, Output>,
    /// What planning needs to know of it without opening it.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub facts: serde_json::Value,
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Where.
    pub host: String,
    /// By which version of the program.
    pub program: String,
}

/// One output of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
    /// The bytes themselves, where they are few and text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inline: Option<String>,
    /// The bytes themselves in base64, where they are few and no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// Outputs up to this size stand in the record itself.
const INLINE_BYTES: usize = 1800;

impl Output {
    /// Describes an output; a short one is carried along.
    pub fn of(bytes: &[u8]) -> Self {
        let mut output =
            Self { digest: Digest::of(bytes), size: bytes.len() as u64, inline: None, base64: None };
        if bytes.len() <= INLINE_BYTES {
            match std::str::from_utf8(bytes) {
                Ok(text) => output.inline = Some(text.to_owned()),
                Err(_) => output.base64 = Some(BASE64_STANDARD.encode(bytes)),
            }
        }
        output
    }

    /// Whether the bytes stand here.
    pub fn is_inline(&self) -> bool {
        self.inline.is_some() || self.base64.is_some()
    }

    /// The bytes that stand here, if they do and are what the digest says.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let bytes = match (&self.inline, &self.base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(encoded)) => BASE64_STANDARD.decode(encoded).ok()?,
            (None, None) => return None,
        };
        (Digest::of(&bytes) == self.digest).then_some(bytes)
    }
}
