//! Errors of iqdb as Python exceptions. The classes are in `iqdb._errors`.

use iqdb::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::ids;

/// What has been asked of the package.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a call fails: in iqdb, or in Python.
#[derive(Debug)]
pub(crate) enum Failure {
    Iqdb(Error),
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Iqdb(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<pyo3::CastError<'_, '_>> for Failure {
    fn from(error: pyo3::CastError<'_, '_>) -> Self {
        Self::Python(error.into())
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Iqdb(error) => {
                Python::attach(|py| exception(py, &error).unwrap_or_else(|python| python))
            }
            Failure::Python(error) => error,
        }
    }
}

impl Failure {
    /// The exception, with how many rows of the call were written before it.
    pub(crate) fn with_acknowledged(self, py: Python<'_>, rows: usize) -> Self {
        let error = PyErr::from(self);
        // An exception of another library may refuse attributes.
        let _ = error.value(py).setattr("acknowledged", rows);
        Self::Python(error)
    }
}

/// The exception for an error: its class by its kind, its message, and its parts as attributes.
fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    static RAISED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let raised = RAISED.import(py, "iqdb._errors", "raised")?;
    let id = error.id().map(|id| ids::to_python(py, id.as_ref())).transpose()?;
    let value = raised.call1((
        kind_name(error.kind()),
        message(error),
        error.advice(),
        error.operation(),
        error.expectation(),
        error.finding(),
        error.field(),
        id,
    ))?;
    Ok(PyErr::from_value(value))
}

/// The error in one line, with what caused it.
fn message(error: &Error) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        message.push_str(&format!("; because: {error}"));
        cause = error.source();
    }
    message
}

/// The name of a kind as Python writes names: `dimension_mismatch`.
fn kind_name(kind: ErrorKind) -> String {
    let mut name = String::new();
    for character in format!("{kind:?}").chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

/// An error about a payload, at a path such as `author.born[2]`.
pub(crate) fn invalid_payload(path: &str, message: &'static str) -> Error {
    let error = Error::new(ErrorKind::InvalidPayload, message);
    match path {
        "" => error,
        path => error.during(format!("payload at {path}")),
    }
}

/// An error about a query or another argument.
pub(crate) fn invalid_query(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}

/// An error about a vector.
pub(crate) fn invalid_vector(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidVector, message)
}

/// What type an object is of, for a message.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object
        .get_type()
        .fully_qualified_name()
        .map_or_else(|_| "an object".to_owned(), |name| name.to_string_lossy().into_owned())
}
