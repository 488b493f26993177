//! The codes of a sealed block's rows, kept with the block.

use std::ops::Range;

use iqdb_core::{Block, Metric, Result};

use super::encode::encode;
use crate::kernel::{GROUP, LINE_COMPONENTS, Line, RowFacts, Sheet};

/// Half a byte a component, and 8 or 12 bytes a row.
#[derive(Debug)]
pub(crate) struct Codes {
    lines: Box<[Line]>,
    depth: usize,
    along: Box<[[f32; GROUP]]>,
    across: Box<[[f32; GROUP]]>,
    /// Not for cosine, which asks for none.
    norms: Option<Box<[[f32; GROUP]]>>,
    rows: usize,
}

impl Codes {
    /// Those of a block, if they have been made. Lock-free; O(1).
    pub(crate) fn of<'a>(block: &Block<'a>) -> Option<&'a Self> {
        let codes: &Self = block.seal()?.derived().get()?;
        let fits = codes.rows == block.len();
        // A seal belongs to one matrix. Whoever lends another under it gets no wrong answer.
        (fits && codes.depth == block.dim().div_ceil(LINE_COMPONENTS)).then_some(codes)
    }

    /// Makes those of a sealed block and keeps them with it, unless they are there. O(rows × dim).
    ///
    /// # Errors
    /// Those of reading rows.
    pub(crate) fn prepare(block: &Block<'_>, metric: Metric) -> Result<()> {
        let Some(seal) = block.seal() else { return Ok(()) };
        if seal.derived().get::<Self>().is_none() {
            seal.derived().put(Self::make(block, metric)?);
        }
        Ok(())
    }

    fn make(block: &Block<'_>, metric: Metric) -> Result<Self> {
        let groups = block.len().div_ceil(GROUP);
        let depth = block.dim().div_ceil(LINE_COMPONENTS);
        let mut lines = vec![Line([0; 64]); groups * depth].into_boxed_slice();
        let facts = || vec![[f32::NAN; GROUP]; groups].into_boxed_slice();
        let (mut along, mut across) = (facts(), facts());
        let mut norms = (metric != Metric::Cosine).then(facts);
        let mut code = vec![0; depth * LINE_COMPONENTS];
        for (group, lines) in lines.chunks_mut(depth).enumerate() {
            let first = group * GROUP;
            let rows = block.rows(first..block.len().min(first + GROUP))?;
            for row in 0..GROUP.min(block.len() - first) {
                let facts = encode(rows.vector(row), &mut code[..block.dim()]);
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
        Ok(Self { lines, depth, along, across, norms, rows: block.len() })
    }

    /// Those of some whole groups.
    pub(crate) fn sheet(&self, groups: Range<usize>) -> Sheet<'_> {
        let lines = &self.lines[groups.start * self.depth..groups.end * self.depth];
        Sheet::new(
            lines,
            self.depth,
            RowFacts {
                along: &self.along[groups.clone()],
                across: &self.across[groups.clone()],
                norms: self.norms.as_ref().map(|norms| &norms[groups]),
            },
        )
    }

    /// Bytes that are read to look at a group.
    pub(crate) fn group_bytes(&self) -> usize {
        let facts = if self.norms.is_some() { 3 } else { 2 };
        self.depth * size_of::<Line>() + facts * GROUP * size_of::<f32>()
    }
}
