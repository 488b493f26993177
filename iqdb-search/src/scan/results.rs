//! What a scan has found: the nearest rows of each query, and counts for `explain`.

use iqdb_core::{Blocks, Explain, Query, Result};

use super::context::ScanContext;
use super::rescore::Rescore;
use super::strip::StripRows;
use crate::kernel::ScoreForm;
use crate::query_batch::QueryBatch;

use crate::top_k::{Candidate, SharedThreshold, TopK};

/// The nearest rows so far, per query; and what the scan has done for them.
#[derive(Debug, Default)]
pub(super) struct Results {
    top: Vec<TopK>,
    /// Room for a row that is widened to be rescored.
    room: Vec<f32>,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    candidates: u64,
    rescored: u64,
    bytes_read: u64,
    by_panels: bool,
    by_codes: bool,
}

impl Results {
    /// Forgets the last search and gets ready for these queries.
    pub(super) fn prepare(&mut self, queries: &[Query<'_>]) {
        self.counts = Counts::default();
        self.top.resize_with(self.top.len().max(queries.len()), TopK::default);
        for (top, query) in self.top.iter_mut().zip(queries) {
            top.reset(query.goal());
        }
    }

    /// A row farther than this is no hit of query number `query`.
    pub(super) fn threshold(&self, query: usize) -> f64 {
        self.top[query].threshold()
    }

    /// Tells other threads the thresholds, and takes over theirs.
    pub(super) fn exchange(&mut self, shared: &[SharedThreshold]) {
        for (top, shared) in self.top.iter_mut().zip(shared) {
            top.exchange(shared);
        }
    }

    /// Begins to rescore rows for query number `query`, whose scores are of this form.
    pub(super) fn rescore<'a>(
        &'a mut self,
        context: ScanContext<'a>,
        query: usize,
        form: ScoreForm,
        rows: &'a StripRows<'a>,
    ) -> Rescore<'a> {
        let ScanContext { batch, on, .. } = context;
        Rescore {
            on,
            batch,
            query,
            form,
            top: &mut self.top[query],
            rows,
            room: &mut self.room,
            rescored: &mut self.counts.rescored,
        }
    }

    /// Offers a row whose canonical distance is known to query number `query`.
    pub(super) fn offer(
        &mut self,
        query: usize,
        candidate: Candidate,
        on: &dyn Blocks,
    ) -> Result<()> {
        self.counts.rescored += 1;
        self.top[query].offer(candidate, on)
    }

    /// Counts pairs of row and query that the filters let through.
    pub(super) fn add_candidates(&mut self, pairs: usize) {
        self.counts.candidates += pairs as u64;
    }

    pub(super) fn add_bytes_read(&mut self, bytes: usize) {
        self.counts.bytes_read += bytes as u64;
    }

    /// Notes that panels were used.
    pub(super) fn note_panels(&mut self) {
        self.counts.by_panels = true;
    }

    /// Notes that codes were used.
    pub(super) fn note_codes(&mut self) {
        self.counts.by_codes = true;
    }

    /// Takes over what another scan found for the same queries.
    pub(super) fn merge(&mut self, other: &Self, on: &dyn Blocks) -> Result<()> {
        for (mine, theirs) in self.top.iter_mut().zip(&other.top) {
            for candidate in theirs.candidates() {
                mine.offer(*candidate, on)?;
            }
        }
        self.counts.candidates += other.counts.candidates;
        self.counts.rescored += other.counts.rescored;
        self.counts.bytes_read += other.counts.bytes_read;
        self.counts.by_panels |= other.counts.by_panels;
        self.counts.by_codes |= other.counts.by_codes;
        Ok(())
    }

    /// The nearest of query number `query`, nearest first.
    pub(super) fn sorted(&mut self, query: usize, on: &dyn Blocks) -> Result<&[Candidate]> {
        self.top[query].sorted(on)
    }

    /// Adds the counts to `explain`.
    pub(super) fn explain(&self, batch: &QueryBatch, explain: &mut Explain) {
        explain.kernel = batch.engine.name(self.counts.by_panels);
        explain.plan = if self.counts.by_codes { "certified" } else { batch.plain_plan() };
        explain.candidates += self.counts.candidates;
        explain.excluded += self.counts.candidates - self.counts.rescored;
        explain.rescored += self.counts.rescored;
        explain.bytes_read += self.counts.bytes_read;
    }
}
