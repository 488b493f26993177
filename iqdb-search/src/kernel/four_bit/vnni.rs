//! AVX-512 VNNI: 64 products in one instruction.

use std::arch::x86_64::*;

use super::unit::UNIT;

/// # Safety
/// The processor has AVX-512F, AVX-512BW and AVX-512 VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
pub(super) unsafe fn dot(codes: &[u8], query: &[i8]) -> i32 {
    let low = _mm512_set1_epi8(15);
    let mut sums = [_mm512_setzero_si512(); 2];
    let units = codes.as_chunks::<{ UNIT / 2 }>().0.iter().zip(query.as_chunks::<UNIT>().0);
    for (n, (codes, query)) in units.enumerate() {
        // SAFETY: a unit has 32 bytes of codes, and 64 of the query.
        let (codes, query) = unsafe {
            (_mm256_loadu_si256(codes.as_ptr().cast()), _mm512_loadu_si512(query.as_ptr().cast()))
        };
        let high = _mm256_srli_epi16::<4>(codes);
        let both = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(codes), high);
        let both = _mm512_and_si512(both, low);
        sums[n % 2] = _mm512_dpbusd_epi32(sums[n % 2], both, query);
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1]))
}
