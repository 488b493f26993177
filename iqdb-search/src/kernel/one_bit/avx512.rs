//! AVX-512BW: 64 look-ups in one instruction.

use std::arch::x86_64::*;

use super::block::{BLOCK_ROWS, BlockCut, TERM_BYTES, sum_chunks};

/// # Safety
/// The processor has AVX-512F and AVX-512BW. The table is of whole registers of 64 bytes, and the
/// block has as many bytes of codes, and the terms behind them.
#[target_feature(enable = "avx512f,avx512bw,avx2")]
pub(super) unsafe fn scan(
    block: &[u8],
    table: &[u8],
    cut: BlockCut,
    out: &mut [f32; BLOCK_ROWS],
) -> u32 {
    let codes = &block[..table.len()];
    // SAFETY: as the caller says; chunks are of whole registers, too.
    let sums = sum_chunks(codes, table, |codes, table| unsafe { sums(codes, table) });
    let terms = block[table.len()..][..TERM_BYTES].as_ptr().cast::<__m256i>();
    let (step, base) = (_mm512_set1_ps(cut.step), _mm512_set1_ps(cut.base));
    let (reach, below) = (_mm512_set1_ps(cut.reach), _mm512_set1_ps(cut.below));
    let mut kept = 0;
    for half in 0..2 {
        // SAFETY: there are three terms of 32 rows, 32 sums, and room for 32 estimates.
        unsafe {
            let term = |n: usize| {
                let term = _mm256_loadu_si256(terms.add(2 * n + half));
                _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(term)))
            };
            let sums = _mm512_loadu_si512(sums[16 * half..].as_ptr().cast());
            let dot = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), step), base);
            let estimate = _mm512_sub_ps(term(0), _mm512_mul_ps(term(1), dot));
            _mm512_storeu_ps(out[16 * half..].as_mut_ptr(), estimate);
            let low = _mm512_sub_ps(estimate, _mm512_mul_ps(reach, term(2)));
            let mask = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(low, below);
            kept |= u32::from(mask) << (16 * half);
        }
    }
    kept
}

/// The sums of up to 256 groups, as by AVX2.
///
/// # Safety
/// The processor has AVX-512F and AVX-512BW. Both are of whole registers, and of one length.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2")]
unsafe fn sums(codes: &[u8], table: &[u8]) -> [u16; BLOCK_ROWS] {
    let low = _mm512_set1_epi8(15);
    let mut even = [_mm512_setzero_si512(); 2];
    let mut odd = even;
    let (codes, table) = (codes.as_chunks::<64>().0, table.as_chunks::<64>().0);
    for (codes, table) in codes.iter().zip(table) {
        // SAFETY: both have 64 bytes.
        let (codes, table) = unsafe {
            (_mm512_loadu_si512(codes.as_ptr().cast()), _mm512_loadu_si512(table.as_ptr().cast()))
        };
        let halves =
            [_mm512_and_si512(codes, low), _mm512_and_si512(_mm512_srli_epi16::<4>(codes), low)];
        for (half, nibbles) in halves.into_iter().enumerate() {
            let found = _mm512_shuffle_epi8(table, nibbles);
            even[half] = _mm512_add_epi16(even[half], found);
            odd[half] = _mm512_add_epi16(odd[half], _mm512_srli_epi16::<8>(found));
        }
    }
    let mut sums = [0; BLOCK_ROWS];
    for half in 0..2 {
        let even = _mm512_sub_epi16(even[half], _mm512_slli_epi16::<8>(odd[half]));
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

/// The sum of the four quarters of a register.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2")]
fn fold(x: __m512i) -> __m128i {
    let x = _mm256_add_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64::<1>(x));
    _mm_add_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x))
}
