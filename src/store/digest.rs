//! Names by content: digests of bytes, and keys of actions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The BLAKE3 digest of an object's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The key of an action: a digest of what it is, in a domain of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of what the action with this key gives, where the result is a function of the key
    /// and is simulated when needed instead of being stored.
    pub fn derived(key: &Key) -> Self {
        Self(blake3::derive_key("rnnwm derived digest v1", &key.0))
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

impl Key {
    /// The key of an action: BLAKE3 over its canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// If the value holds a number that JSON cannot carry.
    pub fn of(action: &serde_json::Value) -> Result<Self, serde_json::Error> {
        Ok(Self::of_canonical(&serde_json_canonicalizer::to_vec(action)?))
    }

    /// The key of an action whose canonical JSON is at hand.
    pub fn of_canonical(action: &[u8]) -> Self {
        Self(blake3::derive_key("rnnwm action key v1", action))
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NotADigest;

macro_rules! hexadecimal {
    ($name:ident) => {
        impl $name {
            /// The hexadecimal digits.
            pub fn hex(&self) -> impl std::ops::Deref<Target = str> + use<> {
                blake3::Hash::from_bytes(self.0).to_hex()
            }

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// From its bytes.
            pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.hex())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(text: &str) -> Result<Self, NotADigest> {
                let hash = blake3::Hash::from_hex(text).map_err(|_| NotADigest)?;
                Ok(Self(*hash.as_bytes()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hexadecimal!(Digest);
hexadecimal!(Key);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_and_the_form_of_numbers_change_no_key() {
        let one = Key::of(&json!({"a": 1.0, "b": [1, 2]})).expect("canonical");
        let two: serde_json::Value = serde_json::from_str(r#"{"b":[1,2e0],"a":1}"#).expect("JSON");
        assert_eq!(one, Key::of(&two).expect("canonical"));
        assert_ne!(one, Key::of(&json!({"a": 1, "b": [2, 1]})).expect("canonical"));
    }

    #[test]
    fn digests_survive_text() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string().parse::<Digest>().expect("hex"), digest);
        assert!("xyz".parse::<Digest>().is_err());
    }
}
