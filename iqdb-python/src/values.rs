//! Payloads and their values: what a Python value becomes, and back. The guide has the table.

use iqdb::limits::PAYLOAD_DEPTH_MAX;
use iqdb::{DateTime, Error, ErrorKind, Map, Payload, PayloadRef, Value, ValueRef};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyDelta, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple, PyType,
};

use crate::errors::{Failure, Result, invalid_payload, type_name};

const NAIVE: &str = "a time without a zone is ambiguous: use datetime.now(timezone.utc), or \
                     .replace(tzinfo=timezone.utc) if it is meant to be in UTC";

/// Where in a payload a value is; made into text where something is wrong.
#[derive(Clone, Copy)]
enum At<'a> {
    Root,
    Key(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    fn path(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(Self::Root, key) => (*key).to_owned(),
            Self::Key(outer, key) => format!("{}.{key}", outer.path()),
            Self::Item(outer, n) => format!("{}[{n}]", outer.path()),
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::Key(outer, _) | Self::Item(outer, _) => 1 + outer.depth(),
        }
    }

    fn invalid(&self, message: &'static str) -> Error {
        invalid_payload(&self.path(), message)
    }
}

/// The payload of a mapping, or of `None` an empty one.
pub(crate) fn payload(object: &Bound<'_, PyAny>) -> Result<Payload> {
    if object.is_none() {
        return Ok(Payload::new());
    }
    match mapping(object) {
        Some(dict) => Ok(map(&dict?, At::Root)?.into()),
        None => Err(Error::new(ErrorKind::InvalidPayload, "this is no payload")
            .expected("a dict, or None")
            .found(type_name(object))
            .into()),
    }
}

/// The value of an object, for a filter.
pub(crate) fn value(object: &Bound<'_, PyAny>) -> Result<Value> {
    value_at(object, At::Root)
}

fn mapping<'py>(object: &Bound<'py, PyAny>) -> Option<PyResult<Bound<'py, PyDict>>> {
    if let Ok(dict) = object.cast::<PyDict>() {
        return Some(Ok(dict.clone()));
    }
    let mapping = object.cast::<PyMapping>().ok()?;
    let dict = PyDict::new(object.py());
    Some(dict.update(mapping).map(|()| dict))
}

fn map(dict: &Bound<'_, PyDict>, at: At<'_>) -> Result<Map> {
    let mut entries = Vec::with_capacity(dict.len());
    // A copy of the entries: what is read of them may be code that changes the dict.
    for entry in dict.items().iter() {
        let (key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>) = entry.extract()?;
        let Ok(text) = key.cast::<PyString>() else {
            return Err(at
                .invalid("a key is not a str")
                .expected("a str")
                .found(format_args!("{} of {}", key.repr()?, type_name(&key)))
                .into());
        };
        let text = text.to_str().map_err(|_| at.invalid("a key is not UTF-8"))?;
        entries.push((text.to_owned(), value_at(&item, At::Key(&at, text))?));
    }
    Ok(entries.into_iter().collect())
}

fn value_at(object: &Bound<'_, PyAny>, at: At<'_>) -> Result<Value> {
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(text) = object.cast::<PyString>() {
        let text = text.to_str().map_err(|_| at.invalid("a text is not UTF-8"))?;
        return Ok(Value::Text(text.to_owned()));
    }
    if let Ok(flag) = object.cast::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    }
    if object.is_instance_of::<PyInt>() {
        return match object.extract::<i64>() {
            Ok(number) => Ok(Value::Int(number)),
            Err(_) => Err(at
                .invalid("an int doesn't fit into 64 bits")
                .expected("-2**63 to 2**63 - 1")
                // Python makes no text of an int of thousands of digits.
                .found(format_args!("an int of {} bits", object.call_method0("bit_length")?))
                .hint("keep it as a str, or as a float")
                .into()),
        };
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        let number = number.value();
        return match number.is_finite() {
            true => Ok(Value::Float(number)),
            false => Err(at
                .invalid("a number is not finite")
                .expected("a finite number")
                .found(number)
                .hint("leave the key out, or use None")
                .into()),
        };
    }
    if at.depth() > PAYLOAD_DEPTH_MAX {
        return Err(Error::new(ErrorKind::InvalidPayload, "the payload is nested too deeply")
            .expected(format_args!("at most {PAYLOAD_DEPTH_MAX} levels"))
            .into());
    }
    if let Some(dict) = mapping(object) {
        return Ok(Value::Map(map(&dict?, at)?));
    }
    if let Ok(list) = object.cast::<PyList>() {
        let items = list.iter().enumerate().map(|(n, item)| value_at(&item, At::Item(&at, n)));
        return Ok(Value::List(items.collect::<Result<Vec<Value>>>()?.into()));
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        let items = tuple.iter().enumerate().map(|(n, item)| value_at(&item, At::Item(&at, n)));
        return Ok(Value::List(items.collect::<Result<Vec<Value>>>()?.into()));
    }
    other(object, at)
}

/// Dates, scalars and arrays of numpy, and what is refused.
fn other(object: &Bound<'_, PyAny>, at: At<'_>) -> Result<Value> {
    let classes = Classes::get(object.py())?;
    if object.is_instance(classes.date.bind(object.py()))? {
        return date(object, classes, at);
    }
    if object.is_instance(classes.scalar.bind(object.py()))? {
        if let Some(time) = time(object, at)? {
            return Ok(time);
        }
        // Of a scalar that no Python value stands for, such as a long double, it is itself.
        let item = object.call_method0("item")?;
        if !item.is_instance(classes.scalar.bind(object.py()))? {
            return value_at(&item, at);
        }
    }
    if object.is_instance(classes.array.bind(object.py()))? {
        // Of times, lists of numpy are integers.
        if matches!(dtype_kind(object)?.as_str(), "M" | "m") {
            return times(object, at);
        }
        // An array without dimensions is what it holds, which may be itself.
        let held = object.call_method0("tolist")?;
        if !held.is_instance(classes.array.bind(object.py()))? {
            return value_at(&held, at);
        }
    }
    Err(no_value(object, at))
}

/// The letter of numpy for the elements of a scalar or an array.
fn dtype_kind(object: &Bound<'_, PyAny>) -> PyResult<String> {
    object.getattr("dtype")?.getattr("kind")?.extract()
}

/// The value of a `datetime64`, or an error; of other scalars nothing.
fn time(object: &Bound<'_, PyAny>, at: At<'_>) -> Result<Option<Value>> {
    match dtype_kind(object)?.as_str() {
        "M" => {}
        "m" => return Err(no_value(object, at)),
        _ => return Ok(None),
    }
    if !object.eq(object)? {
        return Err(missing(at).into());
    }
    // Days and longer are a `date`; `item` of finer units is a naive datetime, or an int.
    let item = object.call_method0("item")?;
    let classes = Classes::get(object.py())?;
    let is_date = item.is_instance(classes.date.bind(object.py()))?
        && !item.is_instance(classes.datetime.bind(object.py()))?;
    match is_date {
        true => date(&item, classes, at).map(Some),
        false => Err(naive(object, at)?.into()),
    }
}

/// The list of an array of times, item by item.
fn times(array: &Bound<'_, PyAny>, at: At<'_>) -> Result<Value> {
    if array.getattr("ndim")?.eq(0)? {
        return value_at(&array.get_item(PyTuple::empty(array.py()))?, at);
    }
    let mut items = Vec::new();
    for (n, item) in array.try_iter()?.enumerate() {
        items.push(value_at(&item?, At::Item(&at, n))?);
    }
    Ok(Value::List(items.into()))
}

fn missing(at: At<'_>) -> Error {
    at.invalid("a date is missing").found("NaT").hint("leave the key out, or use None")
}

fn naive(object: &Bound<'_, PyAny>, at: At<'_>) -> PyResult<Error> {
    Ok(at.invalid("a datetime has no time zone").found(object.repr()?).hint(NAIVE))
}

/// Whether the class of an object has an attribute. Asking the object may run any code.
fn has(object: &Bound<'_, PyAny>, name: &str) -> bool {
    object.get_type().hasattr(name).unwrap_or(false)
}

fn no_value(object: &Bound<'_, PyAny>, at: At<'_>) -> Failure {
    let name = type_name(object);
    let error = at
        .invalid("a value of this type can't be stored")
        .found(&name)
        .expected("None, bool, int, float, str, datetime, date, a list or a dict of these");
    match name.as_str() {
        "decimal.Decimal" => error.hint("use float(…) or str(…), as it is to be compared"),
        "bytes" | "bytearray" => error.hint("decode it, or encode it as base64"),
        "uuid.UUID" => error.hint("use str(…)"),
        "set" | "frozenset" => error.hint("use sorted(…)"),
        name if name.starts_with("pandas.") => error.hint("leave the key out, or use None"),
        _ if has(object, "detach") => error.hint("use .detach().cpu().tolist()"),
        _ if has(object, "__array__") => error.hint("use numpy.asarray(…).tolist()"),
        _ => error,
    }
    .into()
}

/// A `datetime` with a zone, or a `date`, which is its midnight in UTC.
fn date(object: &Bound<'_, PyAny>, classes: &Classes, at: At<'_>) -> Result<Value> {
    let py = object.py();
    let datetime = classes.datetime.bind(py);
    let aware = if !object.is_instance(datetime)? {
        let parts = (object.getattr("year")?, object.getattr("month")?, object.getattr("day")?);
        let (year, month, day) = parts;
        let utc = classes.epoch.bind(py).getattr("tzinfo")?;
        datetime.call1((year, month, day, 0, 0, 0, 0, utc))?
    } else if !object.eq(object)? {
        // pandas.NaT is a datetime, and equal to nothing.
        return Err(missing(at).into());
    } else if object.call_method0("utcoffset")?.is_none() {
        return Err(naive(object, at)?.into());
    } else {
        object.clone()
    };
    let since = aware.sub(classes.epoch.bind(py))?;
    let micros = since.call_method1("__floordiv__", (classes.microsecond.bind(py),))?;
    let micros = micros.extract::<i64>()?;
    Ok(Value::DateTime(DateTime::from_micros(micros)?))
}

/// Classes and constants of other modules.
struct Classes {
    date: Py<PyType>,
    datetime: Py<PyType>,
    /// 1970-01-01T00:00:00Z.
    epoch: Py<PyAny>,
    microsecond: Py<PyAny>,
    /// `numpy.generic`, the class of numpy's scalars.
    scalar: Py<PyType>,
    array: Py<PyType>,
}

impl Classes {
    fn get(py: Python<'_>) -> PyResult<&Self> {
        static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();
        CLASSES.get_or_try_init(py, || {
            let (datetime, numpy) = (py.import("datetime")?, py.import("numpy")?);
            let utc = datetime.getattr("timezone")?.getattr("utc")?;
            let class = |module: &Bound<'_, PyModule>, name: &str| -> PyResult<Py<PyType>> {
                Ok(module.getattr(name)?.cast_into::<PyType>()?.unbind())
            };
            Ok(Self {
                date: class(&datetime, "date")?,
                datetime: class(&datetime, "datetime")?,
                epoch: datetime.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind(),
                microsecond: PyDelta::new(py, 0, 0, 1, false)?.into_any().unbind(),
                scalar: class(&numpy, "generic")?,
                array: class(&numpy, "ndarray")?,
            })
        })
    }
}

/// The dict of a payload.
pub(crate) fn payload_to_python<'py>(
    py: Python<'py>,
    payload: &Payload,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in payload.iter() {
        dict.set_item(key, to_python(py, value.as_ref())?)?;
    }
    Ok(dict)
}

/// The dict of a payload that a store lends.
pub(crate) fn lent_to_python<'py>(
    py: Python<'py>,
    payload: &PayloadRef<'_>,
) -> Result<Bound<'py, PyDict>> {
    Ok(payload_to_python(py, &payload.to_payload()?)?)
}

/// The Python value of a value.
pub(crate) fn to_python<'py>(py: Python<'py>, value: ValueRef<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        ValueRef::Null => py.None().into_bound(py),
        ValueRef::Bool(flag) => PyBool::new(py, flag).to_owned().into_any(),
        ValueRef::Int(number) => number.into_pyobject(py)?.into_any(),
        ValueRef::Float(number) => PyFloat::new(py, number).into_any(),
        ValueRef::Text(text) => PyString::new(py, text).into_any(),
        ValueRef::DateTime(date) => {
            let (days, rest) = (
                date.as_micros().div_euclid(86_400_000_000),
                date.as_micros().rem_euclid(86_400_000_000),
            );
            // Both fit: a date is in the years 1 to 9999.
            let (days, seconds) = (days as i32, (rest / 1_000_000) as i32);
            let since = PyDelta::new(py, days, seconds, (rest % 1_000_000) as i32, false)?;
            Classes::get(py)?.epoch.bind(py).add(since)?
        }
        ValueRef::List(list) => {
            let items = list.iter().map(|item| to_python(py, item));
            PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        ValueRef::Map(map) => {
            let dict = PyDict::new(py);
            for (key, value) in map.iter() {
                dict.set_item(key, to_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
