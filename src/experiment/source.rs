//! Texts that values come from, and places in them.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place in one of the [`Sources`]: bytes `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Index of the text.
    pub source: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The place `range` of text `source`.
    pub fn new(source: usize, range: Range<usize>) -> Self {
        Self { source, start: range.start, end: range.end }
    }
}

/// A text with the name that messages show: an experiment file, or a `--set` of the command line.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Every text that one experiment was read from.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and gives its index.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.0.push(Source { name: name.into(), text: text.into() });
        self.0.len() - 1
    }

    /// The text with this index.
    pub fn get(&self, index: usize) -> Option<&Source> {
        self.0.get(index)
    }

    /// The folder of the file in which a place is; the working folder for what was typed.
    pub fn folder(&self, span: Span) -> PathBuf {
        let file = self.get(span.source).map_or("", |source| source.name.as_str());
        Path::new(file).parent().unwrap_or(Path::new("")).to_owned()
    }

    /// `name:line` of a place, lines counted from 1.
    pub fn locate(&self, span: Span) -> Option<String> {
        let source = self.get(span.source)?;
        let before = source.text.get(..span.start)?;
        Some(format!("{}:{}", source.name, before.matches('\n').count() + 1))
    }
}
