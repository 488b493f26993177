//! The process that writes a script to a store. It is the test of the case that starts it, run once more:
//! [`run_case`](crate::run_case) plays the part that the environment asks for.
//!
//! A file tells how far it is: a line before the store is opened, one with the version that it was opened
//! at, and one for each acknowledged batch. So what it says is in the order of its system calls.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use iqdb_core::{Error, ErrorKind, Result, StoreExt};

use super::script::Script;
use crate::Harness;

/// The environment variable that asks a test to be the process that writes: the sizes of the batches
/// with commas between them, a colon, and the directory to work in.
pub(super) const VARIABLE: &str = "IQDB_CONFORMANCE_WRITES";

/// What the line begins with that says which version the store was opened at.
pub(super) const OPENED: &str = "opened at ";

/// Whether this process is one that writes.
pub(crate) fn is_one() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Waits for the line that lets it begin, opens the store, and writes.
///
/// # Errors
/// Any error of the store; those of the files and of what the environment asks for.
pub(crate) fn write(harness: &Harness) -> Result<()> {
    let asked = std::env::var(VARIABLE).map_err(|error| failed("be told what to write", error))?;
    let (sizes, directory) = asked.split_once(':').unwrap_or_default();
    let sizes = sizes.split(',').map(str::parse).collect::<std::result::Result<Vec<_>, _>>();
    let sizes = sizes.map_err(|error| failed("be told what to write", error))?;
    let (script, work) = (Script::of_sizes(&sizes)?, Work::new(directory.as_ref()));
    let open = harness.opens().ok_or_else(|| {
        Error::new(ErrorKind::NotSupported, "only a store in files is written by a process")
    })?;
    let Some(mut said) = Said::begin(&work)? else { return Ok(()) };
    let store = open(&work.store(), script.schema.clone())?;
    said.say(&format!("{OPENED}{}", store.snapshot()?.version().0))?;
    for batch in &script.batches {
        let version = store.apply(batch)?.version;
        said.say(&version.0.to_string())?;
    }
    drop(store);
    said.say("closed")
}

/// The file in which the process says how far it is.
#[derive(Debug)]
pub(super) struct Said(File);

impl Said {
    /// Says that the process is ready, and waits for the line that lets it begin. `None` where the one that
    /// has started it is gone.
    pub(super) fn begin(work: &Work) -> Result<Option<Self>> {
        let said = OpenOptions::new().create(true).append(true).open(work.said());
        let mut said = Self(said.map_err(|error| failed("open the file of what it says", error))?);
        said.say("ready")?;
        let begins = io::stdin().lock().read_line(&mut String::new());
        let has_begun = begins.map_err(|error| failed("wait", error))? > 0;
        Ok(has_begun.then_some(said))
    }

    /// Adds a line, by one system call.
    pub(super) fn say(&mut self, line: &str) -> Result<()> {
        self.0.write_all(format!("{line}\n").as_bytes()).map_err(|error| failed("say so", error))
    }
}

pub(super) fn failed(
    attempted: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::new(ErrorKind::Io, format!("the writing process can't {attempted}")).caused_by(error)
}

/// The directory that a writing process works in.
#[derive(Debug, Clone)]
pub(super) struct Work(PathBuf);

impl Work {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The directory in which nothing but the store is.
    pub(super) fn files(&self) -> PathBuf {
        self.0.join("files")
    }

    /// The path of the store in it.
    pub(super) fn store(&self) -> PathBuf {
        self.files().join("store")
    }

    /// The file in which the process says how far it is.
    pub(super) fn said(&self) -> PathBuf {
        self.0.join("said")
    }

    /// The file with what the process writes to its standard error.
    pub(super) fn stderr(&self) -> PathBuf {
        self.0.join("stderr")
    }
}
