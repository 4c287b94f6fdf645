//! The canonical JSON (RFC 8785) of an action, written piece by piece: a key costs no more than that.

use crate::store::{Digest, Key};

/// The canonical JSON of an action. Inputs come in ascending order of their names, and so do the parts
/// of each.
#[derive(Debug)]
pub struct ActionText {
    text: Vec<u8>,
    inputs: usize,
    /// Things taken in under the name of the last input.
    several: usize,
}

impl Default for ActionText {
    fn default() -> Self {
        Self { text: b"{\"inputs\":{".to_vec(), inputs: 0, several: 0 }
    }
}

impl ActionText {
    /// Begins an input.
    pub fn input(&mut self, name: &str) {
        self.push(if self.inputs > 0 { "]," } else { "" });
        self.quote(name);
        self.push(":[");
        self.inputs += 1;
        self.several = 0;
    }

    /// Adds objects of the store to the input, by the names of their outputs. `item` is canonical JSON, or
    /// empty where nothing tells this from others.
    pub fn stored<'p>(&mut self, item: &str, parts: impl Iterator<Item = (&'p str, &'p Digest)>) {
        self.begin(item);
        self.push("{");
        for (at, (name, digest)) in parts.enumerate() {
            self.push(if at > 0 { "," } else { "" });
            self.quote(name);
            self.push(":\"");
            self.push(&digest.hex());
            self.push("\"");
        }
        self.push("}");
        self.end(item);
    }

    /// Adds what has a digest of its own: what is simulated when needed, or a file outside of the store.
    pub fn derived(&mut self, item: &str, digest: &Digest) {
        self.begin(item);
        self.push("\"");
        self.push(&digest.hex());
        self.push("\"");
        self.end(item);
    }

    /// The key of an action with these inputs; `params` is canonical JSON.
    pub fn key(mut self, kind: &str, version: u32, params: &str) -> Key {
        self.push(if self.inputs > 0 { "]},\"kind\":" } else { "},\"kind\":" });
        self.quote(kind);
        self.push(",\"params\":");
        self.push(params);
        self.push(",\"version\":");
        self.push(&version.to_string());
        self.push("}");
        Key::of_canonical(&self.text)
    }

    fn begin(&mut self, item: &str) {
        self.push(if self.several > 0 { "," } else { "" });
        self.push(if item.is_empty() { "" } else { "{\"content\":" });
        self.several += 1;
    }

    fn end(&mut self, item: &str) {
        if !item.is_empty() {
            self.push(",\"item\":");
            self.push(item);
            self.push("}");
        }
    }

    /// Names of kinds, inputs and outputs are those of the program, which need no escapes.
    fn quote(&mut self, name: &str) {
        self.push("\"");
        self.push(name);
        self.push("\"");
    }

    fn push(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }
}
