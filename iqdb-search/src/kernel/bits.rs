//! The bit kernel: canonical distances between packed bits, counted a word at a time.
//!
//! ```text
//! for each listed row:
//!     for each word of 64 bits:
//!         differing += ones(query ^ row)          Hamming
//!         both += ones(query & row)               Jaccard
//!         either += ones(query | row)
//! ```
//! Counts are integers, so every order of counting gives the same distance and nothing has to be
//! scored again. The loop is compiled once for each instruction set; with AVX2 the compiler counts by
//! the `popcnt` instruction or by table look-ups in registers, whichever it finds faster.

use iqdb_core::{Matrix, Metric};

use super::isa::Isa;

/// Writes the canonical distance of every listed row.
///
/// # Panics
/// When the query has not as many bytes as a row, a row is outside the matrix, or there is not one
/// distance per listed row.
pub(crate) fn distances(
    isa: Isa,
    metric: Metric,
    query: &[u8],
    rows: &Matrix<'_, u8>,
    list: &[u32],
    out: &mut [f64],
) {
    assert_eq!(query.len(), rows.dim(), "a query of the rows' dimension");
    assert_eq!(out.len(), list.len(), "one distance per row");
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the machine has AVX2 and `popcnt`, or there would be no such `Isa`.
        Isa::Avx512Vnni | Isa::Avx512 | Isa::Avx2 => unsafe {
            by_avx2(metric, query, rows, list, out);
        },
        _ => by_words(metric, query, rows, list, out),
    }
}

/// # Safety
/// The processor has AVX2 and `popcnt`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn by_avx2(
    metric: Metric,
    query: &[u8],
    rows: &Matrix<'_, u8>,
    list: &[u32],
    out: &mut [f64],
) {
    by_words(metric, query, rows, list, out);
}

#[inline(always)]
fn by_words(metric: Metric, query: &[u8], rows: &Matrix<'_, u8>, list: &[u32], out: &mut [f64]) {
    let listed = out.iter_mut().zip(list.iter().map(|row| rows.row(*row as usize)));
    match metric {
        Metric::Jaccard => listed.for_each(|(out, row)| {
            let both = ones(query, row, |a, b| a & b);
            let either = ones(query, row, |a, b| a | b);
            *out = 1.0 - f64::from(both) / f64::from(either);
        }),
        _ => listed.for_each(|(out, row)| *out = f64::from(ones(query, row, |a, b| a ^ b))),
    }
}

/// The bits set in `of` of the two.
#[inline(always)]
fn ones(a: &[u8], b: &[u8], of: impl Fn(u64, u64) -> u64) -> u32 {
    let (a_words, a_rest) = a.as_chunks::<8>();
    let (b_words, b_rest) = b.as_chunks::<8>();
    let words = a_words.iter().zip(b_words);
    let count =
        |a: [u8; 8], b: [u8; 8]| of(u64::from_ne_bytes(a), u64::from_ne_bytes(b)).count_ones();
    let whole: u32 = words.map(|(a, b)| count(*a, *b)).sum();
    let rest = a_rest.iter().zip(b_rest);
    whole + rest.map(|(a, b)| of((*a).into(), (*b).into()).count_ones()).sum::<u32>()
}

#[cfg(test)]
mod tests {
    use iqdb_core::{BitsRef, distance};

    use super::*;

    #[test]
    fn every_instruction_set_counts_as_the_definition_does() {
        let mut rng = fastrand::Rng::with_seed(1);
        for dim in [1_usize, 7, 8, 9, 63, 64, 65, 384, 1_000] {
            let bytes = dim.div_ceil(8);
            let spare = bytes * 8 - dim;
            let mut row = || -> Vec<u8> {
                let mut row: Vec<u8> = (0..bytes).map(|_| rng.u8(..)).collect();
                row[bytes - 1] &= 0xff << spare;
                row
            };
            let (query, rows) = (row(), (0..9).flat_map(|_| row()).collect::<Vec<u8>>());
            let matrix = Matrix::new(&rows, bytes, bytes).unwrap();
            let list = [8, 0, 3];
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                for metric in Metric::OF_BITS {
                    let mut out = [0.0; 3];
                    distances(isa, metric, &query, &matrix, &list, &mut out);
                    for (out, row) in out.iter().zip(list) {
                        let a = BitsRef::new(dim, &query).unwrap();
                        let b = BitsRef::new(dim, matrix.row(row as usize)).unwrap();
                        let expected = distance::of_bits(metric, a, b);
                        assert_eq!(out.to_bits(), expected.to_bits(), "{isa:?} {metric} {dim}");
                    }
                }
            }
        }
    }
}
