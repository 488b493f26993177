//! AVX2: 32 products in two instructions, two at a time in 16 bits.

use std::arch::x86_64::*;

use super::cuts::Floats;
use super::filter::Accumulator;
use super::line::Sums;
use super::planes::Bits;

/// Rows 0 to 7, and 8 to 15.
#[derive(Clone, Copy)]
pub(super) struct Avx2([__m256i; 2]);

/// The sums of four products each: codes are below 16 and components within 127, so two products
/// fit 16 bits.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn products(codes: __m256i, query: __m256i) -> __m256i {
    // SAFETY: the caller has AVX2.
    unsafe { _mm256_madd_epi16(_mm256_maddubs_epi16(codes, query), _mm256_set1_epi16(1)) }
}

// SAFETY of every block below: the caller has AVX2; what is loaded is readable by the contract.
impl Floats for __m256 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has AVX2, and the register is readable.
        unsafe { _mm256_loadu_ps(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const u8) -> [Self; 2] {
        // SAFETY: the caller has AVX2, and the register is readable.
        unsafe {
            let pairs = _mm256_loadu_si256(from.cast());
            let low = _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff));
            [_mm256_cvtepi32_ps(low), _mm256_cvtepi32_ps(_mm256_srli_epi32::<16>(pairs))]
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn invert(self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_div_ps(_mm256_set1_ps(1.0), self) }
    }

    #[inline(always)]
    unsafe fn where_positive(self, sign: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(sign, _mm256_setzero_ps());
            _mm256_blendv_ps(_mm256_set1_ps(f32::NEG_INFINITY), self, positive)
        }
    }
}

// SAFETY of every block below: the caller has AVX2; what is loaded is readable by the contract.
impl Bits for __m256i {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has AVX2, and the register is readable.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller has AVX2, and the register is writable.
        unsafe { _mm256_storeu_si256(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn splat(byte: u8) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_set1_epi8(byte.cast_signed()) }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_and_si256(self, other) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_or_si256(self, other) }
    }

    #[inline(always)]
    unsafe fn shift_left(self, by: i32) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_sll_epi32(self, _mm_cvtsi32_si128(by)) }
    }

    #[inline(always)]
    unsafe fn shift_right(self, by: i32) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_srl_epi32(self, _mm_cvtsi32_si128(by)) }
    }
}

// SAFETY of every block below: the caller has AVX2, as `Accumulator` demands; what is loaded is readable
// by the same contract, and no load prefetches for an alignment.
impl Accumulator for Avx2 {
    type Floats = [__m256; 2];
    type Bits = [__m256i; 2];
    type Codes = [[__m256i; 2]; 2];

    #[inline(always)]
    unsafe fn splat(x: i32) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self([_mm256_set1_epi32(x); 2]) }
    }

    #[inline(always)]
    unsafe fn unpack(line: [__m256i; 2]) -> Self::Codes {
        // SAFETY: the caller has AVX2.
        unsafe {
            let nibbles = Self::Bits::splat(0x0f);
            [line.and(nibbles), line.shift_right(4).and(nibbles)]
        }
    }

    #[inline(always)]
    unsafe fn add(self, [low, high]: Self::Codes, query: *const i8) -> Self {
        // SAFETY: the caller has AVX2, and 8 bytes are readable.
        unsafe {
            let query = query.cast::<i32>();
            let first = _mm256_set1_epi32(query.read_unaligned());
            let second = _mm256_set1_epi32(query.add(1).read_unaligned());
            let mut sums = self.0;
            let mut half = 0;
            while half < 2 {
                let products =
                    _mm256_add_epi32(products(low[half], first), products(high[half], second));
                sums[half] = _mm256_add_epi32(sums[half], products);
                half += 1;
            }
            Self(sums)
        }
    }

    #[inline(always)]
    unsafe fn join(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe {
            Self([_mm256_add_epi32(self.0[0], other.0[0]), _mm256_add_epi32(self.0[1], other.0[1])])
        }
    }

    #[inline(always)]
    unsafe fn not_below(self, cuts: [__m256; 2]) -> u16 {
        // SAFETY: the caller has AVX2.
        unsafe {
            let mut candidates = [0; 2];
            let mut half = 0;
            while half < 2 {
                let sums = _mm256_cvtepi32_ps(self.0[half]);
                candidates[half] =
                    _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NLT_UQ>(sums, cuts[half]));
                half += 1;
            }
            // Eight bits each.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let candidates = (candidates[0] | candidates[1] << 8) as u16;
            candidates
        }
    }

    #[inline(always)]
    unsafe fn read(from: &Sums) -> Self {
        // SAFETY: the caller has AVX2, and there are 16 sums.
        unsafe {
            Self([
                _mm256_loadu_si256(from.as_ptr().cast()),
                _mm256_loadu_si256(from.as_ptr().add(8).cast()),
            ])
        }
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut Sums) {
        // SAFETY: the caller has AVX2, and there is room for 16 sums.
        unsafe {
            _mm256_storeu_si256(to.as_mut_ptr().cast(), self.0[0]);
            _mm256_storeu_si256(to.as_mut_ptr().add(8).cast(), self.0[1]);
        }
    }
}
