//! The encoder of queries: eight bits a component.

use iqdb_core::distance;

use super::encode::{BIAS, LANES, NORMS, largest, nearest, sine};
use crate::kernel::BiasCorrection;

/// The largest component of a query's code.
const LARGEST: f32 = 127.0;

/// The quantization error of a query: the angle between the query and its code, and both norms.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct QueryError {
    /// The norm of the query.
    pub(super) norm: f64,
    /// The norm of its code.
    pub(super) code_norm: f64,
    /// The cosine of the angle between them.
    pub(super) cosine: f64,
    /// The sine of that angle, or a little more.
    pub(super) sine: f64,
    /// Turns sums of products with stored codes into inner products with codes.
    pub(super) bias: BiasCorrection,
}

impl QueryError {
    /// Whether the query can exclude any row.
    pub(super) fn is_usable(&self) -> bool {
        NORMS.contains(&self.norm) && self.cosine > 0.0
    }
}

/// Writes the code of a query. The first `planar` components of rows have a 3-bit code as well.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn encode(query: &[f32], planar: usize, code: &mut [i8]) -> QueryError {
    let norm = distance::squared_norm(query).sqrt();
    if !NORMS.contains(&norm) {
        return QueryError { norm, ..QueryError::default() };
    }
    let scale = LARGEST / largest(query);
    for (code, x) in code.iter_mut().zip(query) {
        *code = nearest(*x, scale, -LARGEST..LARGEST) as i8;
    }
    let (mut products, mut squares) = ([0.0; LANES], [0; LANES]);
    let mut add = |lane: usize, code: i8, x: f32| {
        products[lane] += f64::from(x) * f64::from(code);
        squares[lane] += i32::from(code) * i32::from(code);
    };
    let (codes, last) = code.as_chunks::<LANES>();
    let (chunks, rest) = query.as_chunks::<LANES>();
    for (codes, chunk) in codes.iter().zip(chunks) {
        for lane in 0..LANES {
            add(lane, codes[lane], chunk[lane]);
        }
    }
    last.iter().zip(rest).for_each(|(code, x)| add(0, *code, *x));
    let code_norm = squares.into_iter().map(f64::from).sum::<f64>().sqrt();
    let cosine = products.iter().sum::<f64>() / (norm * code_norm);
    let sum = |code: &[i8]| code.iter().map(|code| i32::from(*code)).sum::<i32>();
    let (planar, rest) = code.split_at(planar);
    let (planar, rest) = (sum(planar), sum(rest));
    let stored = i32::from(BIAS);
    let bias = BiasCorrection {
        whole: -stored * (planar + rest),
        // The middle of two 4-bit components is one half above the lower one.
        upper: (1 - 2 * stored) * planar - 2 * stored * rest,
    };
    QueryError { norm, code_norm, cosine, sine: sine(cosine), bias }
}
