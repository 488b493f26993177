//! The codes of a sealed block's rows, kept with the block.

use std::ops::Range;
use std::sync::Arc;

use iqdb_core::Metric;

use crate::field_block::FieldBlock;
use crate::kernel::{CodeError, CodeLine, CodePlanes, GROUP_ROWS, GroupLayout};
use crate::pages::Lines;

/// Half a byte a component, and 8 bytes a row for cosine, 12 for the other metrics.
#[derive(Debug)]
pub(crate) struct Codes {
    /// The upper parts of all groups, which a search reads from end to end, then the lower parts,
    /// of which it reads few.
    pub(super) lines: Lines,
    pub(super) layout: GroupLayout,
    /// The unit of the counts in the [`CodeError`] of 4-bit codes.
    pub(super) unit: f32,
    /// The vector subtracted from every row before coding, for the metric whose distances that does
    /// not change. Blocks of similar rows share one, so that a search codes a query once for all of
    /// them.
    pub(super) center: Option<Arc<[f32]>>,
    /// The geometric mean of the rows' norms, as far as they are known.
    pub(super) typical_norm: f64,
    pub(super) rows: usize,
    pub(super) dim: usize,
    pub(super) metric: Metric,
}

impl Codes {
    /// The codes of a block for a metric, if the block has them. Lock-free; O(1).
    pub(crate) fn of<'a>(block: &FieldBlock<'a>, metric: Metric) -> Option<&'a Self> {
        let codes: &Self = block.derived()?.get()?;
        // A seal belongs to one matrix. A backend that lends another one under it, or the same one
        // under another metric, gets no wrong answer.
        let fits = codes.rows == block.len() && codes.dim == block.dim() && codes.metric == metric;
        fits.then_some(codes)
    }

    /// The layout of a group of codes for a metric.
    pub(super) fn layout(dim: usize, metric: Metric) -> GroupLayout {
        GroupLayout::new(dim, metric != Metric::Cosine)
    }

    /// Memory for `groups` groups, behind that of the block `before`.
    pub(super) fn allocate(groups: usize, layout: GroupLayout, before: Option<&Self>) -> Lines {
        let lines = groups * (layout.upper_lines() + layout.lower_lines());
        Lines::zeroed(lines, before.map(|before| &before.lines))
    }

    /// The codes of a range of groups.
    pub(crate) fn planes(&self, groups: Range<usize>) -> CodePlanes<'_> {
        let [upper, lower] = self.parts(groups);
        CodePlanes::new(upper, lower, self.layout)
    }

    /// The upper and the lower part of a range of groups.
    fn parts(&self, groups: Range<usize>) -> [&[CodeLine]; 2] {
        let (upper, lower) = (self.layout.upper_lines(), self.layout.lower_lines());
        let behind = self.rows.div_ceil(GROUP_ROWS) * upper;
        [
            &self.lines[groups.start * upper..groups.end * upper],
            &self.lines[behind + groups.start * lower..behind + groups.end * lower],
        ]
    }

    /// The quantization error of a row's 4-bit code, and the row's norm.
    #[inline]
    pub(crate) fn error(&self, row: usize) -> CodeError {
        let [upper, lower] = self.parts(row / GROUP_ROWS..row / GROUP_ROWS + 1);
        let (counts, norm) = self.layout.read_error(upper, lower, row % GROUP_ROWS);
        CodeError::from_counts(counts, self.unit, norm)
    }

    /// The vector to subtract from a query before coding it.
    pub(crate) fn center(&self) -> Option<&[f32]> {
        self.center.as_deref()
    }

    /// The metric that the codes are for.
    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    /// A norm typical of the rows.
    pub(crate) fn typical_norm(&self) -> f64 {
        self.typical_norm
    }

    /// The bytes of a group's upper part, and of its lower part.
    pub(crate) fn group_bytes(&self) -> [usize; 2] {
        [self.layout.upper_lines(), self.layout.lower_lines()]
            .map(|lines| lines * size_of::<CodeLine>())
    }
}
