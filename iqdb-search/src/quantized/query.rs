//! The encoder of queries: eight bits a component.

use std::ops::Range;

use iqdb_core::{Metric, Query};

use super::codes::subtract;
use super::encode::{BIAS, LANES, NORMS, largest, nearest, sine};
use super::{Codes, Cone};
use crate::kernel::{Coded, LINE_COMPONENTS, Shape, Starts};

/// The largest component of a query's code.
const LARGEST: f32 = 127.0;

/// The norm of a query, the norm of its code `d`, and the angle between the two.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueryFacts {
    /// The norm of the query.
    pub(super) norm: f64,
    /// The norm of its code.
    pub(super) length: f64,
    /// Of the angle between them: its cosine, and no less than its sine.
    pub(super) cosine: f64,
    pub(super) sine: f64,
    /// Turns inner products with biased codes into inner products with codes.
    starts: Starts,
}

impl QueryFacts {
    /// Whether the query can exclude any row.
    pub(crate) fn is_usable(&self) -> bool {
        NORMS.contains(&self.norm) && self.cosine > 0.0
    }
}

/// The codes of a search's queries, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct CodedQueries {
    components: Vec<i8>,
    stride: usize,
    facts: Vec<QueryFacts>,
    /// The address of the center that was subtracted from the queries, 0 for none; `None` before
    /// they are coded.
    center: Option<usize>,
    centered: Vec<f32>,
}

impl CodedQueries {
    /// Forgets all queries.
    pub(crate) fn clear(&mut self) {
        self.center = None;
    }

    /// Codes the queries of a search after subtracting `center`, unless they are coded for it
    /// already. All centers of a search are in memory at the same time, so that their addresses
    /// tell them apart. Reuses the memory of the last codes.
    pub(crate) fn encode(&mut self, dim: usize, queries: &[Query<'_>], center: Option<&[f32]>) {
        let address = center.map_or(0, |center| center.as_ptr().addr());
        if self.center.replace(address) == Some(address) {
            return;
        }
        self.centered.resize(dim, 0.0);
        self.stride = dim.next_multiple_of(LINE_COMPONENTS);
        self.components.clear();
        self.components.resize(self.stride * queries.len(), 0);
        self.facts.clear();
        let parted = Shape::new(dim, false).parted().min(dim);
        for (query, code) in queries.iter().zip(self.components.chunks_mut(self.stride)) {
            let vector = query.vector();
            self.facts.push(match center {
                None => encode(&vector, parted, &mut code[..dim]),
                Some(center) => {
                    subtract(&vector, center, &mut self.centered);
                    encode(&self.centered, parted, &mut code[..dim])
                }
            });
        }
    }

    /// The bound for query number `n` and the rows of a block that may be within `threshold`.
    pub(crate) fn cone(&self, n: usize, codes: &Codes, threshold: f64) -> Cone {
        Cone::new(codes.metric(), &self.facts[n], threshold, codes.typical_norm())
    }

    /// Query number `n` with its bound; `None` if it can exclude no row.
    pub(crate) fn within(&self, n: usize, cone: Cone) -> Option<Coded<'_>> {
        let code = &self.components[self.place(n)];
        (cone != Cone::All).then(|| Coded::new(code, self.facts[n].starts, cone))
    }

    fn place(&self, n: usize) -> Range<usize> {
        n * self.stride..(n + 1) * self.stride
    }
}

#[allow(clippy::cast_possible_truncation)]
fn encode(query: &[f32], parted: usize, code: &mut [i8]) -> QueryFacts {
    let norm = Metric::squared_norm(query).sqrt();
    if !NORMS.contains(&norm) {
        return QueryFacts { norm, ..QueryFacts::default() };
    }
    let scale = LARGEST / largest(query);
    for (code, x) in code.iter_mut().zip(query) {
        *code = nearest(*x, scale, -LARGEST..LARGEST) as i8;
    }
    let (mut along, mut squares) = ([0.0; LANES], [0; LANES]);
    let mut add = |lane: usize, code: i8, x: f32| {
        along[lane] += f64::from(x) * f64::from(code);
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
    let length = squares.into_iter().map(f64::from).sum::<f64>().sqrt();
    let cosine = along.iter().sum::<f64>() / (norm * length);
    let sum = |code: &[i8]| code.iter().map(|code| i32::from(*code)).sum::<i32>();
    let (parted, rest) = code.split_at(parted);
    let (parted, rest) = (sum(parted), sum(rest));
    let bias = i32::from(BIAS);
    // The middle of two codes is one half above the lower one.
    let upper = (1 - 2 * bias) * parted - 2 * bias * rest;
    let starts = Starts { whole: -bias * (parted + rest), upper };
    QueryFacts { norm, length, cosine, sine: sine(cosine), starts }
}
