//! Records, as they are read.

use iqdb::RecordRef;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::Result;
use crate::{ids, values, vectors};

/// A record: its id, its payload and its vectors by the names of their fields.
#[pyclass(frozen, get_all, module = "iqdb")]
#[derive(Debug)]
pub(crate) struct Record {
    /// Its id: an int, a str or a uuid.UUID.
    id: Py<PyAny>,
    /// Its payload.
    payload: Py<PyDict>,
    /// Its vectors by the names of their fields, those that it has and that were read.
    vectors: Py<PyDict>,
}

impl Record {
    /// A copy of a record of a store with these fields.
    pub(crate) fn of(
        py: Python<'_>,
        schema: &iqdb::Schema,
        record: &RecordRef<'_>,
    ) -> Result<Self> {
        let found = PyDict::new(py);
        for field in schema.fields() {
            if let Some(vector) = record.vector(field.name())? {
                found.set_item(field.name(), vectors::to_python(py, vector)?)?;
            }
        }
        Ok(Self {
            id: ids::to_python(py, record.id()?)?.unbind(),
            payload: values::lent_to_python(py, &record.payload()?)?.unbind(),
            vectors: found.unbind(),
        })
    }
}

#[pymethods]
impl Record {
    /// The vector of the field named `vector`, or None.
    #[getter]
    fn vector<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.vectors.bind(py).get_item(iqdb::Field::DEFAULT)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let fields: Vec<String> = self.vectors.bind(py).keys().extract()?;
        let (id, payload) = (self.id.bind(py).repr()?, self.payload.bind(py).repr()?);
        Ok(format!("Record({id}, {payload}, vectors of {fields:?})"))
    }
}
