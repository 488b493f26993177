//! What a search found.

use iqdb::{HitRef, Hits, IdRef, Verdict};
use numpy::PyArray1;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyIterator, PyList};

use crate::explain::Explain;
use crate::{ids, values, vectors};

/// The hits of one query, nearest first; of equal distances the smaller id comes first.
///
/// >>> import iqdb
/// >>> db = iqdb.memory(dim=2, metric="euclidean")
/// >>> _ = db.upsert([1, 2], [[0.0, 0.0], [3.0, 4.0]], [{"lang": "en"}, {"lang": "de"}])
/// >>> result = db.search([0.0, 0.0], 2)
/// >>> result.ids.tolist(), result.distances.tolist(), result.payloads
/// ([1, 2], [0.0, 5.0], [{'lang': 'en'}, {'lang': 'de'}])
/// >>> [hit.id for hit in result]
/// [1, 2]
#[pyclass(frozen, module = "iqdb")]
pub(crate) struct SearchResult {
    hits: Hits,
    explain: iqdb::Explain,
    ids: PyOnceLock<Py<PyAny>>,
    distances: PyOnceLock<Py<PyArray1<f64>>>,
    payloads: PyOnceLock<Py<PyList>>,
}

impl SearchResult {
    pub(crate) fn of(hits: Hits, explain: iqdb::Explain) -> Self {
        let (ids, distances) = (PyOnceLock::new(), PyOnceLock::new());
        Self { hits, explain, ids, distances, payloads: PyOnceLock::new() }
    }

    pub(crate) fn explain_ref(&self) -> &iqdb::Explain {
        &self.explain
    }

    fn hit(py: Python<'_>, hit: HitRef<'_>) -> PyResult<Hit> {
        Ok(Hit {
            id: ids::to_python(py, hit.id)?.unbind(),
            distance: hit.distance,
            payload: payload(py, hit)?.unbind(),
            vector: vector(py, hit)?.unbind(),
        })
    }
}

fn payload<'py>(py: Python<'py>, hit: HitRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    match hit.payload {
        Some(payload) => Ok(values::payload_to_python(py, payload)?.into_any()),
        None => Ok(py.None().into_bound(py)),
    }
}

fn vector<'py>(py: Python<'py>, hit: HitRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    match hit.vector {
        Some(vector) => vectors::to_python(py, vector),
        None => Ok(py.None().into_bound(py)),
    }
}

/// Numbers where all ids are numbers, else objects.
fn id_array(py: Python<'_>, hits: &Hits) -> PyResult<Py<PyAny>> {
    let number = |hit: HitRef<'_>| match hit.id {
        IdRef::Number(number) => Some(number),
        IdRef::Uuid(_) | IdRef::Text(_) => None,
    };
    if let Some(numbers) = hits.iter().map(number).collect::<Option<Vec<u64>>>() {
        return Ok(PyArray1::from_vec(py, numbers).into_any().unbind());
    }
    let objects = hits.iter().map(|hit| Ok(ids::to_python(py, hit.id)?.unbind()));
    let objects = objects.collect::<PyResult<Vec<Py<PyAny>>>>()?;
    Ok(PyArray1::from_vec(py, objects).into_any().unbind())
}

#[pymethods]
impl SearchResult {
    /// The ids: an array of uint64 where all are numbers, else of objects.
    #[getter]
    fn ids(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.ids.get_or_try_init(py, || id_array(py, &self.hits)).map(|ids| ids.clone_ref(py))
    }

    /// The distances, an array of float64: smaller is nearer.
    #[getter]
    fn distances(&self, py: Python<'_>) -> Py<PyArray1<f64>> {
        let make = || {
            let distances: Vec<f64> = self.hits.iter().map(|hit| hit.distance).collect();
            PyArray1::from_vec(py, distances).unbind()
        };
        self.distances.get_or_init(py, make).clone_ref(py)
    }

    /// The payloads, dicts; each None where the search was told to leave them out.
    #[getter]
    fn payloads(&self, py: Python<'_>) -> PyResult<Py<PyList>> {
        let make = || {
            let payloads = self.hits.iter().map(|hit| payload(py, hit));
            PyResult::Ok(PyList::new(py, payloads.collect::<PyResult<Vec<_>>>()?)?.unbind())
        };
        self.payloads.get_or_try_init(py, make).map(|payloads| payloads.clone_ref(py))
    }

    /// The vectors, where the search was asked for them; else each None.
    #[getter]
    fn vectors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let vectors = self.hits.iter().map(|hit| vector(py, hit));
        PyList::new(py, vectors.collect::<PyResult<Vec<_>>>()?)
    }

    /// Whether no hit is missing.
    #[getter]
    fn exact(&self) -> bool {
        self.hits.verdict().is_exact()
    }

    /// The share of the exact answer's hits that such an answer has on average: 1.0 where it is exact.
    #[getter]
    fn recall(&self) -> f32 {
        match self.hits.verdict() {
            Verdict::Estimated { recall, .. } => recall,
            _ => 1.0,
        }
    }

    /// What was done to find them; of several queries at once, for all of them.
    #[getter]
    fn explain(&self) -> Explain {
        Explain::from(&self.explain)
    }

    /// A table of pyarrow: `id`, `distance`, and a column for each key of the payloads.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("iqdb._tables")?.call_method1("to_arrow", (slf,))
    }

    /// A DataFrame of pandas: `id`, `distance`, and a column for each key of the payloads.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("iqdb._tables")?.call_method1("to_pandas", (slf,))
    }

    fn __len__(&self) -> usize {
        self.hits.len()
    }

    fn __getitem__(&self, py: Python<'_>, n: isize) -> PyResult<Hit> {
        let at = if n < 0 { n.checked_add_unsigned(self.hits.len()) } else { Some(n) };
        let hit = at.and_then(|n| self.hits.get(usize::try_from(n).ok()?));
        let outside = || PyIndexError::new_err(format!("hit {n} of {}", self.hits.len()));
        Self::hit(py, hit.ok_or_else(outside)?)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let hits = self.hits.iter().map(|hit| Self::hit(py, hit));
        PyList::new(py, hits.collect::<PyResult<Vec<Hit>>>()?)?.try_iter()
    }

    fn __repr__(&self) -> String {
        const SHOWN: usize = 5;
        let shown = self.hits.iter().take(SHOWN);
        let mut hits: Vec<_> =
            shown.map(|hit| format!("{:?} at {:.6}", hit.id, hit.distance)).collect();
        if self.hits.len() > SHOWN {
            hits.push("…".to_owned());
        }
        let plural = if self.hits.len() == 1 { "hit" } else { "hits" };
        format!("SearchResult({} {plural}: [{}])", self.hits.len(), hits.join(", "))
    }
}

/// One record that was found.
#[pyclass(frozen, get_all, module = "iqdb")]
#[derive(Debug)]
pub(crate) struct Hit {
    /// Its id.
    id: Py<PyAny>,
    /// How far it is: smaller is nearer.
    distance: f64,
    /// Its payload, or None where the search was told to leave it out.
    payload: Py<PyAny>,
    /// Its vector, where the search was asked for it.
    vector: Py<PyAny>,
}

#[pymethods]
impl Hit {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (id, payload) = (self.id.bind(py).repr()?, self.payload.bind(py).repr()?);
        Ok(format!("Hit({id}, {}, {payload})", self.distance))
    }
}
