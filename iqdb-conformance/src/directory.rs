//! The place of a store in files: a temporary directory, which is copied where a process is killed.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use iqdb_core::{Error, ErrorKind, Result, Schema, Store};
use tempfile::TempDir;

use crate::place::Place;

/// Opens the store at a path, or creates one of this schema.
pub(crate) type Open = dyn Fn(&Path, Schema) -> Result<Arc<dyn Store>> + Send + Sync;

/// A temporary directory with one directory for the first process, and another for each that came
/// after a kill. What is in the latter is what the kill left of the one before.
pub(crate) struct Directory {
    within: TempDir,
    killed: AtomicU32,
    schema: Schema,
    open: Arc<Open>,
}

impl Directory {
    pub(crate) fn new(schema: Schema, open: Arc<Open>) -> Result<Self> {
        let within = tempfile::tempdir().map_err(|error| refused("make a directory", error))?;
        let directory = Self { within, killed: AtomicU32::new(0), schema, open };
        fs::create_dir(directory.process(0)).map_err(|error| refused("make a directory", error))?;
        Ok(directory)
    }

    /// The directory of this process, in which nothing but its store is.
    fn process(&self, n: u32) -> PathBuf {
        self.within.path().join(n.to_string())
    }

    /// The path that this process opens. A store may make files beside it, too.
    fn store(&self, n: u32) -> PathBuf {
        self.process(n).join("store")
    }

    fn open_at(&self, n: u32) -> Result<Arc<dyn Store>> {
        (self.open)(&self.store(n), self.schema.clone())
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
        copy(&self.process(now), &self.process(now + 1))
            .map_err(|error| refused("copy the files", error))?;
        self.open_at(now + 1)
    }

    fn copied(&self, copy: &mut dyn FnMut(&Path) -> Result<()>) -> Result<Box<dyn Place>> {
        let place = Self::new(self.schema.clone(), Arc::clone(&self.open))?;
        copy(&place.store(0))?;
        Ok(Box::new(place))
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("within", &self.within)
            .field("killed", &self.killed)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Copies a directory and everything in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, to) = (entry?, to);
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

fn refused(attempted: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("the test can't {attempted}")).caused_by(error)
}
