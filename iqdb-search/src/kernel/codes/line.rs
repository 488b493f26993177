//! A line of codes, and the units in which codes are counted.

/// How many rows a group has side by side.
pub(crate) const GROUP_ROWS: usize = 16;

/// Components of each row in a line of 4-bit codes.
pub(crate) const LINE_COMPONENTS: usize = 8;

/// Bytes of a line.
pub(super) const LINE_BYTES: usize = 64;

/// Lines of a block, which is split into planes as a whole.
pub(super) const BLOCK_LINES: usize = 4;

/// The inner products of a query with the rows of a group.
pub(crate) type Sums = [i32; GROUP_ROWS];

/// A cache line. It holds codes of sixteen rows, or one plane of them, or a float or two 16-bit
/// numbers per row.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct CodeLine(pub(crate) [u8; LINE_BYTES]);

impl CodeLine {
    pub(crate) const ZERO: Self = Self([0; LINE_BYTES]);

    /// A float per row.
    pub(super) fn of_floats(floats: [f32; GROUP_ROWS]) -> Self {
        Self::of_words(floats.map(f32::to_le_bytes))
    }

    /// Two 16-bit numbers per row.
    pub(super) fn of_pairs(pairs: [[u16; 2]; GROUP_ROWS]) -> Self {
        let word = |[low, high]: [u16; 2]| (u32::from(high) << 16 | u32::from(low)).to_le_bytes();
        Self::of_words(pairs.map(word))
    }

    fn of_words(words: [[u8; 4]; GROUP_ROWS]) -> Self {
        let mut line = Self::ZERO;
        line.0.as_chunks_mut().0.copy_from_slice(&words);
        line
    }

    /// The float of a row.
    #[inline(always)]
    pub(super) fn float(&self, row: usize) -> f32 {
        f32::from_le_bytes(self.0.as_chunks().0[row])
    }

    /// The two 16-bit numbers of a row.
    #[inline(always)]
    pub(super) fn pair(&self, row: usize) -> [u16; 2] {
        let [a, b, c, d] = self.0.as_chunks().0[row];
        [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
    }
}
