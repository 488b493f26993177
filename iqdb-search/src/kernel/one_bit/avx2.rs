//! AVX2: 32 look-ups in one instruction.

use std::arch::x86_64::*;

use super::block::{BLOCK_ROWS, BlockCut, sum_chunks, terms_of};
use super::model;

/// # Safety
/// The processor has AVX2. The table is of whole registers of 64 bytes, and the block has as many
/// bytes of codes.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn scan(
    block: &[u8],
    table: &[u8],
    cut: BlockCut,
    out: &mut [f32; BLOCK_ROWS],
) -> u32 {
    let codes = &block[..table.len()];
    // SAFETY: as the caller says; chunks are of whole registers, too.
    let sums = sum_chunks(codes, table, |codes, table| unsafe { sums(codes, table) });
    let low = model::lower_bounds(&sums, &terms_of(block, table.len()), cut, out);
    let mut kept = 0;
    let below = _mm256_set1_ps(cut.below);
    for (n, low) in low.as_chunks::<8>().0.iter().enumerate() {
        // SAFETY: there are eight numbers.
        let low = unsafe { _mm256_loadu_ps(low.as_ptr()) };
        let mask = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(low, below));
        kept |= mask.cast_unsigned() << (8 * n);
    }
    kept
}

/// The sums of up to 256 groups. Each 16-bit lane adds up the bytes of an even row, and 256 times
/// those of the odd one beside it, which is taken off at the end.
///
/// # Safety
/// The processor has AVX2. Both are of whole registers, and of one length.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn sums(codes: &[u8], table: &[u8]) -> [u16; BLOCK_ROWS] {
    let low = _mm256_set1_epi8(15);
    let mut even = [_mm256_setzero_si256(); 2];
    let mut odd = even;
    let (codes, table) = (codes.as_chunks::<32>().0, table.as_chunks::<32>().0);
    for (codes, table) in codes.iter().zip(table) {
        // SAFETY: both have 32 bytes.
        let (codes, table) = unsafe {
            (_mm256_loadu_si256(codes.as_ptr().cast()), _mm256_loadu_si256(table.as_ptr().cast()))
        };
        let halves =
            [_mm256_and_si256(codes, low), _mm256_and_si256(_mm256_srli_epi16::<4>(codes), low)];
        for (half, nibbles) in halves.into_iter().enumerate() {
            let found = _mm256_shuffle_epi8(table, nibbles);
            even[half] = _mm256_add_epi16(even[half], found);
            odd[half] = _mm256_add_epi16(odd[half], _mm256_srli_epi16::<8>(found));
        }
    }
    let mut sums = [0; BLOCK_ROWS];
    for half in 0..2 {
        let even = _mm256_sub_epi16(even[half], _mm256_slli_epi16::<8>(odd[half]));
        let fold = |x| _mm_add_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x));
        let (even, odd) = (fold(even), fold(odd[half]));
        let to = sums[16 * half..][..16].as_mut_ptr().cast::<__m128i>();
        // SAFETY: there is room for sixteen sums, which are two registers.
        unsafe {
            _mm_storeu_si128(to, _mm_unpacklo_epi16(even, odd));
            _mm_storeu_si128(to.add(1), _mm_unpackhi_epi16(even, odd));
        }
    }
    sums
}
