//! What a page of records is to have.

use super::{Cursor, Direction};
use crate::{Budget, Filter, Parts, Path};

/// What a page of [`Snapshot::scroll`](crate::Snapshot::scroll) is to have: how many records, of which,
/// in which order, and which parts of them.
///
/// ```
/// use iqdb_core::{Direction, Filter, Page, Path};
///
/// let filter = Filter::eq("lang", "en");
/// let year = Path::key("year");
/// let page = Page::new(100).with_filter(&filter).with_order(&year, Direction::Down);
/// assert_eq!(page.limit(), 100);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    limit: usize,
    after: Option<&'a Cursor>,
    filter: Option<&'a Filter>,
    order: Option<&'a Path>,
    direction: Direction,
    parts: Parts,
    budget: Budget<'a>,
}

impl<'a> Page<'a> {
    /// The first `limit` records in the order of their ids, whole.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            after: None,
            filter: None,
            order: None,
            direction: Direction::Up,
            parts: Parts::ALL,
            budget: Budget::new(),
        }
    }

    /// Behind the page that had this cursor, in the same order.
    #[must_use]
    pub fn with_after(mut self, cursor: &'a Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Of the records that match.
    #[must_use]
    pub fn with_filter(mut self, filter: &'a Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// In the [order](crate::ValueRef::sort_order) of the values that a path of keys leads to. Records
    /// where it leads to null, a list or a map, or nowhere, come last, upwards and downwards. Equal
    /// values are in the order of their ids, upwards.
    #[must_use]
    pub fn with_order(mut self, path: &'a Path, direction: Direction) -> Self {
        self.order = Some(path);
        self.direction = direction;
        self
    }

    /// In the order of the ids, upwards or downwards.
    #[must_use]
    pub fn with_id_order(mut self, direction: Direction) -> Self {
        self.order = None;
        self.direction = direction;
        self
    }

    /// Only these parts of the records.
    #[must_use]
    pub fn with_parts(mut self, parts: Parts) -> Self {
        self.parts = parts;
        self
    }

    /// Within this budget.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget<'a>) -> Self {
        self.budget = budget;
        self
    }

    /// The most records.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Where it begins, unless that is at the first record.
    #[must_use]
    pub fn after(&self) -> Option<&'a Cursor> {
        self.after
    }

    /// Which records.
    #[must_use]
    pub fn filter(&self) -> Option<&'a Filter> {
        self.filter
    }

    /// The path to the values that order the records; `None` for the order of their ids.
    #[must_use]
    pub fn order(&self) -> Option<&'a Path> {
        self.order
    }

    /// Upwards or downwards.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Which parts of the records.
    #[must_use]
    pub fn parts(&self) -> Parts {
        self.parts
    }

    /// The budget.
    #[must_use]
    pub fn budget(&self) -> Budget<'a> {
        self.budget
    }
}
