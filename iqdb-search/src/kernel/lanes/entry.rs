//! The safe entry points of the steps, compiled for each instruction set.

use super::steps;
use super::units::{LANES, Quantized, ROUNDS, Table};
use crate::kernel::isa::Isa;

/// The steps as compiled for an instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneKernel(Isa);

impl LaneKernel {
    /// The steps for the first of these instruction sets that the machine has, and the portable ones
    /// if it has none.
    pub(crate) fn first_of(sets: &[Isa]) -> Self {
        Self(Isa::first_of(sets))
    }
}

/// A safe method per step, which dispatches to the function compiled for the instruction set.
macro_rules! steps {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? where $check:expr;)*) => {
        impl LaneKernel {
            $(
                $(#[$doc])*
                #[inline]
                pub(crate) fn $name(self, $($arg: $type),*) $(-> $result)? {
                    assert!($check, "whole lanes, and vectors of one dimension");
                    // SAFETY: the machine has the instruction set, or there would be no such kernel.
                    #[cfg(target_arch = "x86_64")]
                    unsafe {
                        match self.0 {
                            Isa::Avx512Vnni | Isa::Avx512 => return avx512::$name($($arg),*),
                            Isa::Avx2 => return avx2::$name($($arg),*),
                            _ => {}
                        }
                    }
                    // NEON is part of every 64-bit Arm, and the compiler uses it.
                    steps::$name($($arg),*)
                }
            )*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            use super::{Quantized, Table, steps};
            $(
                #[target_feature(enable = "avx512f,avx2")]
                pub(super) fn $name($($arg: $type),*) $(-> $result)? {
                    steps::$name($($arg),*)
                }
            )*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx2 {
            use super::{Quantized, Table, steps};
            $(
                #[target_feature(enable = "avx2")]
                pub(super) fn $name($($arg: $type),*) $(-> $result)? {
                    steps::$name($($arg),*)
                }
            )*
        }
    };
}

steps! {
    /// The inner product.
    fn dot(a: &[f32], b: &[f32]) -> f32
        where a.len().is_multiple_of(LANES) && a.len() == b.len();
    /// Rotates a vector; `signs` has the signs of each round, one after the other.
    fn rotate(x: &mut [f32], signs: &[f32])
        where x.len().is_multiple_of(LANES) && signs.len() == ROUNDS * x.len();
    /// Writes the bytes that stand for a vector's components, for the four-bit kernel.
    fn quantize(x: &[f32], out: &mut [i8]) -> Quantized
        where x.len().is_multiple_of(LANES) && x.len() == out.len();
    /// Writes the table of a query, for the one-bit kernel.
    fn tabulate(x: &[f32], out: &mut [u8]) -> Table
        where x.len().is_multiple_of(LANES) && 4 * x.len() == out.len();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(rng: &mut fastrand::Rng, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| rng.f32() * 2.0 - 1.0).collect()
    }

    fn norm(x: &[f32]) -> f64 {
        x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt()
    }

    #[test]
    fn every_instruction_set_has_the_same_bits() {
        let mut rng = fastrand::Rng::with_seed(7);
        for dim in [64, 128, 192, 384, 448, 832, 4_096] {
            let (x, y) = (vector(&mut rng, dim), vector(&mut rng, dim));
            let signs: Vec<f32> =
                (0..ROUNDS * dim).map(|_| if rng.bool() { 1.0 } else { -1.0 }).collect();
            let run = |kernel: LaneKernel| {
                let (mut rotated, mut bytes, mut table) =
                    (x.clone(), vec![0; dim], vec![0; 4 * dim]);
                kernel.rotate(&mut rotated, &signs);
                let Quantized { scale, sum } = kernel.quantize(&rotated, &mut bytes);
                let Table { step, base } = kernel.tabulate(&rotated, &mut table);
                let numbers = [kernel.dot(&rotated, &y), scale, step, base];
                let rotated: Vec<u32> = rotated.into_iter().map(f32::to_bits).collect();
                (numbers.map(f32::to_bits), sum, rotated, bytes, table)
            };
            let expected = run(LaneKernel(Isa::Portable));
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                assert!(run(LaneKernel(isa)) == expected, "{isa:?}, {dim}");
            }
        }
    }

    #[test]
    fn a_rotation_keeps_lengths_and_spreads_a_single_component() {
        let mut rng = fastrand::Rng::with_seed(8);
        let kernel = LaneKernel::first_of(&Isa::ALL);
        for dim in [64, 192, 384, 832] {
            let signs: Vec<f32> =
                (0..ROUNDS * dim).map(|_| if rng.bool() { 1.0 } else { -1.0 }).collect();
            let mut x = vec![0.0; dim];
            x[3] = 5.0;
            kernel.rotate(&mut x, &signs);
            assert!((norm(&x) - 5.0).abs() < 1e-4, "{dim}");
            let largest = x.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
            assert!(largest < 5.0 * 6.0 / (dim as f32).sqrt(), "{dim}: {largest}");
        }
    }

    #[test]
    fn bytes_and_tables_stand_for_their_vector() {
        let mut rng = fastrand::Rng::with_seed(9);
        let kernel = LaneKernel::first_of(&Isa::ALL);
        let x = vector(&mut rng, 128);
        let (mut bytes, mut table) = (vec![0; 128], vec![0; 512]);
        let quantized = kernel.quantize(&x, &mut bytes);
        assert_eq!(quantized.sum, bytes.iter().map(|byte| i32::from(*byte)).sum::<i32>());
        for (x, byte) in x.iter().zip(&bytes) {
            assert!((x - f32::from(*byte) * quantized.scale).abs() <= quantized.scale * 0.51);
        }
        let found = kernel.tabulate(&x, &mut table);
        let signs = |n: usize| usize::from(n.is_multiple_of(3));
        let exact: f32 = (0..128).map(|n| if signs(n) == 1 { x[n] } else { -x[n] }).sum();
        let code = |group: usize| (0..4).map(|bit| signs(4 * group + bit) << bit).sum::<usize>();
        let sum: u32 = (0..32).map(|group| u32::from(table[16 * group + code(group)])).sum();
        let estimate = sum as f32 * found.step + found.base;
        assert!((estimate - exact).abs() <= 32.0 * found.step * 0.51, "{estimate}, {exact}");
        for zero in [kernel.quantize(&[0.0; 64], &mut [0; 64]).scale, 0.0] {
            assert!(zero.is_finite());
        }
        assert!(kernel.tabulate(&[0.0; 64], &mut [0; 256]).step.is_finite());
    }
}
