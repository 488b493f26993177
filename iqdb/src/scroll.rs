//! Scrolling: all records, a page at a time, in the order of their ids.

use std::collections::BTreeMap;

use iqdb_core::{Error, Filter, Record, RecordId, RecordRef, Result, SnapshotExt};

use crate::Iqdb;

/// How many records a page has unless it says otherwise.
const DEFAULT_LIMIT: usize = 100;

/// A page in the making; [`run`](Self::run) reads it.
///
/// A page needs no state between calls: the id of its last record is where the next one starts.
/// Each page sees one consistent snapshot, and two pages two of them; for a walk through a single
/// one see [`Iqdb::snapshot`] and [`SnapshotExt::records`].
///
/// ```
/// use iqdb::{Iqdb, Metric, Record, Schema};
///
/// let db = Iqdb::open_in_memory(Schema::new(1, Metric::Dot)?)?;
/// db.upsert_many((0..5).map(|n| Record::new(n, [0.5]).expect("a vector")))?;
///
/// let mut page = db.scroll().limit(2).run()?;
/// let mut seen = Vec::new();
/// while let Some(last) = page.last() {
///     seen.extend(page.iter().map(|record| record.id.clone()));
///     page = db.scroll().after(&last.id).limit(2).run()?;
/// }
/// assert_eq!(seen, (0..5).map(Into::into).collect::<Vec<_>>());
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a page is not read until it is run"]
pub struct Scroll<'a> {
    db: &'a Iqdb,
    after: Option<RecordId>,
    limit: usize,
    filter: Result<Option<Filter>>,
}

impl<'a> Scroll<'a> {
    pub(crate) fn new(db: &'a Iqdb) -> Self {
        Self {
            db,
            after: None,
            limit: DEFAULT_LIMIT,
            filter: Ok(None),
        }
    }

    /// Starts behind this id, whether or not there is such a record.
    pub fn after(mut self, id: impl Into<RecordId>) -> Self {
        self.after = Some(id.into());
        self
    }

    /// At most this many records. The default is 100.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Only records that match: a [`Filter`] or its [text](crate::filter#text).
    pub fn filter(mut self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Self {
        self.filter = filter.try_into().map(Some).map_err(Into::into);
        self
    }

    /// Reads the page. O(rows log limit).
    ///
    /// # Errors
    /// A filter that can't be read; those of [`Store::snapshot`](crate::Store::snapshot) and of
    /// reading the records.
    pub fn run(self) -> Result<Vec<Record>> {
        let filter = self.filter?;
        let snapshot = self.db.snapshot()?;
        let mut page: BTreeMap<RecordId, RecordRef<'_>> = BTreeMap::new();
        for record in snapshot.records(filter.as_ref()) {
            let record = record?;
            let behind = self
                .after
                .as_ref()
                .is_none_or(|after| record.id() > after.as_ref());
            let full = page.len() >= self.limit;
            let before_last = page
                .last_key_value()
                .is_some_and(|(last, _)| record.id() < last.as_ref());
            if !behind || (full && !before_last) {
                continue;
            }
            page.insert(record.id().to_id(), record);
            if page.len() > self.limit {
                page.pop_last();
            }
        }
        page.into_values()
            .map(|record| record.to_record())
            .collect()
    }
}
