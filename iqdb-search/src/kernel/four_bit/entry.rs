//! The safe entry point of the four-bit kernels.

use super::model;
use super::unit::UNIT;
use crate::kernel::isa::Isa;

/// The four-bit kernel of an instruction set that this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FourBitKernel(Isa);

impl FourBitKernel {
    /// The kernel of the first of these instruction sets that the machine has, and the portable one
    /// if it has none.
    pub(crate) fn first_of(sets: &[Isa]) -> Self {
        Self(Isa::first_of(sets))
    }

    /// The inner product of a row's stored components with a query.
    ///
    /// # Panics
    /// When the query is not of whole units, or the row not of as many components.
    #[inline]
    pub(crate) fn dot(self, codes: &[u8], query: &[i8]) -> i32 {
        assert!(query.len().is_multiple_of(UNIT), "a query of whole units");
        assert_eq!(2 * codes.len(), query.len(), "a row of the query's dimension");
        // SAFETY: the machine has the instruction set, or there would be no such kernel; the shapes
        // were just checked.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512Vnni => super::vnni::dot(codes, query),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 | Isa::Avx2 => super::avx2::dot(codes, query),
                #[cfg(target_arch = "aarch64")]
                Isa::Neon => super::neon::dot(codes, query),
                _ => model::dot(codes, query),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::four_bit::unit::pack;

    #[test]
    fn every_instruction_set_multiplies_as_the_model_does() {
        let mut rng = fastrand::Rng::with_seed(6);
        for dim in [64, 128, 192, 384, 448, 1_024, 65_536] {
            for extreme in [false, true] {
                let row: Vec<u8> =
                    (0..dim).map(|_| if extreme { 15 } else { rng.u8(..16) }).collect();
                let query: Vec<i8> =
                    (0..dim).map(|_| if extreme { -127 } else { rng.i8(-127..=127) }).collect();
                let mut codes = vec![0; dim / 2];
                pack(&mut codes, |n| row[n]);
                let pairs = row.iter().zip(&query);
                let expected: i32 = pairs.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
                assert_eq!(model::dot(&codes, &query), expected);
                for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                    let kernel = FourBitKernel::first_of(&[isa]);
                    assert_eq!(kernel.dot(&codes, &query), expected, "{isa:?}, {dim}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a row of the query's dimension")]
    fn a_row_of_another_dimension_is_refused() {
        FourBitKernel::first_of(&Isa::ALL).dot(&[0; 32], &[0; 128]);
    }
}
