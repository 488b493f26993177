//! A query as a point, and its codes.

use super::kernels::Kernels;
use crate::kernel::{BlockCut, Quantized, Table};

/// A point and what the kernels read of it. Reused, it allocates nothing.
#[derive(Debug, Default)]
pub(super) struct QueryCodes {
    point: Vec<f32>,
    squares: f32,
    bytes: Vec<i8>,
    quantized: Quantized,
    table_bytes: Vec<u8>,
    table: Table,
}

impl QueryCodes {
    /// Room for a point, to be [finished](Self::finish).
    pub(super) fn room(&mut self, width: usize) -> &mut [f32] {
        self.point.resize(width, 0.0);
        &mut self.point
    }

    /// Makes the codes of the point.
    pub(super) fn finish(&mut self, kernels: Kernels) {
        let lanes = kernels.lanes;
        self.bytes.resize(self.point.len(), 0);
        self.quantized = lanes.quantize(&self.point, &mut self.bytes);
        self.finish_table(kernels);
    }

    /// Makes what a scan by one bit reads.
    pub(super) fn finish_table(&mut self, kernels: Kernels) {
        self.squares = kernels.lanes.dot(&self.point, &self.point);
        self.table_bytes.resize(4 * self.point.len(), 0);
        self.table = kernels.lanes.tabulate(&self.point, &mut self.table_bytes);
    }

    /// The codes of a point.
    #[cfg(test)]
    pub(super) fn set(&mut self, kernels: Kernels, point: &[f32]) {
        self.room(point.len()).copy_from_slice(point);
        self.finish(kernels);
    }

    pub(super) fn point(&self) -> &[f32] {
        &self.point
    }

    /// The inner product with itself.
    pub(super) fn squares(&self) -> f32 {
        self.squares
    }

    pub(super) fn bytes(&self) -> &[i8] {
        &self.bytes
    }

    pub(super) fn quantized(&self) -> Quantized {
        self.quantized
    }

    pub(super) fn table(&self) -> &[u8] {
        &self.table_bytes
    }

    /// A cut that keeps nothing yet.
    pub(super) fn cut(&self) -> BlockCut {
        let Table { step, base } = self.table;
        BlockCut { step, base, reach: 0.0, below: f32::NEG_INFINITY }
    }
}
