//! An engine that is called from Python, in a process of its own.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::engine::Facts;
use super::load::{Database, Load, Written};
use crate::Result;
use crate::process::Worker;

/// Where the parts that aren't compiled in are found.
#[derive(Debug, Clone)]
pub(super) struct Python {
    /// The interpreter of the virtual environment.
    pub(super) interpreter: std::path::PathBuf,
    pub(super) script: std::path::PathBuf,
    /// The rows, as `.npy`.
    pub(super) rows: std::path::PathBuf,
}

/// One command; `python/durable.py` speaks the same language.
#[derive(Debug, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Command<'a> {
    /// Make a database in this empty directory; answers with `facts`.
    Create { directory: &'a Path, rows: &'a Path },
    /// Write `commits` commits of `batch` rows; `ns` has a time per commit. It may be fewer: none is
    /// begun after `within_ms`.
    Write { first: usize, batch: usize, commits: usize, within_ms: u64 },
    /// Count the rows; answers with the number `rows`.
    Count,
}

#[derive(Debug)]
pub(super) struct Remote(Worker);

impl Remote {
    pub(super) fn create(engine: &str, python: &Python, dir: &Path) -> Result<(Self, Facts)> {
        let args = [python.script.display().to_string(), engine.to_owned()];
        let mut worker = Worker::start(engine, &python.interpreter, &args, &[])?;
        let create = Command::Create { directory: dir, rows: &python.rows };
        let facts = worker.ask(&create)?.facts;
        Ok((Self(worker), facts))
    }
}

impl Database for Remote {
    fn write(&mut self, load: &Load, first: usize) -> Result<Written> {
        let within_ms = u64::try_from(load.within.as_millis()).unwrap_or(u64::MAX);
        let Load { batch, commits, .. } = *load;
        let ns = self.0.ask(&Command::Write { first, batch, commits, within_ms })?.ns;
        Ok(Written { rows: ns.len() * batch, took: Duration::from_nanos(ns.iter().sum()) })
    }

    fn rows(&mut self) -> Result<u64> {
        let numbers = self.0.ask(&Command::Count)?.numbers;
        numbers.get("rows").map(|&rows| rows as u64).ok_or("no number of rows".into())
    }
}
