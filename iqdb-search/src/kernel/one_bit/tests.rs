//! Every instruction set gives the bits of the scalar model.

use super::block::{TERM_BYTES, terms_of};
use super::*;
use crate::kernel::isa::Isa;

fn block(rng: &mut fastrand::Rng, dim: usize) -> Vec<u8> {
    let mut block = vec![0; OneBitKernel::block_bytes(dim) + 9];
    let codes = dim / 4 * GROUP_BYTES;
    rng.fill(&mut block[..codes]);
    for bytes in block[codes..codes + TERM_BYTES].as_chunks_mut::<2>().0 {
        *bytes = term(rng.f32() * 2.0).to_le_bytes();
    }
    block
}

#[test]
fn every_instruction_set_estimates_as_the_model_does() {
    let mut rng = fastrand::Rng::with_seed(5);
    for dim in [16, 64, 128, 384, 448, 1_024, 1_088, 2_176, 65_536] {
        let block = block(&mut rng, dim);
        let mut table = vec![0; dim / 4 * GROUP_BYTES];
        rng.fill(&mut table);
        if dim == 1_024 {
            // The largest sums that are added up in 16 bits.
            table.fill(255);
        }
        let mut sums = [0; BLOCK_ROWS];
        model::add_sums(&block[..table.len()], &table, &mut sums);
        let mean = sums.iter().sum::<u32>() as f32 / 32.0;
        for reach in [0.0, 1.9] {
            let cut = BlockCut { step: 0.01, base: -0.01 * mean, reach, below: 0.9 };
            let terms = terms_of(&block, table.len());
            let mut expected = [0.0; BLOCK_ROWS];
            let kept = model::estimates(&sums, &terms, cut, &mut expected);
            assert!(dim == 1_024 || (kept != 0 && kept != u32::MAX), "{kept:b}");
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                let kernel = OneBitKernel::first_of(&[isa]);
                let mut out = [0.0; BLOCK_ROWS];
                assert_eq!(kernel.scan(&block, &table, cut, &mut out), kept, "{isa:?}, {dim}");
                assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits), "{isa:?}, {dim}");
            }
        }
    }
}

#[test]
fn a_term_is_the_upper_half_of_a_number_and_always_finite() {
    let widen = |term: u16| f32::from_bits(u32::from(term) << 16);
    for x in [0.0, 1.0, -2.5, 3.0e38, f32::MAX, f32::INFINITY, f32::NAN, 1.0 + 0.001, 1.0e-40] {
        let found = widen(term(x));
        assert!(found.is_finite(), "{x}");
        let x = if x.is_finite() { x } else { f32::MAX };
        assert!((found - x).abs() <= x.abs() / 256.0 + 1.0e-38, "{x}: {found}");
    }
    assert_eq!(widen(term(1.0)), 1.0);
}

#[test]
#[should_panic(expected = "a block of the table's dimension")]
fn a_block_without_its_terms_is_refused() {
    let kernel = OneBitKernel::first_of(&Isa::ALL);
    kernel.scan(&[0; 256], &[0; 256], BlockCut::default(), &mut [0.0; BLOCK_ROWS]);
}
