//! Makes a database: whole, or not at all, and never in place of other files.
//!
//! Where the target is absent, the files are made in a directory beside it, which gets the target's
//! name by one rename that replaces nothing. In a directory that exists and is empty (a mount
//! point, say) they are made inside: the lock first, then the file that marks the database as
//! unfinished, the manifest last. The next call that makes a database there removes what a crash has
//! left of either. A directory that holds anything else is refused, and nothing in it is touched.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use iqdb_core::{Error, ErrorKind, Result};

use super::fill::{Fill, begin, finish, keep_reserve};
use super::left_over::{
    Contents, contents, database_of, foreign, left_behind, remove_parts, take_back, temporary,
};
use crate::errors::refused;
use crate::files::database_dir::DatabaseDir;
use crate::files::lock::Lock;
use crate::options::FileOptions;
use crate::vfs::{Dir, Sharing};

/// How many names are tried for a directory that is made beside the target.
const TRIES: u64 = 8;

/// Makes a database where there is none.
///
/// # Errors
/// [`ErrorKind::Io`] when there is a database already, or something else, or the system refuses;
/// [`ErrorKind::Locked`]; [`ErrorKind::Damaged`] when a database there has lost its manifest.
pub(crate) fn create(
    path: &Path,
    options: &FileOptions,
    fill: Fill<'_>,
) -> Result<(DatabaseDir, Lock)> {
    match DatabaseDir::open(path, options) {
        Ok(dir) => {
            // In a directory with files of other owners nothing is locked.
            if let Ok(Contents::Foreign(others)) = contents(&dir, None) {
                return Err(foreign(&dir, &others));
            }
            // If another handle has it open, the error says so before anything else.
            let lock = Lock::take(&dir, Sharing::Exclusive)?;
            inside(dir, lock, options, fill)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => beside(path, options, fill),
        Err(error) => Err(refused(path, "opened", error)),
    }
}

fn exists(path: &Path) -> Error {
    refused(path, "made", io::ErrorKind::AlreadyExists.into())
        .hint("open it, or choose another directory")
}

/// Makes a database in a directory that is locked, unless another was made there before it was.
///
/// # Errors
/// Those of [`create`].
fn inside(
    dir: DatabaseDir,
    mut lock: Lock,
    options: &FileOptions,
    fill: Fill<'_>,
) -> Result<(DatabaseDir, Lock)> {
    let left = match contents(&dir, Some(&lock))? {
        Contents::Database => return Err(exists(dir.path())),
        Contents::Foreign(others) => return Err(foreign(&dir, &others)),
        Contents::Empty(left) => left,
    };
    let database = left.unwrap_or_else(|| options.database_id(0));
    remove_parts(&dir, database)?;
    let make = |lock: &mut Lock| {
        if !lock.has_file() {
            lock.make(&dir, database, &temporary(database))?;
            // Where only the file can be locked, another maker may have been at work until now.
            if let Contents::Database = contents(&dir, Some(lock))? {
                return Err(exists(dir.path()));
            }
        }
        finish(&begin(&dir, database)?, options, database, fill)?;
        // The process that made the directory may not have synced its name.
        dir.sync_above().map_err(|error| refused(dir.path(), "synced", error))
    };
    match make(&mut lock) {
        Ok(()) => {
            keep_reserve(&dir, options, database);
            Ok((dir, lock))
        }
        Err(error) => {
            if error.kind() != ErrorKind::Locked {
                take_back(&dir, database, Some(&lock));
            }
            Err(error)
        }
    }
}

/// Makes a database in a directory of its own, and puts that in its place.
fn beside(path: &Path, options: &FileOptions, fill: Fill<'_>) -> Result<(DatabaseDir, Lock)> {
    let refused = |what| move |error| refused(path, what, error);
    let name = path.file_name().and_then(OsStr::to_str);
    let name = name.ok_or_else(|| refused("made")(io::ErrorKind::InvalidInput.into()))?;
    let parent = path.parent().unwrap_or(Path::new(""));
    let parent = options.vfs.open_dir(parent).map_err(refused("made"))?;
    if !options.vfs.renames_open_dirs() {
        parent.create_dir(name).map_err(refused("made"))?;
        let dir = DatabaseDir::open(path, options).map_err(refused("opened"))?;
        let lock = Lock::take(&dir, Sharing::Exclusive)?;
        return inside(dir, lock, options, fill);
    }
    remove_left_over(&*parent, path, options);
    for attempt in 0..TRIES {
        let database = options.database_id(attempt);
        let temporary = temporary(database);
        match parent.create_dir(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made.map_err(refused("made"))?,
        }
        let new = NewDirectory { parent: &*parent, temporary, path, options, database };
        match new.fill_in_place(name, fill) {
            Ok(Some(made)) => return Ok(made),
            // Another maker took the directory for left over, right after it was made.
            Ok(None) => continue,
            Err(error) => return Err(error),
        }
    }
    Err(refused("made")(io::Error::other("no directory could be made beside it")))
}

/// A directory beside the target, which becomes the database.
struct NewDirectory<'a> {
    parent: &'a dyn Dir,
    temporary: String,
    path: &'a Path,
    options: &'a FileOptions,
    database: u128,
}

impl NewDirectory<'_> {
    /// `None` when the directory was removed before it was locked.
    fn fill_in_place(&self, name: &str, fill: Fill<'_>) -> Result<Option<(DatabaseDir, Lock)>> {
        let refused = |what| move |error| refused(self.path, what, error);
        let dir = match self.parent.open_dir(&self.temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            dir => dir.map_err(|error| {
                let _ = self.parent.remove_dir(&self.temporary);
                refused("opened")(error)
            })?,
        };
        let dir = DatabaseDir::new(dir, self.path, self.options);
        let lock = self.locked(&dir).inspect_err(|_| self.take_back(&dir, None))?;
        let Some(lock) = lock else { return Ok(None) };
        // It stays locked until it is whole or gone.
        match self.fill_and_rename(&dir, name, fill) {
            Ok(()) => {
                keep_reserve(&dir, self.options, self.database);
                Ok(Some((dir, lock)))
            }
            Err(error) => {
                self.take_back(&dir, Some(&lock));
                Err(error)
            }
        }
    }

    fn fill_and_rename(&self, dir: &DatabaseDir, name: &str, fill: Fill<'_>) -> Result<()> {
        let refused = |what| move |error| refused(self.path, what, error);
        finish(&begin(dir, self.database)?, self.options, self.database, fill)?;
        dir.sync().map_err(refused("synced"))?;
        let found = |name: &str| self.parent.lookup(name).map_err(refused("looked up"));
        let before = found(&self.temporary)?;
        self.parent.rename(&self.temporary, name).or_else(|error| {
            // A network may lose the answer. What counts is what is there.
            match found(name)? {
                now if now.is_some() && now == before => Ok(()),
                _ => Err(refused("made")(error)),
            }
        })?;
        match self.parent.sync() {
            // A process that may not read the parent can't sync it.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => {
                // The name may be gone after a crash: there is no database yet.
                if found(name)? == before {
                    let _ = self.parent.rename(name, &self.temporary);
                }
                Err(refused("synced")(error))
            }
            _ => Ok(()),
        }
    }

    /// Locks the directory.
    fn locked(&self, dir: &DatabaseDir) -> Result<Option<Lock>> {
        let mut lock = match Lock::take(dir, Sharing::Exclusive) {
            Err(error) if error.kind() == ErrorKind::Locked => return Ok(None),
            lock => lock?,
        };
        if !dir.is_linked().map_err(|error| refused(self.path, "made", error))? {
            return Ok(None);
        }
        lock.make(dir, self.database, &temporary(self.database))?;
        Ok(Some(lock))
    }

    fn take_back(&self, dir: &DatabaseDir, lock: Option<&Lock>) {
        take_back(dir, self.database, lock);
        let _ = self.parent.remove_dir(&self.temporary);
    }
}

/// Removes the directories that interrupted attempts to make a database have left beside the target.
fn remove_left_over(parent: &dyn Dir, path: &Path, options: &FileOptions) {
    // Where the parent can't be listed, a left-over directory does no harm.
    for entry in parent.list().unwrap_or_default() {
        let Some(database) = database_of(&entry.name).filter(|_| entry.is_dir) else { continue };
        let Ok(dir) = parent.open_dir(&entry.name) else { continue };
        let dir = DatabaseDir::new(dir, path, options);
        // A process that is still at work has it locked.
        let Ok(lock) = Lock::take(&dir, Sharing::Exclusive) else { continue };
        // Where nothing could be locked, the directory may have been made a moment ago. And once it is
        // locked it must still have this name: its maker may have renamed it to the target before.
        let is_there = matches!(parent.lookup(&entry.name), Ok(Some(_)));
        let is_ours =
            is_there && lock.is_held() && lock.database().is_none_or(|found| found == database);
        let left = left_behind(&dir, Some(database), lock.database());
        if is_ours && matches!(left, Ok(None)) {
            take_back(&dir, database, Some(&lock));
            let _ = parent.remove_dir(&entry.name);
        }
    }
}

/// Opens the directory; `None` when there is none.
///
/// # Errors
/// [`ErrorKind::Io`].
pub(crate) fn opened(path: &Path, options: &FileOptions) -> Result<Option<DatabaseDir>> {
    match DatabaseDir::open(path, options) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(path, "opened", error)),
    }
}
