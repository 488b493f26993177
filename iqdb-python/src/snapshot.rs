//! Snapshots: a version of a database that never changes, and what is read of one.

use std::sync::Arc;

use iqdb::{Direction, Parts, Snapshot as CoreSnapshot};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::arguments::{as_limit, as_threads, count};
use crate::database::Database;
use crate::errors::Result;
use crate::records::Record;
use crate::schema::Schema;
use crate::scroll::{Options, Scroll};
use crate::search::Arguments;
use crate::{aggregates, filters, ids, interrupt};

/// How many records are read before signals are looked for.
const READ_AT_ONCE: usize = 256;

/// A version of a database, whole, which never changes. It has the reading methods of `Database`.
#[pyclass(frozen, module = "iqdb")]
pub(crate) struct Snapshot {
    database: Py<Database>,
    snapshot: Arc<dyn CoreSnapshot>,
}

impl Snapshot {
    pub(crate) fn new(database: Py<Database>, snapshot: Arc<dyn CoreSnapshot>) -> Self {
        Self { database, snapshot }
    }

    /// The snapshot, while its database is open.
    fn open(&self) -> Result<&Arc<dyn CoreSnapshot>> {
        self.database.get().db()?;
        Ok(&self.snapshot)
    }

    fn filter(&self, condition: Option<&Bound<'_, PyAny>>) -> Result<Option<iqdb::Filter>> {
        self.database.get().filters().read(condition)
    }
}

pub(crate) fn get(
    snapshot: &Arc<dyn CoreSnapshot>,
    id: &Bound<'_, PyAny>,
) -> Result<Option<Record>> {
    let (py, id) = (id.py(), ids::from_python(id)?);
    id.check()?;
    let record = py.detach(|| snapshot.get(&id))?;
    record.map(|record| Record::of(py, snapshot.schema(), &record)).transpose()
}

pub(crate) fn get_many(
    snapshot: &Arc<dyn CoreSnapshot>,
    ids: &Bound<'_, PyAny>,
) -> Result<Vec<Option<Record>>> {
    let py = ids.py();
    let ids = ids::many(ids)?;
    let mut records = Vec::with_capacity(ids.len());
    for ids in ids.chunks(READ_AT_ONCE) {
        interrupt::look(py)?;
        let read = |id: &iqdb::RecordId| id.check().and_then(|()| snapshot.get(id));
        let found = py.detach(|| ids.iter().map(read).collect::<iqdb::Result<Vec<_>>>())?;
        for record in found {
            let record = record.map(|record| Record::of(py, snapshot.schema(), &record));
            records.push(record.transpose()?);
        }
    }
    Ok(records)
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn scroll(
    snapshot: &Arc<dyn CoreSnapshot>,
    filter: Option<iqdb::Filter>,
    order_by: Option<&str>,
    descending: bool,
    payload: bool,
    vectors: bool,
    limit: Option<&Bound<'_, PyAny>>,
) -> Result<Scroll> {
    let mut parts = if payload { Parts::ID.with_payload() } else { Parts::ID };
    if vectors {
        parts = snapshot.schema().iter().fold(parts, |parts, (field, _)| parts.with_field(field));
    }
    let limit = limit.filter(|limit| !limit.is_none()).map(|limit| count(limit, "limit"));
    let options = Options {
        filter,
        order: order_by.map(filters::path).transpose()?,
        direction: if descending { Direction::Down } else { Direction::Up },
        parts,
        limit: limit.transpose()?.unwrap_or(usize::MAX),
    };
    Ok(Scroll::new(Arc::clone(snapshot), options))
}

#[pymethods]
impl Snapshot {
    /// The version of the database that it is.
    #[getter]
    fn version(&self) -> u64 {
        self.snapshot.version().0
    }

    /// The fields of vectors that records may have.
    #[getter]
    fn schema(&self) -> Schema {
        Schema::new_of(self.snapshot.schema().clone())
    }

    /// As `Database.search`.
    #[pyo3(signature = (
        query, k=None, *, r#where=None, on=None, within=None, accuracy=None, payload=true,
        vector=false, threads=1, timeout=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn search<'py>(
        &self,
        query: &Bound<'py, PyAny>,
        k: Option<&Bound<'py, PyAny>>,
        r#where: Option<&Bound<'py, PyAny>>,
        on: Option<&str>,
        within: Option<f64>,
        accuracy: Option<&Bound<'py, PyAny>>,
        payload: bool,
        vector: bool,
        #[pyo3(from_py_with = as_threads)] threads: usize,
        timeout: Option<f64>,
    ) -> Result<Bound<'py, PyAny>> {
        let condition = r#where;
        let arguments =
            Arguments { k, condition, on, within, accuracy, payload, vector, threads, timeout };
        let database = self.database.get();
        let (db, filters) = (database.db()?, database.filters());
        crate::search::search(query.py(), &db, &self.snapshot, query, filters, &arguments)
    }

    /// As `Database.get`.
    fn get(&self, id: &Bound<'_, PyAny>) -> Result<Option<Record>> {
        get(self.open()?, id)
    }

    /// As `Database.get_many`.
    fn get_many(&self, ids: &Bound<'_, PyAny>) -> Result<Vec<Option<Record>>> {
        get_many(self.open()?, ids)
    }

    /// As `Database.count`.
    #[pyo3(signature = (r#where=None))]
    fn count(&self, py: Python<'_>, r#where: Option<&Bound<'_, PyAny>>) -> Result<u64> {
        aggregates::count(py, self.open()?, self.filter(r#where)?)
    }

    /// As `Database.min_max`.
    #[pyo3(signature = (path, *, r#where=None))]
    fn min_max<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Option<Bound<'py, PyTuple>>> {
        aggregates::min_max(py, self.open()?, path, self.filter(r#where)?)
    }

    /// As `Database.distinct`.
    #[pyo3(signature = (path, limit=100, *, r#where=None))]
    fn distinct<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        #[pyo3(from_py_with = as_limit)] limit: usize,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>> {
        aggregates::distinct(py, self.open()?, path, limit, self.filter(r#where)?)
    }

    /// As `Database.facet`.
    #[pyo3(signature = (path, limit=10, *, r#where=None))]
    fn facet<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        #[pyo3(from_py_with = as_limit)] limit: usize,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>> {
        aggregates::facet(py, self.open()?, path, limit, self.filter(r#where)?)
    }

    /// As `Database.scroll`.
    #[pyo3(signature = (
        r#where=None, *, order_by=None, descending=false, payload=true, vectors=true, limit=None
    ))]
    fn scroll(
        &self,
        r#where: Option<&Bound<'_, PyAny>>,
        order_by: Option<&str>,
        descending: bool,
        payload: bool,
        vectors: bool,
        limit: Option<&Bound<'_, PyAny>>,
    ) -> Result<Scroll> {
        let filter = self.filter(r#where)?;
        scroll(self.open()?, filter, order_by, descending, payload, vectors, limit)
    }

    fn __len__(&self) -> usize {
        usize::try_from(self.snapshot.len()).unwrap_or(usize::MAX)
    }

    /// Always true: an empty snapshot is one, too.
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        format!("Snapshot(version {}, {} records)", self.version(), self.snapshot.len())
    }
}
