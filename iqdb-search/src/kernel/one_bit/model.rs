//! The scalar model of the one-bit kernels: their definition, and the kernel of machines without
//! another.

use super::block::{BLOCK_ROWS, BlockCut, GROUP_BYTES};

/// Adds the partial sums of some groups to the sum of each row.
pub(super) fn add_sums(codes: &[u8], table: &[u8], sums: &mut [u32; BLOCK_ROWS]) {
    let (codes, table) = (codes.as_chunks::<GROUP_BYTES>().0, table.as_chunks::<GROUP_BYTES>().0);
    for (codes, table) in codes.iter().zip(table) {
        for (j, code) in codes.iter().enumerate() {
            sums[j] += u32::from(table[usize::from(code & 15)]);
            sums[16 + j] += u32::from(table[usize::from(code >> 4)]);
        }
    }
}

/// Writes the estimate of each row, and returns a bit for each that the cut keeps.
#[inline(always)]
pub(super) fn estimates(
    sums: &[u32; BLOCK_ROWS],
    terms: &[u16; 3 * BLOCK_ROWS],
    cut: BlockCut,
    out: &mut [f32; BLOCK_ROWS],
) -> u32 {
    let low = lower_bounds(sums, terms, cut, out);
    let mut kept = 0;
    for (row, low) in low.iter().enumerate() {
        kept |= u32::from(*low < cut.below) << row;
    }
    kept
}

/// Writes the estimate of each row, and returns each less its error.
#[inline(always)]
pub(super) fn lower_bounds(
    sums: &[u32; BLOCK_ROWS],
    terms: &[u16; 3 * BLOCK_ROWS],
    cut: BlockCut,
    out: &mut [f32; BLOCK_ROWS],
) -> [f32; BLOCK_ROWS] {
    let widen = |term: u16| f32::from_bits(u32::from(term) << 16);
    let mut low = [0.0; BLOCK_ROWS];
    for row in 0..BLOCK_ROWS {
        // Sums are far below 2^31, and are converted faster with a sign.
        let sum = sums[row].cast_signed() as f32;
        let dot = sum * cut.step + cut.base;
        let estimate = widen(terms[row]) - widen(terms[BLOCK_ROWS + row]) * dot;
        out[row] = estimate;
        low[row] = estimate - cut.reach * widen(terms[2 * BLOCK_ROWS + row]);
    }
    low
}
