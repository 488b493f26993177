//! AVX-512F: 16 lanes.

use std::arch::x86_64::*;

use iqdb_core::{bf16, f16};

use super::register::{Load, Register};

#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

// SAFETY of every block below: the caller has AVX-512F, as `Register` demands, and with it AVX2;
// pointers are valid for what is read, by the same contract, and no load asks for an alignment.
impl Register for Avx512 {
    const LEN: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_setzero_ps()) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller has AVX-512F, and 16 components are readable.
        unsafe { Self(_mm512_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        let mask = (1_u16 << n) - 1;
        // SAFETY: the caller has AVX-512F; lanes outside the mask are not read.
        unsafe { Self(_mm512_maskz_loadu_ps(mask, from)) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_fmadd_ps(self.0, factor.0, sum.0)) }
    }

    #[inline(always)]
    unsafe fn below(self, cut: Self) -> u64 {
        // SAFETY: the caller has AVX-512F.
        unsafe {
            let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, cut.0);
            let infinity = _mm512_set1_ps(f32::NEG_INFINITY);
            u64::from(_mm512_mask_cmp_ps_mask::<_CMP_GT_OQ>(below, self.0, infinity))
        }
    }

    #[inline(always)]
    unsafe fn sums(of: [Self; 8]) -> [f32; 8] {
        // SAFETY: the caller has AVX-512F.
        unsafe {
            let mut halves = [_mm256_setzero_ps(); 8];
            let mut n = 0;
            while n < 8 {
                let high = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(of[n].0));
                let low = _mm512_castps512_ps256(of[n].0);
                halves[n] = _mm256_add_ps(low, _mm256_castpd_ps(high));
                n += 1;
            }
            super::avx2::sums(halves)
        }
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut [f32; 16]) {
        // SAFETY: the caller has AVX-512F, and there is room for 16 lanes.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }
}

impl Load<Avx512> for f16 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Avx512 {
        // SAFETY: the caller has AVX-512F, and 16 components are readable.
        unsafe { Avx512(_mm512_cvtph_ps(_mm256_loadu_si256(from.cast()))) }
    }
}

impl Load<Avx512> for bf16 {
    /// A `bf16` is the upper half of the `f32` of its value.
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Avx512 {
        // SAFETY: the caller has AVX-512F, and 16 components are readable.
        unsafe {
            let halves = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            Avx512(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(halves)))
        }
    }
}

impl Load<Avx512> for i8 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Avx512 {
        // SAFETY: the caller has AVX-512F, and 16 components are readable.
        unsafe { Avx512(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.cast())))) }
    }
}
