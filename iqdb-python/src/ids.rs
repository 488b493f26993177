//! Ids: `int`, `str` and `uuid.UUID`.

use iqdb::storage::IdColumn;
use iqdb::{Error, ErrorKind, IdRef, RecordId, Uuid};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyInt, PyList, PyString, PyTuple, PyType};

use crate::arrays::is_plain;
use crate::errors::{Failure, Result, type_name};

/// The class `uuid.UUID`.
fn uuid_class<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, PyType>> {
    static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    UUID.import(py, "uuid", "UUID")
}

fn invalid(object: &Bound<'_, PyAny>) -> Error {
    Error::new(ErrorKind::InvalidId, "this can't be an id")
        .expected("an int from 0 to 2**64 - 1, a str, or a uuid.UUID")
        .found(found(object))
}

fn bool_id(object: &Bound<'_, PyAny>) -> Failure {
    invalid(object).hint("a bool is no id; use int(…) if it is meant to be one").into()
}

fn found(object: &Bound<'_, PyAny>) -> String {
    match object.repr() {
        Ok(text) => format!("{} of {}", text, type_name(object)),
        Err(_) => type_name(object),
    }
}

/// Whether an object is one id, rather than many.
pub(crate) fn is_one(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.is_instance_of::<PyInt>()
        || object.is_instance_of::<PyString>()
        || object.is_instance(uuid_class(object.py())?)?
        || (object.hasattr("__index__")? && !object.hasattr("__len__")?))
}

/// The id that an object is.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Result<RecordId> {
    if object.is_instance_of::<PyBool>() {
        return Err(bool_id(object));
    }
    if let Ok(text) = object.cast::<PyString>() {
        let text = text.to_str().map_err(|_| invalid(object).hint("the text is not UTF-8"))?;
        return Ok(RecordId::from(text));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(object.extract::<u64>().map_err(|_| invalid(object))?.into());
    }
    if object.is_instance(uuid_class(object.py())?)? {
        let bytes = object.getattr("bytes")?;
        let bytes = bytes.cast::<PyBytes>()?.as_bytes();
        let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| invalid(object))?;
        return Ok(Uuid::from_bytes(bytes).into());
    }
    if type_name(object) == "numpy.bool" || type_name(object) == "numpy.bool_" {
        return Err(bool_id(object));
    }
    // Integers of numpy. Arrays of one element are none.
    if object.hasattr("__index__")? && !object.hasattr("__len__")? {
        let index = object.call_method0("__index__").map_err(|_| invalid(object))?;
        return Ok(index.extract::<u64>().map_err(|_| invalid(object))?.into());
    }
    Err(invalid(object).into())
}

/// The Python object of an id.
pub(crate) fn to_python<'py>(py: Python<'py>, id: IdRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match id {
        IdRef::Number(number) => number.into_pyobject(py)?.into_any(),
        IdRef::Text(text) => PyString::new(py, text).into_any(),
        IdRef::Uuid(uuid) => {
            uuid_class(py)?.call1((py.None(), PyBytes::new(py, uuid.as_bytes())))?
        }
    })
}

/// A copy of the numbers of an array, whatever its strides are: those of a column of a structured array
/// need not be multiples of an item's size.
fn numbers_of<T: numpy::Element + Copy>(array: &Bound<'_, PyArray1<T>>) -> Result<Vec<T>> {
    if is_plain(array) {
        return Ok(array.to_vec().map_err(PyErr::from)?);
    }
    let plain = array.call_method0("copy")?;
    let plain = plain.cast::<PyArray1<T>>()?;
    Ok(plain.to_vec().map_err(PyErr::from)?)
}

/// The ids of an array, a list or anything else that has them one after the other.
pub(crate) fn column(object: &Bound<'_, PyAny>) -> Result<IdColumn> {
    if let Ok(numbers) = object.cast::<PyArray1<u64>>() {
        return Ok(numbers_of(numbers)?.into());
    }
    if let Ok(numbers) = object.cast::<PyArray1<i64>>() {
        let positive = numbers_of(numbers)?.into_iter();
        let positive = positive.map(|number| u64::try_from(number).map_err(|_| number));
        return match positive.collect::<std::result::Result<Vec<u64>, i64>>() {
            Ok(numbers) => Ok(numbers.into()),
            Err(negative) => Err(Error::new(ErrorKind::InvalidId, "this can't be an id")
                .expected("an int from 0 to 2**64 - 1")
                .found(negative)
                .into()),
        };
    }
    let mut column = IdColumn::new();
    let mut push = |id: &Bound<'_, PyAny>| -> Result<()> {
        column.push(from_python(id)?.as_ref());
        Ok(())
    };
    if let Ok(list) = object.cast::<PyList>() {
        list.iter().try_for_each(|id| push(&id))?;
    } else if let Ok(tuple) = object.cast::<PyTuple>() {
        tuple.iter().try_for_each(|id| push(&id))?;
    } else {
        let helper = object.py().import("iqdb._arrays")?.getattr("ids")?;
        let list = helper.call1((object,))?;
        list.cast::<PyList>()?.iter().try_for_each(|id| push(&id))?;
    }
    Ok(column)
}

/// The ids of a list, owned.
pub(crate) fn many(object: &Bound<'_, PyAny>) -> Result<Vec<RecordId>> {
    Ok(column(object)?.iter().map(IdRef::to_id).collect())
}
