//! The names of the files of a database, and the magic number of each kind.

use std::path::{Path, PathBuf};

/// A file of a database, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FileName {
    /// Lists the other files. The manifest with the highest number is the database.
    Manifest(u64),
    /// The changes since the manifest.
    Log(u64),
    /// Rows that never change.
    Segment(u64),
    /// What core computed of the rows of a segment for a field that was added later. Such files have
    /// numbers of their own.
    Column(u64),
    /// Data that searches derived from the segment of the same number. It can be lost at any time.
    Derived(u64),
    /// A value that a search keeps of the whole database. It can be lost at any time.
    Shelf(u64),
    /// A manifest that is being written.
    Unfinished(u64),
    /// The file that a handle locks while it has the database open.
    Lock,
    /// Disk space that is freed when the disk is full.
    Reserve,
}

impl FileName {
    /// The first 8 bytes of such a file.
    pub(crate) const fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Manifest(_) | Self::Unfinished(_) => b"iqdb man",
            Self::Log(_) => b"iqdb log",
            Self::Segment(_) => b"iqdb seg",
            Self::Column(_) => b"iqdb col",
            Self::Derived(_) => b"iqdb der",
            Self::Shelf(_) => b"iqdb shf",
            Self::Lock => b"iqdb lck",
            Self::Reserve => b"iqdb res",
        }
    }

    /// The path of the file in `dir`, for messages.
    pub(crate) fn within(self, dir: &Path) -> PathBuf {
        dir.join(self.to_string())
    }

    /// `None` for a name that no file of a database has.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "lock" => return Some(Self::Lock),
            "reserve" => return Some(Self::Reserve),
            _ => {}
        }
        let (kind, rest) = name.split_once('-')?;
        let (digits, unfinished) = match rest.strip_suffix(".new") {
            Some(digits) => (digits, true),
            None => (rest, false),
        };
        let number = digits.parse().ok()?;
        let found = match (kind, unfinished) {
            ("manifest", false) => Self::Manifest(number),
            ("manifest", true) => Self::Unfinished(number),
            ("log", false) => Self::Log(number),
            ("segment", false) => Self::Segment(number),
            ("column", false) => Self::Column(number),
            ("derived", false) => Self::Derived(number),
            ("shelf", false) => Self::Shelf(number),
            _ => return None,
        };
        // Only what we would write: `log-7` or `log-+0000007` belongs to another program.
        (found.to_string() == name).then_some(found)
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manifest(number) => write!(f, "manifest-{number:08}"),
            Self::Unfinished(number) => write!(f, "manifest-{number:08}.new"),
            Self::Log(number) => write!(f, "log-{number:08}"),
            Self::Segment(number) => write!(f, "segment-{number:08}"),
            Self::Column(number) => write!(f, "column-{number:08}"),
            Self::Derived(number) => write!(f, "derived-{number:08}"),
            Self::Shelf(number) => write!(f, "shelf-{number:08}"),
            Self::Lock => f.write_str("lock"),
            Self::Reserve => f.write_str("reserve"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_nothing_else_is_ours() {
        let names = [
            FileName::Manifest(1),
            FileName::Unfinished(2),
            FileName::Log(123_456_789),
            FileName::Segment(0),
            FileName::Column(7),
        ];
        let names = names.into_iter().chain([FileName::Derived(5), FileName::Shelf(6)]);
        for name in names.chain([FileName::Lock, FileName::Reserve]) {
            assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }
        for other in [
            "",
            "log",
            "log-7",
            "log-+0000007",
            "log-00000007.new",
            "column-7",
            "column-00000007.new",
            "notes.txt",
            "a-1",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }
}
