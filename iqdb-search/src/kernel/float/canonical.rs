//! The canonical distance by SIMD, with the bits of [`of_numbers`](distance::of_numbers).
//!
//! # The idea
//! The canonical distance is *defined* as sums of eight lanes in `f64`: lane `j` adds up the terms
//! of the components `j`, `j + 8`, `j + 16`, …, and the lanes are then added in a fixed order. That
//! is what registers of eight lanes do, so the same operations in the same order take an eighth of
//! the instructions.
//!
//! ```text
//! lanes = 0                                                  8 lanes of f64, one sum per term
//! for each whole chunk of 8 components:
//!     a, b = the chunks of both vectors, widened to f64      exact
//!     lanes += term(a, b)                                    a product, or a squared difference
//! lane j += term of component j of the last, partial chunk
//! m_j = lane_j + lane_(j + 4), for j in 0..4
//! sum = (m_0 + m_2) + (m_1 + m_3)
//! ```
//!
//! # The tricks
//! - Multiplications and additions stay apart: a fused one rounds once, and the bits would differ.
//! - AVX2 holds the eight lanes in two registers, AVX-512 in one.
//! - NEON and plain Rust use the definition itself, which compilers turn into registers.
//!
//! # Source
//! The definition is `iqdb-core/src/distance.rs`, and its reasons are decision 001. The tests
//! compare each instruction set with it and with a transcript of it in Python, bit for bit.

use std::arch::x86_64::*;

use iqdb_core::{Metric, distance};

/// The eight lanes of a sum.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type.
trait Lanes64: Copy {
    unsafe fn zero() -> Self;
    unsafe fn widen(from: &[f32; 8]) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn lanes(self) -> [f64; 8];
}

#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512d);

#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256d, __m256d);

impl Lanes64 for Avx512 {
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_setzero_pd()) }
    }
    #[inline(always)]
    unsafe fn widen(from: &[f32; 8]) -> Self {
        // SAFETY: the caller has AVX-512F, and there are 8 components.
        unsafe { Self(_mm512_cvtps_pd(_mm256_loadu_ps(from.as_ptr()))) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_sub_pd(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_mul_pd(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX-512F.
        unsafe { Self(_mm512_add_pd(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn lanes(self) -> [f64; 8] {
        let mut lanes = [0.0; 8];
        // SAFETY: the caller has AVX-512F, and there is room for 8 lanes.
        unsafe { _mm512_storeu_pd(lanes.as_mut_ptr(), self.0) };
        lanes
    }
}

impl Lanes64 for Avx2 {
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_setzero_pd(), _mm256_setzero_pd()) }
    }
    #[inline(always)]
    unsafe fn widen(from: &[f32; 8]) -> Self {
        // SAFETY: the caller has AVX2, and there are 8 components.
        unsafe {
            let from = _mm256_loadu_ps(from.as_ptr());
            let (low, high) = (_mm256_castps256_ps128(from), _mm256_extractf128_ps::<1>(from));
            Self(_mm256_cvtps_pd(low), _mm256_cvtps_pd(high))
        }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_sub_pd(self.0, other.0), _mm256_sub_pd(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_mul_pd(self.0, other.0), _mm256_mul_pd(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { Self(_mm256_add_pd(self.0, other.0), _mm256_add_pd(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn lanes(self) -> [f64; 8] {
        let mut lanes = [0.0; 8];
        // SAFETY: the caller has AVX2, and there is room for 8 lanes.
        unsafe {
            _mm256_storeu_pd(lanes.as_mut_ptr(), self.0);
            _mm256_storeu_pd(lanes.as_mut_ptr().add(4), self.1);
        }
        lanes
    }
}

/// [`of_numbers`](distance::of_numbers) between two vectors of one length.
///
/// # Safety
/// The caller has AVX-512F.
#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) unsafe fn by_avx512(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    // SAFETY: the caller has AVX-512F.
    unsafe { distance::<Avx512>(metric, a, b) }
}

/// [`of_numbers`](distance::of_numbers) between two vectors of one length.
///
/// # Safety
/// The caller has AVX2.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn by_avx2(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    // SAFETY: the caller has AVX2.
    unsafe { distance::<Avx2>(metric, a, b) }
}

/// # Safety
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn distance<L: Lanes64>(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    // SAFETY: the caller has the instruction set.
    unsafe {
        match metric {
            Metric::Cosine => {
                let [mut ab, mut aa, mut bb] = [L::zero(); 3];
                let (a_rest, b_rest) = each::<L>(a, b, |a, b| {
                    ab = ab.add(a.mul(b));
                    aa = aa.add(a.mul(a));
                    bb = bb.add(b.mul(b));
                });
                let ab = sum(ab.lanes(), a_rest, b_rest, |a, b| a * b);
                let aa = sum(aa.lanes(), a_rest, a_rest, |a, b| a * b);
                let bb = sum(bb.lanes(), b_rest, b_rest, |a, b| a * b);
                1.0 - ab / (aa * bb).sqrt()
            }
            Metric::Dot => {
                let mut ab = L::zero();
                let (a_rest, b_rest) = each::<L>(a, b, |a, b| ab = ab.add(a.mul(b)));
                0.0 - sum(ab.lanes(), a_rest, b_rest, |a, b| a * b)
            }
            Metric::Euclidean => {
                let mut squares = L::zero();
                let (a_rest, b_rest) = each::<L>(a, b, |a, b| {
                    let difference = a.sub(b);
                    squares = squares.add(difference.mul(difference));
                });
                sum(squares.lanes(), a_rest, b_rest, |a, b| (a - b) * (a - b)).sqrt()
            }
            metric => distance::of_numbers(metric, a, b),
        }
    }
}

/// Calls `add` for every eight components, and returns the rest.
///
/// # Safety
/// The processor has the instruction set of `L`.
#[inline(always)]
unsafe fn each<'a, L: Lanes64>(
    a: &'a [f32],
    b: &'a [f32],
    mut add: impl FnMut(L, L),
) -> (&'a [f32], &'a [f32]) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        // SAFETY: the caller has the instruction set.
        unsafe { add(L::widen(a), L::widen(b)) };
    }
    (a_rest, b_rest)
}

/// The lanes, with the rest added to the first of them, summed up in the canonical order.
#[inline(always)]
fn sum(mut l: [f64; 8], a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    for (lane, (a, b)) in l.iter_mut().zip(a.iter().zip(b)) {
        *lane += term(f64::from(*a), f64::from(*b));
    }
    let m: [f64; 4] = std::array::from_fn(|j| l[j] + l[j + 4]);
    (m[0] + m[2]) + (m[1] + m[3])
}
