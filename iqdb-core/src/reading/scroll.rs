//! Pages over blocks.
//!
//! One pass over the rows keeps the first `limit` of them behind the cursor in a heap whose top is the
//! last one; of the others only the id and the value that orders them are read.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::cursor::Key;
use super::{Cursor, Direction, Page, for_each_row};
use crate::path::Step;
use crate::{Block, Error, ErrorKind, IdRef, Path, PayloadRef, Result, Rows, ValueRef};

/// Fills `out` with a page of the records of some blocks; returns where it ended if it is full.
/// O(rows log limit).
pub(crate) fn scroll<'a>(
    blocks: impl Iterator<Item = Result<Block<'a>>>,
    page: &Page<'_>,
    out: &mut Rows,
) -> Result<Option<Cursor>> {
    check(page)?;
    let direction = page.direction();
    let mut first: BinaryHeap<Candidate<'a>> = BinaryHeap::new();
    for_each_row(blocks, page.filter(), page.budget(), |block, row| {
        let id = block.id(row)?;
        let key = match page.order() {
            None => Key::Id,
            Some(path) => key_of(&block.payload(row)?, path)?,
        };
        let candidate = Candidate { key, id, direction, block, row };
        let is_behind = page.after().is_none_or(|after| {
            let after = (&after.key, after.id.as_ref());
            Key::compare((&candidate.key, id), after, direction) == Ordering::Greater
        });
        let is_among_them =
            first.len() < page.limit() || first.peek().is_some_and(|last| candidate < *last);
        if is_behind && is_among_them {
            first.push(candidate);
            if first.len() > page.limit() {
                first.pop();
            }
        }
        Ok(())
    })?;
    let first = first.into_sorted_vec();
    for candidate in &first {
        out.push_parts(&candidate.block.record(candidate.row)?, page.parts())?;
    }
    let last = first.into_iter().last().filter(|_| out.len() == page.limit());
    Ok(last.map(|last| Cursor { key: last.key, id: last.id.to_id() }))
}

/// Checks that the parts of the page fit together.
fn check(page: &Page<'_>) -> Result<()> {
    if let Some(path) = page.order() {
        path.check()?;
        let (_, steps) = path.steps()?;
        if steps.iter().any(|step| matches!(step, Step::Each)) {
            return Err(Error::new(ErrorKind::InvalidQuery, "a list has no place in an order")
                .expected("a path of keys alone")
                .found(path));
        }
    }
    let fits = match page.after().map(|after| &after.key) {
        None => true,
        Some(Key::Id) => page.order().is_none(),
        Some(Key::Value(_) | Key::Absent) => page.order().is_some(),
    };
    if fits {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidQuery, "the cursor is of another order")
        .hint("ask for the next page in the order of the one before it"))
}

/// What orders the record with this payload.
fn key_of(payload: &PayloadRef<'_>, path: &Path) -> Result<Key> {
    let mut key = Key::Absent;
    if let Some(first) = payload.get(path.first_key()?)? {
        path.any(first, |value: ValueRef<'_>| {
            if value.sort_order(value).is_some() {
                key = Key::Value(value.to_value());
            }
            true
        });
    }
    Ok(key)
}

/// A row that may be on the page.
struct Candidate<'a> {
    key: Key,
    id: IdRef<'a>,
    direction: Direction,
    block: Block<'a>,
    row: usize,
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        Key::compare((&self.key, self.id), (&other.key, other.id), self.direction)
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate<'_> {}
