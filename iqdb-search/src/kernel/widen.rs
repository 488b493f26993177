//! The widening kernel: `f16`, `bf16` and `i8` as the `f32` of the same value.
//!
//! The loops are plain Rust, compiled once for each instruction set, so that the compiler makes them
//! as wide as its registers; only the conversion of an `f16` is an instruction of its own (F16C).

use half::slice::HalfFloatSliceExt;
use iqdb_core::{Number, bf16, f16};

use super::isa::Isa;

/// An element that an `f32` holds exactly.
pub(crate) trait Widen: Number {
    /// Writes the values of `from` to `to`, which is as long.
    fn widen(isa: Isa, from: &[Self], to: &mut [f32]);
}

macro_rules! by_instruction_set {
    ($type:ty, $avx512:ident, $avx2:ident, $plain:ident, $convert:expr) => {
        impl Widen for $type {
            #[inline]
            fn widen(isa: Isa, from: &[Self], to: &mut [f32]) {
                assert_eq!(from.len(), to.len(), "one value for each");
                match isa {
                    // SAFETY: the machine has the instruction set, or there would be no such `Isa`.
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512Vnni | Isa::Avx512 => unsafe { $avx512(from, to) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => unsafe { $avx2(from, to) },
                    _ => $plain(from, to),
                }
            }
        }

        /// # Safety
        /// The processor has AVX-512F.
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx2,f16c")]
        unsafe fn $avx512(from: &[$type], to: &mut [f32]) {
            $plain(from, to);
        }

        /// # Safety
        /// The processor has AVX2.
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,f16c")]
        unsafe fn $avx2(from: &[$type], to: &mut [f32]) {
            $plain(from, to);
        }

        #[inline(always)]
        fn $plain(from: &[$type], to: &mut [f32]) {
            for (to, from) in to.iter_mut().zip(from) {
                *to = $convert(*from);
            }
        }
    };
}

impl Widen for f32 {
    fn widen(_: Isa, from: &[Self], to: &mut [f32]) {
        to.copy_from_slice(from);
    }
}

by_instruction_set!(i8, i8_by_avx512, i8_by_avx2, i8_plain, f32::from);
by_instruction_set!(bf16, bf16_by_avx512, bf16_by_avx2, bf16_plain, |x: bf16| {
    f32::from_bits(u32::from(x.to_bits()) << 16)
});

impl Widen for f16 {
    fn widen(isa: Isa, from: &[Self], to: &mut [f32]) {
        assert_eq!(from.len(), to.len(), "one value for each");
        match isa {
            // SAFETY: the machine has the instruction set, or there would be no such `Isa`.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni | Isa::Avx512 => unsafe { f16_by_avx512(from, to) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { f16_by_avx2(from, to) },
            _ => from.convert_to_f32_slice(to),
        }
    }
}

/// # Safety
/// The processor has AVX-512F, and the slices are of one length.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn f16_by_avx512(from: &[f16], to: &mut [f32]) {
    use std::arch::x86_64::{_mm256_loadu_si256, _mm512_cvtph_ps, _mm512_storeu_ps};
    let (halves, rest) = from.as_chunks::<16>();
    let (floats, rest_to) = to.as_chunks_mut::<16>();
    for (half, float) in halves.iter().zip(floats) {
        // SAFETY: both chunks have 16 values.
        unsafe {
            let half = _mm256_loadu_si256(half.as_ptr().cast());
            _mm512_storeu_ps(float.as_mut_ptr(), _mm512_cvtph_ps(half));
        }
    }
    rest.convert_to_f32_slice(rest_to);
}

/// # Safety
/// The processor has AVX2 and F16C, and the slices are of one length.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,f16c")]
unsafe fn f16_by_avx2(from: &[f16], to: &mut [f32]) {
    use std::arch::x86_64::{_mm_loadu_si128, _mm256_cvtph_ps, _mm256_storeu_ps};
    let (halves, rest) = from.as_chunks::<8>();
    let (floats, rest_to) = to.as_chunks_mut::<8>();
    for (half, float) in halves.iter().zip(floats) {
        // SAFETY: both chunks have 8 values.
        unsafe {
            let half = _mm_loadu_si128(half.as_ptr().cast());
            _mm256_storeu_ps(float.as_mut_ptr(), _mm256_cvtph_ps(half));
        }
    }
    rest.convert_to_f32_slice(rest_to);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Widen>(values: &[T]) {
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            for len in [0, 1, 7, 8, 15, 16, 17, 33, values.len()] {
                let values = &values[values.len() - len..];
                let mut widened = vec![0.0; len];
                T::widen(isa, values, &mut widened);
                for (value, widened) in values.iter().zip(&widened) {
                    let (value, widened) = (value.to_f64(), f64::from(*widened));
                    assert_eq!(value.to_bits(), widened.to_bits(), "{value} by {isa:?}");
                }
            }
        }
    }

    #[test]
    fn every_finite_value_stays_what_it_is() {
        let bits = || 0..=u16::MAX;
        check(&bits().map(f16::from_bits).filter(|x| x.is_finite()).collect::<Vec<_>>());
        check(&bits().map(bf16::from_bits).filter(|x| x.is_finite()).collect::<Vec<_>>());
        check(&(i8::MIN..=i8::MAX).collect::<Vec<_>>());
    }
}
