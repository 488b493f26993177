//! How rows are laid out: the chunk that a row is in, and the number of rows of a chunk.

/// The largest chunk, in bytes of vectors: large enough for a block to be scanned at full speed, and
/// small enough for the unused half of the last chunk to cost little. The last chunk is open and has
/// no codes, so a search reads all of its vectors, which also asks for a small chunk.
const CHUNK_BYTES_MAX: usize = 4 << 20;

/// What a row takes at least where chunks are sized: its id, its link and its end.
const ROW_BYTES_MIN: usize = 64;

/// The largest chunk, in rows.
pub(crate) const CHUNK_ROWS_MAX: usize = 1 << 16;

/// The first chunk, in rows, unless the largest chunk is smaller.
const CHUNK_ROWS_FIRST: usize = 64;

/// The shape of the chunks of one generation.
///
/// The rows that a compaction copied come first: `packed` rows in chunks of `max` rows, of which the
/// last has the remainder. The next chunk has `first` rows, and each chunk after it twice as many, up
/// to `max`. `first` and `max` are powers of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    first_log2: u32,
    max_log2: u32,
    packed: usize,
    huge_pages: bool,
}

/// The address of a row: the number of its chunk, and its number in the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowAddress {
    pub(crate) chunk: usize,
    pub(crate) row: usize,
}

impl Layout {
    /// The layout for rows of `row_bytes` bytes of vectors, with no packed rows.
    pub(crate) fn new(row_bytes: usize) -> Self {
        let row_bytes = row_bytes.max(ROW_BYTES_MIN);
        let max_log2 = (CHUNK_BYTES_MAX / row_bytes).clamp(1, CHUNK_ROWS_MAX).ilog2();
        let first_log2 = CHUNK_ROWS_FIRST.ilog2().min(max_log2);
        Self { first_log2, max_log2, packed: 0, huge_pages: true }
    }

    /// With chunks that grow from `first` to `max` rows, both rounded up to powers of two.
    pub(crate) fn with_chunk_rows(self, first: usize, max: usize) -> Self {
        let log2 = |rows: usize| rows.clamp(1, CHUNK_ROWS_MAX).next_power_of_two().ilog2();
        Self { first_log2: log2(first), max_log2: log2(max).max(log2(first)), ..self }
    }

    /// The layout of a generation that begins with `packed` rows.
    pub(crate) fn with_packed(self, packed: usize) -> Self {
        Self { packed, ..self }
    }

    /// With memory pages of the default size.
    pub(crate) fn without_huge_pages(self) -> Self {
        Self { huge_pages: false, ..self }
    }

    /// Whether large chunks ask for huge pages.
    pub(crate) fn huge_pages(&self) -> bool {
        self.huge_pages
    }

    /// The capacity of a chunk, in rows.
    pub(crate) fn chunk_rows(&self, chunk: usize) -> usize {
        self.first_row(chunk + 1) - self.first_row(chunk)
    }

    /// The number of chunks from this one on that have its capacity, counted up to `most`. O(most).
    pub(crate) fn equal_chunks(&self, chunk: usize, most: usize) -> usize {
        let rows = self.chunk_rows(chunk);
        (chunk..chunk.saturating_add(most)).take_while(|n| self.chunk_rows(*n) == rows).count()
    }

    /// The number of the first row of a chunk. O(1).
    pub(crate) fn first_row(&self, chunk: usize) -> usize {
        let packed_chunks = self.packed_chunks();
        if chunk < packed_chunks {
            return chunk << self.max_log2;
        }
        let doublings = (self.max_log2 - self.first_log2) as usize;
        let chunk = chunk - packed_chunks;
        let grown = chunk.min(doublings);
        self.packed + (((1 << grown) - 1) << self.first_log2) + ((chunk - grown) << self.max_log2)
    }

    /// The address of a row. O(1).
    pub(crate) fn address(&self, row: usize) -> RowAddress {
        let doublings = (self.max_log2 - self.first_log2) as usize;
        let packed_chunks = self.packed_chunks();
        let grown = ((1 << doublings) - 1) << self.first_log2;
        let chunk = match row.checked_sub(self.packed) {
            None => row >> self.max_log2,
            Some(row) if row < grown => {
                packed_chunks + ((row >> self.first_log2) + 1).ilog2() as usize
            }
            Some(row) => packed_chunks + doublings + ((row - grown) >> self.max_log2),
        };
        RowAddress { chunk, row: row - self.first_row(chunk) }
    }

    fn packed_chunks(&self) -> usize {
        self.packed.div_ceil(1 << self.max_log2)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_one_address() {
        let shapes = [(1, 1), (1, 4), (2, 16), (8, 8), (64, 1_024)];
        for ((first, max), packed) in shapes.into_iter().flat_map(|s| [0, 1, 8, 9].map(|p| (s, p)))
        {
            let layout = Layout::new(64).with_chunk_rows(first, max).with_packed(packed);
            let mut row = 0;
            for chunk in 0..40 {
                assert_eq!(layout.first_row(chunk), row, "{layout:?}");
                assert!(layout.chunk_rows(chunk) <= max);
                for offset in 0..layout.chunk_rows(chunk) {
                    assert_eq!(layout.address(row), RowAddress { chunk, row: offset });
                    row += 1;
                }
            }
        }
    }

    #[test]
    fn a_chunk_is_as_large_as_pays() {
        let layout = |dim: usize| Layout::new(dim.next_multiple_of(16) * 4);
        for (dim, rows) in [(1, 65_536), (128, 8_192), (384, 2_048), (65_536, 16)] {
            assert_eq!(layout(dim).chunk_rows(99), rows, "{dim}");
        }
        assert_eq!(layout(128).chunk_rows(0), 64);
        assert_eq!(layout(65_536).chunk_rows(0), 16);
        assert_eq!(
            [0, 1, 5, 6, 7].map(|chunk| layout(384).equal_chunks(chunk, 2)),
            [1, 1, 2, 2, 2]
        );
    }
}
