//! Databases on disk: the only place of the command that knows which backend keeps them.
//!
//! Everything else works over an [`Iqdb`] and does not open, compact, verify or copy one itself.

use std::path::Path;

use iqdb::{FileStats, Iqdb, Progress, Result, Schema, Verified};

/// Makes a new, empty database.
pub(crate) fn create(path: &Path, schema: Schema) -> Result<Iqdb> {
    Iqdb::create(path, schema)
}

/// Opens a database to write.
pub(crate) fn open(path: &Path) -> Result<Iqdb> {
    Iqdb::open(path)
}

/// Opens a database to read, beside others that read.
pub(crate) fn open_read_only(path: &Path) -> Result<Iqdb> {
    Iqdb::open_read_only(path)
}

/// What the database takes on disk.
pub(crate) fn stats(database: &Iqdb) -> Result<FileStats> {
    database.file_stats()
}

/// Gives back the room of deleted and replaced records.
pub(crate) fn compact(database: &Iqdb) -> Result<()> {
    database.compact()
}

/// Copies the database as it is now into the directory `to`, which has none.
pub(crate) fn backup(database: &Iqdb, to: &Path) -> Result<()> {
    database.backup_to(to)
}

/// Checks every byte; `progress` is told how many of how many have been checked.
pub(crate) fn verify(database: &Iqdb, progress: &mut dyn Progress) -> Result<Verified> {
    database.verify(progress)
}
