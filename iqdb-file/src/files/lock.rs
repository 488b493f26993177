//! Locks a database: the directory, and the file `lock` in it.
//!
//! A user can't remove the lock of a directory by hand, but not every file system can lock directories,
//! and a network file system does so for one machine alone. Every machine sees the lock of the file, as
//! long as the file keeps its name. So a handle takes both, and either one is enough.

use std::io;
use std::path::{Path, PathBuf};

use iqdb_core::{Error, ErrorKind, Result};

use crate::errors::{damaged, refused};
use crate::files::database_dir::DatabaseDir;
use crate::files::database_dir::owner_of;
use crate::files::mark_slots::MarkSlots;
use crate::format::file_head::{Owner, encode_head};
use crate::format::file_name::FileName;
use crate::format::mark::{FILE_BYTES, Mark, MarkWriter, Published};
use crate::vfs::{Access, Environment, File, FileExt, FileId, Guard, Sharing};

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
    /// The path of the file. For messages.
    path: PathBuf,
    directory: Option<Box<dyn Guard>>,
    file: Option<LockFile>,
}

#[derive(Debug)]
struct LockFile {
    id: FileId,
    guard: Option<Box<dyn Guard>>,
    /// Kept open, so that no other file gets its id.
    file: Box<dyn File>,
    /// The marks, where the file names a database. One that names none can be locked all the same.
    marks: Option<MarkSlots>,
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
        Ok(Self { sharing, path: dir.path_of(FileName::Lock), directory, file })
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
                return Ok(Some(LockFile::new(dir, file, id, guard, owner)));
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
            file.mend(dir, database);
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
            Ok(LockFile::new(dir, file, id, guard, Owner::Database(database)))
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
        self.slots().ok().map(|(_, marks)| marks.database())
    }

    /// Whether anything is locked.
    pub(crate) fn is_held(&self) -> bool {
        self.directory.is_some() || self.file.as_ref().is_some_and(|file| file.guard.is_some())
    }

    /// Whether it is held to read only.
    pub(crate) fn is_shared(&self) -> bool {
        self.sharing == Sharing::Shared
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

    /// The path of the file. For messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// That there is no file for marks.
    fn slots(&self) -> io::Result<(&dyn File, &MarkSlots)> {
        let Some(file) = &self.file else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the file is missing"));
        };
        let marks = file.marks.as_ref();
        let marks =
            marks.ok_or_else(|| io::Error::other("it does not begin as that of a database"))?;
        Ok((&*file.file, marks))
    }

    /// Reads the mark: how far the database was published. Later marks follow this one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(crate) fn mark(&self) -> Result<Option<Mark>> {
        let Ok((file, marks)) = self.slots() else { return Ok(None) };
        marks.open(file).map_err(|error| refused(&self.path, "read", error))
    }

    /// Reads the mark once more.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] where it is not the one that was written; [`ErrorKind::Io`].
    pub(crate) fn check_mark(&self) -> Result<Option<Mark>> {
        let Ok((file, marks)) = self.slots() else { return Ok(None) };
        let checked = marks.check(file).map_err(|error| refused(&self.path, "read", error))?;
        checked.map_err(|found| {
            let found = found.map_or_else(|| "none".to_owned(), |mark| mark.describe());
            damaged(&self.path, "the mark is not what was written").found(found)
        })
    }

    /// Whether a mark was written in this boot, as far as the system tells.
    pub(crate) fn is_of_this_boot(&self, mark: &Mark) -> bool {
        self.slots().is_ok_and(|(_, marks)| marks.is_of_this_boot(mark))
    }

    /// Whether this process has synced a mark of this manifest.
    pub(crate) fn has_begun(&self, manifest: u64) -> bool {
        self.slots().is_ok_and(|(_, marks)| marks.has_begun(manifest))
    }

    /// Whether this process has written, and has synced no mark of this manifest yet. Then nothing may be
    /// acknowledged.
    pub(crate) fn owes_mark(&self, manifest: u64) -> bool {
        self.slots().is_ok_and(|(_, marks)| marks.owes(manifest))
    }

    /// Writes and syncs this process's first mark of a manifest, unless it was done before. No frame may
    /// be written without it, and nothing of the manifest acknowledged.
    ///
    /// # Errors
    /// Those of the system; that there is no file for marks.
    pub(crate) fn begin_marks(&self, published: Published) -> io::Result<()> {
        let (file, marks) = self.slots()?;
        marks.begin(file, published)
    }

    /// Notes how far the database is published, if [`begin_marks`](Self::begin_marks) was called before.
    /// Syncs the first mark of a manifest, and no other.
    ///
    /// # Errors
    /// Those of the system. Of a mark that is not the first of its manifest no write need fail: until a
    /// later one is written, an opening notices less of what another program does to the files.
    pub(crate) fn publish(&self, published: Published) -> io::Result<()> {
        let (file, marks) = self.slots()?;
        marks.publish(file, published, false)
    }

    /// The same for a writer that ends, and has left nothing for recovery to do.
    ///
    /// # Errors
    /// Those of [`publish`](Self::publish).
    pub(crate) fn end_cleanly(&self, published: Published) -> io::Result<()> {
        let (file, marks) = self.slots()?;
        marks.publish(file, published, true)
    }

    /// Whether the last mark could not be written, or a writer has no file for marks.
    pub(crate) fn mark_failed(&self) -> bool {
        let is_writer = self.sharing == Sharing::Exclusive;
        self.slots().map_or(is_writer, |(_, marks)| marks.has_failed())
    }

    /// Whether the last mark names an earlier manifest than this one.
    pub(crate) fn marks_earlier_than(&self, manifest: u64) -> bool {
        self.slots().is_ok_and(|(_, marks)| marks.names_earlier(manifest))
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
    fn new(
        dir: &DatabaseDir,
        file: Box<dyn File>,
        id: FileId,
        guard: Option<Box<dyn Guard>>,
        owner: Owner,
    ) -> Self {
        let marks = match owner {
            Owner::Database(database) => Some(slots(dir, database)),
            Owner::Torn | Owner::Stranger => None,
        };
        Self { id, guard, file, marks }
    }

    /// Writes the head of a file that a crash has left without its head.
    fn mend(&mut self, dir: &DatabaseDir, database: u128) {
        if self.marks.is_none()
            && matches!(owner_of(&*self.file, FileName::Lock, Some(database)), Ok(Owner::Torn))
            && write_head(&*self.file, database).is_ok()
        {
            self.marks = Some(slots(dir, database));
        }
    }
}

fn slots(dir: &DatabaseDir, database: u128) -> MarkSlots {
    let Environment { boot, host, process, time } = dir.environment();
    MarkSlots::new(database, MarkWriter { boot, host, process, time }, dir.fault())
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
