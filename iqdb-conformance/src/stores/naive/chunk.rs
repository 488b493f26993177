//! Chunks: a few rows each. A chunk is copied on each append until it is full, and then sealed.

use std::sync::Arc;

use iqdb_core::{
    Block, BlockSource, FieldId, IdRef, Narrow, Payload, PayloadRef, Predicate, Record, RecordId,
    Result, Schema, Seal, VectorColumn, Version,
};

use super::column::PaddedColumn;

/// The rows of a full chunk. A small number, so that a small test has many blocks, most of them
/// sealed.
const ROWS_PER_CHUNK: usize = 5;

/// Rows that never change.
#[derive(Debug, Default)]
struct Chunk {
    /// One for each field.
    columns: Vec<PaddedColumn>,
    ids: Vec<RecordId>,
    payloads: Vec<Payload>,
    seal: Option<Seal>,
}

/// A chunk as one version sees it.
#[derive(Debug, Clone)]
pub(super) struct View {
    chunk: Arc<Chunk>,
    live: Vec<bool>,
}

impl View {
    pub(super) fn has_live_rows(&self) -> bool {
        self.live.contains(&true)
    }

    /// Marks the row of `id` as dead, if it is here.
    pub(super) fn end(&mut self, id: &RecordId) {
        for (row, live) in self.live.iter_mut().enumerate() {
            *live &= self.chunk.ids[row] != *id;
        }
    }

    pub(super) fn block<'a>(&'a self, schema: &'a Schema, at: Version) -> Result<Block<'a>> {
        let block = Block::new(self, schema, self.live.len(), at)?;
        Ok(match &self.chunk.seal {
            Some(seal) => block.sealed(seal),
            None => block,
        })
    }
}

/// Appends a row: to the last chunk, or to a new one when that is sealed.
pub(super) fn append(views: &mut Vec<View>, schema: &Schema, record: &Record) -> Result<()> {
    let open = views.pop_if(|view| view.chunk.seal.is_none());
    let View { chunk, mut live } =
        open.unwrap_or_else(|| View { chunk: Arc::new(Chunk::new(schema)), live: Vec::new() });
    // A copy, because snapshots go on showing the chunk as it was.
    let mut longer = Chunk {
        columns: chunk.columns.clone(),
        ids: chunk.ids.clone(),
        payloads: chunk.payloads.clone(),
        seal: None,
    };
    let row = u32::try_from(longer.ids.len()).unwrap_or(u32::MAX);
    for (column, field) in longer.columns.iter_mut().zip(schema.fields()) {
        if let Some(vector) = record.vector(field.name()) {
            column.push(row, vector)?;
        }
    }
    longer.ids.push(record.id.clone());
    longer.payloads.push(record.payload.clone());
    longer.seal = (longer.ids.len() == ROWS_PER_CHUNK).then(Seal::new);
    live.push(true);
    views.push(View { chunk: Arc::new(longer), live });
    Ok(())
}

impl Chunk {
    fn new(schema: &Schema) -> Self {
        let columns = schema.fields().iter().map(|field| PaddedColumn::new(field.kind()));
        Self { columns: columns.collect(), ..Self::default() }
    }
}

impl BlockSource for View {
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(self.chunk.columns.get(field.index()).map(|column| column as &dyn VectorColumn))
    }

    fn clear_dead(&self, _: Version, live: &mut Narrow<'_>) -> Result<()> {
        live.retain(|row| Ok(self.live[row]))
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(self.chunk.ids[row].as_ref())
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok((&self.chunk.payloads[row]).into())
    }

    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}
