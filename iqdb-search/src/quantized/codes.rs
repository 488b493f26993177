//! The codes of a sealed block's rows, kept with the block.

use std::ops::Range;
use std::sync::Arc;

use iqdb_core::{Block, Metric, Result};

use super::encode::{NORMS, RowFacts, encode};
use crate::kernel::{GROUP, LINE_COMPONENTS, Line, Shape, Sheet};
use crate::pages::Lines;

/// Half a byte a component, and 8 bytes a row for cosine, 12 for the other metrics.
#[derive(Debug)]
pub(crate) struct Codes {
    /// The upper parts of all groups, which a search reads from end to end, then the lower parts,
    /// of which it reads few.
    pub(super) lines: Lines,
    pub(super) shape: Shape,
    /// The unit of the counts in the [`RowFacts`] of 4-bit codes.
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
    pub(crate) fn of<'a>(block: &Block<'a>, metric: Metric) -> Option<&'a Self> {
        let codes: &Self = block.seal()?.derived().get()?;
        // A seal belongs to one matrix. A backend that lends another one under it, or the same one
        // under another metric, gets no wrong answer.
        let fits = codes.rows == block.len() && codes.dim == block.dim() && codes.metric == metric;
        fits.then_some(codes)
    }

    /// Makes the codes of a sealed block, unless it has some, and keeps them with the block;
    /// returns them. Where possible they lie in memory behind those of the block `before`, and
    /// share their center. O(rows × dim).
    ///
    /// Existing codes stay: a cell keeps the first value it is given. A store has one metric, so
    /// codes for another metric belong to a stranger's seal, and searches go without codes.
    ///
    /// # Errors
    /// Those of reading rows.
    pub(crate) fn prepare<'a>(
        block: &Block<'a>,
        metric: Metric,
        before: Option<&Self>,
    ) -> Result<Option<&'a Self>> {
        let Some(seal) = block.seal() else { return Ok(None) };
        if seal.derived().get::<Self>().is_none() {
            let codes = match Self::load(block, metric, before) {
                Some(codes) => codes,
                None => {
                    let codes = Self::make(block, metric, before)?;
                    codes.save(block);
                    codes
                }
            };
            seal.derived().put(codes);
        }
        Ok(Self::of(block, metric))
    }

    /// The layout of a group of codes for a metric.
    pub(super) fn shape(dim: usize, metric: Metric) -> Shape {
        Shape::new(dim, metric != Metric::Cosine)
    }

    fn make(block: &Block<'_>, metric: Metric, before: Option<&Self>) -> Result<Self> {
        let shape = Self::shape(block.dim(), metric);
        let (groups, unit) = (block.len().div_ceil(GROUP), shape.unit());
        let mut lines = Self::room(groups, shape, before);
        let (upper, lower) = lines.split_at_mut(groups * shape.upper_lines());
        let center = match metric {
            Metric::Euclidean => {
                Some(center(block, before.and_then(|before| before.center.as_ref()))?)
            }
            _ => None,
        };
        let (mut logarithms, mut count) = (0.0, 0.0);
        let mut centered = vec![0.0; block.dim()];
        let mut code = vec![0; shape.depth() * LINE_COMPONENTS];
        let mut unparted = vec![Line::ZERO; shape.depth()];
        let parts =
            upper.chunks_mut(shape.upper_lines()).zip(lower.chunks_mut(shape.lower_lines()));
        for (group, (upper, lower)) in parts.enumerate() {
            let first = group * GROUP;
            let rows = block.rows(first..block.len().min(first + GROUP))?;
            let [mut of_upper, mut of_whole] = [[[0; 2]; GROUP]; 2];
            let mut norms = [f32::NAN; GROUP];
            unparted.fill(Line::ZERO);
            for row in 0..rows.len() {
                let own = &mut code[..block.dim()];
                let facts = match &center {
                    None => encode(rows.vector(row), shape.parted(), own),
                    Some(center) => {
                        subtract(rows.vector(row), center, &mut centered);
                        encode(&centered, shape.parted(), own)
                    }
                };
                norms[row] = facts.whole.norm;
                if norms[row].is_finite() {
                    logarithms += f64::from(norms[row]).ln();
                    count += 1.0;
                }
                of_upper[row] = facts.upper.count(2.0 * unit);
                of_whole[row] = facts.whole.count(unit);
                let (parts, _) = code.as_chunks::<LINE_COMPONENTS>();
                for (line, part) in unparted.iter_mut().zip(parts) {
                    for j in 0..4 {
                        line.0[4 * row + j] = part[j] | part[4 + j] << 4;
                    }
                }
            }
            shape.write(&unparted, [of_upper, of_whole], norms, (upper, lower));
        }
        let typical_norm = f64::exp(logarithms / f64::max(count, 1.0));
        let (rows, dim) = (block.len(), block.dim());
        Ok(Self { lines, shape, unit, center, typical_norm, rows, dim, metric })
    }

    /// Memory for `groups` groups, behind that of the block `before`.
    pub(super) fn room(groups: usize, shape: Shape, before: Option<&Self>) -> Lines {
        let lines = groups * (shape.upper_lines() + shape.lower_lines());
        Lines::zeroed(lines, before.map(|before| &before.lines))
    }

    /// The codes of a range of groups.
    pub(crate) fn sheet(&self, groups: Range<usize>) -> Sheet<'_> {
        let [upper, lower] = self.parts(groups);
        Sheet::new(upper, lower, self.shape)
    }

    /// The upper and the lower part of a range of groups.
    fn parts(&self, groups: Range<usize>) -> [&[Line]; 2] {
        let (upper, lower) = (self.shape.upper_lines(), self.shape.lower_lines());
        let behind = self.rows.div_ceil(GROUP) * upper;
        [
            &self.lines[groups.start * upper..groups.end * upper],
            &self.lines[behind + groups.start * lower..behind + groups.end * lower],
        ]
    }

    /// The quantization error of a row's 4-bit code, and the row's norm.
    pub(crate) fn facts(&self, row: usize) -> RowFacts {
        let [upper, lower] = self.parts(row / GROUP..row / GROUP + 1);
        let (counts, norm) = self.shape.facts(upper, lower, row % GROUP);
        RowFacts::counted(counts, self.unit, norm)
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
        [self.shape.upper_lines(), self.shape.lower_lines()].map(|lines| lines * size_of::<Line>())
    }
}

/// How far from the rows' mean a shared center may be: squared, and in proportion to the mean
/// squared distance of the rows from it.
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
