//! Builds a generation: appends rows to chunks, and makes views of what it has appended.

use iqdb_core::{
    Birthplace, Budget, IdRef, Layout as BlockLayout, Payload, RecordId, Result, Schema, Version,
};

use crate::backfill::Backfilled;
use crate::chunk::Chunk;
use crate::fault::{Defect, Faults};
use crate::field_memory::ReservedMemory;
use crate::generation::Generation;
use crate::layout::RowAddress;
use crate::open_chunk::OpenChunk;
use crate::payloads::RowPayload;
use crate::rows::{Link, RowValues, Rows, ValueSource};
use crate::shared::Shared;
use crate::sync::Arc;
use crate::table::{ROWS_MAX, Slot, Table};
use crate::view::{Chunks, View};

/// A generation and everything that its writer needs to append to it. Appended rows are invisible
/// until the writer publishes a view that counts them.
#[derive(Debug)]
pub(crate) struct GenerationBuilder {
    generation: Arc<Generation>,
    table: Arc<Table>,
    /// How many ids the table holds.
    ids: usize,
    chunks: Vec<Arc<Chunk>>,
    /// The list of chunks that views share; `None` after a chunk was added or replaced.
    chunk_list: Option<Arc<Chunks>>,
    /// The last chunk, unless it is full.
    open_chunk: Option<OpenChunk>,
    /// Memory for the fields of the next chunks.
    reserved: ReservedMemory,
    shared: Shared,
    /// Of the chunks that are sealed by now.
    layout: Arc<BlockLayout>,
    rows: u32,
    faults: Faults,
}

/// The result of [`GenerationBuilder::find`]: the hash of the id, and its slot and newest row, which
/// may be unpublished or ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdLookup {
    hash: u32,
    newest: Option<(Slot, u32)>,
}

impl IdLookup {
    /// The newest row of the id.
    pub(crate) fn row(&self) -> Option<u32> {
        self.newest.map(|(_, row)| row)
    }
}

impl GenerationBuilder {
    /// Builds on an empty generation.
    pub(crate) fn new(generation: Generation, shared: Shared, faults: Faults) -> Self {
        Self {
            generation: Arc::new(generation),
            table: Arc::new(Table::with_room_for(0)),
            ids: 0,
            chunks: Vec::new(),
            chunk_list: None,
            open_chunk: None,
            reserved: ReservedMemory::default(),
            shared,
            layout: Arc::default(),
            rows: 0,
            faults,
        }
    }

    /// A compacted generation: copies of a view's live rows, in full, sealed chunks. O(live rows).
    ///
    /// # Errors
    /// Those of the budget.
    pub(crate) fn packed(
        view: &View,
        shared: Shared,
        faults: Faults,
        budget: Budget<'_>,
    ) -> Result<Self> {
        let live = view.live as usize;
        let layout = view.generation.layout().with_packed(live);
        let mut packed = Self::new(view.generation.next(layout), shared, faults);
        packed.table = Arc::new(Table::with_room_for(live));
        for (chunk, row) in view.live_rows() {
            let of = chunk.rows();
            let (Some(id), Some(payload)) = (of.id(row), chunk.payload(row)) else {
                unreachable!("a visible row has been written");
            };
            let row_payload = (payload, chunk.birthplace(row));
            let values = RowValues { schema: &view.schema, source: ValueSource::Row(of, row) };
            packed.push(id.clone(), values, Link::FIRST, row_payload);
            packed.table.insert(packed.generation.hash(id.as_ref()), packed.rows);
            packed.rows += 1;
            packed.ids += 1;
            budget.check()?;
        }
        Ok(packed)
    }

    /// The number of rows, unpublished and ended ones included.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// The number of chunks, and of those that are sealed.
    pub(crate) fn chunk_counts(&self) -> (usize, usize) {
        (self.chunks.len(), self.chunks.len() - usize::from(self.open_chunk.is_some()))
    }

    /// Looks up an id, of which `hash` is the [hash](Generation::hash).
    pub(crate) fn find(&self, id: IdRef<'_>, hash: u32) -> IdLookup {
        IdLookup { hash, newest: self.generation.newest(&self.table, hash, id) }
    }

    /// Loads the slots of these hashes into the cache, before [`find`](Self::find) is called for them.
    pub(crate) fn prefetch(&self, hashes: &[u32]) {
        self.table.prefetch(hashes);
    }

    /// Appends a row and makes it the newest of its id. `found` is the result of `find` for this id,
    /// with no other call in between; rows from `published` on belong to the current batch. Returns
    /// the size of the row, in bytes.
    ///
    /// # Panics
    /// When there are [`ROWS_MAX`] rows.
    pub(crate) fn append(
        &mut self,
        found: IdLookup,
        published: u32,
        id: RecordId,
        values: RowValues<'_>,
        payload: RowPayload<'_>,
    ) -> u64 {
        assert!(self.rows < ROWS_MAX, "a generation is full");
        let link = match found.row() {
            None => Link::FIRST,
            // The same batch appended that row and ends it, so no view shows it, and no walk has to
            // find it.
            Some(row) if row >= published => self.link(row),
            Some(row) => Link::after(row, |row| self.link(row)),
        };
        let link = if self.faults.has(Defect::NoLinks) { Link::FIRST } else { link };
        if self.faults.has(Defect::TableBeforeRow) {
            self.index(found);
        }
        let bytes = self.push(id, values, link, (payload, None));
        // After the row is written, so that a reader that finds it in the table can read it.
        if !self.faults.has(Defect::TableBeforeRow) {
            self.index(found);
        }
        self.rows += 1;
        bytes
    }

    /// Writes the next row into the open chunk, and seals the chunk if it is full. Returns the size of
    /// the row, in bytes.
    fn push(
        &mut self,
        id: RecordId,
        values: RowValues<'_>,
        link: Link,
        payload: (RowPayload<'_>, Option<Birthplace>),
    ) -> u64 {
        if self.open_chunk.is_none() {
            self.open_chunk = Some(self.add_chunk());
        }
        let Some(open_chunk) = &mut self.open_chunk else {
            unreachable!("a chunk has been added where there was none");
        };
        let (row, has_new_form) = open_chunk.push(id, values, link, payload, &mut self.reserved);
        let bytes = size(open_chunk.rows(), row, values.schema, payload.0);
        let form = match open_chunk {
            open_chunk if !open_chunk.is_full() => has_new_form.then(|| open_chunk.chunk()),
            _ => self.open_chunk.take().map(|full| {
                self.layout = Arc::default();
                full.sealed(self.shared.seal_ids.next())
            }),
        };
        if let Some(chunk) = form {
            self.replace_last_chunk(chunk);
        }
        bytes
    }

    /// Replaces the last chunk by another form of itself, for later views.
    fn replace_last_chunk(&mut self, chunk: Chunk) {
        if let Some(last) = self.chunks.last_mut() {
            *last = Arc::new(chunk);
        }
        self.chunk_list = None;
    }

    /// Makes the next row the newest of an id in the table.
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

    /// The size of a row in bytes: its fields, its id and its payload.
    pub(crate) fn bytes_of(&self, row: u32, schema: &Schema) -> u64 {
        let address = self.generation.layout().address(row as usize);
        let Some(chunk) = self.chunks.get(address.chunk) else { return 0 };
        let payload = chunk.payload(address.row);
        payload.map_or(0, |payload| size(chunk.rows(), address.row, schema, payload))
    }

    /// A copy of the payload of a row; an empty one where there is no such row.
    pub(crate) fn payload_of(&self, address: RowAddress) -> Payload {
        let payload = self.chunks.get(address.chunk).and_then(|chunk| chunk.payload(address.row));
        payload.map_or_else(Payload::new, RowPayload::to_payload)
    }

    /// Gives the chunks their columns of the last field of `schema`, which no view has yet. The columns
    /// have all rows. O(chunks).
    pub(crate) fn add_columns(&mut self, schema: &Schema, columns: Backfilled) {
        let Some(field) = schema.fields().len().checked_sub(1) else { return };
        for (chunk, column) in self.chunks.iter().zip(columns.full) {
            chunk.rows().fill(field, column);
        }
        if let (Some(open_chunk), Some((writes, reads))) = (&mut self.open_chunk, columns.open) {
            open_chunk.add_column(field, writes, reads);
        }
    }

    /// A view of all rows appended so far. O(1), or O(chunks) if a chunk was added or replaced since
    /// the last view.
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
            layout: Arc::clone(&self.layout),
            shelf: Arc::clone(&self.shared.shelf),
        }
    }

    fn link(&self, row: u32) -> Link {
        self.generation.link(row).unwrap_or(Link::FIRST)
    }

    /// Adds an empty chunk.
    fn add_chunk(&mut self) -> OpenChunk {
        let n = self.chunks.len();
        let layout = self.generation.layout();
        let noted_ends = self.shared.noted_ends.clone();
        let open_chunk = OpenChunk::new(layout, n, self.generation.hasher().clone(), noted_ends);
        self.generation.add(n, Arc::clone(open_chunk.rows()));
        self.chunks.push(Arc::new(open_chunk.chunk()));
        self.chunk_list = None;
        open_chunk
    }
}

/// The size of a row of a chunk in bytes: its fields, its id and its payload.
fn size(rows: &Rows, row: usize, schema: &Schema, payload: RowPayload<'_>) -> u64 {
    let fields = rows.field_bytes(row, schema.fields().len());
    (fields + size_of::<RecordId>() + payload.size_bytes()) as u64
}
