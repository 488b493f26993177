//! Directories by a handle that keeps them where they are.
//!
//! The standard library has no call that opens a file relative to a handle here. So the directory's
//! final path is taken once, from its handle, and the handle is held without sharing deletion: as
//! long as it is open the directory can be neither renamed nor removed, nor can those above it. Each
//! file that is opened below the path is on the volume of the handle, which is compared.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use winapi_util::file::information;

use super::file::{OsFile, OsGuard};
use super::system::id_of;
use crate::vfs::{self, Access, Dir, Entry, Found, Guard, Sharing};

/// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link itself, which is no regular file.
const NO_FOLLOW: u32 = 0x0020_0000;
/// `FILE_FLAG_BACKUP_SEMANTICS`: without it no directory is opened.
const DIRECTORY: u32 = 0x0200_0000;
/// `FILE_SHARE_READ | FILE_SHARE_WRITE`, and not `FILE_SHARE_DELETE`.
const SHARE_BUT_NO_DELETE: u32 = 0x3;

/// An open directory.
#[derive(Debug)]
pub(super) struct OsDir {
    handle: Arc<File>,
    /// Where the handle keeps it.
    path: PathBuf,
}

impl OsDir {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, DIRECTORY)
    }

    fn open_with(path: &Path, flags: u32) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).share_mode(SHARE_BUT_NO_DELETE).custom_flags(flags);
        let handle = options.open(path)?;
        let metadata = handle.metadata()?;
        if !metadata.is_dir() || metadata.is_symlink() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        // The handle is open: no other program can put another directory in this place between the
        // two calls unless `path` leads through a link, so what was found is compared with what was
        // opened.
        let path = fs::canonicalize(path)?;
        let dir = Self { handle: Arc::new(handle), path };
        let again = options.custom_flags(DIRECTORY).open(&dir.path)?;
        if id_of(&again)? == id_of(&dir.handle)? { Ok(dir) } else { Err(moved()) }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn moved() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the directory was replaced while it was opened")
}

impl Dir for OsDir {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn vfs::File>> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(NO_FOLLOW);
        match access {
            Access::Read => {}
            Access::Write => _ = options.write(true),
            Access::Create => _ = options.write(true).create_new(true),
        }
        let file = options.open(self.at(name))?;
        if id_of(&file)?.volume != id_of(&self.handle)?.volume {
            return Err(moved());
        }
        Ok(Box::new(OsFile::regular(file)?))
    }

    fn lookup(&self, name: &str) -> io::Result<Option<Found>> {
        let mut options = OpenOptions::new();
        // No access at all: to ask what it is.
        options.access_mode(0).custom_flags(NO_FOLLOW | DIRECTORY);
        match options.open(self.at(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => {
                let file = file?;
                let links = information(&file)?.number_of_links();
                Ok(Some(Found { id: id_of(&file)?, links }))
            }
        }
    }

    fn is_linked(&self) -> io::Result<bool> {
        // The handle keeps it from being removed.
        Ok(true)
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            let is_dir = entry.file_type()?.is_dir();
            Ok(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_dir })
        };
        fs::read_dir(&self.path)?.map(entry).collect()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        // The standard library renames over what is there. A program that takes the name between the two
        // calls loses it.
        if self.lookup(to)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(self.at(from), self.at(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.at(name))
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        fs::create_dir(self.at(name))
    }

    fn open_dir(&self, name: &str) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(Self::open_with(&self.at(name), DIRECTORY | NO_FOLLOW)?))
    }

    fn remove_dir(&self, name: &str) -> io::Result<()> {
        fs::remove_dir(self.at(name))
    }

    fn parent(&self) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(Self::open(self.path.parent().unwrap_or(&self.path))?))
    }

    fn sync(&self) -> io::Result<()> {
        // NTFS keeps names in a journal, and has no call for it.
        Ok(())
    }

    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        OsGuard::take(&self.handle, sharing)
    }
}
