//! Scrolling: all records in an order, a page at a time.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use iqdb_core::{
    Budget, Cursor, Direction, Error, Filter, Page, Parts, Path, Record, Result, Rows, Snapshot,
};

use crate::Iqdb;
use crate::condition::Condition;

/// How many records a page has unless it says otherwise.
const DEFAULT_LIMIT: usize = 100;

/// A page in the making; [`run`](Self::run) reads it.
///
/// For a walk through everything, [`SnapshotExt::records`](crate::SnapshotExt::records) of
/// [`Iqdb::snapshot`] is faster: each page looks at every id.
///
/// A page needs no state between calls: its cursor is where the next one begins. Each page sees one
/// consistent snapshot, and two pages two of them unless they are read [`at`](Self::at) the same one.
///
#[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
#[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
/// use iqdb::{Direction, Iqdb, Metric, Record, Schema};
///
/// let db = Iqdb::open_in_memory(Schema::new(1, Metric::Dot)?)?;
/// for (id, year) in [("a", 2021), ("b", 2024), ("c", 2020)] {
///     db.upsert(Record::new(id, [0.5])?.with("year", year))?;
/// }
///
/// let (mut seen, mut next) = (Vec::new(), None);
/// loop {
///     let page = db.scroll().order_by("year", Direction::Down).after(next).limit(2).run()?;
///     seen.extend(page.records.into_iter().map(|record| record.id));
///     next = page.next;
///     if next.is_none() {
///         break;
///     }
/// }
/// assert_eq!(seen, ["b", "a", "c"]);
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a page is not read until it is run"]
pub struct Scroll<'a> {
    db: &'a Iqdb,
    at: Option<&'a dyn Snapshot>,
    after: Option<Cursor>,
    limit: usize,
    condition: Condition,
    order: Option<Path>,
    direction: Direction,
    parts: Parts,
    budget: Budget<'a>,
}

/// A page of records.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScrollPage {
    /// The records, in the order of the pages.
    pub records: Vec<Record>,
    /// Where the next page begins, if this one is full.
    pub next: Option<Cursor>,
}

impl Iqdb {
    /// Records in the order of their ids, or of a value, a page at a time.
    pub fn scroll(&self) -> Scroll<'_> {
        Scroll {
            db: self,
            at: None,
            after: None,
            limit: DEFAULT_LIMIT,
            condition: Condition::none(),
            order: None,
            direction: Direction::Up,
            parts: Parts::ALL,
            budget: Budget::new(),
        }
    }
}

impl<'a> Scroll<'a> {
    /// Begins behind this cursor: that of the page before, or [`Cursor::after_id`].
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
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

    /// In the order of the values at a path, as [`Page::with_order`] has it: records without a value
    /// there come last.
    pub fn order_by(mut self, path: impl Into<Path>, direction: Direction) -> Self {
        self.order = Some(path.into());
        self.direction = direction;
        self
    }

    /// In the order of the ids, upwards or downwards. Upwards is the default.
    pub fn order_by_id(mut self, direction: Direction) -> Self {
        self.order = None;
        self.direction = direction;
        self
    }

    /// Only these parts of the records. The default is [`Parts::ALL`].
    pub fn parts(mut self, parts: Parts) -> Self {
        self.parts = parts;
        self
    }

    /// Gives up at this time.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.budget = self.budget.with_deadline(deadline);
        self
    }

    /// Gives up when the flag is set.
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.budget = self.budget.with_cancel(flag);
        self
    }

    /// Reads this snapshot instead of the database as it is now, so that all pages agree.
    pub fn at(mut self, snapshot: &'a dyn Snapshot) -> Self {
        self.at = Some(snapshot);
        self
    }

    /// Reads the page. O(rows log limit) for ids and order; vectors and payloads are read of the page
    /// alone.
    ///
    /// # Errors
    /// A filter that can't be read; those of [`Store::snapshot`](crate::Store::snapshot) and
    /// [`Snapshot::scroll`].
    pub fn run(self) -> Result<ScrollPage> {
        let mut rows = Rows::new(&self.db.schema());
        let next = self.run_into(&mut rows)?;
        Ok(ScrollPage { records: rows.to_records(), next })
    }

    /// Reads the page into rows, which are reused; returns where the next page begins, if this one is
    /// full.
    ///
    /// # Errors
    /// Those of [`run`](Self::run); there are no rows then.
    pub fn run_into(self, rows: &mut Rows) -> Result<Option<Cursor>> {
        rows.reset(&self.db.schema());
        let filter = self.condition.read()?;
        let mut page = Page::new(self.limit).with_parts(self.parts).with_budget(self.budget);
        page = match &self.order {
            Some(path) => page.with_order(path, self.direction),
            None => page.with_id_order(self.direction),
        };
        if let Some(filter) = &filter {
            page = page.with_filter(filter);
        }
        if let Some(cursor) = &self.after {
            page = page.with_after(cursor);
        }
        match self.at {
            Some(snapshot) => snapshot.scroll(&page, rows),
            None => self.db.snapshot()?.scroll(&page, rows),
        }
    }
}
