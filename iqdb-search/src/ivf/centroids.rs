//! The centres of the clusters, and which of them are nearest to a point.
//!
//! ```text
//! estimate the distance of every centre by its one-bit code
//! compute those of the nearest few in f32, and sort them
//! ```

use super::kernels::Kernels;
use super::nearest::Nearest;
use super::one_bit::{BlockLayout, NO_ROW};
use super::query::QueryCodes;
use crate::kernel::{BLOCK_ROWS, BlockCut};
use crate::pages::Lines;

/// From how many wanted on a list is selected from all instead of kept in order.
const KEPT_IN_ORDER: usize = 64;

/// The centres of the clusters.
#[derive(Debug)]
pub(super) struct Centroids {
    layout: BlockLayout,
    width: usize,
    points: Vec<f32>,
    squares: Vec<f32>,
    blocks: Lines,
}

/// Working memory, and the centres that were found: nearest first, by squared distance.
#[derive(Debug, Default)]
pub(super) struct NearCentroids {
    nearest: Nearest,
    all: Vec<(f32, u32)>,
    found: Vec<(f32, u32)>,
}

impl Centroids {
    /// Of these points, one after the other.
    pub(super) fn new(kernels: Kernels, width: usize, points: Vec<f32>) -> Self {
        let layout = BlockLayout::new(width);
        let count = points.len() / width;
        let bytes = count.div_ceil(BLOCK_ROWS) * layout.bytes();
        let mut blocks = Lines::zeroed(bytes.div_ceil(64), None);
        let of = points.chunks_exact(width);
        let squares = of.clone().map(|point| kernels.lanes.dot(point, point)).collect();
        for block in blocks.bytes_mut().chunks_exact_mut(layout.bytes()) {
            layout.clear(block);
        }
        for (n, point) in (0..).zip(of) {
            let (block, place) = (n as usize / BLOCK_ROWS, n as usize % BLOCK_ROWS);
            let block = &mut blocks.bytes_mut()[block * layout.bytes()..][..layout.bytes()];
            layout.put(block, place, n, point, None);
        }
        Self { layout, width, points, squares, blocks }
    }

    pub(super) fn count(&self) -> usize {
        self.squares.len()
    }

    pub(super) fn points(&self) -> &[f32] {
        &self.points
    }

    pub(super) fn point(&self, n: u32) -> &[f32] {
        &self.points[n as usize * self.width..][..self.width]
    }

    /// Bytes of memory.
    pub(super) fn byte_count(&self) -> usize {
        4 * (self.points.len() + self.squares.len()) + self.blocks.bytes().len()
    }

    /// Finds the `count` nearest to a point, some of which may be others that are hardly farther.
    pub(super) fn nearest<'a>(
        &self,
        kernels: Kernels,
        query: &QueryCodes,
        count: usize,
        room: &'a mut NearCentroids,
    ) -> &'a [(f32, u32)] {
        let count = count.min(self.count());
        let checked = self.count().min(count + count / 4 + 8);
        let candidates = if checked <= KEPT_IN_ORDER {
            self.keep_in_order(kernels, query, checked, &mut room.nearest);
            room.nearest.as_slice()
        } else {
            self.select(kernels, query, checked, &mut room.all);
            &room.all[..checked]
        };
        room.found.clear();
        for (_, n) in candidates {
            let dot = kernels.lanes.dot(query.point(), self.point(*n));
            let distance = query.squares() + self.squares[*n as usize] - 2.0 * dot;
            room.found.push((distance.max(0.0), *n));
        }
        room.found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        room.found.truncate(count);
        &room.found
    }

    fn keep_in_order(
        &self,
        kernels: Kernels,
        query: &QueryCodes,
        count: usize,
        nearest: &mut Nearest,
    ) {
        nearest.reset(count);
        self.for_each_block(kernels, query, |block, kernel, cut| {
            let mut estimates = [0.0; BLOCK_ROWS];
            // Finite: an empty place has the largest number.
            let cut = BlockCut { below: nearest.threshold().min(1e30), ..cut };
            let mut kept = kernel.one_bit.scan(block, query.table(), cut, &mut estimates);
            while kept != 0 {
                let place = kept.trailing_zeros() as usize;
                kept &= kept - 1;
                nearest.insert(estimates[place], self.layout.number(block, place));
            }
        });
    }

    fn select(
        &self,
        kernels: Kernels,
        query: &QueryCodes,
        count: usize,
        all: &mut Vec<(f32, u32)>,
    ) {
        all.clear();
        self.for_each_block(kernels, query, |block, kernel, cut| {
            let mut estimates = [0.0; BLOCK_ROWS];
            kernel.one_bit.scan(block, query.table(), cut, &mut estimates);
            for (place, estimate) in estimates.into_iter().enumerate() {
                let number = self.layout.number(block, place);
                if number != NO_ROW {
                    all.push((estimate, number));
                }
            }
        });
        if count < all.len() {
            all.select_nth_unstable_by(count, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
    }

    fn for_each_block(
        &self,
        kernels: Kernels,
        query: &QueryCodes,
        mut each: impl FnMut(&[u8], Kernels, BlockCut),
    ) {
        for block in self.blocks.bytes().chunks_exact(self.layout.bytes()) {
            each(block, kernels, query.cut());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kernel;

    #[test]
    fn the_nearest_centres_are_found_by_either_way() {
        let mut rng = fastrand::Rng::with_seed(13);
        let mut point = || -> Vec<f32> { (0..128).map(|_| rng.f32() + rng.f32() - 1.0).collect() };
        let kernels = Kernels::of(Kernel::Auto);
        let points: Vec<f32> = (0..300).flat_map(|_| point()).collect();
        let centroids = Centroids::new(kernels, 128, points);
        let (mut query, mut room) = (QueryCodes::default(), NearCentroids::default());
        // The points and their squares, and codes of a bit for each component.
        let in_full = 4 * 300 * (128 + 1);
        assert!((in_full..2 * in_full).contains(&centroids.byte_count()), "{centroids:?}");
        let mut shares = [0; 2];
        for _ in 0..30 {
            query.set(kernels, &point());
            let mut exact: Vec<(f32, u32)> = (0..300)
                .map(|n| {
                    let pairs = centroids.point(n).iter().zip(query.point());
                    (pairs.map(|(a, b)| (a - b).powi(2)).sum(), n)
                })
                .collect();
            exact.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (share, count) in shares.iter_mut().zip([20, 100]) {
                let found = centroids.nearest(kernels, &query, count, &mut room);
                assert_eq!(found.len(), count);
                assert!(found.windows(2).all(|pair| pair[0].0 <= pair[1].0));
                let is_exact =
                    |it: &&(f32, u32)| exact[..count].iter().any(|other| other.1 == it.1);
                *share += found.iter().filter(is_exact).count();
            }
            assert_eq!(centroids.nearest(kernels, &query, 999, &mut room).len(), 300);
        }
        assert!(shares[0] > 30 * 20 * 7 / 10 && shares[1] > 30 * 85, "{shares:?}");
    }
}
