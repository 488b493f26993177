//! The answer to one query by a run: candidates by a probe, canonical distances of the best of them,
//! and an exact scan of the rows that the run lacks.

use iqdb_core::{Blocks, Element, Explain, FieldId, FieldKind, Goal, Input, Query, Result};

use super::births::number;
use super::efforts::Chosen;
use super::kernels::Kernels;
use super::matches::Matches;
use super::placement::Placement;
use super::plan::{Way, Work};
use super::probe::{Probe, Task};
use super::query::QueryCodes;
use super::run::Run;
use crate::budgets::Budgets;
use crate::field_block::FieldBlock;
use crate::kernel::Engine;
use crate::numbers::Numbers;
use crate::query_batch::QueryBatch;
use crate::scan::{Scan, ScanContext, not_a_vector};
use crate::top_k::{Candidate, Place, SharedThreshold, TopK};
use crate::widen::push_vector;

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
    matches: Matches,
    top: TopK,
    batch: QueryBatch,
    scan: Scan,
    candidates: Vec<u32>,
}

/// Whether a run has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Found,
    /// The exact scan has to answer, for this reason.
    Exact(&'static str),
}

impl IndexScratch {
    /// Finds the nearest rows by the run, with this effort; the exact answer to as much as the run
    /// lacks. Where an exact scan has to answer, has found nothing, and says why.
    ///
    /// # Errors
    /// Whatever reading the snapshot reports; [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) for
    /// a row that is no vector; that of a budget that ends.
    pub(super) fn answer(
        &mut self,
        target: Target<'_>,
        query: &Query<'_>,
        chosen: Chosen,
        explain: &mut Explain,
    ) -> Result<Outcome> {
        let Target { on, run, kernels, .. } = target;
        Budgets::of(std::slice::from_ref(query)).check()?;
        let (Input::Vector(vector), Goal::Nearest { k }) = (query.input(), query.goal()) else {
            return Ok(Outcome::Exact("an index answers queries for the nearest alone"));
        };
        self.vector.clear();
        push_vector(&mut self.vector, vector);
        let point = self.query.room(run.space().width());
        if !run.space().place_query(kernels.lanes, &self.vector, point) {
            return Ok(Outcome::Exact("the query is too far from all rows"));
        }
        self.query.finish(kernels);
        self.matches.select(on, query)?;
        let rows = usize::try_from(on.len()).unwrap_or(usize::MAX);
        let matching = self.matches.count();
        let way = match self.matches.is_filtered() {
            true => Work { effort: chosen.effort, k, rows, matching }.way(run),
            false => Way::Probe,
        };
        self.top.reset(query.goal());
        match way {
            Way::Exact => return Ok(Outcome::Exact("few rows match the filter")),
            Way::Matches => {
                self.scan_matches(target, chosen, k)?;
                explain.reason = "few rows match the filter: the codes of each are compared";
            }
            Way::Probe => self.probe(target, chosen, k)?,
        }
        self.count(run, explain);
        self.rescore(target)?;
        self.scan_lacking(target, query, explain)?;
        Ok(Outcome::Found)
    }

    fn count(&self, run: &Run, explain: &mut Explain) {
        explain.candidates += self.probe.counts.rows;
        let rescored = self.candidates.len() as u64;
        explain.rescored += rescored;
        explain.excluded += self.probe.counts.rows - rescored;
        explain.bytes_read += self.probe.counts.bytes(run);
    }

    /// The hits, nearest first. Afterwards a new answer has to be begun.
    ///
    /// # Errors
    /// Whatever reading ids reports.
    pub(super) fn sorted(&mut self, on: &dyn Blocks) -> Result<&[Candidate]> {
        self.top.sorted(on)
    }

    /// Fills the candidates from the nearest clusters.
    fn probe(&mut self, target: Target<'_>, chosen: Chosen, k: usize) -> Result<()> {
        let Target { on, field, run, placement, kernels, .. } = target;
        let matches = &self.matches;
        let frontier = matches.is_filtered().then_some(chosen.frontier);
        let task = Task { run, kernels, query: &self.query, effort: chosen.effort, k, frontier };
        let found = self.probe.run(task, |number| {
            let Some((n, row)) = placement.find(number) else { return Ok(false) };
            let block = on.block(n)?;
            match block.column(field)? {
                Some(column) => matches.has(n, &block, column.block_row(row)),
                None => Ok(false),
            }
        })?;
        self.candidates.clear();
        self.candidates.extend(found.iter().map(|(_, number)| *number));
        Ok(())
    }

    /// Fills the candidates from all rows that match.
    fn scan_matches(&mut self, target: Target<'_>, chosen: Chosen, k: usize) -> Result<()> {
        let Target { on, field, run, placement, kernels, .. } = target;
        let matches = &self.matches;
        let (query, effort) = (&self.query, chosen.effort);
        let task = Task { run, kernels, query, effort, k, frontier: None };
        let found = self.probe.run_over(task, |each| {
            placement.for_each(|first, n, rows| {
                let (Some(mask), Some(column)) = (matches.of_block(n), on.block(n)?.column(field)?)
                else {
                    return Ok(());
                };
                let mut name = |row: usize| each(first + number(row - rows.start));
                match column.rows_of() {
                    None => mask.rows_in(rows.clone()).for_each(name),
                    Some(rows_of) => {
                        let set = |row: &usize| mask.contains(rows_of[*row] as usize);
                        rows.clone().filter(set).for_each(&mut name);
                    }
                }
                Ok(())
            })
        })?;
        self.candidates.clear();
        self.candidates.extend(found.iter().map(|(_, number)| *number));
        Ok(())
    }

    /// How far the last probe has scanned: see [`Measured`](super::efforts::Measured).
    pub(super) fn frontier(&self, k: usize) -> f32 {
        self.probe.frontier(k)
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
