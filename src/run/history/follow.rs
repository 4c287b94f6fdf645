//! Reading a file that another process writes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Gives the lines of a growing file as they become whole.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    read: u64,
    torn: Vec<u8>,
}

impl Follower {
    /// Follows the file from its start. It need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), read: 0, torn: Vec::new() }
    }

    /// The lines that are new since the last call. A file that was begun anew is read anew; what cannot
    /// be read gives nothing.
    pub fn lines(&mut self) -> Vec<String> {
        let Ok(mut file) = File::open(&self.path) else { return Vec::new() };
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        if size < self.read {
            self.read = 0;
            self.torn.clear();
        }
        let mut bytes = std::mem::take(&mut self.torn);
        let fresh = file.seek(SeekFrom::Start(self.read)).and_then(|_| file.read_to_end(&mut bytes));
        self.read += fresh.unwrap_or(0) as u64;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.torn = bytes.split_off(whole);
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::Follower;

    #[test]
    fn lines_come_once_and_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let mut follower = Follower::new(&path);
        assert!(follower.lines().is_empty());
        let mut file = fs::File::create(&path).expect("a file");
        write!(file, "one\ntw").expect("written");
        assert_eq!(follower.lines(), ["one"]);
        assert!(follower.lines().is_empty());
        writeln!(file, "o").expect("written");
        assert_eq!(follower.lines(), ["two"]);
        fs::write(&path, "new\n").expect("written");
        assert_eq!(follower.lines(), ["new"]);
    }
}
