//! Every access to files goes through here, so that tests can lose power at any of them.
//!
//! A path is resolved once, when [`Vfs::open_dir`] opens a directory. From then on the files of that
//! directory are reached through its handle: a rename of the directory, of one above it, or a
//! `chdir` changes nothing.
//!
//! The calls are those of the operating system, with its weaknesses: a write may be short or
//! interrupted, and what was written is on the disk only after a sync. What makes whole writes of
//! them is in [`FileExt`], for every file system alike.

mod mapping;
mod os;
mod process;
#[cfg(any(test, feature = "sim"))]
pub mod sim;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use iqdb_core::DateTime;
pub use mapping::{Mapping, Reading};
pub use os::OsVfs;
pub(crate) use process::Process;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// An existing file, to be read.
    Read,
    /// An existing file, to be read and written.
    Write,
    /// A new file, to be read and written. Fails with [`io::ErrorKind::AlreadyExists`] where the name
    /// is taken.
    Create,
}

/// Which other handles may hold a lock beside the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// No other handle.
    Exclusive,
    /// Handles that share it.
    Shared,
}

/// What tells a file or a directory from all others, whatever its name: the device and the inode on
/// Unix, the volume and the file index on Windows. Unique as long as the file is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// The device or the volume.
    pub volume: u64,
    /// The file on it.
    pub file: u64,
}

/// What a name refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Found {
    /// Which file or directory.
    pub id: FileId,
    /// How many names it has, on this file system.
    pub links: u64,
}

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name. What of it is not Unicode is replaced by `U+FFFD`.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// What a machine says of itself and of the process that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// What tells this boot of the machine from all others, where the system has such a thing. Other
    /// processes of the same boot get the same. Never 0.
    pub boot: Option<u128>,
    /// The name of the machine. For people.
    pub host: String,
    /// The number of the process. For people: another machine or container may have the same.
    pub process: u32,
    /// What the clock shows. For people.
    pub time: DateTime,
}

/// A file system.
pub trait Vfs: Debug + Send + Sync + 'static {
    /// Opens a directory that exists. Links in the path are followed, here and nowhere else. The
    /// empty path is the current directory.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::NotADirectory`] for a file.
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>>;

    /// Whether a directory can be renamed while it, and files in it, are open.
    fn renames_open_dirs(&self) -> bool;

    /// The machine and the process that use it.
    fn environment(&self) -> Environment;
}

/// An open directory. It stays the same directory whatever it is called, and wherever it is moved to.
///
/// Names are of one component. No name in it is a symbolic link that is followed: opening one is an
/// error. What is made is for its owner alone where the system can say so. All methods may be called
/// from many threads at once.
pub trait Dir: Debug + Send + Sync + 'static {
    /// Opens a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`], [`io::ErrorKind::AlreadyExists`]; [`io::ErrorKind::InvalidInput`]
    /// for a symbolic link and whatever else is no regular file; others of the system.
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn File>>;

    /// What the name refers to now; `None` when nothing has it. A link is not followed.
    ///
    /// # Errors
    /// Those of the system.
    fn lookup(&self, name: &str) -> io::Result<Option<Found>>;

    /// Whether the directory itself has a name still.
    ///
    /// # Errors
    /// Those of the system.
    fn is_linked(&self) -> io::Result<bool>;

    /// All names in the directory, in any order.
    ///
    /// # Errors
    /// Those of the system.
    fn list(&self) -> io::Result<Vec<Entry>>;

    /// Gives a file or a directory another name in this directory, which must be free. Durable after
    /// [`sync`](Self::sync). Atomic where the file system can rename without replacing. Elsewhere the
    /// name is looked up first, and a crash may leave an empty directory that has it.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where the new name is taken; those of the system.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. What is mapped stays readable where the system allows it.
    ///
    /// # Errors
    /// Those of the system.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes a directory for its owner alone.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where the name is taken; those of the system.
    fn create_dir(&self, name: &str) -> io::Result<()>;

    /// Opens a directory in this one.
    ///
    /// # Errors
    /// Those of the system; also for a symbolic link.
    fn open_dir(&self, name: &str) -> io::Result<Arc<dyn Dir>>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// Those of the system.
    fn remove_dir(&self, name: &str) -> io::Result<()>;

    /// The directory that this one is in now.
    ///
    /// # Errors
    /// Those of the system.
    fn parent(&self) -> io::Result<Arc<dyn Dir>>;

    /// Returns when the names in the directory are on the disk.
    ///
    /// # Errors
    /// [`io::ErrorKind::PermissionDenied`] where this process may not read the directory; others of the
    /// system.
    fn sync(&self) -> io::Result<()>;

    /// Locks the directory until the guard is dropped or its process ends, however it ends. Never
    /// waits.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when another handle has the lock, in this process or another;
    /// any other error says that directories of this file system can't be locked.
    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>>;
}

/// An open file. All methods may be called from many threads at once.
// No caller asks whether a file is empty.
#[allow(clippy::len_without_is_empty)]
pub trait File: Debug + Send + Sync + 'static {
    /// How many bytes it has.
    ///
    /// # Errors
    /// Those of the system.
    fn len(&self) -> io::Result<u64>;

    /// What tells it from all other files.
    ///
    /// # Errors
    /// Those of the system.
    fn id(&self) -> io::Result<FileId>;

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
    /// Those of the system. After one, what is on the disk is unknown; asking again does not help.
    fn sync_data(&self) -> io::Result<()>;

    /// Maps the first `len` bytes, which must be there, to be read. They must not change for as long
    /// as the mapping lives.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::UnexpectedEof`] when the file is shorter.
    fn map(&self, len: u64, reading: Reading) -> io::Result<Mapping>;

    /// Locks the file, as [`Dir::lock`] locks a directory.
    ///
    /// # Errors
    /// Those of [`Dir::lock`].
    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>>;

    /// The processes that hold a lock of this file now, as far as the system tells, in words: `None`
    /// where it doesn't. Never a guess.
    fn holders(&self) -> Option<String>;
}

/// A lock that is held. In a forked child, dropping it only closes descriptors.
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
