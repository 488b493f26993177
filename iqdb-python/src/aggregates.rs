//! Counting, and what values there are.

use std::sync::Arc;

use iqdb::{Aggregate, Aggregated, ErrorKind, Path, Snapshot};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::errors::Result;
use crate::interrupt::{self, Effort};
use crate::{filters, values};

type Filter = Option<iqdb::Filter>;

fn aggregate(
    py: Python<'_>,
    snapshot: &Arc<dyn Snapshot>,
    wanted: Aggregate<'_>,
    filter: Filter,
) -> Result<Aggregated> {
    let effort = Effort::of(snapshot.len(), 1, 0).with_filter(snapshot.len(), filter.as_ref());
    let found = interrupt::run(py, effort, None, |budget| {
        snapshot.aggregate(&[wanted], filter.as_ref(), budget)
    })?;
    let other = "a snapshot computed other aggregates than those wanted";
    let none = || iqdb::Error::new(ErrorKind::ContractViolation, other).into();
    found.into_iter().next().ok_or_else(none)
}

pub(crate) fn count(py: Python<'_>, snapshot: &Arc<dyn Snapshot>, filter: Filter) -> Result<u64> {
    if filter.is_none() {
        return Ok(snapshot.len());
    }
    match aggregate(py, snapshot, Aggregate::Count, filter)? {
        Aggregated::Count(count) => Ok(count),
        _ => Ok(0),
    }
}

pub(crate) fn min_max<'py>(
    py: Python<'py>,
    snapshot: &Arc<dyn Snapshot>,
    path: &str,
    filter: Filter,
) -> Result<Option<Bound<'py, PyTuple>>> {
    let path: Path = filters::path(path)?;
    match aggregate(py, snapshot, Aggregate::MinMax(&path), filter)? {
        Aggregated::MinMax(Some((least, greatest))) => {
            let both = [least, greatest].map(|value| values::to_python(py, value.as_ref()));
            Ok(Some(PyTuple::new(py, both.into_iter().collect::<PyResult<Vec<_>>>()?)?))
        }
        _ => Ok(None),
    }
}

pub(crate) fn distinct<'py>(
    py: Python<'py>,
    snapshot: &Arc<dyn Snapshot>,
    path: &str,
    limit: usize,
    filter: Filter,
) -> Result<Bound<'py, PyList>> {
    let path: Path = filters::path(path)?;
    let found = match aggregate(py, snapshot, Aggregate::Distinct { path: &path, limit }, filter)? {
        Aggregated::Distinct(found) => found,
        _ => Vec::new(),
    };
    let found = found.iter().map(|value| values::to_python(py, value.as_ref()));
    Ok(PyList::new(py, found.collect::<PyResult<Vec<_>>>()?)?)
}

pub(crate) fn facet<'py>(
    py: Python<'py>,
    snapshot: &Arc<dyn Snapshot>,
    path: &str,
    limit: usize,
    filter: Filter,
) -> Result<Bound<'py, PyList>> {
    let path: Path = filters::path(path)?;
    let found = match aggregate(py, snapshot, Aggregate::Facet { path: &path, limit }, filter)? {
        Aggregated::Facet(found) => found,
        _ => Vec::new(),
    };
    let found = found
        .iter()
        .map(|(value, count)| (values::to_python(py, value.as_ref())?, *count).into_pyobject(py));
    Ok(PyList::new(py, found.collect::<PyResult<Vec<_>>>()?)?)
}
