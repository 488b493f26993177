//! Scrolling: all records in an order, of one snapshot.

use std::sync::{Arc, Mutex, PoisonError};
use std::vec::IntoIter;

use iqdb::{Cursor, Direction, Page, Parts, Path, Rows, Snapshot};
use pyo3::prelude::*;

use crate::errors::Result;
use crate::interrupt::{self, Effort};
use crate::records::Record;

/// How many records the first page has. Each one has twice as many as the one before, since a page
/// looks at every record to find its own.
const FIRST_PAGE: usize = 1_024;
const LARGEST_PAGE: usize = 16_384;

/// What is scrolled through, and how.
pub(crate) struct Options {
    pub(crate) filter: Option<iqdb::Filter>,
    pub(crate) order: Option<Path>,
    pub(crate) direction: Direction,
    pub(crate) parts: Parts,
    pub(crate) limit: usize,
}

/// The records of one version of a database, one after the other.
#[pyclass(frozen, module = "iqdb")]
pub(crate) struct Scroll {
    snapshot: Arc<dyn Snapshot>,
    options: Options,
    state: Mutex<State>,
}

struct State {
    /// What has been read and not been taken.
    page: IntoIter<Record>,
    /// Where the next page begins; None before the first.
    after: Option<Cursor>,
    is_last: bool,
    page_rows: usize,
    /// How many records may still be read.
    left: usize,
}

impl Scroll {
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>, options: Options) -> Self {
        let left = options.limit;
        let page = Vec::new().into_iter();
        let state = State { page, after: None, is_last: false, page_rows: FIRST_PAGE, left };
        Self { snapshot, options, state: Mutex::new(state) }
    }

    /// Reads the next page, from `state` on; returns its records and where it ended.
    fn read(&self, py: Python<'_>, after: Option<&Cursor>, rows: usize) -> Result<Read> {
        let (all, filter) = (self.snapshot.len(), self.options.filter.as_ref());
        let effort = Effort::of(all, 1, 0).with_filter(all, filter);
        let (read, cursor) = interrupt::run(py, effort, None, |budget| {
            let options = &self.options;
            let mut page = Page::new(rows).with_parts(options.parts).with_budget(budget);
            page = match &options.order {
                Some(path) => page.with_order(path, options.direction),
                None => page.with_id_order(options.direction),
            };
            page = options.filter.as_ref().map_or(page, |filter| page.with_filter(filter));
            page = after.map_or(page, |cursor| page.with_after(cursor));
            let mut read = Rows::new(self.snapshot.schema());
            let cursor = self.snapshot.scroll(&page, &mut read)?;
            Ok((read, cursor))
        })?;
        let schema = self.snapshot.schema();
        let records = read.records().map(|record| Record::of(py, schema, &record?));
        Ok((records.collect::<Result<Vec<_>>>()?, cursor))
    }
}

type Read = (Vec<Record>, Option<Cursor>);

#[pymethods]
impl Scroll {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> Result<Option<Record>> {
        let lock = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut state = lock();
            if let Some(record) = state.page.next() {
                return Ok(Some(record));
            }
            if state.is_last || state.left == 0 {
                return Ok(None);
            }
            let rows = state.page_rows.min(state.left);
            let after = state.after.clone();
            // No lock is held while the interpreter is released.
            drop(state);
            let (records, cursor) = self.read(py, after.as_ref(), rows)?;
            let mut state = lock();
            // Another thread may have read the same page meanwhile.
            if state.after == after && !state.is_last {
                state.left -= records.len().min(state.left);
                state.page = records.into_iter();
                state.is_last = cursor.is_none();
                state.after = cursor;
                state.page_rows = (state.page_rows * 2).min(LARGEST_PAGE);
            }
        }
    }
}
