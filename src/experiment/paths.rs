//! Paths among the parameters of stages start from the folder of the file in which they stand, whichever
//! file extends it.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::sections::Experiment;
use super::source::Span;
use super::value::{Node, Value};

impl Experiment {
    /// Lets the parameters in `body` that `schema` says are paths (`"format": "path"`) start from the folder that
    /// `folder` gives for the place where they stand. What is no text, or empty, is left to be complained about.
    pub fn root_paths(&self, schema: &Json, body: &mut Node, folder: impl Fn(Span) -> PathBuf) {
        let Value::Table(entries) = &mut body.value else { return };
        for entry in entries {
            let is_path = schema["properties"][entry.key.as_str()]["format"] == "path";
            if let Value::String(text) = &mut entry.node.value
                && is_path
                && !text.is_empty()
                && !self.begins_absolute(text)
            {
                *text = joined(&folder(entry.node.span), text);
            }
        }
    }

    /// Whether a path begins with an axis that gives absolute paths.
    fn begins_absolute(&self, text: &str) -> bool {
        let name = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let axis = name.and_then(|(name, _)| self.axes.iter().find(|axis| axis.name == name));
        let is_absolute = |value: &Node| value.as_str().is_some_and(|path| Path::new(path).is_absolute());
        axis.is_some_and(|axis| axis.values.iter().all(is_absolute))
    }
}

/// A path from a folder whose braces are no axes.
fn joined(folder: &Path, text: &str) -> String {
    let folder = folder.display().to_string().replace('{', "{{").replace('}', "}}");
    Path::new(&folder).join(text).display().to_string()
}
