//! The answer to one query by a run: candidates by a probe, canonical distances of the best of them,
//! and an exact scan of the rows that the run lacks.

use iqdb_core::{
    Block, Blocks, Element, Explain, FieldId, FieldKind, Goal, Input, Query, Result, RowMask,
};

use super::efforts::Effort;
use super::kernels::Kernels;
use super::placement::Placement;
use super::probe::{Probe, Task};
use super::query::QueryCodes;
use super::run::Run;
use crate::budgets::Budgets;
use crate::derived::filter_masks::{Selector, fingerprint};
use crate::field_block::FieldBlock;
use crate::kernel::Engine;
use crate::numbers::Numbers;
use crate::query_batch::QueryBatch;
use crate::scan::{Scan, ScanContext, not_a_vector};
use crate::top_k::{Candidate, Place, SharedThreshold, TopK};
use crate::widen::push_vector;

/// Where fewer rows than this match a filter, scanning them exactly is faster.
const MATCHES_MIN: usize = 1_000;

/// A run scans what matches where at least one row in this many does.
const SELECTIVITY_MIN: usize = 20;

/// Rows whose vectors are prefetched before the first of them is scored.
const PREFETCHED: usize = 8;

/// What a query is answered from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) on: &'a dyn Blocks,
    pub(super) field: FieldId,
    pub(super) run: &'a Run,
    pub(super) placement: &'a Placement,
    pub(super) kernels: Kernels,
    pub(super) engine: Engine,
}

/// The working memory of an answer, reused from query to query.
#[derive(Debug, Default)]
pub(crate) struct IndexScratch {
    vector: Vec<f32>,
    room: Vec<f32>,
    query: QueryCodes,
    probe: Probe,
    filter: Matches,
    top: TopK,
    batch: QueryBatch,
    scan: Scan,
    candidates: Vec<u32>,
}

/// The rows that match a filter.
#[derive(Debug, Default)]
struct Matches {
    selector: Selector,
    /// Of each block, numbered in the block. Empty without a filter.
    masks: Vec<RowMask>,
    count: usize,
}

impl Matches {
    /// Selects the live rows that match the query's filter.
    fn select(&mut self, on: &dyn Blocks, query: &Query<'_>) -> Result<()> {
        self.count = usize::try_from(on.len()).unwrap_or(usize::MAX);
        let Some(filter) = query.filter() else {
            self.masks.clear();
            return Ok(());
        };
        let filter = (filter, fingerprint(filter));
        self.masks.resize_with(on.block_count(), RowMask::default);
        self.count = 0;
        let budgets = Budgets::of(std::slice::from_ref(query));
        let go_on = || budgets.check();
        for (n, mask) in self.masks.iter_mut().enumerate() {
            let block = on.block(n)?;
            self.selector.select(&block, 0..block.len(), Some(filter), mask, &go_on)?;
            self.count += mask.count();
        }
        Ok(())
    }

    /// Whether a row is alive and matches.
    #[inline]
    fn has(&self, n: usize, block: &Block<'_>, row: usize) -> Result<bool> {
        match self.masks.get(n) {
            Some(mask) => Ok(mask.contains(row)),
            None => block.is_alive(row),
        }
    }
}

impl IndexScratch {
    /// Finds the nearest rows by the run, with this effort; the exact answer to as much as the run
    /// lacks. Returns false, and has found nothing, where an exact scan of all is faster.
    ///
    /// # Errors
    /// Whatever reading the snapshot reports; [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for
    /// a row that is no vector; that of a budget that ends.
    pub(super) fn answer(
        &mut self,
        target: Target<'_>,
        query: &Query<'_>,
        effort: Effort,
        explain: &mut Explain,
    ) -> Result<bool> {
        let Target { on, run, kernels, .. } = target;
        Budgets::of(std::slice::from_ref(query)).check()?;
        let Input::Vector(vector) = query.input() else { return Ok(false) };
        self.vector.clear();
        push_vector(&mut self.vector, vector);
        let point = self.query.room(run.space().width());
        if !run.space().place_query(kernels.lanes, &self.vector, point) {
            return Ok(false);
        }
        self.query.finish(kernels);
        self.filter.select(on, query)?;
        let rows = usize::try_from(on.len()).unwrap_or(usize::MAX);
        let is_filtered = query.filter().is_some();
        let few = MATCHES_MIN.max(rows / SELECTIVITY_MIN).min(rows);
        if is_filtered && self.filter.count < few {
            return Ok(false);
        }
        let effort = effort.for_share(self.filter.count, rows, run.centroids().count());
        self.top.reset(query.goal());
        self.probe(target, query, effort, is_filtered)?;
        explain.candidates += self.probe.counts.rows;
        let rescored = self.candidates.len() as u64;
        explain.rescored += rescored;
        explain.excluded += self.probe.counts.rows - rescored;
        explain.bytes_read += self.probe.counts.bytes(run);
        self.rescore(target)?;
        self.scan_lacking(target, query, explain)?;
        Ok(true)
    }

    /// The hits, nearest first. Afterwards a new answer has to be begun.
    ///
    /// # Errors
    /// Whatever reading ids reports.
    pub(super) fn sorted(&mut self, on: &dyn Blocks) -> Result<&[Candidate]> {
        self.top.sorted(on)
    }

    /// Fills the candidates.
    fn probe(
        &mut self,
        target: Target<'_>,
        query: &Query<'_>,
        effort: Effort,
        asks_first: bool,
    ) -> Result<()> {
        let Target { on, field, run, placement, kernels, .. } = target;
        let Goal::Nearest { k } = query.goal() else { return Ok(()) };
        let filter = &self.filter;
        let task = Task { run, kernels, query: &self.query, effort, k, asks_first };
        let found = self.probe.run(task, |number| {
            let Some((n, row)) = placement.find(number) else { return Ok(false) };
            let block = on.block(n)?;
            match block.column(field)? {
                Some(column) => filter.has(n, &block, column.block_row(row)),
                None => Ok(false),
            }
        })?;
        self.candidates.clear();
        self.candidates.extend(found.iter().map(|(_, number)| *number));
        Ok(())
    }

    /// Offers the canonical distances of the candidates.
    fn rescore(&mut self, target: Target<'_>) -> Result<()> {
        let Target { on, field, placement, engine, .. } = target;
        let Some(metric) = on.schema().kind(field).and_then(FieldKind::metric) else {
            return Ok(());
        };
        for some in self.candidates.chunks(PREFETCHED) {
            let mut rows = [None; PREFETCHED];
            for (number, to) in some.iter().zip(&mut rows) {
                let Some((block, row)) = placement.find(*number) else { continue };
                let Some(lent) = FieldBlock::of(on, block, field)? else { continue };
                let numbers = Numbers::of(lent.rows(row..row + 1)?)?;
                numbers.prefetch(0);
                let place = Place { block, row: lent.column().block_row(row) };
                *to = Some((numbers, place));
            }
            for (numbers, place) in rows.into_iter().flatten() {
                let row = numbers.row(0, &mut self.room);
                let distance = engine.distance(metric, &self.vector, row);
                if !distance.is_finite() {
                    return Err(not_a_vector(on, place));
                }
                self.top.offer(Candidate { distance, place }, on)?;
            }
        }
        Ok(())
    }

    /// Scans the rows that the run lacks, for those that are nearer than what was found.
    fn scan_lacking(
        &mut self,
        target: Target<'_>,
        query: &Query<'_>,
        explain: &mut Explain,
    ) -> Result<()> {
        let Target { on, field, placement, engine, .. } = target;
        let mut lacking = placement.lacking(on, field).peekable();
        let (Some(kind), Some(_)) = (on.schema().kind(field), lacking.peek()) else {
            return Ok(());
        };
        debug_assert!(kind.element() != Some(Element::Binary), "no run has bits");
        let queries = std::slice::from_ref(query);
        let shared = [SharedThreshold::new()];
        self.top.exchange(&shared[0]);
        self.batch.prepare(engine, kind, queries);
        let context = ScanContext {
            batch: &self.batch,
            on,
            queries,
            field,
            budgets: Budgets::of(queries),
            shared: &shared,
        };
        self.scan.run(context, lacking)?;
        for candidate in self.scan.sorted(0, on)? {
            self.top.offer(*candidate, on)?;
        }
        let (plan, kernel) = (explain.plan, explain.kernel);
        self.scan.explain(&self.batch, explain);
        (explain.plan, explain.kernel) = (plan, kernel);
        Ok(())
    }
}
