//! The handle: what is read of the database as it is now, and closing it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iqdb::{ErrorKind, Iqdb, Snapshot as CoreSnapshot};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyTuple};

use crate::aggregates;
use crate::arguments::{as_limit, as_threads};
use crate::errors::Result;
use crate::explain::Explain;
use crate::filters::FilterCache;
use crate::hits::SearchResult;
use crate::records::Record;
use crate::schema::Schema;
use crate::scroll::Scroll;
use crate::search::Arguments;
use crate::snapshot::{self, Snapshot};

/// An open database: every method may be called from many threads at once. Made by `iqdb.open` and
/// `iqdb.memory`; used in a `with` statement, it is closed at its end.
///
/// >>> import iqdb
/// >>> with iqdb.memory(dim=2) as db:
/// ...     _ = db.upsert(1, [1.0, 0.0], {"lang": "en"})
/// ...     db.search([1.0, 0.0], where="lang = 'en'").ids.tolist()
/// [1]
#[pyclass(frozen, weakref, module = "iqdb")]
pub(crate) struct Database {
    open: Mutex<Option<Iqdb>>,
    filters: FilterCache,
    /// Where it is, for its `repr`.
    place: String,
}

impl Database {
    pub(crate) fn new(db: Iqdb, place: String) -> Self {
        Self { open: Mutex::new(Some(db)), filters: FilterCache::default(), place }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Iqdb>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database, unless it has been closed.
    pub(crate) fn db(&self) -> Result<Iqdb> {
        if let Some(db) = &*self.lock() {
            return Ok(db.clone());
        }
        Err(Python::attach(|py| {
            static CLOSED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let message = "the database has been closed";
            match CLOSED.import(py, "iqdb._errors", "ClosedError").and_then(|c| c.call1((message,)))
            {
                Ok(closed) => PyErr::from_value(closed),
                Err(error) => error,
            }
        })
        .into())
    }

    /// The database as it is now.
    fn now(&self) -> Result<(Iqdb, Arc<dyn CoreSnapshot>)> {
        let db = self.db()?;
        let snapshot = db.snapshot()?;
        Ok((db, snapshot))
    }

    pub(crate) fn filters(&self) -> &FilterCache {
        &self.filters
    }

    /// The filter of a call that must not do without one.
    pub(crate) fn required_filter(&self, condition: &Bound<'_, PyAny>) -> Result<iqdb::Filter> {
        self.filters.read(Some(condition))?.ok_or_else(|| {
            iqdb::Error::new(ErrorKind::InvalidFilter, "the filter is missing")
                .expected("a text or a Filter, and not None")
                .into()
        })
    }
}

#[pymethods]
impl Database {
    /// The fields of vectors that records may have.
    #[getter]
    fn schema(&self) -> Result<Schema> {
        Ok(Schema::new_of(self.db()?.schema()))
    }

    /// The version: it grows by one with every batch that changes something.
    #[getter]
    fn version(&self) -> Result<u64> {
        Ok(self.now()?.1.version().0)
    }

    /// Whether it has been closed.
    #[getter]
    fn closed(&self) -> bool {
        self.lock().is_none()
    }

    /// The records nearest to a vector, nearest first; of a matrix, a list with a result for each row.
    ///
    /// `k` is how many, 10 unless `within` says how far away at most. `where` is a condition on
    /// records: a text or a `Filter`. `on` names the field. `accuracy` is "exact" or a recall.
    /// `payload=False` leaves payloads out, `vector=True` brings vectors. `threads` is how many may work
    /// on it, `timeout` how long it may take, in seconds.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2, metric="euclidean")
    /// >>> _ = db.upsert([1, 2, 3], [[0, 0], [1, 0], [9, 9]], [{"year": y} for y in (1999, 2020, 2024)])
    /// >>> db.search([0, 0], 2, where="year >= 2020").ids.tolist()
    /// [2, 3]
    /// >>> db.search([0, 0], within=1.0).ids.tolist()
    /// [1, 2]
    /// >>> [result.ids.tolist() for result in db.search([[0, 0], [9, 9]], 1)]
    /// [[1], [3]]
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
        let (db, now) = self.now()?;
        crate::search::search(query.py(), &db, &now, query, &self.filters, &arguments)
    }

    /// Searches as `search` does, and returns what was done to find the hits.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert(1, [1, 0])
    /// >>> db.explain([1, 0]).candidates
    /// 1
    #[pyo3(signature = (query, k=None, *, r#where=None, on=None, within=None, accuracy=None, threads=1))]
    #[allow(clippy::too_many_arguments)]
    fn explain<'py>(
        &self,
        query: &Bound<'py, PyAny>,
        k: Option<&Bound<'py, PyAny>>,
        r#where: Option<&Bound<'py, PyAny>>,
        on: Option<&str>,
        within: Option<f64>,
        accuracy: Option<&Bound<'py, PyAny>>,
        #[pyo3(from_py_with = as_threads)] threads: usize,
    ) -> Result<Explain> {
        let found =
            self.search(query, k, r#where, on, within, accuracy, false, false, threads, None)?;
        let one = match found.cast::<PyList>() {
            Ok(many) if many.is_empty() => return Ok(Explain::from(&iqdb::Explain::default())),
            Ok(many) => many.get_item(0)?,
            Err(_) => found.clone(),
        };
        Ok(Explain::from(one.cast::<SearchResult>()?.get().explain_ref()))
    }

    /// The record of an id, or None.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert("a", [1, 0], {"lang": "en"})
    /// >>> db.get("a").payload, db.get("b")
    /// ({'lang': 'en'}, None)
    fn get(&self, id: &Bound<'_, PyAny>) -> Result<Option<Record>> {
        snapshot::get(&self.now()?.1, id)
    }

    /// The records of these ids in their order, None for those that are not there.
    fn get_many(&self, ids: &Bound<'_, PyAny>) -> Result<Vec<Option<Record>>> {
        snapshot::get_many(&self.now()?.1, ids)
    }

    /// How many records there are or, of those, match.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert([1, 2], [[1, 0], [0, 1]], [{"lang": "en"}, {}])
    /// >>> db.count(), db.count("lang exists")
    /// (2, 1)
    #[pyo3(signature = (r#where=None))]
    fn count(&self, py: Python<'_>, r#where: Option<&Bound<'_, PyAny>>) -> Result<u64> {
        aggregates::count(py, &self.now()?.1, self.filters.read(r#where)?)
    }

    /// The least and the greatest value at a path, or None.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert([1, 2], [[1, 0], [0, 1]], {"year": [1999, 2024], "lang": ["en", "de"]})
    /// >>> db.min_max("year"), db.distinct("lang"), db.facet("lang")
    /// ((1999, 2024), ['de', 'en'], [('de', 1), ('en', 1)])
    #[pyo3(signature = (path, *, r#where=None))]
    fn min_max<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Option<Bound<'py, PyTuple>>> {
        aggregates::min_max(py, &self.now()?.1, path, self.filters.read(r#where)?)
    }

    /// The least `limit` different values at a path, in their order.
    #[pyo3(signature = (path, limit=100, *, r#where=None))]
    fn distinct<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        #[pyo3(from_py_with = as_limit)] limit: usize,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>> {
        aggregates::distinct(py, &self.now()?.1, path, limit, self.filters.read(r#where)?)
    }

    /// The most frequent `limit` values at a path, each with its number of records.
    #[pyo3(signature = (path, limit=10, *, r#where=None))]
    fn facet<'py>(
        &self,
        py: Python<'py>,
        path: &str,
        #[pyo3(from_py_with = as_limit)] limit: usize,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>> {
        aggregates::facet(py, &self.now()?.1, path, limit, self.filters.read(r#where)?)
    }

    /// An iterator over all records, or those that match, of the database as it is now: in the order
    /// of their ids, or of the values at the path `order_by`.
    ///
    /// `vectors=False` and `payload=False` leave parts out; `limit` is the most records.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert([1, 2], [[1, 0], [0, 1]], [{"year": 1999}, {"year": 2024}])
    /// >>> [record.id for record in db.scroll(order_by="year", descending=True)]
    /// [2, 1]
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
        let filter = self.filters.read(r#where)?;
        snapshot::scroll(&self.now()?.1, filter, order_by, descending, payload, vectors, limit)
    }

    /// The whole database as it is now, which never changes.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> before = db.snapshot()
    /// >>> _ = db.upsert(1, [1, 0])
    /// >>> len(before), len(db)
    /// (0, 1)
    fn snapshot(slf: &Bound<'_, Self>) -> Result<Snapshot> {
        let (_, snapshot) = slf.get().now()?;
        Ok(Snapshot::new(slf.clone().unbind(), snapshot))
    }

    /// Closes the database: what is called afterwards raises a `ClosedError`. Its directory is free for
    /// others once calls that are at work have ended.
    fn close(&self, py: Python<'_>) {
        let db = self.lock().take();
        py.detach(|| drop(db));
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) {
        self.close(py);
    }

    fn __len__(&self) -> Result<usize> {
        Ok(usize::try_from(self.db()?.len()?).unwrap_or(usize::MAX))
    }

    /// Always true: an empty database is one, too.
    fn __bool__(&self) -> bool {
        true
    }

    fn __contains__(&self, id: &Bound<'_, PyAny>) -> Result<bool> {
        Ok(self.now()?.1.get(&crate::ids::from_python(id)?)?.is_some())
    }

    fn __repr__(&self) -> String {
        match &*self.lock() {
            Some(db) => format!("Database({}, {})", self.place, db.schema()),
            None => format!("Database({}, closed)", self.place),
        }
    }
}
