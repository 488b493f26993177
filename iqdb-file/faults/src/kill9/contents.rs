//! What a directory has: the name of every file and each of its bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Files by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Contents(BTreeMap<String, Vec<u8>>);

impl Contents {
    /// # Errors
    /// Those of the system; that of reading a directory as a file, if there is one in it.
    pub(super) fn of(dir: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.insert(name, fs::read(entry.path())?);
        }
        Ok(Self(files))
    }

    /// The first file that is not the same there, and what differs; `None` when all are.
    pub(super) fn difference(&self, now: &Self) -> Option<String> {
        for (name, before) in &self.0 {
            let Some(after) = now.0.get(name) else { return Some(format!("{name} is gone")) };
            if let Some(at) = before.iter().zip(after).position(|(a, b)| a != b) {
                return Some(format!("{name} differs from byte {at} on"));
            }
            if before.len() != after.len() {
                return Some(format!("{name} had {} bytes, and has {}", before.len(), after.len()));
            }
        }
        let new = now.0.keys().find(|name| !self.0.contains_key(*name));
        new.map(|name| format!("{name} is new"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_every_name_counts() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
        let now = || Contents::of(dir.path()).unwrap();
        put("a", b"12");
        let before = now();
        assert_eq!(before.difference(&now()), None);
        put("a", b"13");
        assert_eq!(before.difference(&now()).unwrap(), "a differs from byte 1 on");
        put("a", b"123");
        assert_eq!(before.difference(&now()).unwrap(), "a had 2 bytes, and has 3");
        put("a", b"12");
        put("b", b"");
        assert_eq!(before.difference(&now()).unwrap(), "b is new");
        assert_eq!(now().difference(&before).unwrap(), "b is gone");
    }
}
