//! Tells a database that was never finished from one that has lost its manifest.
//!
//! `create` first makes the file [`UNFINISHED`], and removes it once the first manifest is there. No
//! writer writes to the log of an unfinished database.

use iqdb_core::{Error, Result};

use crate::errors::{damaged, refused};
use crate::files::database_dir::DatabaseDir;
use crate::files::log::Log;
use crate::format::file_head::Owner;
use crate::format::file_name::FileName;
use crate::format::manifest::FIRST_LOG;

/// The file that marks a database as unfinished. No manifest has this number.
pub(crate) const UNFINISHED: FileName = FileName::Unfinished(0);

/// The unfinished database of a directory, if there is one. `lock` is the database that the file `lock`
/// names, if it names one.
///
/// # Errors
/// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
pub(crate) fn begun(dir: &DatabaseDir, lock: Option<u128>) -> Result<Option<u128>> {
    let owner = dir.owner(UNFINISHED, None);
    Ok(match owner.map_err(|error| refused(&dir.path_of(UNFINISHED), "read", error))? {
        Some(Owner::Database(database)) if lock.is_none_or(|lock| lock == database) => {
            Some(database)
        }
        _ => None,
    })
}

/// Finds a log or a segment of a database that has lost its manifest. The files of the unfinished
/// database `begun` are no orphans, unless its log has been written to.
///
/// # Errors
/// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
pub(crate) fn find_orphan(
    dir: &DatabaseDir,
    names: &[FileName],
    begun: Option<u128>,
) -> Result<Option<FileName>> {
    for name in names.iter().filter(|name| matches!(name, FileName::Log(_) | FileName::Segment(_)))
    {
        let refused = |error| refused(&dir.path_of(*name), "read", error);
        let Some(Owner::Database(database)) = dir.owner(*name, None).map_err(refused)? else {
            continue;
        };
        let is_written = match name {
            FileName::Log(FIRST_LOG) => Log::is_written(dir, *name).map_err(refused)?,
            FileName::Log(_) => true,
            _ => false,
        };
        if is_written || begun != Some(database) {
            return Ok(Some(*name));
        }
    }
    Ok(None)
}

/// A directory has a file of a database, and no manifest.
pub(crate) fn no_manifest(dir: &DatabaseDir, orphan: FileName) -> Error {
    damaged(dir.path(), "the manifest of the database is missing")
        .expected("a file manifest-…")
        .found(format_args!("{orphan} without one"))
}
