//! A generation while rows are added to it: the writer's side.

use iqdb_core::{IdRef, RecordId, Schema, Version};

use crate::chunk::{Chunk, RowPayload};
use crate::fault::{Defect, Faults};
use crate::generation::Generation;
use crate::open_chunk::OpenChunk;
use crate::rows::{Lines, Link, lines};
use crate::sync::Arc;
use crate::table::{Slot, Table};
use crate::view::{Chunks, View};

/// The most rows of a generation, dead ones included: as many as a table of 2^32 slots has room for.
pub(crate) const ROWS_MAX: u32 = 3 * (1 << 30) - 4;

/// A generation and the means to add to it. What is added is invisible until a view is published
/// that has more rows.
#[derive(Debug)]
pub(crate) struct GenerationBuilder {
    generation: Arc<Generation>,
    table: Arc<Table>,
    /// How many ids the table holds.
    ids: usize,
    chunks: Vec<Arc<Chunk>>,
    /// The chunks as views share them, while that is up to date.
    chunk_list: Option<Arc<Chunks>>,
    open_chunk: Option<OpenChunk>,
    /// For the vectors of the chunks to come, the next one last.
    reserved_lines: Vec<Lines>,
    rows: u32,
    faults: Faults,
}

/// Where an id was looked for, and its newest row, published or not, alive or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdLookup {
    hash: u32,
    newest: Option<(Slot, u32)>,
}

impl IdLookup {
    pub(crate) fn row(&self) -> Option<u32> {
        self.newest.map(|(_, row)| row)
    }
}

impl GenerationBuilder {
    pub(crate) fn new(generation: Generation, faults: Faults) -> Self {
        Self {
            generation: Arc::new(generation),
            table: Arc::new(Table::with_room_for(0)),
            ids: 0,
            chunks: Vec::new(),
            chunk_list: None,
            open_chunk: None,
            reserved_lines: Vec::new(),
            rows: 0,
            faults,
        }
    }

    /// A new generation with copies of a view's live rows, in full chunks, all sealed. O(live rows).
    pub(crate) fn packed(view: &View, faults: Faults) -> Self {
        let live = view.live as usize;
        let layout = view.generation.layout().with_packed(live);
        let mut packed = Self::new(view.generation.next(layout), faults);
        packed.table = Arc::new(Table::with_room_for(live));
        for (chunk, row) in view.live_rows() {
            let of = chunk.rows();
            let (Some(id), Some(components), Some(payload)) =
                (of.id(row), of.components(row..row + 1), chunk.payload(row))
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
        (self.chunks.len(), self.chunks.len() - usize::from(self.open_chunk.is_some()))
    }

    /// Looks for an id of this [hash](Generation::hash).
    pub(crate) fn find(&self, id: IdRef<'_>, hash: u32) -> IdLookup {
        IdLookup { hash, newest: self.generation.newest(&self.table, hash, id) }
    }

    /// Makes ready to look for ids of these hashes.
    pub(crate) fn prefetch(&self, hashes: &[u32]) {
        self.table.prefetch(hashes);
    }

    /// Appends a row for an id that was looked for just before, and makes it the newest of its id.
    /// Rows from `published` on are of the batch at hand. Returns what the row takes, in bytes.
    ///
    /// # Panics
    /// When there are [`ROWS_MAX`] rows.
    pub(crate) fn append(
        &mut self,
        found: IdLookup,
        published: u32,
        id: RecordId,
        components: &[f32],
        payload: RowPayload<'_>,
    ) -> u64 {
        let bytes = self.bytes_with(payload.size_bytes());
        assert!(self.rows < ROWS_MAX, "a generation is full");
        let link = match found.row() {
            None => Link::FIRST,
            // No view will ever show that row, so no walk has to go through it.
            Some(row) if row >= published => self.link(row),
            Some(row) => Link::after(row, |row| self.link(row)),
        };
        let link = if self.faults.has(Defect::NoLinks) { Link::FIRST } else { link };
        if self.faults.has(Defect::TableBeforeRow) {
            self.index(found);
        }
        self.push(id, components, link, payload);
        // Last, so that a reader that finds the row in the table finds it written.
        if !self.faults.has(Defect::TableBeforeRow) {
            self.index(found);
        }
        self.rows += 1;
        bytes
    }

    /// Writes the next row into the chunk that is being filled.
    fn push(&mut self, id: RecordId, components: &[f32], link: Link, payload: RowPayload<'_>) {
        let mut open_chunk = match self.open_chunk.take() {
            Some(open_chunk) => open_chunk,
            None => self.open(),
        };
        let is_other = open_chunk.push(id, components, link, payload);
        if open_chunk.is_full() {
            self.replace_last_chunk(open_chunk.sealed());
        } else {
            if is_other {
                self.replace_last_chunk(open_chunk.chunk());
            }
            self.open_chunk = Some(open_chunk);
        }
    }

    /// Puts another form of the last chunk in its address, for views to come.
    fn replace_last_chunk(&mut self, chunk: Chunk) {
        if let Some(last) = self.chunks.last_mut() {
            *last = Arc::new(chunk);
        }
        self.chunk_list = None;
    }

    /// Makes the next row the newest of the id that was looked for.
    fn index(&mut self, found: IdLookup) {
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
        let address = self.generation.layout().address(row as usize);
        let payload = self.chunks.get(address.chunk).and_then(|chunk| chunk.payload(address.row));
        self.bytes_with(payload.map_or(0, RowPayload::size_bytes))
    }

    fn bytes_with(&self, payload: usize) -> u64 {
        let vector = self.generation.layout().stride() * size_of::<f32>();
        (vector + size_of::<RecordId>() + payload) as u64
    }

    /// Everything that has been added so far, as a view.
    pub(crate) fn view(&mut self, schema: Schema, version: Version, live: u32) -> View {
        let chunks =
            self.chunk_list.get_or_insert_with(|| Arc::new(self.chunks.iter().cloned().collect()));
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
    fn open(&mut self) -> OpenChunk {
        let n = self.chunks.len();
        let layout = self.generation.layout();
        let lines = self.reserved_lines.pop().unwrap_or_else(|| {
            self.reserved_lines = lines(layout, n);
            self.reserved_lines.reverse();
            self.reserved_lines.pop().expect("there is room for one chunk at least")
        });
        let open_chunk = OpenChunk::new(layout, n, lines, self.generation.hasher().clone());
        self.generation.add(n, Arc::clone(open_chunk.rows()));
        self.chunks.push(Arc::new(open_chunk.chunk()));
        self.chunk_list = None;
        open_chunk
    }
}
