//! The scan: it visits blocks in order, strip by strip, for all queries of a batch at once.
//!
//! # The idea
//! Reading rows from memory is what a scan waits for. So it reads as little as it can prove to be
//! enough, and each byte once for all queries of the batch. What was found so far gives each query
//! a threshold, a distance that no hit exceeds; a row that provably exceeds it is excluded by its
//! code, or by a fast score, and every other row is scored canonically.
//!
//! # The algorithm
//! ```text
//! for each block, the last one first:
//!     select the live rows that match the filter, for each group of queries with one filter
//!     for each strip of rows that fits a core's cache:
//!         exchange thresholds with other threads
//!         for each group of queries that wants rows of the strip:
//!             if the vectors are no numbers: compute their distances        by_distance
//!             else if the block has codes, not few rows are wanted, and codes pay:         by_codes
//!                 filter the wanted rows by codes, and list the candidates
//!                 defer candidates that are unlikely to be hits
//!                 score the others by rows, one query after the other
//!             else score the wanted rows                                 by_rows, by_panels
//!         if many rows are deferred, flush them
//! flush the deferred rows: score those that are still candidates
//!
//! to score rows: compute f32 scores, exclude by proven margins, rescore the survivors canonically,
//! and offer those to the heap of their query
//! ```
//!
//! # The tricks
//! - *Short strips first.* Every row survives until a query has k hits. The first strip is short,
//!   and their length doubles, so that thresholds are there before much is scored.
//! - *Panels.* From a handful of queries on, the scores of a strip are the inner loop of a matrix
//!   product; pairs that are excluded never leave the registers (`kernel/float/panel.rs`).
//! - *Deferred rows.* An estimate tells unlikely candidates; thresholds shrink, and most of these
//!   fail a second test of their code, so that their rows are never read ([`deferred`]).
//! - *A cost model.* Where codes leave many candidates, the scan times both ways and takes the
//!   faster one ([`cost_model`]).
//! - *No allocation.* All lists are reserved for the most that they can hold, and kept from one
//!   search to the next.
//!
//! # Source
//! Exclusion by a lower bound and then exact distances is the filter-and-refine of Weber, Schek and
//! Blott, *A quantitative analysis and performance study for similarity-search methods in
//! high-dimensional spaces* (the VA-file), VLDB 1998; decisions 002, 006 and 010 to 012 have what is
//! this project's.

mod by_codes;
mod by_distance;
mod by_panels;
mod by_rows;
mod context;
mod cost_model;
mod deferred;
mod exact_rows;
mod rescore;
mod results;
mod selection;
mod strip;

use std::ops::Range;

use iqdb_core::{Blocks, Explain, Result};

use self::by_codes::CodeScan;
use self::by_distance::DistanceScorer;
pub(crate) use self::context::{ScanContext, Span};
use self::cost_model::CostModel;
use self::exact_rows::ExactRows;
pub(crate) use self::rescore::not_a_vector;
use self::results::Results;
use self::selection::Selection;
use self::strip::{STRIP_ROWS, ScanBlock, Strip};
use crate::field_block::FieldBlock;
use crate::kernel::GROUP_ROWS;
use crate::query_batch::{Group, QueryBatch};
use crate::top_k::Candidate;

/// Rows of the first strip; the number doubles from strip to strip.
const FIRST_STRIP_ROWS: usize = 64;

/// The working memory of one thread, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Which rows of a block each group of queries wants.
    selection: Selection,
    /// Whether codes pay, per group of queries.
    costs: Vec<CostModel>,
    codes: CodeScan,
    exact: ExactRows,
    by_distance: DistanceScorer,
    results: Results,
}

impl Scan {
    /// Scans every row of `spans`, each with its block, for every query.
    pub(crate) fn run<'a>(
        &mut self,
        context: ScanContext<'a>,
        spans: impl IntoIterator<Item = Result<(Span, FieldBlock<'a>)>>,
    ) -> Result<()> {
        self.prepare(context);
        let mut strip_rows = FIRST_STRIP_ROWS;
        for span in spans {
            let (Span { block: index, rows }, block) = span?;
            self.selection.select(context, &block, rows.clone())?;
            let block = ScanBlock::new(context, index, block);
            let most = block.strip_rows_max();
            // The kernels compare whole groups of codes: a strip begins with one, and rows before the span are
            // not selected.
            let mut start = rows.start - rows.start % GROUP_ROWS;
            while start < rows.end {
                let range = start..rows.end.min(start + strip_rows.min(most));
                start = range.end;
                // Always whole groups of codes: the limits of earlier blocks don't enter.
                strip_rows = STRIP_ROWS.end.min(2 * strip_rows);
                self.scan_strip(context, &block, range)?;
            }
        }
        self.codes.flush_deferred(context, &mut self.exact, &mut self.results)
    }

    /// Forgets the last search and gets ready for these queries.
    fn prepare(&mut self, context: ScanContext<'_>) {
        let ScanContext { batch, queries, .. } = context;
        self.selection.prepare(batch.groups.len());
        self.costs.clear();
        self.costs.resize(batch.groups.len(), CostModel::default());
        self.codes.prepare(context);
        self.exact.prepare(batch);
        self.by_distance.prepare();
        self.results.prepare(queries);
    }

    /// Scans some rows of a block for every group of queries.
    fn scan_strip<'a>(
        &mut self,
        context: ScanContext<'a>,
        block: &ScanBlock<'a>,
        range: Range<usize>,
    ) -> Result<()> {
        let counted = self.selection.counted_rows(range.clone());
        if counted == 0 {
            return Ok(());
        }
        context.budgets.check()?;
        let strip = block.strip(range);
        self.results.exchange(context.shared);
        let mut all_read = false;
        for (n, group) in context.batch.groups.iter().enumerate() {
            all_read |= self.scan_group(context, n, group, &strip)?;
        }
        if all_read {
            self.results.add_bytes_read(counted * strip.row_bytes());
        }
        if self.codes.is_full() {
            self.codes.flush_deferred(context, &mut self.exact, &mut self.results)?;
        }
        Ok(())
    }

    /// Scans the rows of a strip that group number `n` wants, in the fastest way. Returns whether
    /// it read all of those rows, instead of their codes first.
    fn scan_group(
        &mut self,
        context: ScanContext<'_>,
        n: usize,
        group: &Group,
        strip: &Strip<'_>,
    ) -> Result<bool> {
        let Self { selection, costs, codes: by_codes, exact, by_distance, results } = self;
        let (wanted, cost) = (selection.wanted(n, group, strip), &mut costs[n]);
        results.add_candidates(wanted.pairs());
        if wanted.count() == 0 {
            return Ok(false);
        }
        if !context.batch.has_numbers() {
            by_distance.score_group(context, &wanted, results)?;
            return Ok(true);
        }
        if let Some(codes) = strip.codes()
            && !wanted.are_sparse()
            && cost.wants_codes()
        {
            let started = cost.start();
            let scored = by_codes.scan_strip(context, codes, &wanted, exact, results)?;
            if let Some(scored) = scored {
                cost.record_codes(started, wanted.pairs(), scored);
                if !cost.is_timing() {
                    by_codes.resume_deferring();
                }
                return Ok(false);
            }
        }
        let started = cost.start();
        exact.score_group(context, &wanted, results)?;
        cost.record_rows(started, wanted.pairs());
        Ok(true)
    }

    /// Takes over what another scan found for the same queries.
    pub(crate) fn merge(&mut self, other: &Self, on: &dyn Blocks) -> Result<()> {
        self.results.merge(&other.results, on)
    }

    /// The nearest of query number `query`, nearest first.
    pub(crate) fn sorted(&mut self, query: usize, on: &dyn Blocks) -> Result<&[Candidate]> {
        self.results.sorted(query, on)
    }

    /// Adds the counts of this scan to `explain`.
    pub(crate) fn explain(&self, batch: &QueryBatch, explain: &mut Explain) {
        self.results.explain(batch, explain);
    }
}
