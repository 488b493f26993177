//! Deferred rows: candidates that are unlikely to be hits. The thresholds shrink as the scan goes
//! on, so it tests the codes of deferred rows again before it reads the rows; most of them fail
//! that test and are never read.

use std::ops::Range;

/// The scan defers at most one row in this many per query, within [`ROWS`], and at most
/// [`ROWS_OF_ALL`] for all queries. If it scores all of them in the end, comparing their codes was
/// in vain, which takes an eighth of the time that scoring takes.
const SHARE: usize = 2;
const ROWS: Range<usize> = 1_024..16_384;
const ROWS_OF_ALL: usize = 1 << 17;

/// The most runs of deferred rows, per query, and for all queries.
const RUNS: usize = 1_024;
const RUNS_OF_ALL: usize = 1 << 14;

/// The deferred rows, in the order of their places.
#[derive(Debug, Default)]
pub(super) struct DeferredRows {
    runs: Vec<Run>,
    rows: Vec<DeferredRow>,
    rows_max: usize,
    runs_max: usize,
    /// Whether deferring pays, as far as this search has seen.
    pays: bool,
}

/// The deferred rows of one strip and one query.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) query: usize,
    /// The number of the strip's block, and its rows.
    pub(super) block: usize,
    pub(super) range: Range<usize>,
    /// The index of the first of them in `DeferredRows::rows`.
    first: usize,
}

#[derive(Debug)]
pub(super) struct DeferredRow {
    /// Numbered within the strip.
    pub(super) row: u32,
    /// The inner product of its code and the query's.
    pub(super) sum: i32,
}

impl DeferredRows {
    /// Prepares for a search of `queries` queries over `rows` rows. Reserves room for the most rows
    /// that the scan may defer: the actual number depends on the thresholds, and those on what
    /// other threads find.
    pub(super) fn prepare(&mut self, queries: usize, rows: u64) {
        self.clear();
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let rows_max = (rows / SHARE).clamp(ROWS.start, ROWS.end);
        self.rows_max = (rows_max * queries).min(ROWS_OF_ALL);
        self.runs_max = (RUNS * queries).min(RUNS_OF_ALL);
        self.pays = true;
        self.rows.reserve(self.rows_max);
        // All queries may add a run for one strip before the scan asks whether there is room.
        self.runs.reserve(self.runs_max + queries);
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.runs.clear();
        self.rows.clear();
    }

    /// Begins a run: rows that are pushed from here on are of this query and strip.
    pub(super) fn begin_run(&mut self, query: usize, block: usize, range: Range<usize>) {
        let first = self.rows.len();
        let run = Run { query, block, range, first };
        match self.runs.last_mut() {
            Some(last) if last.first == first => *last = run,
            _ => self.runs.push(run),
        }
    }

    /// Whether the scan may defer another row.
    pub(super) fn has_room(&self) -> bool {
        self.pays && self.rows.len() < self.rows_max
    }

    /// Defers a row of the run that was begun last.
    pub(super) fn push(&mut self, row: u32, sum: i32) {
        self.rows.push(DeferredRow { row, sum });
    }

    /// Whether it is time to flush the deferred rows.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= self.rows_max || self.runs.len() >= self.runs_max
    }

    /// The runs, each with its rows, of which there is at least one.
    pub(super) fn runs(&self) -> impl Iterator<Item = (&Run, &[DeferredRow])> {
        let ends = self.runs.iter().skip(1).map(|next| next.first).chain([self.rows.len()]);
        let runs = self.runs.iter().zip(ends).map(|(run, end)| (run, &self.rows[run.first..end]));
        runs.filter(|(_, rows)| !rows.is_empty())
    }

    /// To be called after a flush that scored `scored` rows: stops deferring if those were most.
    pub(super) fn record_flush(&mut self, scored: usize) {
        self.pays &= 2 * scored <= self.rows.len();
    }

    /// To be called when codes have left few candidates: deferring may pay again.
    pub(super) fn resume(&mut self) {
        self.pays = true;
    }
}
