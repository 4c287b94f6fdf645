//! Named values from JSON, of which everything that is wrong is said in one go.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::experiment::hint;

/// Named values, and what has been found to be wrong with them.
pub struct Values {
    values: Map<String, Json>,
    flaws: Vec<String>,
}

impl Values {
    /// Values that nothing is known to be wrong with.
    pub fn new(values: Map<String, Json>) -> Self {
        Self { values, flaws: Vec::new() }
    }

    /// What is read from the values, if nothing is wrong with them.
    ///
    /// # Errors
    /// All that is wrong. Where there is no result, something is.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Vec<String>> {
        read.filter(|_| self.flaws.is_empty()).ok_or(self.flaws)
    }

    /// Says that something is wrong.
    pub fn say(&mut self, flaw: impl Into<String>) {
        self.flaws.push(flaw.into());
    }

    /// Says which names are none of the known ones.
    pub fn check_names(&mut self, known: &[&str]) {
        let unknown = self.values.keys().filter(|name| !known.contains(&name.as_str()));
        let flaws = unknown.map(|name| {
            let hint = hint(name, "known", known.iter().copied());
            format!("`{name}` is not known ({hint})")
        });
        self.flaws.extend(flaws);
    }

    /// Whether there is something of this name.
    pub fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// The value of this name.
    pub fn value<T: DeserializeOwned>(&mut self, name: &str, expected: &str) -> Option<T> {
        let Some(value) = self.values.get(name) else {
            self.say(format!("`{name}` is missing"));
            return None;
        };
        let read = serde_json::from_value(value.clone()).ok();
        if read.is_none() {
            self.say(format!("`{name}` is {value}, not {expected}"));
        }
        read
    }

    /// One of the texts that are known, as the value that it stands for. Those of `later` are known not to
    /// work yet.
    pub fn choice<T: DeserializeOwned>(&mut self, name: &str, known: &[&str], later: &[&str]) -> Option<T> {
        let text: String = self.value(name, "text")?;
        if known.contains(&text.as_str()) {
            return serde_json::from_value(text.into()).ok();
        }
        if later.contains(&text.as_str()) {
            self.say(format!("`{name}` is \"{text}\", which cannot be simulated yet"));
        } else {
            let hint = hint(&text, "known", known.iter().copied());
            self.say(format!("`{name}` is \"{text}\", which is not known ({hint})"));
        }
        None
    }

    /// A whole number of this range; `20.0` is one too.
    pub fn whole(&mut self, name: &str, least: u64, most: u64) -> Option<u64> {
        let number: f64 = self.value(name, "a number")?;
        if number.fract() == 0.0 && number >= least as f64 && number <= most as f64 {
            return Some(number as u64);
        }
        self.say(format!("`{name}` is {number}, not a whole number from {least} to {most}"));
        None
    }

    /// A number that is not negative.
    pub fn strength(&mut self, name: &str) -> Option<f64> {
        let number: f64 = self.value(name, "a number")?;
        if number >= 0.0 {
            return Some(number);
        }
        self.say(format!("`{name}` is {number}, which must not be negative"));
        None
    }
}
