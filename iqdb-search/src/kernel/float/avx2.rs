//! AVX2, FMA and F16C: 8 lanes.

use std::arch::x86_64::*;

use iqdb_core::{bf16, f16};

use super::register::{Load, Register};

#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// As many set lanes as wanted, read from the right place: `[8 - n..]` begins with `n` of them.
const MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl Register for Avx2 {
    const LEN: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_setzero_ps()) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller has AVX2, and 8 components are readable.
        unsafe { Self(_mm256_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        debug_assert!(n <= 8);
        // SAFETY: the caller has AVX2; for n in 0..=8 the mask lies within MASKS, and lanes that it
        // doesn't set are not read.
        unsafe {
            let mask = _mm256_loadu_si256(MASKS.as_ptr().add(8 - n).cast());
            Self(_mm256_maskload_ps(from, mask))
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: the caller has FMA.
        unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, sum.0)) }
    }

    #[inline(always)]
    unsafe fn below(self, cut: Self) -> u64 {
        // SAFETY: the caller has AVX2.
        unsafe {
            let below = _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, cut.0);
            let infinity = _mm256_set1_ps(f32::NEG_INFINITY);
            let above = _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, infinity);
            u64::from(_mm256_movemask_ps(_mm256_and_ps(below, above)).cast_unsigned())
        }
    }

    #[inline(always)]
    unsafe fn sums(of: [Self; 8]) -> [f32; 8] {
        // SAFETY: the caller has AVX2.
        unsafe { sums([of[0].0, of[1].0, of[2].0, of[3].0, of[4].0, of[5].0, of[6].0, of[7].0]) }
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut [f32; 16]) {
        // SAFETY: the caller has AVX2, and there is room for 8 lanes.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), self.0) }
    }
}

impl Load<Avx2> for f16 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Avx2 {
        // SAFETY: the caller has F16C, and 8 components are readable.
        unsafe { Avx2(_mm256_cvtph_ps(_mm_loadu_si128(from.cast()))) }
    }
}

impl Load<Avx2> for bf16 {
    /// A `bf16` is the upper half of the `f32` of its value.
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Avx2 {
        // SAFETY: the caller has AVX2, and 8 components are readable.
        unsafe {
            let halves = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.cast()));
            Avx2(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(halves)))
        }
    }
}

impl Load<Avx2> for i8 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> Avx2 {
        // SAFETY: the caller has AVX2, and 8 components are readable.
        unsafe { Avx2(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(from.cast())))) }
    }
}

/// The sum of the lanes of each of eight registers: pairs are added until one register has a lane
/// for each.
///
/// # Safety
/// The caller has AVX2.
#[inline(always)]
pub(super) unsafe fn sums(of: [__m256; 8]) -> [f32; 8] {
    // SAFETY: the caller has AVX2, and the array has room for 8 lanes.
    unsafe {
        let (ab, cd) = (_mm256_hadd_ps(of[0], of[1]), _mm256_hadd_ps(of[2], of[3]));
        let (ef, gh) = (_mm256_hadd_ps(of[4], of[5]), _mm256_hadd_ps(of[6], of[7]));
        let (low, high) = (_mm256_hadd_ps(ab, cd), _mm256_hadd_ps(ef, gh));
        let one = _mm256_permute2f128_ps::<0x20>(low, high);
        let other = _mm256_permute2f128_ps::<0x31>(low, high);
        let mut sums = [0.0; 8];
        _mm256_storeu_ps(sums.as_mut_ptr(), _mm256_add_ps(one, other));
        sums
    }
}
