//! What another program does to the names on a disk while a database is open.

use std::path::PathBuf;

/// One thing that another program does. Directories and files alike, but for `Put`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// Another name, which must be free, in this directory or another.
    Rename(PathBuf, PathBuf),
    /// Two names that change places.
    Exchange(PathBuf, PathBuf),
    /// Removed, with everything below it.
    Remove(PathBuf),
    /// A new file with these bytes, in place of whatever had the name. The former file is not
    /// written to: a handle that has it open goes on reading it.
    Put(PathBuf, Vec<u8>),
}
