//! A block of rows: its parts, and how its sums become estimates.

/// Rows of a block.
pub(crate) const BLOCK_ROWS: usize = 32;

/// Bytes of a group of four components in a block, and in the table of a query.
pub(crate) const GROUP_BYTES: usize = 16;

/// Groups whose sums fit 16 bits.
pub(crate) const CHUNK_GROUPS: usize = 256;

/// Bytes behind the codes of a block: three numbers of 16 bits a row.
pub(crate) const TERM_BYTES: usize = 3 * 2 * BLOCK_ROWS;

/// A term of a row as it is stored: the upper half of an `f32`, rounded to nearest even. What is
/// not finite becomes the largest number.
pub(crate) fn term(x: f32) -> u16 {
    let x = if x.is_finite() { x } else { f32::MAX };
    let bits = x.to_bits();
    let rounded = bits.saturating_add(0x7fff + (bits >> 16 & 1)) >> 16;
    // Rounding up the largest numbers gives an infinity.
    u16::try_from(rounded)
        .map_or(0x7f7f, |term| if term & 0x7fff >= 0x7f80 { 0x7f7f } else { term })
}

/// How sums of bytes become estimates, and which rows are kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BlockCut {
    /// The inner product of a step of the table, and of a sum of 0.
    pub(crate) step: f32,
    pub(crate) base: f32,
    /// How many of its errors a row may be nearer than its estimate.
    pub(crate) reach: f32,
    /// Rows are kept that may be nearer than this.
    pub(crate) below: f32,
}

/// The terms behind the codes of a block.
#[inline(always)]
pub(super) fn terms_of(block: &[u8], codes: usize) -> [u16; 3 * BLOCK_ROWS] {
    let mut terms = [0; 3 * BLOCK_ROWS];
    let bytes = block[codes..codes + TERM_BYTES].as_chunks::<2>().0;
    for (term, bytes) in terms.iter_mut().zip(bytes) {
        *term = u16::from_le_bytes(*bytes);
    }
    terms
}

/// Adds up the sums of each chunk of groups by `sums_of`, whose sums fit 16 bits.
#[inline(always)]
pub(super) fn sum_chunks(
    codes: &[u8],
    table: &[u8],
    sums_of: impl Fn(&[u8], &[u8]) -> [u16; BLOCK_ROWS],
) -> [u32; BLOCK_ROWS] {
    let mut sums = [0; BLOCK_ROWS];
    let chunk = CHUNK_GROUPS * GROUP_BYTES;
    for (codes, table) in codes.chunks(chunk).zip(table.chunks(chunk)) {
        for (sum, more) in sums.iter_mut().zip(sums_of(codes, table)) {
            *sum += u32::from(more);
        }
    }
    sums
}
