//! AVX2: 32 products in three instructions.

use std::arch::x86_64::*;

use super::unit::UNIT;

/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn dot(codes: &[u8], query: &[i8]) -> i32 {
    let (low, ones) = (_mm256_set1_epi8(15), _mm256_set1_epi16(1));
    let mut sums = _mm256_setzero_si256();
    let units = codes.as_chunks::<{ UNIT / 2 }>().0.iter().zip(query.as_chunks::<UNIT>().0);
    for (codes, query) in units {
        // SAFETY: a unit has 32 bytes of codes, and 64 of the query.
        let (codes, first, second) = unsafe {
            (
                _mm256_loadu_si256(codes.as_ptr().cast()),
                _mm256_loadu_si256(query.as_ptr().cast()),
                _mm256_loadu_si256(query[UNIT / 2..].as_ptr().cast()),
            )
        };
        // Four products of a code below 16 and a component within 127 fit 16 bits.
        let pairs = _mm256_add_epi16(
            _mm256_maddubs_epi16(_mm256_and_si256(codes, low), first),
            _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16::<4>(codes), low), second),
        );
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, ones));
    }
    let mut lanes = [0; 8];
    // SAFETY: there is room for eight sums.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sums) }
    lanes.iter().sum()
}
