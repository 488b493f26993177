//! Strips: ranges of rows of one block that stay in a core's cache while all queries read them.
//! Only this module takes rows from a block.

use std::ops::Range;

use iqdb_core::{Block, Result, Rows};

use super::context::ScanContext;
use crate::derived::norms;
use crate::kernel::{GROUP_ROWS, ScoreForm, Tile};
use crate::quantized::Codes;
use crate::query_batch::QueryBatch;
use crate::top_k::Place;

/// Bytes of rows, or of codes, in a strip.
pub(super) const STRIP_BYTES: usize = 256 * 1_024;

/// Rows in a strip: at least as many as the kernels take at a time, at most as many as the lists
/// hold.
pub(super) const STRIP_ROWS: Range<usize> = 8..1_024;

/// A block, with the norms and the codes that it keeps of its rows, where the search uses them.
#[derive(Clone, Copy)]
pub(super) struct ScanBlock<'a> {
    block: Block<'a>,
    index: usize,
    norms: Option<&'a [f32]>,
    codes: Option<&'a Codes>,
}

/// A range of rows of one block, which the groups of queries scan one after the other.
pub(super) struct Strip<'a> {
    block: ScanBlock<'a>,
    /// The norms of all of the strip's rows, if the block keeps them.
    norms: Option<&'a [f32]>,
    range: Range<usize>,
}

/// A strip with some of its rows borrowed from the block.
pub(super) struct StripRows<'a> {
    strip: &'a Strip<'a>,
    rows: Rows<'a>,
}

impl<'a> ScanBlock<'a> {
    /// Block number `index` of the snapshot.
    pub(super) fn new(context: ScanContext<'a>, index: usize, block: Block<'a>) -> Self {
        let ScanContext { batch, on, .. } = context;
        let norms = match batch.groups.iter().any(|group| group.form.needs_norms()) {
            true => norms::of(&block, batch.engine),
            false => None,
        };
        let metric = on.schema().metric();
        let codes = if batch.by_codes { Codes::of(&block, metric) } else { None };
        Self { block, index, norms, codes }
    }

    /// Some of its rows.
    pub(super) fn strip(&self, range: Range<usize>) -> Strip<'a> {
        let norms = self.norms.and_then(|norms| norms.get(range.clone()));
        Strip { block: *self, norms, range }
    }

    /// How many rows a strip has at most.
    pub(super) fn strip_rows_max(&self) -> usize {
        match self.codes {
            // The kernels compare whole groups of codes, so a strip begins with one.
            Some(codes) => {
                let group_bytes: usize = codes.group_bytes().iter().sum();
                rows_in_cache(group_bytes / GROUP_ROWS).next_multiple_of(GROUP_ROWS)
            }
            None => rows_in_cache(self.row_bytes()),
        }
    }

    /// Bytes of a row.
    fn row_bytes(&self) -> usize {
        self.block.stride() * size_of::<f32>()
    }
}

/// How many rows of `row_bytes` bytes stay in a core's cache.
fn rows_in_cache(row_bytes: usize) -> usize {
    (STRIP_BYTES / row_bytes).clamp(STRIP_ROWS.start, STRIP_ROWS.end)
}

impl<'a> Strip<'a> {
    /// The number of its block.
    pub(super) fn block_index(&self) -> usize {
        self.block.index
    }

    /// Its rows, numbered within the block.
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// How many rows it has.
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// The codes of the block's rows, if it has them and the search uses codes.
    pub(super) fn codes(&self) -> Option<&'a Codes> {
        self.block.codes
    }

    /// Whether the block keeps the norms of its rows, and the search uses them.
    pub(super) fn has_norms(&self) -> bool {
        self.norms.is_some()
    }

    /// The groups of codes that its rows are in.
    pub(super) fn code_groups(&self) -> Range<usize> {
        self.range.start / GROUP_ROWS..self.range.end.div_ceil(GROUP_ROWS)
    }

    /// Bytes of a row.
    pub(super) fn row_bytes(&self) -> usize {
        self.block.row_bytes()
    }

    /// The most rows that a scan scores before it rescores the survivors among them. A strip with
    /// codes holds several times as many.
    pub(super) fn scored_rows_max(&self) -> usize {
        rows_in_cache(self.row_bytes())
    }

    /// Borrows the listed rows; the list is in ascending order. The other rows of the matrix may
    /// never have been read.
    pub(super) fn borrow(&'a self, list: &[u32]) -> Result<StripRows<'a>> {
        let rows = match list.len() == self.len() {
            true => self.block.block.rows(self.range())?,
            false => self.matrix(list)?,
        };
        Ok(StripRows { strip: self, rows })
    }

    /// The matrix of its rows, none of which has to have been read: for the addresses of rows that
    /// are to be prefetched.
    pub(super) fn unread(&self) -> Result<Rows<'a>> {
        self.matrix(&[])
    }

    fn matrix(&self, list: &[u32]) -> Result<Rows<'a>> {
        self.block.block.rows_some(self.range(), list)
    }
}

impl<'a> StripRows<'a> {
    pub(super) fn strip(&self) -> &'a Strip<'a> {
        self.strip
    }

    pub(super) fn rows(&self) -> Rows<'a> {
        self.rows
    }

    /// Where the first row of the strip is.
    pub(super) fn first(&self) -> Place {
        Place { block: self.strip.block.index, row: self.strip.range.start }
    }

    /// The listed rows of the strip, as a tile for the kernels.
    pub(super) fn tile<'b>(&'b self, dim: usize, list: &'b [u32]) -> Tile<'b> {
        Tile::new(self.rows.components(), dim, self.rows.stride(), list)
    }

    /// Writes the terms of the listed rows for scores of a form.
    pub(super) fn write_terms(
        &self,
        batch: &QueryBatch,
        form: ScoreForm,
        list: &[u32],
        terms: &mut [f32],
    ) {
        match self.strip.norms {
            _ if !form.needs_norms() => terms.fill(0.0),
            Some(norms) => {
                for (term, row) in terms.iter_mut().zip(list) {
                    *term = norms[*row as usize];
                }
            }
            None => batch.engine.norms(&self.tile(batch.dim, list), terms),
        }
        batch.margin().terms(form, terms);
    }
}
