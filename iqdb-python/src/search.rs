//! Searching: one vector or many, in a database or in a snapshot.

use std::sync::Arc;
use std::time::Instant;

use iqdb::{Accuracy, Budget, FieldKind, Goal, Hits, Iqdb, Query, Scratch, Snapshot, Vector};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::{accuracy, count, deadline};
use crate::errors::Result;
use crate::filters::FilterCache;
use crate::hits::SearchResult;
use crate::interrupt::{self, Effort};
use crate::vectors::{self, Queries};

/// How many hits a query has unless it says otherwise.
const DEFAULT_K: usize = 10;

/// What a search is told besides its vectors, as Python passes it.
pub(crate) struct Arguments<'a, 'py> {
    pub(crate) k: Option<&'a Bound<'py, PyAny>>,
    pub(crate) condition: Option<&'a Bound<'py, PyAny>>,
    pub(crate) on: Option<&'a str>,
    pub(crate) within: Option<f64>,
    pub(crate) accuracy: Option<&'a Bound<'py, PyAny>>,
    pub(crate) payload: bool,
    pub(crate) vector: bool,
    pub(crate) threads: usize,
    pub(crate) timeout: Option<f64>,
}

/// The same, read.
struct Options<'a> {
    goal: Goal,
    filter: Option<iqdb::Filter>,
    on: Option<&'a str>,
    accuracy: Accuracy,
    payload: bool,
    vector: bool,
    threads: usize,
    deadline: Option<Instant>,
}

impl<'a> Arguments<'a, '_> {
    fn read(&self, filters: &FilterCache) -> Result<Options<'a>> {
        let k = self.k.filter(|k| !k.is_none()).map(|k| count(k, "k")).transpose()?;
        let goal = match self.within {
            Some(distance) => Goal::Within { distance, limit: k.unwrap_or(usize::MAX) },
            None => Goal::Nearest { k: k.unwrap_or(DEFAULT_K) },
        };
        Ok(Options {
            goal,
            filter: filters.read(self.condition)?,
            on: self.on,
            accuracy: accuracy(self.accuracy)?,
            payload: self.payload,
            vector: self.vector,
            threads: self.threads,
            deadline: deadline(self.timeout)?,
        })
    }
}

impl Options<'_> {
    fn query<'q>(&'q self, vector: &'q Vector, budget: Budget<'q>) -> Query<'q> {
        let mut query = Query::new(vector.as_ref(), self.goal)
            .with_payload(self.payload)
            .with_vector(self.vector)
            .with_accuracy(self.accuracy)
            .with_threads(self.threads)
            .with_budget(budget);
        if let Some(name) = self.on {
            query = query.with_field(name);
        }
        if let Some(filter) = &self.filter {
            query = query.with_filter(filter);
        }
        query
    }
}

/// The result of one vector, or a list of those of many.
pub(crate) fn search<'py>(
    py: Python<'py>,
    db: &Iqdb,
    snapshot: &Arc<dyn Snapshot>,
    vectors: &Bound<'py, PyAny>,
    filters: &FilterCache,
    arguments: &Arguments<'_, 'py>,
) -> Result<Bound<'py, PyAny>> {
    let kind = field_kind(&**snapshot, arguments.on)?;
    let queries = vectors::queries(vectors, kind)?;
    let options = arguments.read(filters)?;
    let (rows, dim) = (snapshot.len(), kind.dim().unwrap_or(0));
    match queries {
        Queries::One(vector) => {
            let effort = Effort::of(rows, 1, dim).with_filter(rows, options.filter.as_ref());
            let result = interrupt::run(py, effort, options.deadline, |budget| {
                let mut hits = Hits::new();
                let explain = db.search_on(
                    &**snapshot,
                    &[options.query(&vector, budget)],
                    std::slice::from_mut(&mut hits),
                    &mut Scratch::new(),
                )?;
                Ok(SearchResult::of(hits, explain))
            })?;
            Ok(Bound::new(py, result)?.into_any())
        }
        Queries::Many(vectors) => {
            let effort = Effort::of(rows, vectors.len(), dim);
            let effort = effort.with_filter(rows, options.filter.as_ref());
            let results = interrupt::run(py, effort, options.deadline, |budget| {
                let queries: Vec<_> =
                    vectors.iter().map(|vector| options.query(vector, budget)).collect();
                let mut hits = vec![Hits::new(); queries.len()];
                let explain =
                    db.search_on(&**snapshot, &queries, &mut hits, &mut Scratch::new())?;
                Ok(hits
                    .into_iter()
                    .map(|hits| SearchResult::of(hits, explain.clone()))
                    .collect::<Vec<_>>())
            })?;
            Ok(PyList::new(py, results)?.into_any())
        }
    }
}

/// The kind of the field that is asked.
fn field_kind(snapshot: &dyn Snapshot, on: Option<&str>) -> Result<FieldKind> {
    let schema = snapshot.schema();
    let field = on.map_or_else(|| schema.default_field(), |name| schema.field(name));
    let field = field.map_err(|error| error.during("search"))?;
    Ok(schema.fields()[field.index()].kind())
}
