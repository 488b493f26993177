//! What callers may say in several ways: counts, times, accuracies.

use std::time::{Duration, Instant};

use iqdb::Accuracy;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::{Result, invalid_query, type_name};

/// A number of things. One that no machine could hold is as many as there are.
pub(crate) fn count(object: &Bound<'_, PyAny>, name: &str) -> Result<usize> {
    if let Ok(count) = object.extract::<usize>() {
        return Ok(count);
    }
    let error = || invalid_query("an argument can't be used").during(name.to_owned());
    let Ok(index) = object.call_method0("__index__") else {
        return Err(error().expected("an int").found(type_name(object)).into());
    };
    match index.gt(0)? {
        true => Ok(usize::MAX),
        false => Err(error().expected("0 or more").found(index.repr()?).into()),
    }
}

/// The argument `limit`.
pub(crate) fn as_limit(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(count(object, "limit")?)
}

/// The argument `threads`.
pub(crate) fn as_threads(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(count(object, "threads")?)
}

/// When a timeout in seconds, from now on, is over.
pub(crate) fn deadline(timeout: Option<f64>) -> Result<Option<Instant>> {
    let Some(seconds) = timeout else { return Ok(None) };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(invalid_query("a timeout is no time")
            .expected("seconds, 0 or more")
            .found(seconds)
            .into());
    }
    // What is too far to be counted never comes.
    let wait = Duration::try_from_secs_f64(seconds).ok();
    Ok(wait.and_then(|wait| Instant::now().checked_add(wait)))
}

/// `None`, "exact", or a recall.
pub(crate) fn accuracy(object: Option<&Bound<'_, PyAny>>) -> Result<Accuracy> {
    let Some(object) = object.filter(|object| !object.is_none()) else {
        return Ok(Accuracy::Exact);
    };
    if let Ok(text) = object.cast::<PyString>()
        && text.to_str()? == "exact"
    {
        return Ok(Accuracy::Exact);
    }
    match object.extract::<f32>() {
        Ok(recall) => Ok(Accuracy::Recall(recall)),
        Err(_) => Err(invalid_query("there is no such accuracy")
            .expected("\"exact\", or a recall above 0 and at most 1")
            .found(object.repr()?)
            .into()),
    }
}
