//! NEON: 16 look-ups in one instruction.

use std::arch::aarch64::*;

use super::block::{BLOCK_ROWS, BlockCut, GROUP_BYTES, sum_chunks, terms_of};
use super::model;

/// # Safety
/// The processor has NEON. The table is of whole groups, and the block has as many bytes of codes.
#[target_feature(enable = "neon")]
pub(super) unsafe fn scan(
    block: &[u8],
    table: &[u8],
    cut: BlockCut,
    out: &mut [f32; BLOCK_ROWS],
) -> u32 {
    let codes = &block[..table.len()];
    // SAFETY: as the caller says; chunks are of whole groups, too.
    let sums = sum_chunks(codes, table, |codes, table| unsafe { sums(codes, table) });
    model::estimates(&sums, &terms_of(block, table.len()), cut, out)
}

/// The sums of up to 256 groups.
///
/// # Safety
/// The processor has NEON. Both are of whole groups, and of one length.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn sums(codes: &[u8], table: &[u8]) -> [u16; BLOCK_ROWS] {
    let (codes, table) = (codes.as_chunks::<GROUP_BYTES>().0, table.as_chunks::<GROUP_BYTES>().0);
    let mut lanes = [vdupq_n_u16(0); 4];
    for (codes, table) in codes.iter().zip(table) {
        // SAFETY: both have 16 bytes.
        let (codes, table) = unsafe { (vld1q_u8(codes.as_ptr()), vld1q_u8(table.as_ptr())) };
        let halves = [vandq_u8(codes, vdupq_n_u8(15)), vshrq_n_u8::<4>(codes)];
        for (half, nibbles) in halves.into_iter().enumerate() {
            let found = vqtbl1q_u8(table, nibbles);
            lanes[2 * half] = vaddw_u8(lanes[2 * half], vget_low_u8(found));
            lanes[2 * half + 1] = vaddw_high_u8(lanes[2 * half + 1], found);
        }
    }
    let mut sums = [0; BLOCK_ROWS];
    for (lanes, to) in lanes.into_iter().zip(sums.as_chunks_mut::<8>().0) {
        // SAFETY: there is room for eight sums.
        unsafe { vst1q_u16(to.as_mut_ptr(), lanes) }
    }
    sums
}
