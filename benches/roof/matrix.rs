//! Sealed blocks of random rows at a 64-byte-aligned stride, lent as a snapshot: what a scan sees
//! of a good backend, and nothing that would cost time of its own.

use std::ops::Range;

use iqdb_core::{
    Block, BlockSource, Blocks, FieldId, IdRef, Layout, Metric, Narrow, PayloadRef, Predicate,
    RecordId, RecordRef, Remote, Result, RowsRef, Schema, Seal, Shelf, Snapshot, VectorColumn,
    Version,
};

/// Components in 64 bytes.
const LINE: usize = 16;

/// Bytes in a block, about.
const BLOCK_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(crate) struct Matrix {
    schema: Schema,
    dim: usize,
    blocks: Vec<Chunk>,
    rows: usize,
}

#[derive(Debug)]
struct Chunk {
    dim: usize,
    stride: usize,
    rows: usize,
    memory: Vec<f32>,
    /// Where the first row is: at a multiple of 64 bytes.
    start: usize,
    seal: Seal,
}

/// `count` random vectors, one after the other.
pub(crate) fn vectors(count: usize, dim: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(count as u64);
    (0..count * dim).map(|_| random.f32() - 0.5).collect()
}

impl Matrix {
    pub(crate) fn new(metric: Metric, dim: usize, bytes: usize) -> Self {
        // A prime number of them, so that rows differ and filling stays fast.
        let some = vectors(4_099, 1);
        let mut components = some.iter().cycle();
        Self::filled(metric, dim, bytes, |row| {
            row.fill_with(|| *components.next().expect("it goes on for ever"));
        })
    }

    /// About `bytes` bytes of rows, each written by `fill`.
    pub(crate) fn filled(
        metric: Metric,
        dim: usize,
        bytes: usize,
        mut fill: impl FnMut(&mut [f32]),
    ) -> Self {
        let row_bytes = dim.next_multiple_of(LINE) * size_of::<f32>();
        let rows = bytes / row_bytes;
        let block_rows = (BLOCK_BYTES / row_bytes).max(1);
        let of = |first: usize| Chunk::new(dim, block_rows.min(rows - first), &mut fill);
        let blocks = (0..rows).step_by(block_rows).map(of).collect();
        let schema = Schema::new(dim, metric).expect("a dimension within the limits");
        Self { schema, dim, blocks, rows }
    }

    /// All rows, padding included.
    pub(crate) fn components(&self) -> impl Iterator<Item = &[f32]> {
        self.blocks.iter().map(Chunk::components)
    }

    /// Bytes of rows, padding included.
    pub(crate) fn bytes(&self) -> usize {
        self.components().map(size_of_val).sum()
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Components of vectors, without padding.
    pub(crate) fn elements(&self) -> usize {
        self.rows * self.dim
    }
}

impl Chunk {
    fn new(dim: usize, rows: usize, mut fill: impl FnMut(&mut [f32])) -> Self {
        let stride = dim.next_multiple_of(LINE);
        let mut memory = vec![0.0; rows * stride + LINE];
        let start = memory.as_ptr().align_offset(64).min(LINE);
        for row in memory[start..start + rows * stride].chunks_mut(stride) {
            fill(&mut row[..dim]);
        }
        Self { dim, stride, rows, memory, start, seal: Seal::new() }
    }

    fn components(&self) -> &[f32] {
        &self.memory[self.start..self.start + self.rows * self.stride]
    }
}

impl Snapshot for Matrix {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn version(&self) -> Version {
        Version(1)
    }
    fn len(&self) -> u64 {
        self.rows as u64
    }
    fn get(&self, _: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(None)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for Matrix {
    fn block_count(&self) -> usize {
        self.blocks.len()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let chunk = &self.blocks[i];
        let block = Block::new(chunk, &self.schema, chunk.rows, Version(1))?;
        Ok(block.sealed(&chunk.seal))
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}

impl VectorColumn for Chunk {
    fn rows_of(&self) -> Option<&[u32]> {
        None
    }
    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        let rows = &self.components()[range.start * self.stride..range.end * self.stride];
        iqdb_core::Matrix::new(rows, self.dim, self.stride).map(RowsRef::F32)
    }
    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}

impl BlockSource for Chunk {
    fn column(&self, _: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(Some(self))
    }
    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }
    fn is_alive(&self, _: usize, _: Version) -> Result<bool> {
        Ok(true)
    }
    fn ended(&self, _: Version, _: Version, _: &mut Vec<u32>) -> Result<bool> {
        Ok(true)
    }
    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(IdRef::Number(row as u64))
    }
    fn payload(&self, _: usize) -> Result<PayloadRef<'_>> {
        Ok(PayloadRef::empty())
    }
    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}
