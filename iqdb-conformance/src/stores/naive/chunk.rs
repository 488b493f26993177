//! Chunks: a few rows each. A chunk is copied on each append until it is full, and then sealed.

use std::ops::Range;
use std::sync::Arc;

use iqdb_core::limits::DIM_MAX;
use iqdb_core::{
    Block, BlockSource, IdRef, Narrow, Payload, PayloadRef, Predicate, Record, RecordId, Result,
    Seal, Version,
};

/// The rows of a full chunk. A small number, so that a small test has many blocks, most of them
/// sealed.
const ROWS_PER_CHUNK: usize = 5;

/// Components of padding per row. A search that mistakes the stride for the dimension fails on
/// them.
const PADDING: usize = 3;

/// The distance between rows, in components. At most [`DIM_MAX`], the longest row that a block may
/// have, so the longest vectors have less padding or none.
fn stride(dim: usize) -> usize {
    (dim + PADDING).min(DIM_MAX)
}

/// Rows that never change.
#[derive(Debug, Default)]
struct Chunk {
    components: Vec<f32>,
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

    pub(super) fn block(&self, dim: usize, at: Version) -> Result<Block<'_>> {
        let block = Block::new(self, dim, stride(dim), self.live.len(), at)?;
        Ok(match &self.chunk.seal {
            Some(seal) => block.sealed(seal),
            None => block,
        })
    }
}

/// Appends a row: to the last chunk, or to a new one when that is sealed.
pub(super) fn append(views: &mut Vec<View>, record: &Record) {
    let open = views.pop_if(|view| view.chunk.seal.is_none());
    let View { chunk, mut live } =
        open.unwrap_or_else(|| View { chunk: Arc::default(), live: Vec::new() });
    // A copy, because snapshots go on showing the chunk as it was.
    let mut longer = Chunk {
        components: chunk.components.clone(),
        ids: chunk.ids.clone(),
        payloads: chunk.payloads.clone(),
        seal: None,
    };
    longer.components.extend_from_slice(&record.vector);
    let dim = record.vector.len();
    longer.components.extend(std::iter::repeat_n(0.0, stride(dim) - dim));
    longer.ids.push(record.id.clone());
    longer.payloads.push(record.payload.clone());
    longer.seal = (longer.ids.len() == ROWS_PER_CHUNK).then(Seal::new);
    live.push(true);
    views.push(View { chunk: Arc::new(longer), live });
}

impl BlockSource for View {
    fn rows(&self, range: Range<usize>) -> Result<&[f32]> {
        let stride = self.chunk.components.len() / self.chunk.ids.len();
        Ok(&self.chunk.components[range.start * stride..range.end * stride])
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<&[f32]> {
        self.rows(range)
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
