//! Open files and held locks, on all systems alike.

use std::fs;
use std::io;
use std::sync::Arc;

#[cfg(unix)]
use super::holders;
use super::system;
use crate::vfs::{File, FileId, Guard, Mapping, Process, Reading, Sharing};

/// The most bytes of one write. For more at a time the system looks for larger pages, and to find
/// and clear those takes it longer than all of the write.
const WRITE_BYTES_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct OsFile(Arc<fs::File>);

impl OsFile {
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for what is no regular file.
    pub(super) fn regular(file: fs::File) -> io::Result<Self> {
        if file.metadata()?.is_file() {
            Ok(Self(Arc::new(file)))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
        }
    }
}

impl File for OsFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn id(&self) -> io::Result<FileId> {
        system::id_of(&self.0)
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
        // On Apple this is F_FULLFSYNC, as it has to be.
        self.0.sync_data()
    }

    fn map(&self, len: u64, reading: Reading) -> io::Result<Mapping> {
        Mapping::of(&self.0, len, reading)
    }

    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        OsGuard::take(&self.0, sharing)
    }

    fn holders(&self) -> Option<String> {
        #[cfg(unix)]
        return holders::of(&self.0);
        #[cfg(not(unix))]
        None
    }
}

/// A lock is held until it is given up, or its process ends.
#[derive(Debug)]
pub(super) struct OsGuard {
    file: Arc<fs::File>,
    process: Process,
}

impl OsGuard {
    pub(super) fn take(file: &Arc<fs::File>, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        match sharing {
            Sharing::Exclusive => file.try_lock()?,
            Sharing::Shared => file.try_lock_shared()?,
        }
        Ok(Box::new(Self { file: Arc::clone(file), process: Process::current() }))
    }
}

impl Guard for OsGuard {}

impl Drop for OsGuard {
    /// To close the file would not do: a process that is just being started by this one has it open,
    /// too, until it becomes its program. A forked child closes it and no more: parent and child
    /// share one lock, which is the parent's to give up.
    fn drop(&mut self) {
        if self.process.is_surely_current() {
            let _ = self.file.unlock();
        }
    }
}
