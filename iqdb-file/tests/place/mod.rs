//! Where the conformance suite finds a database again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use iqdb_conformance::Place;
use iqdb_core::{Error, ErrorKind, Result, Schema, Store};
use iqdb_file::{FileOptions, FileStore};
use tempfile::TempDir;

/// A directory of databases: the first one, and what each kill has left of the one before.
#[derive(Debug)]
pub(crate) struct Directory {
    within: TempDir,
    killed: AtomicU32,
    schema: Schema,
    options: FileOptions,
}

impl Directory {
    pub(crate) fn new(schema: Schema, options: FileOptions) -> Result<Self> {
        let within = tempfile::tempdir().map_err(refused)?;
        Ok(Self { within, killed: AtomicU32::new(0), schema, options })
    }

    fn path(&self, n: u32) -> PathBuf {
        self.within.path().join(n.to_string())
    }

    fn open_at(&self, n: u32) -> Result<Arc<dyn Store>> {
        let store = FileStore::open_or_create(self.path(n), self.schema.clone(), &self.options)?;
        Ok(Arc::new(store))
    }
}

impl Place for Directory {
    fn open(&self) -> Result<Arc<dyn Store>> {
        self.open_at(self.killed.load(Ordering::SeqCst))
    }

    fn open_after_kill(&self) -> Result<Arc<dyn Store>> {
        let now = self.killed.fetch_add(1, Ordering::SeqCst);
        // What the system has been told, whether it is on the disk or not: a killed process loses
        // nothing of that. The files are complete, since no thread is writing just now.
        copy(&self.path(now), &self.path(now + 1)).map_err(refused)?;
        self.open_at(now + 1)
    }

    fn copied(&self, copy: &mut dyn FnMut(&Path) -> Result<()>) -> Result<Box<dyn Place>> {
        let place = Self::new(self.schema.clone(), self.options.clone())?;
        copy(&place.path(0))?;
        Ok(Box::new(place))
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn refused(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the test's directory can't be made").caused_by(error)
}
