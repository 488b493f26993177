//! A generation while rows are added to it: the writer's side.

use iqdb_core::{IdRef, Payload, RecordId, Schema, Version};

use crate::chunk::{Chunk, Lent};
use crate::column::{Appender, Column, column};
use crate::generation::Generation;
use crate::probe::{Defect, Probe};
use crate::rows::{Link, Rows, RowsAppender, rows};
use crate::sync::Arc;
use crate::table::{Slot, Table};
use crate::view::{Chunks, View};

/// The most rows of a generation, dead ones included: a row number fits 32 bits, one of which means
/// none.
pub(crate) const ROWS_MAX: u32 = u32::MAX - 1;

/// A generation and the means to add to it. What is added is invisible until a view is published
/// that has more rows.
#[derive(Debug)]
pub(crate) struct Growing {
    generation: Arc<Generation>,
    table: Arc<Table>,
    /// How many ids the table holds.
    ids: usize,
    chunks: Vec<Arc<Chunk>>,
    /// The chunks as views share them, while that is up to date.
    listed: Option<Arc<Chunks>>,
    tail: Option<Tail>,
    rows: u32,
    probe: Probe,
}

/// The chunk that is being filled.
#[derive(Debug)]
struct Tail {
    rows_in: RowsAppender,
    payloads_in: Appender<Payload>,
    rows: Arc<Rows>,
    payloads: Column<Payload>,
}

/// Where an id was looked for, and its newest row, published or not, alive or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    hash: u32,
    newest: Option<(Slot, u32)>,
}

impl Found {
    pub(crate) fn row(&self) -> Option<u32> {
        self.newest.map(|(_, row)| row)
    }
}

impl Growing {
    pub(crate) fn new(generation: Generation, probe: Probe) -> Self {
        Self {
            generation: Arc::new(generation),
            table: Arc::new(Table::with_room_for(0)),
            ids: 0,
            chunks: Vec::new(),
            listed: None,
            tail: None,
            rows: 0,
            probe,
        }
    }

    /// A new generation with copies of a view's live rows, in full chunks, all sealed. O(live rows).
    pub(crate) fn packed(view: &View, probe: Probe) -> Self {
        let live = view.live as usize;
        let layout = view.generation.layout().with_packed(live);
        let mut packed = Self::new(view.generation.next(layout), probe);
        packed.table = Arc::new(Table::with_room_for(live));
        let mut live = view.live_places().peekable();
        while live.peek().is_some() {
            let chunk_rows = layout.chunk_rows(packed.chunks.len());
            let (mut appender, rows) = rows(&layout, packed.chunks.len());
            let mut payloads = Vec::with_capacity(chunk_rows);
            for (chunk, row) in live.by_ref().take(chunk_rows) {
                let of = chunk.rows();
                let (Some(id), Some(components), Some(payload)) =
                    (of.id(row), of.components(row..row + 1), chunk.lent(row))
                else {
                    unreachable!("a visible row has been written");
                };
                appender.push(id.clone(), &components[..layout.dim()], Link::FIRST);
                payloads.push(payload);
                packed.table.insert(packed.generation.hash(id.as_ref()), packed.rows);
                packed.rows += 1;
                packed.ids += 1;
            }
            let rows = Arc::new(rows);
            packed.generation.add(packed.chunks.len(), Arc::clone(&rows));
            packed.chunks.push(Arc::new(Chunk::sealed(rows, &payloads)));
        }
        packed
    }

    /// How many rows there are, published or not, dead or not.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    pub(crate) fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// How many chunks there are, and how many of them are sealed.
    pub(crate) fn chunk_counts(&self) -> (usize, usize) {
        (self.chunks.len(), self.chunks.len() - usize::from(self.tail.is_some()))
    }

    pub(crate) fn find(&self, id: IdRef<'_>) -> Found {
        let hash = self.generation.hash(id);
        Found { hash, newest: self.generation.newest(&self.table, hash, id) }
    }

    /// Appends a row for an id that was looked for just before, and makes it the newest of its id.
    /// Rows from `published` on are of the batch at hand.
    ///
    /// # Panics
    /// When there are [`ROWS_MAX`] rows.
    pub(crate) fn append(
        &mut self,
        found: Found,
        published: u32,
        id: RecordId,
        components: &[f32],
        payload: Payload,
    ) {
        assert!(self.rows < ROWS_MAX, "a generation is full");
        let link = match found.row() {
            None => Link::FIRST,
            // No view will ever show that row, so no walk has to go through it.
            Some(row) if row >= published => self.link(row),
            Some(row) => Link::after(row, |row| self.link(row)),
        };
        let link = if self.probe.has(Defect::NoLinks) { Link::FIRST } else { link };
        if self.probe.has(Defect::TableBeforeRow) {
            self.enlist(found);
        }
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => self.open(),
        };
        tail.rows_in.push(id, components, link);
        tail.payloads_in.push(payload);
        if tail.rows_in.is_full() {
            self.seal(&tail);
        } else {
            self.tail = Some(tail);
        }
        // Last, so that whoever finds the row in the table finds it written.
        if !self.probe.has(Defect::TableBeforeRow) {
            self.enlist(found);
        }
        self.rows += 1;
    }

    /// Makes the next row the newest of the id that was looked for.
    fn enlist(&mut self, found: Found) {
        match found.newest {
            Some((slot, _)) => self.table.replace(slot, found.hash, self.rows),
            None => {
                if self.ids == self.table.room() {
                    self.table = Arc::new(self.table.grown(2 * self.ids + 1));
                }
                self.table.insert(found.hash, self.rows);
                self.ids += 1;
            }
        }
    }

    /// Everything that has been added so far, as a view.
    pub(crate) fn view(&mut self, schema: Schema, version: Version, live: u32) -> View {
        let chunks =
            self.listed.get_or_insert_with(|| Arc::new(self.chunks.iter().cloned().collect()));
        View {
            schema,
            version,
            rows: self.rows,
            live,
            generation: Arc::clone(&self.generation),
            table: Arc::clone(&self.table),
            chunks: Arc::clone(chunks),
        }
    }

    fn link(&self, row: u32) -> Link {
        self.generation.link(row).unwrap_or(Link::FIRST)
    }

    fn open(&mut self) -> Tail {
        let (layout, n) = (self.generation.layout(), self.chunks.len());
        let (rows_in, rows) = rows(layout, n);
        let (payloads_in, payloads) = column(layout.chunk_rows(n));
        let rows = Arc::new(rows);
        self.generation.add(n, Arc::clone(&rows));
        self.chunks.push(Arc::new(Chunk::open(Arc::clone(&rows), payloads.clone())));
        self.listed = None;
        Tail { rows_in, payloads_in, rows, payloads }
    }

    /// Seals the chunk that has just been filled.
    fn seal(&mut self, tail: &Tail) {
        let payloads = tail.payloads.slice(0..tail.payloads.len()).unwrap_or_default();
        let payloads: Vec<_> = payloads.iter().map(Lent::Whole).collect();
        if let Some(last) = self.chunks.last_mut() {
            *last = Arc::new(Chunk::sealed(Arc::clone(&tail.rows), &payloads));
        }
        self.listed = None;
    }
}
