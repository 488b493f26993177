//! The rows of one chunk: their fields, ids, links and ends.

use std::sync::OnceLock;
// Not those of the model checkers: no read of a view depends on the order of the ends.
use std::sync::atomic::{AtomicU32, AtomicUsize};

use iqdb_core::limits::FIELDS_MAX;
use iqdb_core::{Computed, FieldId, NamedVector, Record, RecordId, Schema, Version};

use crate::column::{Appender, Column, column};
use crate::components::FieldValue;
use crate::field_column::{FieldAppender, FieldColumn};
use crate::field_memory::{ChunkMemory, ReservedMemory};
use crate::layout::Layout;
use crate::noted_ends::NotedEnds;
use crate::sync::{AtomicU64, Ordering};

/// The row number that stands for no row.
const NONE: u32 = u32::MAX;

/// The links from a row to earlier rows of the same id, all of them published earlier.
///
/// Row numbers fall along the chain, and a reader searches for the first row below a given number.
/// Each row links to its predecessor and to a row far behind it, so that a walk takes a number of
/// steps logarithmic in the length of the chain (Myers, "An applicative random-access stack",
/// Information Processing Letters 17, 1983).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    previous: u32,
    jump: u32,
    depth: u32,
}

impl Link {
    /// The links of the first row of an id.
    pub(crate) const FIRST: Self = Self { previous: NONE, jump: NONE, depth: 0 };

    /// The links of the row after `previous`. `link_of` returns the links of an earlier row.
    pub(crate) fn after(previous: u32, link_of: impl Fn(u32) -> Link) -> Self {
        let before = link_of(previous);
        let depth = before.depth + 1;
        if before.jump != NONE {
            let far = link_of(before.jump);
            if far.jump != NONE && before.depth - far.depth == far.depth - link_of(far.jump).depth {
                return Self { previous, jump: far.jump, depth };
            }
        }
        Self { previous, jump: previous, depth }
    }

    /// The farthest linked row that is not past the first row below `rows`.
    pub(crate) fn towards(self, rows: u32) -> Option<u32> {
        let next = if self.jump != NONE && self.jump >= rows { self.jump } else { self.previous };
        (next != NONE).then_some(next)
    }
}

/// The rows of one chunk as readers see them. The writer writes a row once, before it is published,
/// and sets its end once, later.
#[derive(Debug)]
pub(crate) struct Rows {
    /// By the position of their field.
    fields: Box<[FieldColumn]>,
    ids: Column<RecordId>,
    links: Column<Link>,
    /// Per row the version that ended it; 0 while it is alive.
    ended: Box<[AtomicU64]>,
    /// The first version that ended a row; 0 while all rows are alive.
    first_end: AtomicU64,
    /// The rows that have ended, in the order of their ends; made when the first one ends.
    order: OnceLock<Box<[AtomicU32]>>,
    /// How many there are.
    dead: AtomicUsize,
    noted_ends: NotedEnds,
}

/// The writer's side of [`Rows`].
#[derive(Debug)]
pub(crate) struct RowsAppender {
    fields: Box<[FieldAppender]>,
    ids: Appender<RecordId>,
    links: Appender<Link>,
    layout: Layout,
    /// The number of the chunk.
    chunk: usize,
    /// The most rows of the chunk.
    rows_max: usize,
}

/// What a row that is to be appended has in the fields of a schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowValues<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) source: ValueSource<'a>,
}

/// Where the values of a row come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueSource<'a> {
    /// A record, and what was computed of its payload.
    Record(&'a Record, &'a Computed),
    /// A row of new records, and what was computed of its payload.
    New(&'a iqdb_core::Rows, usize, &'a Computed),
    /// Another row.
    Row(&'a Rows, usize),
    /// Another row, and what was computed of a payload that replaces its own.
    RowWithPayload(&'a Rows, usize, &'a Computed),
    /// Another row, some of its vectors replaced or left out.
    RowWithVectors(&'a Rows, usize, &'a [NamedVector]),
}

impl<'a> RowValues<'a> {
    /// What the row has in the field at this position.
    fn get(self, n: usize) -> Option<FieldValue<'a>> {
        use ValueSource as S;
        let field = self.schema.fields().get(n)?;
        let name = field.name();
        match self.source {
            S::Record(_, computed) | S::New(_, _, computed) | S::RowWithPayload(_, _, computed)
                if field.kind().is_computed() =>
            {
                computed.get(name).map(FieldValue::Bytes)
            }
            S::Record(record, _) => record.vector(name).map(FieldValue::Vector),
            S::New(rows, row, _) => rows.vector(row, name).map(FieldValue::Vector),
            S::Row(rows, row) | S::RowWithPayload(rows, row, _) => rows.fields[n].value(row),
            S::RowWithVectors(rows, row, named) => {
                // The last one of a name counts.
                match named.iter().rev().find(|(other, _)| other == name) {
                    Some((_, vector)) => Some(FieldValue::Vector(vector.as_ref()?.as_ref())),
                    None => rows.fields[n].value(row),
                }
            }
        }
    }
}

/// The empty rows of chunk number `chunk`, and their appender.
pub(crate) fn rows(layout: &Layout, chunk: usize, noted_ends: NotedEnds) -> (RowsAppender, Rows) {
    let capacity = layout.chunk_rows(chunk);
    let (ids_in, ids) = column(capacity);
    let (links_in, links) = column(capacity);
    let ended = (0..capacity).map(|_| AtomicU64::new(0)).collect();
    let first_end = AtomicU64::new(0);
    let fields = (0..FIELDS_MAX).map(|_| FieldColumn::default()).collect();
    let fields_in = (0..FIELDS_MAX).map(|_| FieldAppender::default()).collect();
    (
        RowsAppender {
            fields: fields_in,
            ids: ids_in,
            links: links_in,
            layout: *layout,
            chunk,
            rows_max: capacity,
        },
        Rows {
            fields,
            ids,
            links,
            ended,
            first_end,
            order: OnceLock::new(),
            dead: AtomicUsize::new(0),
            noted_ends,
        },
    )
}

impl RowsAppender {
    /// Appends a row to `rows`, of which this is the appender, and returns its number in the chunk.
    pub(crate) fn push(
        &mut self,
        rows: &Rows,
        id: RecordId,
        values: RowValues<'_>,
        link: Link,
        reserved: &mut ReservedMemory,
    ) -> usize {
        let row = self.links.len();
        // A chunk has fewer rows than 32 bits count.
        let number = u32::try_from(row).unwrap_or(u32::MAX);
        // No row has a field that the schema has not yet.
        let fields = self.fields.iter_mut().zip(&rows.fields).take(values.schema.fields().len());
        for (field, (writes, reads)) in fields.enumerate() {
            let (layout, chunk, rows_max) = (&self.layout, self.chunk, self.rows_max);
            let mut memory = ChunkMemory { reserved, layout, chunk, rows_max, field };
            match values.get(field) {
                Some(value) => writes.push(reads, number, value, &mut memory),
                None => writes.skip(reads, &memory),
            }
        }
        self.ids.push(id);
        self.links.push(link);
        row
    }

    /// Goes on with the field at this position where this appender has come to.
    pub(crate) fn fill(&mut self, field: usize, writes: FieldAppender) {
        self.fields[field] = writes;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.links.is_full()
    }
}

impl Rows {
    /// The column of a field, if a row has it. O(1).
    pub(crate) fn field(&self, field: FieldId) -> Option<&FieldColumn> {
        self.fields.get(field.index())?.written()
    }

    /// Fills the column of the field at this position, which no view has yet. O(1).
    pub(crate) fn fill(&self, field: usize, column: FieldColumn) {
        self.fields[field].fill(column);
    }

    /// The bytes that the first `fields` fields of a row take.
    pub(crate) fn field_bytes(&self, row: usize, fields: usize) -> usize {
        self.fields.iter().take(fields).map(|field| field.bytes(row)).sum()
    }

    pub(crate) fn id(&self, row: usize) -> Option<&RecordId> {
        self.ids.get(row)
    }

    /// The links to the earlier rows of the same id.
    pub(crate) fn link(&self, row: usize) -> Option<Link> {
        self.links.get(row).copied()
    }

    /// Ends a row with `version`, which is not published yet.
    ///
    /// Relaxed stores suffice: a reader of `version` has acquired its view, which is published after
    /// these stores, and to a reader of an earlier version the row is alive before and after them.
    pub(crate) fn end(&self, row: usize, version: Version) {
        self.ended[row].store(version.0, Ordering::Relaxed);
        if self.first_end.load(Ordering::Relaxed) == 0 {
            self.first_end.store(version.0, Ordering::Relaxed);
        }
        let zeros = || self.ended.iter().map(|_| AtomicU32::new(0)).collect();
        let (order, dead) = (self.order.get_or_init(zeros), self.dead.load(Ordering::Relaxed));
        if let (Some(slot), Ok(row)) = (order.get(dead), u32::try_from(row)) {
            slot.store(row, Ordering::Relaxed);
            self.dead.store(dead + 1, Ordering::Release);
        }
    }

    /// Appends the rows that ended after `since`, up to and with `at`, in the order of their ends, and
    /// returns true; false where other rows note the ends of `at`. O(log rows) and O(their number).
    pub(crate) fn ended_between(&self, since: Version, at: Version, out: &mut Vec<u32>) -> bool {
        if !self.noted_ends.have(at) {
            return false;
        }
        let dead = self.dead.load(Ordering::Acquire);
        let order = self.order.get().and_then(|order| order.get(..dead)).unwrap_or_default();
        let row = |slot: &AtomicU32| slot.load(Ordering::Relaxed);
        let has_ended = |slot: &AtomicU32, at| !self.is_alive(row(slot) as usize, at);
        let first = order.partition_point(|slot| has_ended(slot, since));
        let rows = order.get(first..).unwrap_or_default();
        out.extend(rows.iter().take_while(|slot| has_ended(slot, at)).map(row));
        true
    }

    /// Whether a row that is visible at version `at` is alive there.
    #[inline]
    pub(crate) fn is_alive(&self, row: usize, at: Version) -> bool {
        self.ended.get(row).is_some_and(|end| !has_passed(end.load(Ordering::Relaxed), at))
    }

    /// The 64 rows from `first` on as bits: 1 where a row is alive at version `at`.
    pub(crate) fn alive_among_64(&self, first: usize, at: Version) -> u64 {
        let ended = self.ended.get(first..).unwrap_or_default().iter().take(64).enumerate();
        ended.fold(0, |alive, (n, end)| {
            alive | u64::from(!has_passed(end.load(Ordering::Relaxed), at)) << n
        })
    }

    /// Whether no row has ended at version `at` or before. O(1).
    pub(crate) fn all_alive(&self, at: Version) -> bool {
        !has_passed(self.first_end.load(Ordering::Relaxed), at)
    }
}

/// Whether `end` is at or before `at`; an end of 0 is none.
#[inline]
fn has_passed(end: u64, at: Version) -> bool {
    // 0 becomes the largest number, which is after every version.
    end.wrapping_sub(1) < at.0
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_walk_takes_logarithmically_many_steps() {
        let mut links: Vec<Link> = Vec::new();
        for row in 0..100_000_u32 {
            links.push(match row.checked_sub(1) {
                None => Link::FIRST,
                Some(previous) => Link::after(previous, |row| links[row as usize]),
            });
        }
        for rows in [1, 2, 3, 1_000, 65_536, 99_999, 100_000] {
            let (mut row, mut steps) = (99_999_u32, 0);
            while row >= rows {
                row = links[row as usize].towards(rows).unwrap();
                steps += 1;
            }
            assert_eq!(row, rows - 1);
            assert!(steps <= 40, "{steps} steps to below {rows}");
        }
        let mut row = Some(99_999);
        while let Some(at) = row {
            row = links[at as usize].towards(0);
        }
    }
}
