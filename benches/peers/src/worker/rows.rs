//! The plainest exact search: one simsimd call per row, and the k best so far.
//!
//! Under cosine it looks at unit vectors and takes the dot product, which is the least work.

use std::ops::Range;

use simsimd::SpatialSimilarity;

use super::data::Data;
use super::{Engine, Facts};
use crate::Result;
use crate::npy::Matrix;
use crate::protocol::{Metric, Permille};

pub(super) struct Rows {
    metric: Metric,
    base: Aligned,
    queries: Matrix<f32>,
    found: Vec<Vec<u64>>,
}

/// Rows that begin on a cache line where their dimension allows.
struct Aligned {
    dim: usize,
    start: usize,
    items: Vec<f32>,
}

pub(super) fn load(mut data: Data) -> Result<(Rows, Facts)> {
    if data.metric == Metric::Cosine {
        normalise(&mut data.base);
        normalise(&mut data.queries);
    }
    let facts = Facts::from([
        ("version".into(), "6.5.16".into()),
        ("rows".into(), "64-byte aligned, unit length under cosine".into()),
    ]);
    let base = Aligned::of(&data.base);
    Ok((Rows { metric: data.metric, base, queries: data.queries, found: Vec::new() }, facts))
}

fn normalise(matrix: &mut Matrix<f32>) {
    for row in matrix.items.chunks_mut(matrix.dim) {
        let norm = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        row.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
    }
}

impl Aligned {
    fn of(matrix: &Matrix<f32>) -> Self {
        let mut items = vec![0.0; matrix.items.len() + 16];
        let start = items.as_ptr().align_offset(64);
        items[start..][..matrix.items.len()].copy_from_slice(&matrix.items);
        items.truncate(start + matrix.items.len());
        Self { dim: matrix.dim, start, items }
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.items[self.start..].chunks_exact(self.dim)
    }
}

impl Rows {
    fn nearest(&self, query: &[f32], k: usize) -> Vec<u64> {
        let distance = match self.metric {
            Metric::Cosine => |a: &[f32], b: &[f32]| -f32::dot(a, b).unwrap_or(f64::NAN),
            Metric::Euclidean => |a: &[f32], b: &[f32]| f32::l2sq(a, b).unwrap_or(f64::NAN),
        };
        let mut best: Vec<(f64, u64)> = Vec::with_capacity(k + 1);
        let mut worst = f64::INFINITY;
        for (row, id) in self.base.rows().zip(0..) {
            let distance = distance(row, query);
            if distance < worst || best.len() < k {
                let at = best.partition_point(|&(other, _)| other <= distance);
                best.insert(at, (distance, id));
                best.truncate(k);
                worst = if best.len() == k { best[k - 1].0 } else { f64::INFINITY };
            }
        }
        best.into_iter().map(|(_, id)| id).collect()
    }
}

impl Engine for Rows {
    fn filter(&mut self, filter: Option<Permille>) -> Result<()> {
        match filter {
            Some(_) => Err("a plain loop has no filters".into()),
            None => Ok(()),
        }
    }

    /// Each thread takes its share of the queries, never of the rows.
    fn ask(&mut self, range: Range<usize>, k: usize, threads: usize) -> Result<()> {
        let this = &*self;
        let nearest = |range: Range<usize>| -> Vec<Vec<u64>> {
            range.map(|i| this.nearest(this.queries.row(i), k)).collect()
        };
        let found = if threads == 1 || range.len() == 1 {
            nearest(range)
        } else {
            let share = range.len().div_ceil(threads);
            std::thread::scope(|scope| {
                let nearest = &nearest;
                let parts: Vec<_> = range
                    .clone()
                    .step_by(share)
                    .map(|from| scope.spawn(move || nearest(from..(from + share).min(range.end))))
                    .collect();
                parts.into_iter().filter_map(|part| part.join().ok()).flatten().collect()
            })
        };
        self.found = found;
        Ok(())
    }

    fn found(&self) -> Vec<Vec<u64>> {
        self.found.clone()
    }
}
