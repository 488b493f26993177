//! A file system on which, for a while, no file can be made.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use iqdb_file::vfs::{Access, Dir, Entry, Environment, File, Found, Guard, Sharing, Vfs};

/// Another file system, but for new files. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Refusing {
    of: Arc<dyn Vfs>,
    /// What the system says to new files; 0 for nothing.
    errno: Arc<AtomicI32>,
}

impl Refusing {
    pub(crate) fn new(of: impl Vfs) -> Self {
        Self { of: Arc::new(of), errno: Arc::default() }
    }

    /// From now on; `None` to let them be made again.
    pub(crate) fn refuse(&self, errno: Option<i32>) {
        self.errno.store(errno.unwrap_or(0), Ordering::Relaxed);
    }
}

impl Vfs for Refusing {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(RefusingDir { of: self.of.open_dir(path)?, errno: Arc::clone(&self.errno) }))
    }

    fn renames_open_dirs(&self) -> bool {
        self.of.renames_open_dirs()
    }

    fn environment(&self) -> Environment {
        self.of.environment()
    }
}

#[derive(Debug)]
struct RefusingDir {
    of: Arc<dyn Dir>,
    errno: Arc<AtomicI32>,
}

impl RefusingDir {
    fn at(&self, of: Arc<dyn Dir>) -> Arc<dyn Dir> {
        Arc::new(Self { of, errno: Arc::clone(&self.errno) })
    }
}

impl Dir for RefusingDir {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn File>> {
        match self.errno.load(Ordering::Relaxed) {
            errno if errno != 0 && access == Access::Create => {
                Err(io::Error::from_raw_os_error(errno))
            }
            _ => self.of.open(name, access),
        }
    }

    fn lookup(&self, name: &str) -> io::Result<Option<Found>> {
        self.of.lookup(name)
    }

    fn is_linked(&self) -> io::Result<bool> {
        self.of.is_linked()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        self.of.list()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.of.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.of.remove(name)
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        self.of.create_dir(name)
    }

    fn open_dir(&self, name: &str) -> io::Result<Arc<dyn Dir>> {
        self.of.open_dir(name).map(|dir| self.at(dir))
    }

    fn remove_dir(&self, name: &str) -> io::Result<()> {
        self.of.remove_dir(name)
    }

    fn parent(&self) -> io::Result<Arc<dyn Dir>> {
        self.of.parent().map(|dir| self.at(dir))
    }

    fn sync(&self) -> io::Result<()> {
        self.of.sync()
    }

    fn lock(&self, sharing: Sharing) -> io::Result<Box<dyn Guard>> {
        self.of.lock(sharing)
    }
}
