//! Scrolling: all records, a page at a time, in the order of their ids.

use std::collections::BTreeMap;

use iqdb_core::{Error, Filter, IdRef, LiveRow, Record, RecordId, Result, Snapshot, SnapshotExt};

use crate::Iqdb;
use crate::condition::Condition;

/// How many records a page has unless it says otherwise.
const DEFAULT_LIMIT: usize = 100;

/// A page in the making; [`run`](Self::run) reads it.
///
/// For a walk through everything, [`SnapshotExt::records`] of [`Iqdb::snapshot`] is faster: each
/// page looks at every id.
///
/// A page needs no state between calls: the id of its last record is where the next one starts.
/// Each page sees one consistent snapshot, and two pages two of them unless they are read
/// [`at`](Self::at) the same one.
///
#[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
#[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
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
/// assert_eq!(seen, [0, 1, 2, 3, 4]);
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a page is not read until it is run"]
pub struct Scroll<'a> {
    db: &'a Iqdb,
    at: Option<&'a dyn Snapshot>,
    after: Option<RecordId>,
    limit: usize,
    condition: Condition,
}

impl Iqdb {
    /// Records in the order of their ids, a page at a time.
    pub fn scroll(&self) -> Scroll<'_> {
        Scroll::new(self)
    }
}

impl<'a> Scroll<'a> {
    pub(crate) fn new(db: &'a Iqdb) -> Self {
        Self { db, at: None, after: None, limit: DEFAULT_LIMIT, condition: Condition::none() }
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

    /// Only records that match: a [`Filter`] or its [text](crate::filter#text). Called again, both
    /// have to match.
    pub fn filter(mut self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Self {
        self.condition = self.condition.and(filter);
        self
    }

    /// Reads this snapshot instead of the database as it is now, so that all pages agree.
    pub fn at(mut self, snapshot: &'a dyn Snapshot) -> Self {
        self.at = Some(snapshot);
        self
    }

    /// Reads the page. O(rows log limit) for the ids; vectors and payloads are read of the page
    /// alone.
    ///
    /// # Errors
    /// A filter that can't be read; those of [`Store::snapshot`](crate::Store::snapshot) and of
    /// reading the records.
    pub fn run(self) -> Result<Vec<Record>> {
        let filter = self.condition.read()?;
        let taken;
        let snapshot = match self.at {
            Some(snapshot) => snapshot,
            None => {
                taken = self.db.snapshot()?;
                &*taken
            }
        };
        let mut page: BTreeMap<IdRef<'_>, LiveRow<'_>> = BTreeMap::new();
        for row in snapshot.live_rows(filter.as_ref()) {
            let row = row?;
            let id = row.id()?;
            if self.after.as_ref().is_some_and(|after| id <= after.as_ref()) {
                continue;
            }
            let full = page.len() >= self.limit;
            if full && page.last_key_value().is_none_or(|(last, _)| id > *last) {
                continue;
            }
            page.insert(id, row);
            if page.len() > self.limit {
                page.pop_last();
            }
        }
        page.into_values().map(|row| row.record()?.to_record()).collect()
    }
}
