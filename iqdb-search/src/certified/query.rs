//! Queries in eight bits.

use std::ops::Range;

use iqdb_core::{Metric, Query};

use super::encode::{BIAS, NORMS};
use crate::kernel::{Coded, LINE_COMPONENTS};

/// The largest component of a query's code.
const LARGEST: f32 = 127.0;

/// What is known of a query and its code `d`, all in the query's own norms.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct QueryFacts {
    /// The norm of the query.
    pub(super) norm: f64,
    /// The norm of its code.
    pub(super) length: f64,
    /// Of the angle between them: its cosine, and no less than its sine.
    pub(super) cosine: f64,
    pub(super) sine: f64,
    /// What the inner products with biased codes start from.
    start: i32,
}

impl QueryFacts {
    /// Whether anything can be excluded with it.
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
}

impl CodedQueries {
    /// Forgets all queries.
    pub(crate) fn clear(&mut self) {
        self.facts.clear();
    }

    /// Forgets the last queries, keeps the memory, and codes these.
    pub(crate) fn encode(&mut self, dim: usize, queries: &[Query<'_>]) {
        self.stride = dim.next_multiple_of(LINE_COMPONENTS);
        self.components.clear();
        self.components.resize(self.stride * queries.len(), 0);
        self.facts.clear();
        for (query, code) in queries.iter().zip(self.components.chunks_mut(self.stride)) {
            self.facts.push(encode(&query.vector(), &mut code[..dim]));
        }
    }

    /// Whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Query number `n`, for rows within `threshold`; `None` if nothing can be excluded.
    pub(crate) fn within(&self, n: usize, metric: Metric, threshold: f64) -> Option<Coded<'_>> {
        let facts = &self.facts[n];
        match super::Cone::new(metric, facts, threshold) {
            super::Cone::All => None,
            cone => Some(Coded::new(&self.components[self.place(n)], facts.start, cone)),
        }
    }

    fn place(&self, n: usize) -> Range<usize> {
        n * self.stride..(n + 1) * self.stride
    }
}

#[allow(clippy::cast_possible_truncation)]
fn encode(query: &[f32], code: &mut [i8]) -> QueryFacts {
    let largest = query.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let norm = Metric::squared_norm(query).sqrt();
    if !NORMS.contains(&norm) {
        return QueryFacts { norm, ..QueryFacts::default() };
    }
    let scale = LARGEST / largest;
    let (mut along, mut squares, mut sum) = (0.0, 0_i64, 0);
    for (code, x) in code.iter_mut().zip(query) {
        let nearest = (x * scale).round_ties_even();
        *code = nearest as i8;
        along += f64::from(*x) * f64::from(*code);
        squares += i64::from(*code) * i64::from(*code);
        sum += i32::from(*code);
    }
    let length = (squares as f64).sqrt();
    let cosine = along / (norm * length);
    QueryFacts { norm, length, cosine, sine: super::encode::sine(cosine), start: -BIAS * sum }
}
