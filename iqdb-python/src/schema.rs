//! Schemas: which vectors records have.

use iqdb::{Element, FieldKind, Metric};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arguments::count;
use crate::errors::Result;

/// One field of vectors.
#[pyclass(frozen, get_all, eq, module = "iqdb")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its name.
    name: String,
    /// How many components, or bits; None for a sparse field.
    dim: Option<usize>,
    /// How vectors are compared.
    metric: Option<&'static str>,
    /// How a component is kept; None for a sparse field.
    element: Option<&'static str>,
}

#[pymethods]
impl Field {
    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &self.__repr__()).hash()
    }

    fn __repr__(&self) -> String {
        let Self { name, dim, metric, element } = self;
        let metric = metric.unwrap_or("none");
        match (dim, element) {
            (Some(dim), Some(element)) => {
                format!("Field({name:?}, dim={dim}, metric={metric:?}, element={element:?})")
            }
            _ => format!("Field({name:?}, sparse, metric={metric:?})"),
        }
    }
}

/// Which fields of vectors records may have. Every method returns a new schema.
///
/// >>> import iqdb
/// >>> schema = iqdb.Schema().dense("title", 384, "cosine").dense("image", 512, "dot", "f16")
/// >>> schema.sparse("terms")
/// Schema(title: 384 components of f32, cosine; image: 512 components of f16, dot; terms: sparse, dot)
#[pyclass(frozen, eq, module = "iqdb")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    schema: iqdb::Schema,
}

impl Schema {
    pub(crate) fn new_of(schema: iqdb::Schema) -> Self {
        Self { schema }
    }

    pub(crate) fn get(&self) -> iqdb::Schema {
        self.schema.clone()
    }

    fn with(&self, name: &str, kind: FieldKind) -> Result<Self> {
        Ok(Self { schema: self.schema.with_field(iqdb::Field::new(name, kind)?)? })
    }
}

#[pymethods]
impl Schema {
    /// A schema without fields or, with a dimension, of one field named `vector`.
    #[new]
    #[pyo3(signature = (dim=None, metric="cosine"))]
    fn new(dim: Option<&Bound<'_, PyAny>>, metric: &str) -> Result<Self> {
        let schema = match dim {
            Some(dim) => iqdb::Schema::new(count(dim, "dim")?, metric.parse()?)?,
            None => iqdb::Schema::builder().build()?,
        };
        Ok(Self { schema })
    }

    /// The schema with a field of dense vectors. Elements are f32, f16, bf16, i8 and binary.
    #[pyo3(signature = (name, dim, metric="cosine", element="f32"))]
    fn dense(
        &self,
        name: &str,
        dim: &Bound<'_, PyAny>,
        metric: &str,
        element: &str,
    ) -> Result<Self> {
        let (dim, metric, element) = (count(dim, "dim")?, metric.parse()?, element.parse()?);
        self.with(name, FieldKind::Dense { dim, metric, element })
    }

    /// The schema with a field of sparse vectors.
    #[pyo3(signature = (name, metric="dot"))]
    fn sparse(&self, name: &str, metric: &str) -> Result<Self> {
        self.with(name, FieldKind::Sparse { metric: metric.parse()? })
    }

    /// The fields in order.
    #[getter]
    fn fields(&self) -> Vec<Field> {
        let of = |field: &iqdb::Field| Field {
            name: field.name().to_owned(),
            dim: field.kind().dim(),
            metric: field.kind().metric().map(Metric::as_str),
            element: field.kind().element().map(Element::as_str),
        };
        self.schema.fields().iter().map(of).collect()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &self.__repr__()).hash()
    }

    fn __repr__(&self) -> String {
        format!("Schema({})", self.schema)
    }
}
