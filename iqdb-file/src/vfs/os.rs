//! The file system of the operating system.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::{Access, File, Guard, Mapping, Reading, Sharing, Vfs};

/// The files of the operating system.
///
/// What it makes is for its owner alone on Unix (0600, directories 0700). It opens regular files
/// only: a symbolic link is not followed, and a pipe is not waited for.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsVfs;

impl Vfs for OsVfs {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        system::for_owner_only(&mut builder);
        match builder.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::metadata(path)?.is_dir() {
                    Ok(())
                } else {
                    Err(io::ErrorKind::NotADirectory.into())
                }
            }
            result => result,
        }
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        match access {
            Access::Read => {}
            Access::Write => _ = options.write(true),
            Access::Create => _ = options.write(true).create(true).truncate(true),
        }
        Ok(Box::new(OsFile(open_regular(path, &mut options)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(or_here(dir))?.map(|entry| Ok(entry?.file_name().into_string()));
        names.filter_map(|name| name.map(Result::ok).transpose()).collect()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        system::sync_dir(or_here(dir))
    }

    fn lock(&self, path: &Path, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        match sharing {
            Sharing::Exclusive => {
                let mut file = open_lock(path)?;
                file.try_lock()?;
                // The lock is held. That nothing can be written, say on a full disk, is no reason
                // to give it up: the line is for people.
                let line = format!("pid {}\n", std::process::id());
                let _ = file.set_len(0).and_then(|()| file.write_all(line.as_bytes()));
                Ok(Box::new(OsGuard { held: Some(file) }))
            }
            Sharing::Shared => {
                let file = match open_regular(path, fs::OpenOptions::new().read(true)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => open_lock(path),
                    result => result,
                };
                let held = match file {
                    // Where we can't write there is no lock file, so nobody has ever held it.
                    Err(error) if cannot_be_written(&error) && is_missing(path) => None,
                    file => Some(file?),
                };
                if let Some(file) = &held {
                    file.try_lock_shared()?;
                }
                Ok(Box::new(OsGuard { held }))
            }
        }
    }
}

fn open_lock(path: &Path) -> io::Result<fs::File> {
    // It is not cut when it is opened: the line in it is the holder's, who may be somebody else.
    open_regular(path, fs::OpenOptions::new().read(true).write(true).create(true).truncate(false))
}

fn cannot_be_written(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn open_regular(path: &Path, options: &mut fs::OpenOptions) -> io::Result<fs::File> {
    system::careful(options);
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

/// The parent of a bare name is the empty path, by which the directory we are in is meant.
fn or_here(dir: &Path) -> &Path {
    if dir.as_os_str().is_empty() { Path::new(".") } else { dir }
}

/// The most bytes of one write. For more at a time the system looks for larger pages, and to find
/// and clear those takes it longer than all of the write.
const WRITE_BYTES_MAX: usize = 1 << 20;

#[derive(Debug)]
struct OsFile(fs::File);

impl File for OsFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, room: &mut [u8], offset: u64) -> io::Result<usize> {
        system::read_at(&self.0, room, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        system::write_at(&self.0, &bytes[..bytes.len().min(WRITE_BYTES_MAX)], offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn map(&self, len: u64, reading: Reading) -> io::Result<Mapping> {
        Mapping::of(&self.0, len, reading)
    }
}

/// A lock is held until it is given up, or its process ends.
#[derive(Debug)]
struct OsGuard {
    held: Option<fs::File>,
}

impl Guard for OsGuard {}

impl Drop for OsGuard {
    /// To close the file would not do: a process that is just being started by this one has it open,
    /// too, until it becomes its program.
    fn drop(&mut self) {
        if let Some(file) = &self.held {
            let _ = file.unlock();
        }
    }
}

#[cfg(unix)]
mod system {
    use std::fs::{DirBuilder, File, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
    use std::path::Path;

    pub(super) fn for_owner_only(builder: &mut DirBuilder) {
        builder.mode(0o700);
    }

    /// For its owner only, through no link, and without waiting for the other end of a pipe.
    pub(super) fn careful(options: &mut OpenOptions) {
        options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }

    pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
        OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(dir)?.sync_all()
    }

    pub(super) fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(room, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }
}

#[cfg(windows)]
mod system {
    use std::fs::{DirBuilder, File, OpenOptions};
    use std::io;
    use std::os::windows::fs::{FileExt, OpenOptionsExt};
    use std::path::Path;

    /// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link itself, which is no regular file.
    const NO_FOLLOW: u32 = 0x0020_0000;

    /// Nothing to do: a directory inherits the rights of its parent.
    pub(super) fn for_owner_only(_: &mut DirBuilder) {}

    pub(super) fn careful(options: &mut OpenOptions) {
        options.custom_flags(NO_FOLLOW);
    }

    /// Nothing to do: NTFS keeps names in a journal, and has no call for it.
    pub(super) fn sync_dir(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
        file.seek_read(room, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.seek_write(bytes, offset)
    }
}

#[cfg(test)]
mod tests;
