//! A generation while rows are added to it: the writer's side.

use iqdb_core::{IdRef, RecordId, Schema, Version};

use crate::chunk::{Chunk, Lent};
use crate::generation::Generation;
use crate::probe::{Defect, Probe};
use crate::rows::{Lines, Link, lines};
use crate::sync::Arc;
use crate::table::{Slot, Table};
use crate::tail::Tail;
use crate::view::{Chunks, View};

/// The most rows of a generation, dead ones included: as many as a table of 2^32 slots has room for.
pub(crate) const ROWS_MAX: u32 = 3 * (1 << 30) - 4;

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
    /// For the vectors of the chunks to come, the next one last.
    room: Vec<Lines>,
    rows: u32,
    probe: Probe,
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
            room: Vec::new(),
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
        for (chunk, row) in view.live_places() {
            let of = chunk.rows();
            let (Some(id), Some(components), Some(payload)) =
                (of.id(row), of.components(row..row + 1), chunk.lent(row))
            else {
                unreachable!("a visible row has been written");
            };
            packed.push(id.clone(), &components[..layout.dim()], Link::FIRST, payload);
            packed.table.insert(packed.generation.hash(id.as_ref()), packed.rows);
            packed.rows += 1;
            packed.ids += 1;
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

    /// Looks for an id of this [hash](Generation::hash).
    pub(crate) fn find(&self, id: IdRef<'_>, hash: u32) -> Found {
        Found { hash, newest: self.generation.newest(&self.table, hash, id) }
    }

    /// Makes ready to look for ids of these hashes.
    pub(crate) fn expect(&self, hashes: &[u32]) {
        self.table.touch(hashes);
    }

    /// Appends a row for an id that was looked for just before, and makes it the newest of its id.
    /// Rows from `published` on are of the batch at hand. Returns what the row takes, in bytes.
    ///
    /// # Panics
    /// When there are [`ROWS_MAX`] rows.
    pub(crate) fn append(
        &mut self,
        found: Found,
        published: u32,
        id: RecordId,
        components: &[f32],
        payload: Lent<'_>,
    ) -> u64 {
        let bytes = self.bytes_with(payload.size_bytes());
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
        self.push(id, components, link, payload);
        // Last, so that a reader that finds the row in the table finds it written.
        if !self.probe.has(Defect::TableBeforeRow) {
            self.enlist(found);
        }
        self.rows += 1;
        bytes
    }

    /// Writes the next row into the chunk that is being filled.
    fn push(&mut self, id: RecordId, components: &[f32], link: Link, payload: Lent<'_>) {
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => self.open(),
        };
        let is_other = tail.push(id, components, link, payload);
        if tail.is_full() {
            self.relist(tail.sealed());
        } else {
            if is_other {
                self.relist(tail.chunk());
            }
            self.tail = Some(tail);
        }
    }

    /// Puts another form of the last chunk in its place, for views to come.
    fn relist(&mut self, chunk: Chunk) {
        if let Some(last) = self.chunks.last_mut() {
            *last = Arc::new(chunk);
        }
        self.listed = None;
    }

    /// Makes the next row the newest of the id that was looked for.
    fn enlist(&mut self, found: Found) {
        match found.newest {
            Some((slot, _)) => self.table.replace(slot, found.hash, self.rows),
            None => {
                if self.ids == self.table.room() {
                    self.table = Arc::new(self.table.grown(self.ids + 1));
                }
                self.table.insert(found.hash, self.rows);
                self.ids += 1;
            }
        }
    }

    /// What a row takes: its vector, its id and its payload, in bytes.
    pub(crate) fn bytes_of(&self, row: u32) -> u64 {
        let place = self.generation.layout().place(row as usize);
        let payload = self.chunks.get(place.chunk).and_then(|chunk| chunk.lent(place.row));
        self.bytes_with(payload.map_or(0, Lent::size_bytes))
    }

    fn bytes_with(&self, payload: usize) -> u64 {
        let vector = self.generation.layout().stride() * size_of::<f32>();
        (vector + size_of::<RecordId>() + payload) as u64
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

    /// Adds a chunk.
    fn open(&mut self) -> Tail {
        let n = self.chunks.len();
        let layout = self.generation.layout();
        let lines = self.room.pop().unwrap_or_else(|| {
            self.room = lines(layout, n);
            self.room.reverse();
            self.room.pop().expect("there is room for one chunk at least")
        });
        let tail = Tail::new(layout, n, lines, self.generation.hasher().clone());
        self.generation.add(n, Arc::clone(tail.rows()));
        self.chunks.push(Arc::new(tail.chunk()));
        self.listed = None;
        tail
    }
}
