//! Faults on demand. Every write of the store passes a point here, so that tests of the real program
//! can try what happens when it is the last one that succeeds. Without the environment variable a point
//! costs one comparison.
//!
//! `RNNWM_FAULT=kill@7` ends the process at the eighth write as a kill would, `full@7` lets no write
//! succeed from there on because the disk is full, `readonly@0` because it is read-only.
//! `RNNWM_FAULT_TRACE=FILE` lists the writes as they are done: what, and on which file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a write does.
#[derive(Clone, Copy, Debug)]
pub enum Doing<'a> {
    /// Makes a folder.
    Folder,
    /// Makes an empty file.
    Create,
    /// Adds so many bytes to a file.
    Write(usize),
    /// Waits until the disk has what is in a file.
    Sync,
    /// Waits until the disk has the names in a folder.
    SyncFolder,
    /// Gives a file another name.
    Rename(&'a Path),
    /// Removes a file.
    Remove,
}

/// A write that is not to succeed.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The process ends here.
    Kill,
    /// The operating system refuses.
    Refused(io::ErrorKind),
}

impl Fault {
    /// Ends the process, or gives the error.
    pub fn strike(self) -> io::Error {
        match self {
            Self::Kill => std::process::abort(),
            Self::Refused(kind) => kind.into(),
        }
    }
}

struct Faults {
    fault: Option<(Fault, u64)>,
    trace: Option<File>,
    writes: AtomicU64,
}

static FAULTS: LazyLock<Option<Faults>> = LazyLock::new(|| {
    let fault = std::env::var("RNNWM_FAULT").ok().and_then(|text| parse(&text));
    let trace = std::env::var_os("RNNWM_FAULT_TRACE")
        .and_then(|path| File::options().create(true).append(true).open(path).ok());
    let asked = fault.is_some() || trace.is_some();
    asked.then(|| Faults { fault, trace, writes: AtomicU64::new(0) })
});

fn parse(text: &str) -> Option<(Fault, u64)> {
    let (fault, at) = text.split_once('@')?;
    let fault = match fault {
        "kill" => Fault::Kill,
        "full" => Fault::Refused(io::ErrorKind::StorageFull),
        "readonly" => Fault::Refused(io::ErrorKind::ReadOnlyFilesystem),
        _ => return None,
    };
    Some((fault, at.parse().ok()?))
}

/// The fault that this write meets, if it meets one.
pub fn at(doing: Doing, path: &Path) -> Option<Fault> {
    FAULTS.as_ref().and_then(|faults| faults.meet(doing, path))
}

/// Lets a write pass that is done whole or not at all.
///
/// # Errors
/// If it is not to succeed.
pub fn pass(doing: Doing, path: &Path) -> io::Result<()> {
    at(doing, path).map_or(Ok(()), |fault| Err(fault.strike()))
}

impl Faults {
    fn meet(&self, doing: Doing, path: &Path) -> Option<Fault> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        let met = self.fault.filter(|(fault, at)| match fault {
            Fault::Kill => number == *at,
            Fault::Refused(_) => number >= *at,
        });
        if let Some(mut trace) = self.trace.as_ref() {
            let line = match doing {
                Doing::Folder => format!("folder\t{}\n", path.display()),
                Doing::Create => format!("create\t{}\n", path.display()),
                Doing::Write(bytes) => format!("write\t{}\t{bytes}\n", path.display()),
                Doing::Sync => format!("sync\t{}\n", path.display()),
                Doing::SyncFolder => format!("sync-folder\t{}\n", path.display()),
                Doing::Rename(to) => format!("rename\t{}\t{}\n", path.display(), to.display()),
                Doing::Remove => format!("remove\t{}\n", path.display()),
            };
            // A trace that cannot be written shows in the test that reads it.
            let _ = trace.write_all(line.as_bytes());
        }
        met.map(|(fault, _)| fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_text() {
        assert!(matches!(parse("kill@3"), Some((Fault::Kill, 3))));
        assert!(matches!(parse("full@0"), Some((Fault::Refused(io::ErrorKind::StorageFull), 0))));
        assert!(parse("kill").is_none() && parse("melt@1").is_none() && parse("kill@x").is_none());
    }
}
