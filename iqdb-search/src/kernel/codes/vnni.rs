//! AVX-512 VNNI: 64 products in one instruction.

use std::arch::x86_64::*;

use super::cuts::Floats;
use super::filter::Accumulator;
use super::line::Sums;
use super::planes::Bits;

/// The sums of the low four bits of each byte, and sixteen times the sums of the high ones, which
/// the kernel multiplies in place. Twice sixteen times a sum is below 2^31, as
/// `docs/certified-scan.md` says.
#[derive(Clone, Copy)]
pub(super) struct Vnni([__m512i; 2]);

impl Vnni {
    /// The sums.
    ///
    /// # Safety
    /// The processor has AVX-512F.
    #[inline(always)]
    unsafe fn sums(self) -> __m512i {
        let [low, high] = self.0;
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_add_epi32(low, _mm512_srai_epi32::<4>(high)) }
    }
}

// SAFETY of every block below: the caller has AVX-512F; what is loaded is readable by the contract.
impl Floats for __m512 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has AVX-512F, and the register is readable.
        unsafe { _mm512_loadu_ps(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_pairs(from: *const u8) -> [Self; 2] {
        // SAFETY: the caller has AVX-512F, and the register is readable.
        unsafe {
            let pairs = _mm512_loadu_si512(from.cast());
            let low = _mm512_and_si512(pairs, _mm512_set1_epi32(0xffff));
            [_mm512_cvtepi32_ps(low), _mm512_cvtepi32_ps(_mm512_srli_epi32::<16>(pairs))]
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn invert(self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_div_ps(_mm512_set1_ps(1.0), self) }
    }

    #[inline(always)]
    unsafe fn where_positive(self, sign: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(sign, _mm512_setzero_ps());
            _mm512_mask_blend_ps(positive, _mm512_set1_ps(f32::NEG_INFINITY), self)
        }
    }
}

// SAFETY of every block below: the caller has AVX-512F; what is loaded is readable by the contract.
impl Bits for __m512i {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller has AVX-512F, and the register is readable.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller has AVX-512F, and the register is writable.
        unsafe { _mm512_storeu_si512(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn splat(byte: u8) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_set1_epi8(byte.cast_signed()) }
    }

    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_and_si512(self, other) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_or_si512(self, other) }
    }

    #[inline(always)]
    unsafe fn shift_left(self, by: i32) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_sll_epi32(self, _mm_cvtsi32_si128(by)) }
    }

    #[inline(always)]
    unsafe fn shift_right(self, by: i32) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_srl_epi32(self, _mm_cvtsi32_si128(by)) }
    }
}

// SAFETY of every block below: the caller has AVX-512F and AVX-512 VNNI, as `Accumulator` demands; what
// is loaded is readable by the same contract, and no load prefetches for an alignment.
impl Accumulator for Vnni {
    type Floats = __m512;
    type Bits = __m512i;
    type Codes = [__m512i; 2];

    #[inline(always)]
    unsafe fn splat(x: i32) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self([_mm512_set1_epi32(x), _mm512_setzero_si512()]) }
    }

    #[inline(always)]
    unsafe fn unpack(line: __m512i) -> Self::Codes {
        // SAFETY: the caller has AVX-512F.
        unsafe {
            let low = _mm512_set1_epi8(0x0f);
            [_mm512_and_si512(line, low), _mm512_andnot_si512(low, line)]
        }
    }

    #[inline(always)]
    unsafe fn add(self, codes: Self::Codes, query: *const i8) -> Self {
        // SAFETY: the caller has AVX-512 VNNI, and 8 bytes are readable.
        unsafe {
            let query = query.cast::<i32>();
            let low = _mm512_set1_epi32(query.read_unaligned());
            let high = _mm512_set1_epi32(query.add(1).read_unaligned());
            Self([
                _mm512_dpbusd_epi32(self.0[0], codes[0], low),
                _mm512_dpbusd_epi32(self.0[1], codes[1], high),
            ])
        }
    }

    #[inline(always)]
    unsafe fn join(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe {
            Self([_mm512_add_epi32(self.0[0], other.0[0]), _mm512_add_epi32(self.0[1], other.0[1])])
        }
    }

    #[inline(always)]
    unsafe fn not_below(self, cuts: __m512) -> u16 {
        // SAFETY: the caller has AVX-512F.
        unsafe { _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(_mm512_cvtepi32_ps(self.sums()), cuts) }
    }

    #[inline(always)]
    unsafe fn read(from: &Sums) -> Self {
        // SAFETY: the caller has AVX-512F, and there are 16 sums.
        unsafe { Self([_mm512_loadu_si512(from.as_ptr().cast()), _mm512_setzero_si512()]) }
    }

    #[inline(always)]
    unsafe fn write(self, to: &mut Sums) {
        // SAFETY: the caller has AVX-512F, and there is room for 16 sums.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.sums()) }
    }
}
