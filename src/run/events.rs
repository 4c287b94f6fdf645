//! The stream of events and where it goes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::store::{StoreError, create};

use super::event::{Event, Stamped};

/// An event file that cannot be made.
pub type EventsError = StoreError;

/// Something that takes in events.
pub trait Sink: Send {
    /// Takes in one event.
    fn take(&mut self, event: &Event);
}

/// The stream: everything that is emitted goes to every sink, one event at a time.
#[derive(Default)]
pub struct Events {
    sinks: Mutex<Vec<Box<dyn Sink>>>,
}

impl Events {
    /// A stream with these sinks.
    pub fn new(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { sinks: Mutex::new(sinks) }
    }

    /// Hands an event to every sink.
    pub fn emit(&self, event: &Event) {
        // A sink that panicked is no reason to lose the others' events.
        for sink in self.sinks.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            sink.take(event);
        }
    }
}

struct Ndjson {
    file: BufWriter<File>,
}

/// A sink that writes one JSON object a line.
///
/// # Errors
/// If the file cannot be made.
pub fn ndjson(path: &Path) -> Result<Box<dyn Sink>, EventsError> {
    Ok(Box::new(Ndjson { file: BufWriter::new(create(path)?) }))
}

impl Sink for Ndjson {
    fn take(&mut self, event: &Event) {
        // A full disk must not stop the run; the store notices it where it matters.
        let line = serde_json::to_string(&Stamped::now(event)).unwrap_or_default();
        let _ = writeln!(self.file, "{line}").and_then(|()| self.file.flush());
    }
}
