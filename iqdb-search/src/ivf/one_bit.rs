//! One-bit codes of rows, in blocks: written by the build, read by the scan.
//!
//! ```text
//! r = row - centre, with n = <r, r> and l = the sum of |r_i|
//! code        the signs of r
//! factor      2 n / l, so that factor * <q, signs> / 2 estimates <q, r> without a bias
//! add         n + factor * <centre, signs>
//! error       2 |r| tan(angle between r and its signs) / sqrt(width - 1)
//! |q - row|^2 is about |q - centre|^2 + add - factor * <q, signs>, within some errors times |q - centre|
//! ```

use crate::kernel::{BLOCK_ROWS, GROUP_BYTES, OneBitKernel, one_bit_term};

/// No row: what an empty place of a block stands for.
pub(super) const NO_ROW: u32 = u32::MAX;

/// Where the parts of a block of points of this width are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockLayout {
    width: usize,
}

impl BlockLayout {
    pub(super) fn new(width: usize) -> Self {
        Self { width }
    }

    /// Bytes that a scan reads: codes and terms.
    pub(super) fn scanned_bytes(self) -> usize {
        OneBitKernel::block_bytes(self.width)
    }

    /// Bytes of a block: whole lines of the cache. The numbers of its rows come last.
    pub(super) fn bytes(self) -> usize {
        self.scanned_bytes() + 4 * BLOCK_ROWS
    }

    /// Makes a block without rows.
    pub(super) fn clear(self, block: &mut [u8]) {
        block.fill(0);
        let terms = self.width / 4 * GROUP_BYTES;
        for row in 0..BLOCK_ROWS {
            // Farther than every row.
            write(block, terms + 2 * row, &one_bit_term(f32::MAX).to_le_bytes());
            write(block, self.scanned_bytes() + 4 * row, &NO_ROW.to_le_bytes());
        }
    }

    /// Writes a row to a place of a block: its number, and the code of what it differs from `center`.
    pub(super) fn put(
        self,
        block: &mut [u8],
        place: usize,
        number: u32,
        row: &[f32],
        center: Option<&[f32]>,
    ) {
        let (mut squares, mut absolutes, mut of_center) = (0.0_f32, 0.0_f32, 0.0_f32);
        let shift = if place < 16 { 0 } else { 4 };
        for (group, x) in row.as_chunks::<4>().0.iter().enumerate() {
            let mut signs = 0_u8;
            for (bit, x) in x.iter().enumerate() {
                let c = center.map_or(0.0, |center| center[4 * group + bit]);
                let r = *x - c;
                squares += r * r;
                absolutes += r.abs();
                signs |= u8::from(r >= 0.0) << bit;
                of_center += if r >= 0.0 { c } else { -c };
            }
            let byte = &mut block[group * GROUP_BYTES + place % 16];
            *byte = *byte & !(15 << shift) | signs << shift;
        }
        let terms = terms(self.width, squares, absolutes, of_center);
        let at = self.width / 4 * GROUP_BYTES + 2 * place;
        for (n, term) in terms.into_iter().enumerate() {
            write(block, at + n * 2 * BLOCK_ROWS, &one_bit_term(term).to_le_bytes());
        }
        write(block, self.scanned_bytes() + 4 * place, &number.to_le_bytes());
    }

    /// The number of the row at a place of a block; [`NO_ROW`] where there is none.
    #[inline]
    pub(super) fn number(self, block: &[u8], place: usize) -> u32 {
        let numbers = block[self.scanned_bytes()..].as_chunks::<4>().0;
        u32::from_le_bytes(numbers[place])
    }
}

/// Add, factor and error of a code.
fn terms(width: usize, squares: f32, absolutes: f32, of_center: f32) -> [f32; 3] {
    if absolutes <= 0.0 {
        // It is the centre itself.
        return [squares, 0.0, 0.0];
    }
    let width = width as f32;
    let factor = 2.0 * squares / absolutes;
    let cosine = (absolutes / (squares * width).sqrt()).clamp(1e-3, 1.0);
    let tangent = (1.0 - cosine * cosine).sqrt() / cosine;
    let error = 2.0 * squares.sqrt() * tangent / (width - 1.0).sqrt();
    [squares + factor * of_center, factor, error]
}

fn write(block: &mut [u8], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivf::kernels::Kernels;
    use crate::ivf::query::QueryCodes;
    use crate::kernel::{BlockCut, Kernel};

    #[test]
    fn estimates_are_near_the_distance_and_seldom_off_by_more_than_two_errors() {
        let mut rng = fastrand::Rng::with_seed(11);
        let mut point = |length: f32| -> Vec<f32> {
            (0..256).map(|_| length * (rng.f32() + rng.f32() + rng.f32() - 1.5)).collect()
        };
        let kernels = Kernels::of(Kernel::Auto);
        let (center, layout) = (point(0.05), BlockLayout::new(256));
        let mut block = vec![0; layout.bytes()];
        layout.clear(&mut block);
        let rows: Vec<_> = (0..31).map(|_| point(0.1)).collect();
        for ((place, row), number) in rows.iter().enumerate().zip(100..) {
            layout.put(&mut block, place, number, row, Some(&center));
        }
        assert_eq!((layout.number(&block, 30), layout.number(&block, 31)), (130, NO_ROW));
        let squared = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
        let (mut query, mut off) = (QueryCodes::default(), 0);
        for _ in 0..50 {
            query.set(kernels, &point(0.1));
            let near: f32 = squared(query.point(), &center);
            let cut = BlockCut { reach: 2.0 * near.sqrt(), below: 1e30, ..query.cut() };
            let mut estimates = [0.0; BLOCK_ROWS];
            let kept = kernels.one_bit.scan(&block, query.table(), cut, &mut estimates);
            assert_eq!(kept, u32::MAX >> 1, "an empty place is far away");
            for (row, estimate) in rows.iter().zip(estimates) {
                let exact: f32 = squared(query.point(), row);
                let error = 2.0 * squared(row, &center).sqrt() * 0.76 / 16.0 * near.sqrt();
                off += i32::from((estimate + near - exact).abs() > 2.2 * error);
            }
        }
        assert!(off < 50 * 31 / 10, "{off} of 1,550");
    }
}
