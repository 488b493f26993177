//! The codes of a search's queries, and their bounds at a threshold.

use super::bound::angle_bound;
use super::center::subtract;
use super::codes::Codes;
use super::query::{QueryError, encode};
use crate::kernel::{AngleBound, CodedQuery, GroupLayout, LINE_COMPONENTS};

/// The codes of a search's queries, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct QueryCodes {
    components: Vec<i8>,
    stride: usize,
    errors: Vec<QueryError>,
    /// The address of the center that was subtracted from the queries, 0 for none; `None` before
    /// they are coded.
    center: Option<usize>,
    centered: Vec<f32>,
}

impl QueryCodes {
    /// Forgets all queries.
    pub(crate) fn clear(&mut self) {
        self.center = None;
    }

    /// Codes the queries of a search, whose `vectors` of `dim` components lie one after the other,
    /// after subtracting `center`, unless they are coded for it
    /// already. All centers of a search are in memory at the same time, so that their addresses
    /// tell them apart. Reuses the memory of the last codes.
    pub(crate) fn encode(&mut self, dim: usize, vectors: &[f32], center: Option<&[f32]>) {
        let address = center.map_or(0, |center| center.as_ptr().addr());
        if self.center.replace(address) == Some(address) {
            return;
        }
        self.centered.resize(dim, 0.0);
        self.stride = dim.next_multiple_of(LINE_COMPONENTS);
        self.components.clear();
        self.components.resize(self.stride * (vectors.len() / dim), 0);
        self.errors.clear();
        let planar = GroupLayout::new(dim, false).planar_components().min(dim);
        let codes = self.components.chunks_mut(self.stride);
        for (vector, code) in vectors.chunks(dim).zip(codes) {
            self.errors.push(match center {
                None => encode(vector, planar, &mut code[..dim]),
                Some(center) => {
                    subtract(vector, center, &mut self.centered);
                    encode(&self.centered, planar, &mut code[..dim])
                }
            });
        }
    }

    /// The bound for query number `n` and the rows of a block that may be within `threshold`.
    pub(crate) fn bound(&self, n: usize, codes: &Codes, threshold: f64) -> AngleBound {
        angle_bound(codes.metric(), &self.errors[n], threshold, codes.typical_norm())
    }

    /// The code of query number `n` with its bound; `None` if the bound excludes no row.
    pub(crate) fn coded(&self, n: usize, bound: AngleBound) -> Option<CodedQuery<'_>> {
        let code = &self.components[n * self.stride..(n + 1) * self.stride];
        (bound != AngleBound::All).then(|| CodedQuery::new(code, self.errors[n].bias, bound))
    }
}
