//! The directory of a database, reached through the handle that was opened, and never by its path.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fault::{Defect, InjectedFault};
use crate::format::file_head::{HEAD, Owner};
use crate::format::file_name::FileName;
use crate::options::FileOptions;
use crate::vfs::{
    Access, Dir, Entry, Environment, File, FileExt, FileId, Found, Guard, Sharing, Vfs,
};

/// An open directory, and the path that it was opened by. Clones refer to the same directory.
#[derive(Clone)]
pub(crate) struct DatabaseDir {
    dir: Arc<dyn Dir>,
    /// For messages, and for nothing else: the directory may be elsewhere by now.
    path: Arc<Path>,
    /// The temporary name of new files, while the database is made.
    temporary: Option<Arc<str>>,
    /// The file system. Resolves no path once more, but for a planted defect.
    vfs: Arc<dyn Vfs>,
    fault: InjectedFault,
}

impl DatabaseDir {
    /// Resolves a path, for the only time.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn open(path: &Path, options: &FileOptions) -> io::Result<Self> {
        Ok(Self::new(options.vfs.open_dir(path)?, path, options))
    }

    /// A directory that is open, and is called, or is to be called, `path`.
    pub(crate) fn new(dir: Arc<dyn Dir>, path: &Path, options: &FileOptions) -> Self {
        let vfs = Arc::clone(&options.vfs);
        Self { dir, path: path.into(), temporary: None, vfs, fault: options.fault }
    }

    /// The path that the directory was opened by. For messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The machine and this process, as the file system tells.
    pub(crate) fn environment(&self) -> Environment {
        self.vfs.environment()
    }

    /// The defect that is planted, if one is.
    pub(crate) fn fault(&self) -> InjectedFault {
        self.fault
    }

    /// The path of a file in it. For messages.
    pub(crate) fn path_of(&self, name: FileName) -> PathBuf {
        name.within(&self.path)
    }

    fn call<T>(&self, call: impl FnOnce(&(dyn Dir + 'static)) -> io::Result<T>) -> io::Result<T> {
        if self.fault.has(Defect::FilesByPath)
            && let Ok(dir) = self.vfs.open_dir(&self.path)
        {
            return call(&*dir);
        }
        call(&*self.dir)
    }

    /// # Errors
    /// Those of [`Dir::open`].
    pub(crate) fn file(&self, name: FileName, access: Access) -> io::Result<Box<dyn File>> {
        self.call(|dir| dir.open(&name.to_string(), access))
    }

    /// # Errors
    /// Those of [`Dir::lookup`].
    pub(crate) fn lookup(&self, name: FileName) -> io::Result<Option<Found>> {
        self.call(|dir| dir.lookup(&name.to_string()))
    }

    /// Everything in the directory.
    ///
    /// # Errors
    /// Those of [`Dir::list`].
    pub(crate) fn entries(&self) -> io::Result<Vec<Entry>> {
        self.call(Dir::list)
    }

    /// The files in the directory that have a name as ours have.
    ///
    /// # Errors
    /// Those of [`Dir::list`].
    pub(crate) fn names(&self) -> io::Result<Vec<FileName>> {
        let files = self.entries()?.into_iter().filter(|entry| !entry.is_dir);
        Ok(files.filter_map(|file| FileName::parse(&file.name)).collect())
    }

    /// Gives a file another name, which is free.
    ///
    /// # Errors
    /// Those of [`Dir::rename`].
    pub(crate) fn rename(&self, from: FileName, to: FileName) -> io::Result<()> {
        self.rename_as(&from.to_string(), to)
    }

    /// # Errors
    /// Those of [`Dir::rename`].
    pub(crate) fn rename_as(&self, from: &str, to: FileName) -> io::Result<()> {
        if self.fault.has(Defect::RenamesOverOthers) {
            let _ = self.call(|dir| dir.remove(&to.to_string()));
        }
        self.call(|dir| dir.rename(from, &to.to_string()))
    }

    /// The owner of the file with this name; `None` when there is none. Anything but a regular file
    /// belongs to a stranger.
    ///
    /// # Errors
    /// Those of opening and reading it.
    pub(crate) fn owner(&self, name: FileName, ours: Option<u128>) -> io::Result<Option<Owner>> {
        match self.file(name, Access::Read) {
            Ok(file) => owner_of(&*file, name, ours).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(Some(Owner::Stranger)),
            Err(error) => Err(error),
        }
    }

    /// Removes a file of this database, or what a crash has left of one; leaves files of other
    /// owners alone. Returns whether no file has the name now.
    pub(crate) fn remove(&self, name: FileName, database: u128) -> bool {
        match self.owner(name, Some(database)) {
            Ok(None) => true,
            Ok(Some(owner)) if owner.is(database) || owner == Owner::Torn => {
                self.call(|dir| dir.remove(&name.to_string())).is_ok()
            }
            _ => false,
        }
    }

    /// Removes the file with this name if it still is this file.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::NotFound`] where the name is another's.
    pub(crate) fn remove_if(&self, name: FileName, id: FileId) -> io::Result<()> {
        match self.lookup(name)? {
            Some(found) if found.id == id => self.call(|dir| dir.remove(&name.to_string())),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Makes a file that begins with `head`, in place of one of this database that no manifest names.
    /// In a directory that is [`begun`](Self::begun) the file has its name once `head` is on the disk.
    ///
    /// # Errors
    /// Those of [`Dir::open`]; [`io::ErrorKind::AlreadyExists`] where a file of another owner has
    /// the name.
    pub(crate) fn create(
        &self,
        name: FileName,
        database: u128,
        head: &[u8],
    ) -> io::Result<Box<dyn File>> {
        if let Some(temporary) = &self.temporary {
            let file = self.dir.open(temporary, Access::Create)?;
            let named = file
                .write_all_at(head, 0)
                .and_then(|()| file.sync_data())
                .and_then(|()| self.rename_as(temporary, name));
            return match named {
                Ok(()) => Ok(file),
                Err(error) => {
                    let _ = self.dir.remove(temporary);
                    Err(error)
                }
            };
        }
        let file = match self.file(name, Access::Create) {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists && self.remove(name, database) =>
            {
                self.file(name, Access::Create)
            }
            made => made,
        }?;
        file.write_all_at(head, 0)?;
        Ok(file)
    }

    /// The same directory while a database is made in it: new files have this temporary name until their
    /// first bytes are on the disk, so a crash leaves no torn file under another name.
    pub(crate) fn begun(&self, temporary: &str) -> Self {
        Self { temporary: Some(temporary.into()), ..self.clone() }
    }

    /// # Errors
    /// Those of [`Dir::sync`].
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.call(Dir::sync)
    }

    /// Returns when the directory itself, a name in another one, is on the disk.
    ///
    /// # Errors
    /// Those of [`Dir::sync`].
    pub(crate) fn sync_above(&self) -> io::Result<()> {
        match self.call(|dir| dir.parent()?.sync()) {
            // A process that may not read the parent can't have made the directory.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            result => result,
        }
    }

    /// # Errors
    /// Those of [`Dir::is_linked`].
    pub(crate) fn is_linked(&self) -> io::Result<bool> {
        self.call(Dir::is_linked)
    }

    /// # Errors
    /// Those of [`Dir::lock`].
    pub(crate) fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        self.call(|dir| dir.lock(sharing))
    }

    /// The directory itself.
    pub(crate) fn handle(&self) -> &dyn Dir {
        &*self.dir
    }
}

/// The owner of an open file that has this name. `ours` is the database that may have left the file
/// there in part.
///
/// # Errors
/// Those of reading the file.
pub(crate) fn owner_of(file: &dyn File, name: FileName, ours: Option<u128>) -> io::Result<Owner> {
    let len = usize::try_from(file.len()?).unwrap_or(usize::MAX).min(HEAD);
    let mut head = [0; HEAD];
    file.read_exact_at(&mut head[..len], 0)?;
    Ok(Owner::decode(&head, name, ours))
}

impl fmt::Debug for DatabaseDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseDir({})", self.path.display())
    }
}
