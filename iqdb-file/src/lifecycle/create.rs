//! Making a database: whole, or not at all, and never in place of something else.
//!
//! Where the target is absent, the files are made in a directory beside it, which gets the target's
//! name by one rename that replaces nothing. In a directory that exists and is empty (a mount
//! point, say) they are made inside: the lock first, then a manifest that is only begun, the
//! manifest's own name last. The next call that makes a database there removes what a crash has
//! left of either. A directory that holds anything else is refused, and nothing in it is touched.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use iqdb_core::{Error, ErrorKind, Result};

use crate::errors::refused;
use crate::files::database_dir::DatabaseDir;
use crate::files::lock::Lock;
use crate::files::log::Log;
use crate::files::manifest_file::publish;
use crate::files::reserve::Reserve;
use crate::files::unfinished::{UNFINISHED, begun, find_orphan, no_manifest};
use crate::format::file_head::{HEAD, Owner, encode_head};
use crate::format::file_name::FileName;
use crate::format::manifest::{FIRST, Manifest};
use crate::options::FileOptions;
use crate::vfs::{Dir, Sharing};

/// What directories and files that are being made are called, before the database's id.
const TEMPORARY: &str = ".iqdb-new-";

/// How many names are tried for a directory that is made beside the target.
const TRIES: u64 = 8;

/// What an empty file system has in its root.
const LOST_AND_FOUND: &str = "lost+found";

/// How many files of other owners an error lists.
const LISTED_MAX: usize = 8;

/// Writes what a new database has beside its log, and says so in its first manifest.
pub(crate) type Fill<'a> = &'a dyn Fn(&DatabaseDir, u128) -> Result<Manifest>;

/// What a directory has.
enum Contents {
    /// A manifest of ours.
    Database,
    /// Nothing, or what was left of making a database, with the id of its lock.
    Empty(Option<u128>),
    /// Something else, by these names.
    Foreign(Vec<String>),
}

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
            // In a directory of something else nothing is locked.
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
pub(crate) fn inside(
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
        // The process that made the directory may not have come so far.
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
        let making = Making { parent: &*parent, temporary, path, options, database };
        match making.in_its_place(name, fill) {
            Ok(Some(made)) => return Ok(made),
            // Another maker took the directory for left over, right after it was made.
            Ok(None) => continue,
            Err(error) => return Err(error),
        }
    }
    Err(refused("made")(io::Error::other("no directory could be made beside it")))
}

/// A directory that is being made.
struct Making<'a> {
    parent: &'a dyn Dir,
    temporary: String,
    path: &'a Path,
    options: &'a FileOptions,
    database: u128,
}

impl Making<'_> {
    /// `None` when the directory was removed before it was locked.
    fn in_its_place(&self, name: &str, fill: Fill<'_>) -> Result<Option<(DatabaseDir, Lock)>> {
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

fn temporary(database: u128) -> String {
    format!("{TEMPORARY}{database:032x}")
}

/// The database whose making such a name is of.
fn database_of(name: &str) -> Option<u128> {
    let digits = name.strip_prefix(TEMPORARY)?;
    let database = u128::from_str_radix(digits, 16).ok()?;
    (temporary(database) == name).then_some(database)
}

/// Removes the directories that other makers have left beside the target, because they did not come
/// so far as to put them in its place.
fn remove_left_over(parent: &dyn Dir, path: &Path, options: &FileOptions) {
    // Where the parent can't be listed, a left-over directory does no harm.
    for entry in parent.list().unwrap_or_default() {
        let Some(database) = database_of(&entry.name).filter(|_| entry.is_dir) else { continue };
        let Ok(dir) = parent.open_dir(&entry.name) else { continue };
        let dir = DatabaseDir::new(dir, path, options);
        // A process that is still at work has it locked.
        let Ok(lock) = Lock::take(&dir, Sharing::Exclusive) else { continue };
        // Where nothing can be locked yet it may have been made a moment ago. And once it is locked it
        // must have this name still: its maker may have put it in its place until then.
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

/// Looks through a directory. A lock that is taken is asked itself: not every system lets another
/// handle read what is locked.
///
/// # Errors
/// [`ErrorKind::Damaged`] when it has files of a database that has no manifest; [`ErrorKind::Io`].
fn contents(dir: &DatabaseDir, taken: Option<&Lock>) -> Result<Contents> {
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

/// The names in a directory that are not what making this database may have left there; `None` when
/// there are none. What it has left has a name of its own, or begins with the database's id.
fn left_behind(
    dir: &DatabaseDir,
    database: Option<u128>,
    lock: Option<u128>,
) -> Result<Option<Vec<String>>> {
    let refused = |error| refused(dir.path(), "read", error);
    let mut others = Vec::new();
    for entry in dir.entries().map_err(refused)? {
        let is_ours = match FileName::parse(&entry.name) {
            _ if entry.is_dir => entry.name == LOST_AND_FOUND,
            // On its way to its name: only we call a file so.
            None => database_of(&entry.name).is_some(),
            Some(FileName::Lock) => lock.is_some() && lock == database,
            Some(name) => match dir.owner(name, database).map_err(refused)? {
                // Gone since.
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

/// Whether it is a file that is made after a database was begun.
fn is_part(name: FileName) -> bool {
    match name {
        FileName::Log(_) | FileName::Segment(_) | FileName::Derived(_) | FileName::Reserve => true,
        FileName::Unfinished(_) => name != UNFINISHED,
        FileName::Manifest(_) | FileName::Lock => false,
    }
}

fn foreign(dir: &DatabaseDir, others: &[String]) -> Error {
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

/// Says, durably, that what is in this directory from now on is not finished.
fn begin(dir: &DatabaseDir, database: u128) -> Result<DatabaseDir> {
    let dir = dir.begun(&temporary(database));
    let head = encode_head(UNFINISHED, database, HEAD);
    let begun = dir.create(UNFINISHED, database, &head).and_then(|_| dir.sync());
    begun.map_err(|error| refused(dir.path(), "made", error))?;
    Ok(dir)
}

/// Fills a directory that was begun, and makes it a database.
fn finish(dir: &DatabaseDir, options: &FileOptions, database: u128, fill: Fill<'_>) -> Result<()> {
    let manifest = fill(dir, database)?;
    Log::create(dir, manifest.database, manifest.log)?;
    dir.sync().map_err(|error| refused(dir.path(), "synced", error))?;
    publish(&manifest, dir, options.fault).map_err(|(error, _)| error)?;
    // It has said what it was for.
    dir.remove(UNFINISHED, database);
    Ok(())
}

/// For later; no code relies on it.
fn keep_reserve(dir: &DatabaseDir, options: &FileOptions, database: u128) {
    Reserve::new(options.reserve_bytes, database).fit(dir, 0);
}

/// Removes what was made of a database that has no name yet, or may lose it. What can't be removed is
/// marked as unfinished, in whatever order it goes when the power fails.
fn take_back(dir: &DatabaseDir, database: u128, lock: Option<&Lock>) {
    let first = FileName::Manifest(FIRST);
    let take_back = || -> io::Result<()> {
        if dir.owner(first, Some(database))?.is_some_and(|owner| owner.is(database)) {
            // It may be begun still, or there may be no room for the name.
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
    // The next attempt to make the database does it then.
    let _ = take_back();
}

/// Removes what was left of making this database, but for its lock. It has been looked through.
fn remove_parts(dir: &DatabaseDir, database: u128) -> Result<()> {
    let remove = || -> io::Result<()> {
        for entry in dir.entries()?.into_iter().filter(|entry| !entry.is_dir) {
            match FileName::parse(&entry.name) {
                // What has come since it was looked through is not ours.
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

/// A handle of the directory that is opened or made.
///
/// # Errors
/// Those of opening it but for there being none, in which case it is `None`.
pub(crate) fn opened(path: &Path, options: &FileOptions) -> Result<Option<DatabaseDir>> {
    match DatabaseDir::open(path, options) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(path, "opened", error)),
    }
}

/// What every `fill` that writes no record does.
pub(crate) fn empty(schema: iqdb_core::Schema) -> impl Fn(&DatabaseDir, u128) -> Result<Manifest> {
    move |_, database| Ok(Manifest::first(schema, database))
}
