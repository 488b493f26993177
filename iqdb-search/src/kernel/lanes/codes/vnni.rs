//! AVX-512 VNNI: 64 products in one instruction.

use std::arch::x86_64::*;

use super::{Dots, GROUP, Sums};

#[derive(Clone, Copy)]
pub(super) struct Vnni(__m512i);

// SAFETY of every block below: the caller has AVX-512F and AVX-512 VNNI, as `Dots` demands; what
// is loaded is readable by the same contract, and no load asks for an alignment.
impl Dots for Vnni {
    type Codes = [__m512i; 2];

    #[inline(always)]
    unsafe fn splat(x: i32) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_set1_epi32(x)) }
    }

    #[inline(always)]
    unsafe fn codes(line: *const u8) -> Self::Codes {
        // SAFETY: the caller has AVX-512F, and 64 bytes are readable.
        unsafe {
            let nibbles = _mm512_set1_epi8(0x0f);
            let line = _mm512_loadu_si512(line.cast());
            let high = _mm512_srli_epi32::<4>(line);
            [_mm512_and_si512(line, nibbles), _mm512_and_si512(high, nibbles)]
        }
    }

    #[inline(always)]
    unsafe fn add(self, codes: Self::Codes, query: *const i8) -> Self {
        // SAFETY: the caller has AVX-512 VNNI, and 8 bytes are readable.
        unsafe {
            let query = query.cast::<i32>();
            let low = _mm512_set1_epi32(query.read_unaligned());
            let high = _mm512_set1_epi32(query.add(1).read_unaligned());
            let sum = _mm512_dpbusd_epi32(self.0, codes[0], low);
            Self(_mm512_dpbusd_epi32(sum, codes[1], high))
        }
    }

    #[inline(always)]
    unsafe fn join(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_add_epi32(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn not_below(self, cuts: &[f32; GROUP]) -> u16 {
        // SAFETY: the caller has AVX-512F, and there are 16 cuts.
        unsafe {
            let cuts = _mm512_loadu_ps(cuts.as_ptr());
            _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(_mm512_cvtepi32_ps(self.0), cuts)
        }
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut Sums) {
        // SAFETY: the caller has AVX-512F, and there is room for 16 sums.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.0) }
    }
}
