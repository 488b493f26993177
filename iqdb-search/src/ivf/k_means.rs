//! The centres of clusters, by Lloyd's iterations over a sample; and which clusters a row belongs to.
//!
//! ```text
//! centres = some rows of the sample
//! a few times: assign each row of the sample to its nearest centre; move each centre to their mean
//! ```
//! A row goes to its nearest centre c, and to a second one: of the nearest others, the centre c' that
//! has the least |r'|^2 + (<r, r'> / |r|)^2, where r = row - c and r' = row - c'. A query that is far
//! from the row along r, so that it misses the first cluster, is then not far from it along r'.
//!
//! # Source
//! The second assignment is SOAR by Sun et al., *SOAR: improved indexing for approximate nearest
//! neighbor search* (`NeurIPS` 2023), with its lambda 1.

use super::centroids::{Centroids, NearCentroids};
use super::kernels::Kernels;
use super::query::QueryCodes;

/// Iterations over the sample: more gain next to nothing.
const ITERATIONS: usize = 3;

/// How many of the nearest centres may be a row's second one.
const SECOND_OF: usize = 8;

/// Rows of the mean cluster.
pub(super) const CLUSTER_ROWS: usize = 48;

/// The clusters of a row: the nearest, and the second one where there is another.
pub(super) type Clusters = (u32, Option<u32>);

/// The clusters of each row.
pub(super) type Assigned = Vec<Clusters>;

/// Working memory of assignments.
#[derive(Debug, Default)]
pub(super) struct Assigner {
    query: QueryCodes,
    near: NearCentroids,
    residual: Vec<f32>,
}

impl Assigner {
    /// The nearest centre.
    fn nearest(&mut self, kernels: Kernels, centroids: &Centroids, row: &[f32]) -> u32 {
        self.set(kernels, row);
        let found = centroids.nearest(kernels, &self.query, 1, &mut self.near);
        found.first().map_or(0, |(_, n)| *n)
    }

    /// The squared distance to the nearest centre.
    pub(super) fn distance(&mut self, kernels: Kernels, centroids: &Centroids, row: &[f32]) -> f32 {
        self.set(kernels, row);
        let found = centroids.nearest(kernels, &self.query, 1, &mut self.near);
        found.first().map_or(f32::INFINITY, |(distance, _)| *distance)
    }

    /// The nearest centre, and the second one where there is another.
    pub(super) fn assign(
        &mut self,
        kernels: Kernels,
        centroids: &Centroids,
        row: &[f32],
    ) -> Clusters {
        self.set(kernels, row);
        let found = centroids.nearest(kernels, &self.query, SECOND_OF, &mut self.near);
        let Some(((squares, first), others)) = found.split_first() else { return (0, None) };
        self.residual.clear();
        let of_first = row.iter().zip(centroids.point(*first));
        self.residual.extend(of_first.map(|(x, c)| x - c));
        let lanes = kernels.lanes;
        let of_row = lanes.dot(&self.residual, row);
        let loss = |(distance, other): &(f32, u32)| {
            let along = of_row - lanes.dot(&self.residual, centroids.point(*other));
            distance + along * along / squares.max(f32::MIN_POSITIVE)
        };
        let second = others.iter().map(|it| (loss(it), it.1)).min_by(|a, b| a.0.total_cmp(&b.0));
        (*first, second.map(|(_, n)| n))
    }

    fn set(&mut self, kernels: Kernels, row: &[f32]) {
        self.query.room(row.len()).copy_from_slice(row);
        self.query.finish_table(kernels);
    }
}

/// The centres of `count` clusters of a sample of points, one after the other and in no order.
/// `go_on` is asked before each row; `None` if it ends the work.
pub(super) fn k_means(
    kernels: Kernels,
    width: usize,
    sample: &[f32],
    count: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Centroids> {
    let mut assigner = Assigner::default();
    let mut centroids = Centroids::new(kernels, width, sample[..count * width].to_vec());
    for _ in 0..ITERATIONS {
        let mut sums = vec![0.0; count * width];
        let mut sizes = vec![0_u32; count];
        for row in sample.chunks_exact(width) {
            if !go_on() {
                return None;
            }
            let nearest = assigner.nearest(kernels, &centroids, row) as usize;
            sizes[nearest] += 1;
            let sum = &mut sums[nearest * width..][..width];
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += *x);
        }
        for (n, (sum, size)) in sums.chunks_exact_mut(width).zip(&sizes).enumerate() {
            match size {
                0 => sum.copy_from_slice(&centroids.points()[n * width..][..width]),
                size => sum.iter_mut().for_each(|x| *x /= *size as f32),
            }
        }
        centroids = Centroids::new(kernels, width, sums);
    }
    Some(centroids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kernel;

    #[test]
    fn rows_of_clumps_go_to_their_clump_and_the_second_centre_is_not_along_the_first_residual() {
        let mut rng = fastrand::Rng::with_seed(14);
        let mut point = |length: f32| -> Vec<f32> {
            (0..128).map(|_| length * (rng.f32() + rng.f32() - 1.0)).collect()
        };
        let kernels = Kernels::of(Kernel::Auto);
        let clumps: Vec<_> = (0..5).map(|_| point(2.0)).collect();
        let mut sample = Vec::new();
        for _ in 0..40 {
            for clump in &clumps {
                sample.extend(clump.iter().zip(point(0.1)).map(|(a, b)| a + b));
            }
        }
        let centroids = k_means(kernels, 128, &sample, 5, &mut || true).unwrap();
        let mut assigner = Assigner::default();
        let assigned: Vec<_> =
            clumps.iter().map(|clump| assigner.assign(kernels, &centroids, clump)).collect();
        let mut firsts: Vec<u32> = assigned.iter().map(|it| it.0).collect();
        firsts.sort_unstable();
        assert_eq!(firsts, [0, 1, 2, 3, 4]);
        assert!(assigned.iter().all(|(first, second)| second.is_some_and(|it| it != *first)));
        assert!(k_means(kernels, 128, &sample, 5, &mut || false).is_none());

        // Of two centres that are as far, the one that lies across the residual is the second, wherever
        // the row is.
        for at in [0.0, 5.0, -5.0] {
            let mut points = vec![at; 3 * 128];
            points[0] += 1.0;
            points[128] -= 1.1;
            points[256 + 1] += 1.15;
            let centroids = Centroids::new(kernels, 128, points);
            assert_eq!(assigner.assign(kernels, &centroids, &[at; 128]), (0, Some(2)), "{at}");
        }
    }
}
