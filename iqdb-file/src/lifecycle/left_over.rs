//! What is in a directory in which a database is to be made, and what an unfinished attempt left there.

use std::io;

use iqdb_core::{Error, ErrorKind, Result};

use crate::errors::refused;
use crate::files::database_dir::DatabaseDir;
use crate::files::lock::Lock;
use crate::files::unfinished::{UNFINISHED, begun, find_orphan, no_manifest};
use crate::format::file_head::Owner;
use crate::format::file_name::FileName;
use crate::format::manifest::FIRST;

/// The prefix of the names of unfinished directories and files. The id of the database follows.
const TEMPORARY: &str = ".iqdb-new-";

/// What an empty file system has in its root.
const LOST_AND_FOUND: &str = "lost+found";

/// How many files of other owners an error lists.
const LISTED_MAX: usize = 8;

/// The contents of a directory.
pub(super) enum Contents {
    /// A manifest of ours.
    Database,
    /// Nothing, or the files of an unfinished database, with its id.
    Empty(Option<u128>),
    /// Files of other owners, by these names.
    Foreign(Vec<String>),
}

pub(super) fn temporary(database: u128) -> String {
    format!("{TEMPORARY}{database:032x}")
}

/// The database of an unfinished directory or file with this name.
pub(super) fn database_of(name: &str) -> Option<u128> {
    let digits = name.strip_prefix(TEMPORARY)?;
    let database = u128::from_str_radix(digits, 16).ok()?;
    (temporary(database) == name).then_some(database)
}

/// Looks through a directory. Asks the lock for its database if it is taken: not every system lets
/// another handle read a locked file.
///
/// # Errors
/// [`ErrorKind::Damaged`] when it has files of a database that has no manifest; [`ErrorKind::Io`].
pub(super) fn contents(dir: &DatabaseDir, taken: Option<&Lock>) -> Result<Contents> {
    let refused = |error| refused(dir.path(), "read", error);
    let names = dir.names().map_err(refused)?;
    let database_in = |name| -> Result<Option<u128>> {
        Ok(match dir.owner(name, None).map_err(refused)? {
            Some(Owner::Database(database)) => Some(database),
            _ => None,
        })
    };
    for name in names.iter().filter(|name| matches!(name, FileName::Manifest(_))) {
        if database_in(*name)?.is_some() {
            return Ok(Contents::Database);
        }
    }
    let lock = match taken {
        Some(taken) => taken.database(),
        None => database_in(FileName::Lock)?,
    };
    let begun = begun(dir, lock)?;
    let database = lock.or(begun);
    match (left_behind(dir, database, lock)?, find_orphan(dir, &names, begun)?) {
        (Some(others), _) => Ok(Contents::Foreign(others)),
        (None, Some(orphan)) => Err(no_manifest(dir, orphan)),
        (None, None) => Ok(Contents::Empty(database)),
    }
}

/// The names in a directory that an unfinished attempt to make this database can't have left there;
/// `None` when there are none. A left-over file has a temporary name, or the id of the database.
pub(super) fn left_behind(
    dir: &DatabaseDir,
    database: Option<u128>,
    lock: Option<u128>,
) -> Result<Option<Vec<String>>> {
    let refused = |error| refused(dir.path(), "read", error);
    let mut others = Vec::new();
    for entry in dir.entries().map_err(refused)? {
        let is_ours = match FileName::parse(&entry.name) {
            _ if entry.is_dir => entry.name == LOST_AND_FOUND,
            // A temporary name, which no other program uses.
            None => database_of(&entry.name).is_some(),
            Some(FileName::Lock) => lock.is_some() && lock == database,
            Some(name) => match dir.owner(name, database).map_err(refused)? {
                // Removed since the directory was listed.
                None => true,
                Some(Owner::Database(found)) => database == Some(found),
                Some(Owner::Torn | Owner::Stranger) => false,
            },
        };
        if !is_ours {
            others.push(entry.name);
        }
    }
    others.sort();
    Ok((!others.is_empty()).then_some(others))
}

/// Whether such a file is made after the file that says that the database is unfinished.
fn is_part(name: FileName) -> bool {
    match name {
        FileName::Log(_)
        | FileName::Segment(_)
        | FileName::Column(_)
        | FileName::Derived(_)
        | FileName::Shelf(_)
        | FileName::Reserve => true,
        FileName::Unfinished(_) => name != UNFINISHED,
        FileName::Manifest(_) | FileName::Lock => false,
    }
}

pub(super) fn foreign(dir: &DatabaseDir, others: &[String]) -> Error {
    let path = dir.path().display();
    let mut list =
        others.iter().take(LISTED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(more) = others.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        list = format!("{list} and {more} more");
    }
    Error::new(ErrorKind::Io, format!("{path}: it holds something else than a database"))
        .expected("an empty directory, or none")
        .found(list)
        .hint("choose another directory; nothing in this one was touched")
        .caused_by(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// Removes the files of a database that could not be made. Files that can't be removed stay marked as
/// unfinished, in whatever order the others go when the power fails.
pub(super) fn take_back(dir: &DatabaseDir, database: u128, lock: Option<&Lock>) {
    let first = FileName::Manifest(FIRST);
    let take_back = || -> io::Result<()> {
        if dir.owner(first, Some(database))?.is_some_and(|owner| owner.is(database)) {
            // The name may be taken by the file that marks the database as unfinished, or the disk full.
            if dir.rename(first, UNFINISHED).is_err() {
                dir.remove(first, database);
            }
        }
        dir.sync()?;
        for name in dir.names()?.into_iter().filter(|name| is_part(*name)) {
            dir.remove(name, database);
        }
        dir.sync()?;
        dir.remove(UNFINISHED, database);
        match lock.filter(|lock| lock.has_file()) {
            Some(lock) => lock.remove_file(dir),
            None => _ = dir.remove(FileName::Lock, database),
        }
        let _ = dir.handle().remove(&temporary(database));
        Ok(())
    };
    // If it fails, the next attempt to make the database removes the files.
    let _ = take_back();
}

/// Removes the files of an unfinished database, except its lock. The directory has been looked through.
pub(super) fn remove_parts(dir: &DatabaseDir, database: u128) -> Result<()> {
    let remove = || -> io::Result<()> {
        for entry in dir.entries()?.into_iter().filter(|entry| !entry.is_dir) {
            match FileName::parse(&entry.name) {
                // Files that came since then are not removed.
                Some(name) if is_part(name) => _ = dir.remove(name, database),
                None if database_of(&entry.name).is_some() => dir.handle().remove(&entry.name)?,
                _ => {}
            }
        }
        dir.sync()?;
        // Last: as long as it is there, the others are known to be left over.
        dir.remove(UNFINISHED, database);
        Ok(())
    };
    remove().map_err(|error| refused(dir.path(), "made", error))
}
