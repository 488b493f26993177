//! Taking care of a database in a directory.

use std::path::PathBuf;

use iqdb::{Budget, Iqdb, Maintenance, Progress};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::apart;
use crate::database::Database;
use crate::errors::Result;

impl Database {
    /// Does something that may take long, with what the store offers for it; `refuse` is the same call
    /// of the facade, which says why there is nothing.
    fn maintain<T: Send + 'static>(
        &self,
        py: Python<'_>,
        refuse: fn(&Iqdb) -> iqdb::Result<T>,
        work: impl FnOnce(&dyn Maintenance, Budget<'_>, &mut dyn Progress) -> iqdb::Result<T>
        + Send
        + 'static,
    ) -> Result<T> {
        let db = self.db()?;
        apart::run(py, move |budget| match db.store().maintenance() {
            Some(maintenance) => work(maintenance, budget, &mut ()),
            None => refuse(&db),
        })
    }
}

#[pymethods]
impl Database {
    /// Returns when every write that was acknowledged is as durable as it gets. After Ctrl-C it goes on
    /// by itself.
    fn flush(&self, py: Python<'_>) -> Result<()> {
        let db = self.db()?;
        apart::run(py, move |_| db.flush())
    }

    /// Rewrites what holds deleted records, so that the database shrinks. Changes nothing that is read.
    fn compact(&self, py: Python<'_>) -> Result<()> {
        self.maintain(py, Iqdb::compact, |store, budget, progress| store.compact(budget, progress))
    }

    /// Copies the database as it is now to a directory that has none, while it goes on being used.
    fn backup(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        self.maintain(
            py,
            |db| db.backup_to(""),
            move |store, budget, progress| store.backup_to(&path, budget, progress),
        )
    }

    /// Reads all files and checks every byte that matters; returns how many files, bytes and records
    /// there are. What is damaged is a `DamagedError`.
    fn verify<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let verified = self.maintain(
            py,
            |db| db.verify(&mut ()),
            |store, budget, progress| store.verify(budget, progress),
        )?;
        let found = PyDict::new(py);
        found.set_item("files", verified.files)?;
        found.set_item("bytes", verified.bytes)?;
        found.set_item("records", verified.records)?;
        Ok(found)
    }

    /// Makes now what searches keep beside the vectors, and what a thread makes in the background
    /// otherwise. Answers are the same before and after.
    fn prepare(&self, py: Python<'_>) -> Result<()> {
        let db = self.db()?;
        apart::run(py, move |budget| db.prepare_within(budget).map(drop))
    }

    /// Moves a database that is open to be read only on to what has been published meanwhile, where its
    /// store has writers beside readers; returns the version that reads show, as for any other one.
    fn refresh(&self, py: Python<'_>) -> Result<u64> {
        let db = self.db()?;
        Ok(apart::run(py, move |budget| db.refresh_within(budget))?.0)
    }
}
