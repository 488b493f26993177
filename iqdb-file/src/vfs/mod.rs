//! Every access to files goes through here, so that tests can lose power at any of them.
//!
//! The calls are those of the operating system, with its weaknesses: a write may be short or
//! interrupted, and what was written is on the disk only after a sync. What makes whole writes of
//! them is in [`FileExt`], for every file system alike.

mod mapping;
mod os;
#[cfg(any(test, feature = "sim"))]
pub mod sim;

use std::fmt::Debug;
use std::io;
use std::path::Path;

pub use mapping::Mapping;
pub use os::OsVfs;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// An existing file, to be read.
    Read,
    /// An existing file, to be read and written.
    Write,
    /// A file to be read and written, new or cut to nothing.
    Create,
}

/// What the system is to read of a mapped file beside what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What follows, and much of it: it will be asked for next.
    Ahead,
    /// Nothing: rows are wanted here and there.
    Nothing,
}

/// Who may hold a lock beside us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Exclusive,
    /// Others who share it, too.
    Shared,
}

/// A file system.
///
/// Nothing below the directory of a database is a symbolic link that is followed: opening one is an
/// error. Files are for their owner alone where the system can say so.
pub trait Vfs: Debug + Send + Sync + 'static {
    /// Makes a directory for its owner alone, unless there is one. Its parent must be there.
    ///
    /// # Errors
    /// Those of the system.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Opens a file.
    ///
    /// # Errors
    /// Those of the system; also for a symbolic link.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn File>>;

    /// Gives a file another name, replacing what had it. Atomic; durable after
    /// [`sync_dir`](Self::sync_dir).
    ///
    /// # Errors
    /// Those of the system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. What is mapped stays readable where the system allows it.
    ///
    /// # Errors
    /// Those of the system.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in any order. A name that is not Unicode is left out: it is none of
    /// ours.
    ///
    /// # Errors
    /// Those of the system.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Returns when the names in a directory are on the disk.
    ///
    /// # Errors
    /// Those of the system.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes the lock of this file, which is made if need be (but not for a shared lock in a
    /// directory that can't be written), and holds it until the guard is dropped or the process
    /// ends, however it ends. An exclusive holder leaves a line about itself in the file. Never waits.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when somebody else has it, in this process or another; else
    /// those of the system.
    fn lock(&self, path: &Path, sharing: Sharing) -> io::Result<Box<dyn Guard>>;
}

/// An open file. All methods may be called from many threads at once.
// Whether a file is empty interests nobody.
#[allow(clippy::len_without_is_empty)]
pub trait File: Debug + Send + Sync + 'static {
    /// How many bytes it has.
    ///
    /// # Errors
    /// Those of the system.
    fn len(&self) -> io::Result<u64>;

    /// Reads at most as many bytes as there is room for; 0 at the end of the file.
    ///
    /// # Errors
    /// Those of the system.
    fn read_at(&self, room: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes some of these bytes, growing the file if need be; returns how many.
    ///
    /// # Errors
    /// Those of the system.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Cuts the file, or grows it by zeros.
    ///
    /// # Errors
    /// Those of the system.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Returns when what was written is on the disk, with the file's length.
    ///
    /// # Errors
    /// Those of the system. After one, nobody knows what is on the disk; asking again does not help.
    fn sync_data(&self) -> io::Result<()>;

    /// Maps the first `len` bytes, which must be there, to be read. They must not change for as long
    /// as the mapping lives.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::UnexpectedEof`] when the file is shorter.
    fn map(&self, len: u64, reading: Reading) -> io::Result<Mapping>;
}

/// A lock that is held.
pub trait Guard: Debug + Send + Sync + 'static {}

/// Whole reads and writes.
pub trait FileExt: File {
    /// Fills the whole room.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] at the end of the file; those of the system.
    fn read_exact_at(&self, mut room: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !room.is_empty() {
            match self.read_at(room, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    room = room.get_mut(n..).ok_or(io::ErrorKind::InvalidData)?;
                    offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Those of the system; some of it may have been written then.
    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    bytes = bytes.get(n..).ok_or(io::ErrorKind::InvalidData)?;
                    offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<F: File + ?Sized> FileExt for F {}
