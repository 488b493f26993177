//! What the machine can do: how fast it reads, and how fast it multiplies and adds.

use std::hint::black_box;

/// Reads everything once, in order, and does as little as possible with it.
pub(crate) fn read(components: &[f32]) {
    let mut sums = [0_u32; 64];
    let (chunks, _) = components.as_chunks::<64>();
    for chunk in chunks {
        for (sum, component) in sums.iter_mut().zip(chunk) {
            *sum ^= component.to_bits();
        }
    }
    black_box(sums);
}

const STEPS: usize = 200_000;
const CHAINS: usize = 12;
const LANES: usize = 16;

/// The floating-point operations of [`multiply_adds`].
pub(crate) const FLOPS: usize = 2 * STEPS * CHAINS * LANES;

/// Multiplies and adds as fast as the machine can, in as many chains as hide the latency.
pub(crate) fn multiply_adds() {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine has what the function is compiled for.
            #[allow(unsafe_code)]
            return unsafe { x86::by_avx512() };
        }
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            // SAFETY: the machine has what the function is compiled for.
            #[allow(unsafe_code)]
            return unsafe { x86::by_avx2() };
        }
    }
    portable();
}

fn portable() {
    let (factor, summand) = (black_box(0.999_f32), black_box(0.001_f32));
    let mut sums = [[1.0_f32; LANES]; CHAINS];
    for _ in 0..STEPS {
        for sum in sums.as_flattened_mut() {
            *sum = *sum * factor + summand;
        }
    }
    black_box(sums);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_set1_ps};
    use std::hint::black_box;

    use super::{CHAINS, STEPS};

    #[target_feature(enable = "avx512f")]
    pub(super) fn by_avx512() {
        let factor = _mm512_set1_ps(black_box(0.999));
        let summand = _mm512_set1_ps(black_box(0.001));
        let mut sums = [summand; CHAINS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, factor, summand);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn by_avx2() {
        let factor = _mm256_set1_ps(black_box(0.999));
        let summand = _mm256_set1_ps(black_box(0.001));
        let mut sums = [summand; CHAINS];
        // Half as many lanes, so twice as often.
        for _ in 0..2 * STEPS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, factor, summand);
            }
        }
        black_box(sums);
    }
}
