//! Four-bit codes of rows, each in one piece.
//!
//! ```text
//! a stored component s stands for unit * (s - 7.5); unit is the best for a bell curve
//! n = <row, row>, factor = n / <row, s - 7.5>
//! |q - row|^2 is about |q|^2 + n - 2 factor <q, s - 7.5>
//! a row of an index       the codes, then n and factor as f32
//! ```

use super::memory::Memory;
use super::query::QueryCodes;
use crate::kernel::{FourBitKernel, pack_four_bits};

/// The unit of sixteen levels that loses the least of a normal distribution of variance 1.
const UNIT_OF_NORMAL: f32 = 0.3352;

/// Bytes behind the codes.
const TERM_BYTES: usize = 8;

/// The rows of an index.
#[derive(Debug)]
pub(super) struct FourBitRows {
    codes: Memory,
    width: usize,
    len: usize,
}

impl FourBitRows {
    /// Rows that are still to be written.
    pub(super) fn new(len: usize, width: usize) -> Self {
        Self { codes: Memory::zeroed(len * row_bytes(width)), width, len }
    }

    /// Of codes that were written before.
    pub(super) fn of(codes: Memory, len: usize, width: usize) -> Self {
        Self { codes, width, len }
    }

    /// Bytes of a row of points of this width.
    pub(super) fn bytes_of(width: usize) -> usize {
        row_bytes(width)
    }

    /// Bytes of a row.
    pub(super) fn row_bytes(&self) -> usize {
        row_bytes(self.width)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.codes.bytes()[..self.len * self.row_bytes()]
    }

    /// Writes a row.
    pub(super) fn put(&mut self, number: usize, row: &[f32]) {
        let bytes = self.row_bytes();
        let to = &mut self.codes.bytes_mut()[number * bytes..][..bytes];
        let (codes, terms) = to.split_at_mut(self.width / 2);
        let squares: f32 = row.iter().map(|x| x * x).sum();
        let unit = UNIT_OF_NORMAL * (squares / self.width as f32).sqrt();
        let inverse = 1.0 / unit.max(1e-20);
        // Clamped to four bits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let code = |x: f32| (x * inverse + 8.0).clamp(0.0, 15.0) as u8;
        let levels: f32 = row.iter().map(|x| x * (f32::from(code(*x)) - 7.5)).sum();
        pack_four_bits(codes, |n| code(row[n]));
        let factor = if levels > 0.0 { squares / levels } else { 0.0 };
        terms[..4].copy_from_slice(&squares.to_le_bytes());
        terms[4..].copy_from_slice(&factor.to_le_bytes());
    }

    /// Writes a row whose bytes are known.
    pub(super) fn put_code(&mut self, number: usize, code: &[u8]) {
        let bytes = self.row_bytes();
        self.codes.bytes_mut()[number * bytes..][..bytes].copy_from_slice(code);
    }

    /// The bytes of a row.
    #[inline]
    pub(super) fn row(&self, number: u32) -> &[u8] {
        let bytes = self.row_bytes();
        &self.codes.bytes()[number as usize * bytes..][..bytes]
    }

    /// The estimated squared distance of a row.
    #[inline]
    pub(super) fn distance(&self, kernel: FourBitKernel, query: &QueryCodes, number: u32) -> f32 {
        let (codes, terms) = self.row(number).split_at(self.width / 2);
        let [squares, factor] = [0, 4].map(|at| {
            f32::from_le_bytes(*terms[at..].as_chunks::<4>().0.first().unwrap_or(&[0; 4]))
        });
        let sum = kernel.dot(codes, query.bytes()) as f32;
        let dot = query.quantized().scale * (sum - 7.5 * query.quantized().sum as f32);
        query.squares() + squares - 2.0 * factor * dot
    }
}

fn row_bytes(width: usize) -> usize {
    width / 2 + TERM_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivf::kernels::Kernels;
    use crate::kernel::Kernel;

    #[test]
    fn distances_of_codes_are_near_those_of_rows() {
        let mut rng = fastrand::Rng::with_seed(12);
        let mut point = || -> Vec<f32> {
            (0..192).map(|_| 0.1 * (rng.f32() + rng.f32() + rng.f32() - 1.5)).collect()
        };
        let kernels = Kernels::of(Kernel::Auto);
        let points: Vec<_> = (0..40).map(|_| point()).collect();
        let mut rows = FourBitRows::new(41, 192);
        points.iter().enumerate().for_each(|(n, row)| rows.put(n, row));
        rows.put(40, &[0.0; 192]);
        let mut query = QueryCodes::default();
        query.set(kernels, &point());
        for (n, row) in (0..).zip(&points) {
            let exact: f32 = row.iter().zip(query.point()).map(|(a, b)| (a - b).powi(2)).sum();
            let found = rows.distance(kernels.four_bit, &query, n);
            assert!((found - exact).abs() < 0.06 * exact, "{found} for {exact}");
        }
        let found = rows.distance(kernels.four_bit, &query, 40);
        assert!((found - query.squares()).abs() < 1e-5);
        assert_eq!(rows.len(), 41);
    }
}
