//! The space of an index: vectors of any metric as points whose Euclidean distance ranks as the metric
//! does, centred, scaled and rotated.
//!
//! ```text
//! cosine      x / |x|
//! Euclidean   x
//! dot         (x, sqrt(M^2 - |x|^2)) for rows, M being the largest norm of a row; (M q / |q|, 0) for
//!             queries: the squared distance is 2 M^2 - 2 M <q, x> / |q|
//! ```
//! Then a point is less the mean of the rows, in units of their mean distance to it, and rotated. A
//! dimension is rounded up to whole lanes, with zeros; a low one to more than that, so that its code has
//! more bits.
//!
//! # Source
//! The step from inner products to distances is Bachrach et al., *Speeding up the Xbox recommender
//! system using a Euclidean transformation for inner-product spaces* (`RecSys` 2014).

use iqdb_core::Metric;

use super::hash::Mixer;
use super::random::Random;
use crate::kernel::{LaneKernel, ROUNDS, UNIT};

/// The least width: codes of fewer bits tell too little apart.
const WIDTH_MIN: usize = 128;

/// The seed of all rotations.
const ROTATION_SEED: u64 = 0x1dbb_c0de_5eed_0001;

/// How vectors of a field become points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Space {
    pub(super) metric: Metric,
    /// The dimension of vectors.
    pub(super) dim: usize,
    /// The mean of the rows, before it is scaled.
    pub(super) center: Vec<f32>,
    pub(super) scale: f32,
    /// The largest norm of a row; for inner products.
    pub(super) norm_max: f64,
    signs: Vec<f32>,
}

impl Space {
    /// The space of rows whose mean is `center` after the first step.
    pub(super) fn new(
        metric: Metric,
        dim: usize,
        mut center: Vec<f32>,
        scale: f32,
        norm_max: f64,
    ) -> Self {
        let width = width(metric, dim);
        center.resize(width, 0.0);
        let mut random = Random::new(ROTATION_SEED);
        let signs = (0..ROUNDS * width).map(|_| if random.next() & 1 == 0 { 1.0 } else { -1.0 });
        Self { metric, dim, center, scale, norm_max, signs: signs.collect() }
    }

    /// Components of a point.
    pub(super) fn width(&self) -> usize {
        self.signs.len() / ROUNDS
    }

    /// Writes the point of a row. Returns false where it has none: its components are too large, or
    /// it is no vector.
    pub(super) fn place_row(&self, lanes: LaneKernel, row: &[f32], point: &mut [f32]) -> bool {
        first_step(self.metric, row, self.norm_max, point);
        self.finish(lanes, point)
    }

    /// Writes the point of a query; as for rows.
    pub(super) fn place_query(&self, lanes: LaneKernel, query: &[f32], point: &mut [f32]) -> bool {
        match self.metric {
            Metric::Dot => {
                let norm = squared_norm(query).sqrt();
                copy_scaled(query, self.norm_max / norm.max(f64::MIN_POSITIVE), point);
            }
            metric => first_step(metric, query, self.norm_max, point),
        }
        self.finish(lanes, point)
    }

    fn finish(&self, lanes: LaneKernel, point: &mut [f32]) -> bool {
        for (x, center) in point.iter_mut().zip(&self.center) {
            *x = (*x - *center) * self.scale;
        }
        // Beyond this, sums of squares overflow.
        if !point.iter().all(|x| x.abs() < 1e15) {
            return false;
        }
        lanes.rotate(point, &self.signs);
        true
    }

    /// Mixes all that it depends on into a hash.
    pub(super) fn hash(&self, hash: &mut Mixer) {
        hash.add(self.dim as u64);
        hash.add(self.metric as u64);
        hash.add(u64::from(self.scale.to_bits()));
        hash.add(self.norm_max.to_bits());
        self.center.iter().for_each(|x| hash.add(u64::from(x.to_bits())));
    }
}

/// Components of a point for vectors of this dimension.
pub(super) fn width(metric: Metric, dim: usize) -> usize {
    let dim = dim + usize::from(metric == Metric::Dot);
    dim.next_multiple_of(UNIT).max(WIDTH_MIN)
}

/// What the metric makes of a row, before it is centred; zeros behind it.
pub(super) fn first_step(metric: Metric, row: &[f32], norm_max: f64, point: &mut [f32]) {
    match metric {
        Metric::Cosine => {
            let norm = squared_norm(row).sqrt();
            copy_scaled(row, 1.0 / norm.max(f64::MIN_POSITIVE), point);
        }
        Metric::Dot => {
            copy_scaled(row, 1.0, point);
            let rest = norm_max * norm_max - squared_norm(row);
            // Rounded as every machine does.
            #[allow(clippy::cast_possible_truncation)]
            let rest = rest.max(0.0).sqrt() as f32;
            point[row.len()] = rest;
        }
        _ => copy_scaled(row, 1.0, point),
    }
}

fn copy_scaled(from: &[f32], factor: f64, to: &mut [f32]) {
    let (to, rest) = to.split_at_mut(from.len());
    for (to, from) in to.iter_mut().zip(from) {
        // Rounded as every machine does.
        #[allow(clippy::cast_possible_truncation)]
        let x = (f64::from(*from) * factor) as f32;
        *to = x;
    }
    rest.fill(0.0);
}

/// The sum of squares, by eight lanes.
pub(super) fn squared_norm(x: &[f32]) -> f64 {
    let mut lanes = [0.0; 8];
    let (chunks, rest) = x.as_chunks::<8>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(*x) * f64::from(*x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += f64::from(*x) * f64::from(*x);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Isa;

    fn distance(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
    }

    #[test]
    fn points_are_ranked_as_the_metric_ranks_vectors() {
        let mut rng = fastrand::Rng::with_seed(3);
        let lanes = LaneKernel::first_of(&Isa::ALL);
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            for dim in [1, 2, 63, 64, 130] {
                let mut vector = || -> Vec<f32> {
                    let length = 0.1 + 3.0 * rng.f32();
                    (0..dim).map(|_| length * (rng.f32() - 0.3)).collect()
                };
                let rows: Vec<_> = (0..40).map(|_| vector()).collect();
                let query = vector();
                let norm_max = rows.iter().map(|row| squared_norm(row).sqrt()).fold(0.0, f64::max);
                let center = (0..dim).map(|n| n as f32 * 0.01).collect();
                let space = Space::new(metric, dim, center, 0.7, norm_max);
                let mut point = vec![0.0; space.width()];
                assert!(space.place_query(lanes, &query, &mut point));
                let mut ranked: Vec<(f64, f64)> = rows
                    .iter()
                    .map(|row| {
                        let mut of_row = vec![0.0; space.width()];
                        assert!(space.place_row(lanes, row, &mut of_row));
                        let canonical = iqdb_core::distance::of_numbers(metric, &query, row);
                        (distance(&point, &of_row), canonical)
                    })
                    .collect();
                ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
                for pair in ranked.windows(2) {
                    let close = (pair[1].0 - pair[0].0).abs() < 1e-4 * (1.0 + pair[0].0);
                    assert!(pair[0].1 <= pair[1].1 || close, "{metric}, {dim}: {pair:?}");
                }
            }
        }
    }

    #[test]
    fn what_overflows_has_no_point() {
        let lanes = LaneKernel::first_of(&Isa::ALL);
        let space = Space::new(Metric::Euclidean, 2, vec![0.0; 2], 1.0, 0.0);
        let mut point = vec![0.0; space.width()];
        for row in [[f32::MAX, 1.0], [f32::NAN, 0.0]] {
            assert!(!space.place_row(lanes, &row, &mut point));
        }
        assert!(space.place_row(lanes, &[3.0, 4.0], &mut point));
    }
}
