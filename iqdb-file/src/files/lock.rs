//! Locks a database: the directory, and the file `lock` in it.
//!
//! A user can't remove the lock of a directory by hand, but not every file system can lock directories,
//! and a network file system does so for one machine alone. Every machine sees the lock of the file, as
//! long as the file keeps its name. So a handle takes both, and either one is enough.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use iqdb_core::{Error, ErrorKind, Result};

use crate::errors::refused;
use crate::files::database_dir::DatabaseDir;
use crate::files::database_dir::owner_of;
use crate::files::mark_slots::{read_mark, write_mark};
use crate::format::file_head::{Owner, encode_head};
use crate::format::file_name::FileName;
use crate::format::log::LogEnd;
use crate::format::mark::{FILE_BYTES, Mark};
use crate::vfs::{Access, File, FileExt, FileId, Guard, Sharing};

/// How often the file may be replaced while it is being locked.
const TRIES: usize = 8;

/// What is locked while a database is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LockedBy {
    /// The directory and the file `lock`.
    DirectoryAndFile,
    /// The directory alone: there is no file, or it can't be locked.
    Directory,
    /// The file alone: directories of this file system can't be locked. A user who removes the file
    /// by hand lets another writer in; the writer at work notices it before it acknowledges more.
    File,
}

/// The locks of a database that is open.
#[derive(Debug)]
pub(crate) struct Lock {
    sharing: Sharing,
    directory: Option<Box<dyn Guard>>,
    file: Option<LockFile>,
}

#[derive(Debug)]
struct LockFile {
    id: FileId,
    guard: Option<Box<dyn Guard>>,
    /// Kept open, so that no other file gets its id.
    file: Box<dyn File>,
    /// The database that the file names. A file that names none can be locked, and has no mark.
    database: Option<u128>,
    /// The last mark.
    mark: Mutex<Option<Mark>>,
    /// The last mark could not be written.
    mark_failed: AtomicBool,
}

impl Lock {
    /// Locks the directory and the file, as far as they are there and can be locked. Changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`]; [`ErrorKind::Io`].
    pub(crate) fn take(dir: &DatabaseDir, sharing: Sharing) -> Result<Self> {
        let directory = match dir.lock(sharing) {
            Ok(guard) => Some(guard),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(locked(dir)),
            // It can't be locked.
            Err(_) => None,
        };
        let file = Self::take_file(dir, sharing)?;
        Ok(Self { sharing, directory, file })
    }

    fn take_file(dir: &DatabaseDir, sharing: Sharing) -> Result<Option<LockFile>> {
        let refused = |error| refused(&dir.path_of(FileName::Lock), "locked", error);
        for _ in 0..TRIES {
            let file = match dir.file(FileName::Lock, Access::Write) {
                Err(error) if cannot_be_written(&error) => dir.file(FileName::Lock, Access::Read),
                file => file,
            };
            let file = match file {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                file => file.map_err(refused)?,
            };
            let guard = match file.lock(sharing) {
                Ok(guard) => Some(guard),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(locked(dir)),
                Err(_) => None,
            };
            let id = file.id().map_err(refused)?;
            let found = dir.lookup(FileName::Lock).map_err(refused)?;
            if found.is_some_and(|found| found.id == id) {
                let owner = owner_of(&*file, FileName::Lock, None).map_err(refused)?;
                return Ok(Some(LockFile::new(file, id, guard, owner)));
            }
            // It was replaced since it was opened. The lock of a file without a name keeps no other
            // process out.
        }
        Err(refused(io::Error::other("it is replaced again and again")))
    }

    /// Makes the file `lock` where it is missing and needed. Returns whether it did: then another handle
    /// may have been at work until now.
    ///
    /// # Errors
    /// Those of [`take`](Self::take); that neither file nor directory can be locked.
    pub(crate) fn complete(&mut self, dir: &DatabaseDir, database: u128) -> Result<bool> {
        let is_needed = self.sharing == Sharing::Exclusive || self.directory.is_none();
        if let Some(file) = &mut self.file
            && self.sharing == Sharing::Exclusive
        {
            file.mend(database);
        }
        if self.file.is_none() && is_needed {
            match dir.file(FileName::Lock, Access::Create) {
                // The lock works without its contents, say on a full disk.
                Ok(file) => _ = write_head(&*file, database),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // A lock of the directory will do.
                Err(_) if self.directory.is_some() => return Ok(false),
                Err(error) => return Err(refused(&dir.path_of(FileName::Lock), "made", error)),
            }
            self.file = Self::take_file(dir, self.sharing)?;
            return self.check_locks(dir).map(|()| true);
        }
        self.check_locks(dir).map(|()| false)
    }

    /// Makes the file `lock` of a new database. The file gets its name once its contents are on the disk;
    /// until then it has the name `temporary`, which no other maker uses.
    ///
    /// # Errors
    /// Those of [`take`](Self::take); [`ErrorKind::Locked`] when another maker was faster.
    pub(crate) fn make(
        &mut self,
        dir: &DatabaseDir,
        database: u128,
        temporary: &str,
    ) -> Result<()> {
        let make = || {
            let file = dir.handle().open(temporary, Access::Create)?;
            write_head(&*file, database)?;
            file.sync_data()?;
            // Before it has its name, so that no other maker takes it for left over.
            let guard = file.lock(self.sharing).ok();
            let id = file.id()?;
            dir.rename_as(temporary, FileName::Lock)?;
            dir.sync()?;
            Ok(LockFile::new(file, id, guard, Owner::Database(database)))
        };
        let file = make().map_err(|error: io::Error| {
            let _ = dir.handle().remove(temporary);
            match error.kind() {
                io::ErrorKind::AlreadyExists => locked(dir),
                _ => refused(&dir.path_of(FileName::Lock), "made", error),
            }
        })?;
        self.file = Some(file);
        self.check_locks(dir)
    }

    /// # Errors
    /// That nothing is locked.
    fn check_locks(&self, dir: &DatabaseDir) -> Result<()> {
        if self.is_held() {
            return Ok(());
        }
        let path = dir.path().display();
        Err(Error::new(ErrorKind::Io, format!("{path}: neither it nor a file in it can be locked"))
            .hint("keep the database on a file system that has locks"))
    }

    /// The database that the file names, if it names one.
    pub(crate) fn database(&self) -> Option<u128> {
        self.file.as_ref().and_then(|file| file.database)
    }

    /// Whether anything is locked.
    pub(crate) fn is_held(&self) -> bool {
        self.directory.is_some() || self.file.as_ref().is_some_and(|file| file.guard.is_some())
    }

    /// Removes the file, if it still has its name.
    pub(crate) fn remove_file(&self, dir: &DatabaseDir) {
        if let Some(file) = &self.file {
            let _ = dir.remove_if(FileName::Lock, file.id);
        }
    }

    /// Whether the file `lock` is there.
    pub(crate) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Reads the mark: how far the database was published. Later marks follow this one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(crate) fn mark(&self, dir: &DatabaseDir) -> Result<Option<Mark>> {
        let Some(file) = &self.file else { return Ok(None) };
        let Some(database) = file.database else { return Ok(None) };
        let mark = read_mark(&*file.file, database)
            .map_err(|error| refused(&dir.path_of(FileName::Lock), "read", error))?;
        *file.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
        Ok(mark)
    }

    /// Notes that this log is published up to `end`. Fails nothing: without the mark,
    /// the next opening notices less of what another program does to the files.
    pub(crate) fn publish(&self, manifest: u64, log: u64, end: LogEnd) {
        if let Some(file) = &self.file
            && let Some(database) = file.database
        {
            let mut last = file.mark.lock().unwrap_or_else(PoisonError::into_inner);
            let sequence = last.map_or(0, |mark| mark.sequence);
            let mark = Mark { sequence, manifest, log, end };
            if *last == Some(mark) {
                return;
            }
            let mark = Mark { sequence: sequence + 1, ..mark };
            let written = write_mark(&*file.file, &mark, database);
            file.mark_failed.store(written.is_err(), Ordering::Relaxed);
            *last = Some(mark);
        }
    }

    /// Whether the last mark could not be written.
    pub(crate) fn mark_failed(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.mark_failed.load(Ordering::Relaxed))
    }

    /// The file, which has to keep its name while the database is written.
    pub(crate) fn held(&self) -> Option<(FileName, FileId)> {
        self.file.as_ref().map(|file| (FileName::Lock, file.id))
    }

    pub(crate) fn locked_by(&self) -> LockedBy {
        let file = self.file.as_ref().is_some_and(|file| file.guard.is_some());
        match (self.directory.is_some(), file) {
            (true, true) => LockedBy::DirectoryAndFile,
            (true, false) => LockedBy::Directory,
            (false, _) => LockedBy::File,
        }
    }
}

impl LockFile {
    fn new(file: Box<dyn File>, id: FileId, guard: Option<Box<dyn Guard>>, owner: Owner) -> Self {
        let database = match owner {
            Owner::Database(database) => Some(database),
            Owner::Torn | Owner::Stranger => None,
        };
        let (mark, mark_failed) = (Mutex::new(None), AtomicBool::new(false));
        Self { id, guard, file, database, mark, mark_failed }
    }

    /// Writes the head of a file that a crash has left without its head.
    fn mend(&mut self, database: u128) {
        if self.database.is_none()
            && matches!(owner_of(&*self.file, FileName::Lock, Some(database)), Ok(Owner::Torn))
            && write_head(&*self.file, database).is_ok()
        {
            self.database = Some(database);
        }
    }
}

fn write_head(file: &dyn File, database: u128) -> io::Result<()> {
    file.write_all_at(&encode_head(FileName::Lock, database, FILE_BYTES), 0)
}

fn cannot_be_written(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn locked(dir: &DatabaseDir) -> Error {
    let message = format!("{}: the database is open elsewhere", dir.path().display());
    let error = Error::new(ErrorKind::Locked, message)
        .hint("close it there, or open it to be read only if it is only read there");
    let holders = dir.file(FileName::Lock, Access::Read).ok().and_then(|file| file.holders());
    match holders {
        Some(holders) => error.found(holders),
        None => error,
    }
}
