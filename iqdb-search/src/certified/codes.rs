//! The codes of a sealed block's rows, kept with the block.

use std::ops::Range;
use std::sync::Arc;

use iqdb_core::{Block, Metric, Result};

use super::encode::{NORMS, RowFacts, encode};
use crate::kernel::{GROUP, GroupFacts, LINE_COMPONENTS, Line, Sheet};

/// Half a byte a component, and 8 bytes a row for cosine, 12 for the other metrics.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(super) lines: Box<[Line]>,
    pub(super) depth: usize,
    pub(super) along: Box<[[f32; GROUP]]>,
    pub(super) across: Box<[[f32; GROUP]]>,
    /// Not for cosine, which asks for none.
    pub(super) norms: Option<Box<[[f32; GROUP]]>>,
    /// What is taken off every row before it is coded, where distances stay what they are. Blocks of
    /// similar rows share one, so that a query is coded once for all of them.
    pub(super) center: Option<Arc<[f32]>>,
    /// The geometric mean of the rows' norms, those that are known.
    pub(super) typical_norm: f64,
    pub(super) rows: usize,
    pub(super) dim: usize,
    pub(super) metric: Metric,
}

impl Codes {
    /// Those of a block for a metric, if they have been made. Lock-free; O(1).
    pub(crate) fn of<'a>(block: &Block<'a>, metric: Metric) -> Option<&'a Self> {
        let codes: &Self = block.seal()?.derived().get()?;
        // A seal belongs to one matrix. Whoever lends another under it, or the same one under
        // another metric, gets no wrong answer.
        let fits = codes.rows == block.len() && codes.dim == block.dim() && codes.metric == metric;
        fits.then_some(codes)
    }

    /// Makes those of a sealed block and keeps them with it, unless there are some. O(rows × dim).
    /// `center` is that of the block before this one, and then that of this one.
    ///
    /// What is there stays: a cell keeps the first value it is given. A store has one metric, so
    /// codes for another one are those of a stranger's seal, and searches do without.
    ///
    /// # Errors
    /// Those of reading rows.
    pub(crate) fn prepare(
        block: &Block<'_>,
        metric: Metric,
        center: &mut Option<Arc<[f32]>>,
    ) -> Result<()> {
        let Some(seal) = block.seal() else { return Ok(()) };
        if seal.derived().get::<Self>().is_none() {
            let codes = match Self::load(block, metric, center.as_ref()) {
                Some(codes) => codes,
                None => {
                    let codes = Self::make(block, metric, center.as_ref())?;
                    crate::saved::save(block, &super::saved::key(metric), &codes);
                    codes
                }
            };
            seal.derived().put(codes);
        }
        if let Some(codes) = Self::of(block, metric) {
            center.clone_from(&codes.center);
        }
        Ok(())
    }

    fn make(block: &Block<'_>, metric: Metric, before: Option<&Arc<[f32]>>) -> Result<Self> {
        let groups = block.len().div_ceil(GROUP);
        let depth = block.dim().div_ceil(LINE_COMPONENTS);
        let mut lines = vec![Line([0; 64]); groups * depth].into_boxed_slice();
        let facts = || vec![[f32::NAN; GROUP]; groups].into_boxed_slice();
        let (mut along, mut across) = (facts(), facts());
        let mut norms = (metric != Metric::Cosine).then(facts);
        let center = match metric {
            Metric::Euclidean => Some(center(block, before)?),
            _ => None,
        };
        let (mut logarithms, mut count) = (0.0, 0.0);
        let mut centered = vec![0.0; block.dim()];
        let mut code = vec![0; depth * LINE_COMPONENTS];
        for (group, lines) in lines.chunks_mut(depth).enumerate() {
            let first = group * GROUP;
            let rows = block.rows(first..block.len().min(first + GROUP))?;
            for row in 0..GROUP.min(block.len() - first) {
                let own = &mut code[..block.dim()];
                let facts = match &center {
                    None => encode(rows.vector(row), own),
                    Some(center) => {
                        subtract(rows.vector(row), center, &mut centered);
                        encode(&centered, own)
                    }
                };
                if facts.norm.is_finite() {
                    logarithms += f64::from(facts.norm).ln();
                    count += 1.0;
                }
                along[group][row] = facts.along;
                across[group][row] = facts.across;
                if let Some(norms) = &mut norms {
                    norms[group][row] = facts.norm;
                }
                let (parts, _) = code.as_chunks::<LINE_COMPONENTS>();
                for (line, part) in lines.iter_mut().zip(parts) {
                    for j in 0..4 {
                        line.0[4 * row + j] = part[j] | part[4 + j] << 4;
                    }
                }
            }
        }
        let typical_norm = f64::exp(logarithms / f64::max(count, 1.0));
        let (rows, dim) = (block.len(), block.dim());
        Ok(Self { lines, depth, along, across, norms, center, typical_norm, rows, dim, metric })
    }

    /// Those of some whole groups.
    pub(crate) fn sheet(&self, groups: Range<usize>) -> Sheet<'_> {
        let lines = &self.lines[groups.start * self.depth..groups.end * self.depth];
        Sheet::new(
            lines,
            self.depth,
            GroupFacts {
                along: &self.along[groups.clone()],
                across: &self.across[groups.clone()],
                norms: self.norms.as_ref().map(|norms| &norms[groups]),
            },
        )
    }

    /// What the bound needs of a row.
    pub(crate) fn facts(&self, row: usize) -> RowFacts {
        let (group, lane) = (row / GROUP, row % GROUP);
        RowFacts {
            along: self.along[group][lane],
            across: self.across[group][lane],
            norm: self.norms.as_ref().map_or(f32::NAN, |norms| norms[group][lane]),
        }
    }

    /// What has to be taken off a query before it is compared.
    pub(crate) fn center(&self) -> Option<&[f32]> {
        self.center.as_deref()
    }

    /// The metric that they are for.
    pub(crate) fn metric(&self) -> Metric {
        self.metric
    }

    /// A norm like those of the rows.
    pub(crate) fn typical_norm(&self) -> f64 {
        self.typical_norm
    }

    /// Bytes that are read to look at a group.
    pub(crate) fn group_bytes(&self) -> usize {
        let facts = if self.norms.is_some() { 3 } else { 2 };
        self.depth * size_of::<Line>() + facts * GROUP * size_of::<f32>()
    }
}

/// How much farther from rows than their mean a center may be, in proportion and squared, to be
/// shared.
const FARTHER: f64 = 1.0 / 32.0;

/// A vector in the middle of the rows: `before` if that is hardly worse than their mean. Any vector
/// would do; the nearer to the middle, the smaller the errors of the codes.
fn center(block: &Block<'_>, before: Option<&Arc<[f32]>>) -> Result<Arc<[f32]>> {
    let (mean, spread) = mean(block)?;
    let distance = |center: &Arc<[f32]>| Metric::Euclidean.distance(center, &mean);
    let near = |center: &&Arc<[f32]>| distance(center).powi(2) <= FARTHER * spread;
    Ok(before.filter(near).map_or_else(|| Arc::from(mean), Arc::clone))
}

/// The mean of the rows that are no outliers by far, and the mean of their squared distances to it.
#[allow(clippy::cast_possible_truncation)]
fn mean(block: &Block<'_>) -> Result<(Vec<f32>, f64)> {
    let mut sums = vec![0.0; block.dim()];
    let (mut count, mut squares) = (0.0, 0.0);
    for start in (0..block.len()).step_by(GROUP) {
        let rows = block.rows(start..block.len().min(start + GROUP))?;
        for row in 0..rows.len() {
            let row = rows.vector(row);
            let squared_norm = Metric::squared_norm(row);
            if NORMS.contains(&squared_norm.sqrt()) {
                count += 1.0;
                squares += squared_norm;
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
            }
        }
    }
    let count = f64::max(count, 1.0);
    let mean: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
    let spread = squares / count - Metric::squared_norm(&mean);
    Ok((mean, spread))
}

/// Writes `vector - center`. A difference is rounded by at most its own last place.
pub(super) fn subtract(vector: &[f32], center: &[f32], difference: &mut [f32]) {
    for ((difference, x), center) in difference.iter_mut().zip(vector).zip(center) {
        *difference = x - center;
    }
}
