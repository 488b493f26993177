//! Strips: ranges of rows of one block that stay in a core's cache while all queries read them.
//! Only this module takes rows from a block.

use std::ops::Range;

use iqdb_core::{Element, Result, RowsRef};

use super::context::ScanContext;
use crate::derived::norms;
use crate::field_block::FieldBlock;
use crate::kernel::{Engine, GROUP_ROWS, ScoreForm};
use crate::numbers::Numbers;
use crate::quantized::Codes;
use crate::query_batch::QueryBatch;
use crate::top_k::Place;

/// Bytes of rows, or of codes, in a strip.
pub(super) const STRIP_BYTES: usize = 256 * 1_024;

/// Rows in a strip: at least as many as the kernels take at a time, at most as many as the lists
/// hold.
pub(super) const STRIP_ROWS: Range<usize> = 8..1_024;

/// What a sparse row is taken to need, where strips are sized before their rows are known.
const SPARSE_ROW_BYTES: usize = 1_024;

/// Rows that are widened before they are scored fill a strip's bytes divided by this: they are written and read while more
/// rows are on their way from memory, so they stay in the innermost cache.
const WIDENED_SHARE: usize = 8;

/// A block, with the norms and the codes that it keeps of its rows, where the search uses them.
#[derive(Clone, Copy)]
pub(super) struct ScanBlock<'a> {
    block: FieldBlock<'a>,
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

/// Some rows of a strip, of numbers.
pub(super) struct StripRows<'a> {
    strip: &'a Strip<'a>,
    rows: Numbers<'a>,
    /// The rows, numbered within the strip.
    list: &'a [u32],
    /// Where each of them is in the matrix.
    at: &'a [u32],
}

impl<'a> ScanBlock<'a> {
    /// Block number `index` of the snapshot.
    pub(super) fn new(context: ScanContext<'a>, index: usize, block: FieldBlock<'a>) -> Self {
        let batch = context.batch;
        let norms = match batch.groups.iter().any(|group| group.form.needs_norms()) {
            true => norms::of(&block, batch.engine),
            false => None,
        };
        let codes = if batch.by_codes { Codes::of(&block, batch.metric()) } else { None };
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

    /// Bytes of a row, about.
    fn row_bytes(&self) -> usize {
        let kind = self.block.kind();
        match (kind.element(), kind.dim()) {
            (Some(element), Some(dim)) => element.vector_bytes(dim),
            _ => SPARSE_ROW_BYTES,
        }
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

    /// The most rows that a scan scores before it rescores the survivors among them, where they are
    /// widened and where they are not. A strip with codes holds several times as many.
    pub(super) fn scored_rows_max(&self, are_widened: bool) -> usize {
        let block = self.block.block;
        rows_in_cache(match block.kind().element() {
            Some(Element::F16 | Element::BF16 | Element::I8) if are_widened => {
                WIDENED_SHARE * block.dim() * size_of::<f32>()
            }
            _ => self.row_bytes(),
        })
    }

    /// Borrows the listed rows; the list is in ascending order. The other rows may never have been
    /// read.
    pub(super) fn borrow(&self, list: &[u32]) -> Result<RowsRef<'a>> {
        let column = self.block.block.column();
        match list.len() == self.len() {
            true => column.rows(self.range()),
            false => column.rows_some(self.range(), list),
        }
    }

    /// Its rows, none of which has to have been read: for the addresses of rows that are to be
    /// prefetched.
    pub(super) fn unread(&self) -> Result<Numbers<'a>> {
        Numbers::of(self.borrow(&[])?)
    }

    /// Where row `n` of the strip is in the snapshot.
    pub(super) fn place(&self, n: u32) -> Place {
        let row = self.range.start + n as usize;
        Place { block: self.block.index, row: self.block.block.column().block_row(row) }
    }
}

impl<'a> StripRows<'a> {
    /// The rows `list` of a strip, which are the rows `at` of a matrix.
    pub(super) fn new(
        strip: &'a Strip<'a>,
        list: &'a [u32],
        rows: Numbers<'a>,
        at: &'a [u32],
    ) -> Self {
        Self { strip, rows, list, at }
    }

    pub(super) fn strip(&self) -> &'a Strip<'a> {
        self.strip
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Row number `n` of the list as `f32`, in the block or in `room`, and where it is in the
    /// snapshot.
    pub(super) fn row<'b>(&self, n: usize, room: &'b mut Vec<f32>) -> (&'b [f32], Place)
    where
        'a: 'b,
    {
        (self.rows.row(self.at[n] as usize, room), self.strip.place(self.list[n]))
    }

    /// Writes the scores of the rows.
    pub(super) fn scores(&self, engine: Engine, form: ScoreForm, query: &[f32], out: &mut [f32]) {
        self.rows.scores(engine, form, query, self.at, out);
    }

    /// Writes the inner products with the rows, and their norms.
    pub(super) fn dots_and_norms(
        &self,
        engine: Engine,
        query: &[f32],
        dots: &mut [f32],
        norms: &mut [f32],
    ) {
        self.rows.dots_and_norms(engine, query, self.at, dots, norms);
    }

    /// Writes the terms of the rows for scores of a form.
    pub(super) fn write_terms(&self, batch: &QueryBatch, form: ScoreForm, terms: &mut [f32]) {
        match self.strip.norms {
            _ if !form.needs_norms() => terms.fill(0.0),
            Some(norms) => {
                for (term, row) in terms.iter_mut().zip(self.list) {
                    *term = norms[*row as usize];
                }
            }
            None => self.rows.norms(batch.engine, self.at, terms),
        }
        batch.margin().terms(form, terms);
    }
}
