//! Directories by their descriptors: `openat`, `fstatat`, `renameat`, `unlinkat`.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::file::{OsFile, OsGuard};
use crate::vfs::{self, Access, Dir, Entry, FileId, Found, Guard, Sharing};

/// For its owner only.
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);
const DIR_MODE: Mode = Mode::RWXU;

/// Through no link, and without waiting for the other end of a pipe.
const CAREFUL: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK);
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// An open directory.
#[derive(Debug)]
pub(super) struct OsDir(Arc<File>);

impl OsDir {
    /// The only place where a path is resolved.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let open = |flags| rustix::fs::open(path, flags, Mode::empty());
        let dir = match open(DIRECTORY) {
            // Names in a directory that may not be read can be reached all the same.
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Err(Errno::ACCESS) => open(DIRECTORY.union(OFlags::PATH)),
            dir => dir,
        };
        Ok(Self(Arc::new(dir?.into())))
    }

    fn open_in(&self, name: &str, flags: OFlags) -> io::Result<Self> {
        let dir = rustix::fs::openat(&self.0, name, DIRECTORY.union(flags), Mode::empty())?;
        Ok(Self(Arc::new(dir.into())))
    }

    fn stat(&self, name: &str) -> io::Result<Option<rustix::fs::Stat>> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(None),
            result => Ok(Some(result?)),
        }
    }

    fn is_dir(&self, name: &str) -> io::Result<bool> {
        let stat = self.stat(name)?.ok_or(io::ErrorKind::NotFound)?;
        Ok(FileType::from_raw_mode(stat.st_mode).is_dir())
    }

    /// Where the file system can't rename without replacing. For a directory an empty one is made
    /// first, which fails where the name is taken, and is all that the rename replaces. For a file
    /// the name is looked up first: a program that takes it between the two calls loses it. (A
    /// second name for the file, which would fail instead, stays behind on network file systems
    /// while the file is open.)
    pub(super) fn rename_in_two_steps(&self, from: &str, to: &str) -> io::Result<()> {
        if self.is_dir(from)? {
            rustix::fs::mkdirat(&self.0, to, DIR_MODE)?;
            return rustix::fs::renameat(&self.0, from, &self.0, to).map_err(|error| {
                let _ = rustix::fs::unlinkat(&self.0, to, AtFlags::REMOVEDIR);
                error.into()
            });
        }
        if self.stat(to)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(rustix::fs::renameat(&self.0, from, &self.0, to)?)
    }
}

impl Dir for OsDir {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn vfs::File>> {
        let flags = CAREFUL.union(match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
            Access::Create => OFlags::RDWR.union(OFlags::CREATE).union(OFlags::EXCL),
        });
        let file = rustix::fs::openat(&self.0, name, flags, FILE_MODE).map_err(|error| {
            match error {
                // A symbolic link, and a socket.
                Errno::LOOP | Errno::NXIO => {
                    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
                }
                error => error.into(),
            }
        })?;
        Ok(Box::new(OsFile::regular(file.into())?))
    }

    fn lookup(&self, name: &str) -> io::Result<Option<Found>> {
        // The width and the sign of these depend on the system.
        #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, clippy::cast_lossless)]
        let found = |stat: rustix::fs::Stat| Found {
            id: FileId { volume: stat.st_dev as u64, file: stat.st_ino as u64 },
            links: stat.st_nlink as u64,
        };
        Ok(self.stat(name)?.map(found))
    }

    fn is_linked(&self) -> io::Result<bool> {
        Ok(self.0.metadata()?.nlink() > 0)
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == "." || name == ".." {
                continue;
            }
            let is_dir = match entry.file_type() {
                // Not every file system says so in its directory. What is gone by now is no matter.
                FileType::Unknown => self.is_dir(&name).unwrap_or(false),
                kind => kind.is_dir(),
            };
            entries.push(Entry { name, is_dir });
        }
        Ok(entries)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(&self.0, from, &self.0, to, RenameFlags::NOREPLACE) {
            Err(error) if [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP].contains(&error) => {
                self.rename_in_two_steps(from, to)
            }
            result => Ok(result?),
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.rename_in_two_steps(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.0, name, DIR_MODE)?)
    }

    fn open_dir(&self, name: &str) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(self.open_in(name, OFlags::NOFOLLOW)?))
    }

    fn remove_dir(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    fn parent(&self) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(self.open_in("..", OFlags::empty())?))
    }

    fn sync(&self) -> io::Result<()> {
        // The standard library's: on Apple it is F_FULLFSYNC.
        match self.0.sync_all() {
            // It was opened without the right to read it.
            Err(error) if error.raw_os_error() == Some(Errno::BADF.raw_os_error()) => {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            synced => synced,
        }
    }

    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if is_shared_by_machines(&self.0)? {
            return Err(io::ErrorKind::Unsupported.into());
        }
        OsGuard::take(&self.0, sharing)
    }
}

/// Whether other machines may have the directory, too, which know nothing of its lock here: that of a
/// file they are told of.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_shared_by_machines(dir: &File) -> io::Result<bool> {
    /// The magic numbers of `statfs(2)`: NFS, SMB, CIFS, SMB2, FUSE, 9P, Ceph, AFS, GFS2, Lustre, OCFS2.
    const KINDS: [u32; 11] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x00c3_6400,
        0x5346_414f,
        0x0116_1970,
        0x0bd0_0bd0,
        0x7461_636f,
    ];
    // Its width and its sign depend on the system; the number has 32 bits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::unnecessary_cast)]
    let kind = rustix::fs::fstatfs(dir)?.f_type as u32;
    Ok(KINDS.contains(&kind))
}
