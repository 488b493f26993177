//! The first 32 bytes of every file: what the file is, its format, and the database that owns it.
//!
//! ```text
//! 8 × u8   magic: the kind of the file
//! u32      the version of the format
//! u32      0
//! u128     the id of the database
//! ```
//!
//! A crash may leave a file before its first bytes are on the disk: then some of them are zeros, or
//! missing.

use std::path::Path;

use iqdb_core::{Error, ErrorKind, Location, Result};

use super::file_name::FileName;
use super::wire::put_u32;
use crate::errors::damaged;

/// The size of a file head in bytes.
pub(crate) const HEAD: usize = 32;

/// The version of the format, the same for all files.
pub(crate) const FORMAT: u32 = 2;

/// The owner of a file, by its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The database with this id.
    Database(u128),
    /// Unknown: a crash left only a part of the head, and that part is correct.
    Torn,
    /// Another program: the file is not what its name says.
    Stranger,
}

impl Owner {
    /// The owner of a file with this name and these first bytes, missing ones replaced by zeros.
    /// `ours` is the database that may have left the file there in part.
    pub(crate) fn decode(found: &[u8; HEAD], name: FileName, ours: Option<u128>) -> Self {
        let database = found.last_chunk().copied().map_or(0, u128::from_le_bytes);
        if database != 0 && found.starts_with(name.magic()) && Some(database) == ours {
            return Self::Database(database);
        }
        let whole = encode_head(name, ours.unwrap_or(0), HEAD);
        // The bytes between the magic and the id differ from file to file.
        let is_part = |(n, (found, whole)): (usize, (&u8, &u8))| {
            *found == 0 || found == whole || (8..16).contains(&n)
        };
        match () {
            () if found.iter().zip(&whole).enumerate().all(is_part) => Self::Torn,
            () if found.starts_with(name.magic()) && database != 0 => Self::Database(database),
            () => Self::Stranger,
        }
    }

    /// Whether this database may remove the file, or replace it by a new one.
    pub(crate) fn is(self, database: u128) -> bool {
        self == Self::Database(database)
    }
}

/// Appends a file head.
pub(crate) fn put_head(out: &mut Vec<u8>, name: FileName, database: u128) {
    out.extend_from_slice(name.magic());
    put_u32(out, FORMAT);
    put_u32(out, 0);
    out.extend_from_slice(&database.to_le_bytes());
}

/// A file head, followed by zeros up to `len` bytes.
pub(crate) fn encode_head(name: FileName, database: u128, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    put_head(&mut bytes, name, database);
    bytes.resize(len.max(HEAD), 0);
    bytes
}

/// Checks that a segment or a log begins with the header that it must have.
///
/// # Errors
/// [`ErrorKind::NotSupported`] when a later version of iqdb wrote the file;
/// [`ErrorKind::Damaged`] when the header differs otherwise.
pub(crate) fn check_header(path: &Path, found: &[u8], expected: &[u8]) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let magic = expected.first_chunk::<8>();
    let has_magic = magic.is_some_and(|magic| found.starts_with(magic));
    let format = found.get(8..12).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    match format {
        Some(format) if has_magic && format > FORMAT => Err(later_version(path, format)),
        Some(format) if has_magic && format < FORMAT => Err(earlier_version(path, format)),
        _ => Err(damaged(
            path,
            "it belongs to another database, or its header is not what was written",
        )
        .at(Location::Byte(0))),
    }
}

/// The error for a file that a later version of iqdb wrote.
pub(crate) fn later_version(path: &Path, format: u32) -> Error {
    Error::new(
        ErrorKind::NotSupported,
        format!("{}: a later version of iqdb wrote it", path.display()),
    )
    .expected(format_args!("format {FORMAT}"))
    .found(format_args!("format {format}"))
    .hint("open it with that version")
}

/// The error for a file that a version of iqdb before its first release wrote.
pub(crate) fn earlier_version(path: &Path, format: u32) -> Error {
    Error::new(
        ErrorKind::NotSupported,
        format!("{}: a version of iqdb before its first release wrote it", path.display()),
    )
    .expected(format_args!("format {FORMAT}"))
    .found(format_args!("format {format}"))
    .hint("export it with that version, and import it with this one")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(bytes: &[u8], name: FileName, ours: Option<u128>) -> Owner {
        let mut head = [0; HEAD];
        head[..bytes.len()].copy_from_slice(bytes);
        Owner::decode(&head, name, ours)
    }

    #[test]
    fn a_file_is_ours_by_its_first_bytes_and_not_by_its_name() {
        for name in [
            FileName::Lock,
            FileName::Reserve,
            FileName::Manifest(1),
            FileName::Log(2),
            FileName::Segment(3),
        ] {
            for ours in [None, Some(7), Some(8)] {
                assert_eq!(owner(&encode_head(name, 7, HEAD), name, ours), Owner::Database(7));
                assert_eq!(owner(&[], name, ours), Owner::Torn);
                assert_eq!(owner(&[0; 20], name, ours), Owner::Torn);
                assert_eq!(owner(b"notes of somebody", name, ours), Owner::Stranger);
            }
            for cut in 0..HEAD {
                let (front, back) = (encode_head(name, 7, HEAD), encode_head(name, 7, HEAD));
                let torn = [&front[..cut], &vec![0; HEAD - cut]].concat();
                let is_whole = torn == back;
                assert_eq!(owner(&torn, name, Some(7)) == Owner::Torn, !is_whole, "{cut}");
            }
        }
        let lock = encode_head(FileName::Lock, 7, HEAD);
        assert_eq!(owner(&lock, FileName::Reserve, Some(7)), Owner::Stranger);
        assert!(Owner::Database(7).is(7) && !Owner::Database(7).is(8) && !Owner::Torn.is(0));
    }
}
