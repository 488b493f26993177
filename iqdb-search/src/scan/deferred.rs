//! Deferred rows: candidates that are unlikely to be hits. The thresholds shrink as the scan goes
//! on, so it tests the codes of deferred rows again before it reads the rows; most of them fail
//! that test and are never read.

use std::ops::Range;

use iqdb_core::Result;

use super::{Ask, Scan, Strip};
use crate::kernel::is_below;

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
pub(super) struct Later {
    runs: Vec<Run>,
    rows: Vec<Waiting>,
    most: usize,
    most_runs: usize,
    /// Whether deferring pays, as far as this search has seen.
    pays: bool,
}

/// The deferred rows of one strip and one query.
#[derive(Debug)]
struct Run {
    query: usize,
    block: usize,
    range: Range<usize>,
    /// The index of the first of them in `Later::rows`.
    first: usize,
}

#[derive(Debug)]
struct Waiting {
    /// Numbered within the strip.
    row: u32,
    /// The inner product of its code and the query's.
    sum: i32,
}

impl Later {
    /// Prepares for a search of `queries` queries over `rows` rows. Reserves room for the most rows
    /// that the scan may defer: the actual number depends on the thresholds, and those on what
    /// other threads find.
    pub(super) fn prepare(&mut self, queries: usize, rows: u64) {
        self.clear();
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let most = (rows / SHARE).clamp(ROWS.start, ROWS.end);
        self.most = (most * queries).min(ROWS_OF_ALL);
        self.most_runs = (RUNS * queries).min(RUNS_OF_ALL);
        self.pays = true;
        self.rows.reserve(self.most);
        // All queries may add a run for one strip before the scan asks whether there is room.
        self.runs.reserve(self.most_runs + queries);
    }

    fn clear(&mut self) {
        self.runs.clear();
        self.rows.clear();
    }

    /// Begins a run: rows that are pushed from here on are of this strip and query.
    pub(super) fn open(&mut self, strip: &Strip<'_>, query: usize) {
        let first = self.rows.len();
        let run = Run { query, block: strip.block, range: strip.range.clone(), first };
        match self.runs.last_mut() {
            Some(last) if last.first == first => *last = run,
            _ => self.runs.push(run),
        }
    }

    /// Whether the scan may defer another row.
    pub(super) fn takes(&self) -> bool {
        self.pays && self.rows.len() < self.most
    }

    pub(super) fn push(&mut self, row: u32, sum: i32) {
        self.rows.push(Waiting { row, sum });
    }

    /// Whether it is time to flush the deferred rows.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= self.most || self.runs.len() >= self.most_runs
    }

    /// To be called when codes have left few candidates: deferring may pay again.
    pub(super) fn may_pay(&mut self) {
        self.pays = true;
    }
}

impl Scan {
    /// Flushes the deferred rows: scores those that are still candidates at the current thresholds.
    pub(super) fn settle(&mut self, ask: Ask<'_>) -> Result<()> {
        for (top, shared) in self.top.iter_mut().zip(ask.shared) {
            top.exchange(shared);
        }
        // Lent out, so that the rest of `self` stays free.
        let mut later = std::mem::take(&mut self.later);
        let mut list = std::mem::take(&mut self.in_question);
        let looked_at = self.look_again(ask, &later, &mut list);
        if let Ok(looked_at) = looked_at {
            later.pays &= 2 * looked_at <= later.rows.len();
        }
        later.clear();
        (self.later, self.in_question) = (later, list);
        looked_at.map(|_| ())
    }

    /// Returns how many rows it scored.
    fn look_again(&mut self, ask: Ask<'_>, later: &Later, list: &mut Vec<u32>) -> Result<usize> {
        let mut looked_at = 0;
        let mut strip: Option<Strip<'_>> = None;
        for (n, run) in later.runs.iter().enumerate() {
            let end = later.runs.get(n + 1).map_or(later.rows.len(), |next| next.first);
            if run.first == end {
                continue;
            }
            let strip = match &strip {
                Some(strip) if strip.block == run.block && strip.range == run.range => strip,
                _ => strip.insert(ask.strip(run.block, run.range.clone())?),
            };
            let cone = strip.codes.map(|codes| {
                self.coded.encode(ask.prepared.dim, ask.queries, codes.center());
                (codes, self.coded.bound(run.query, codes, self.top[run.query].threshold()))
            });
            let in_question = |waiting: &&Waiting| {
                let place = strip.range.start + waiting.row as usize;
                cone.is_none_or(|(codes, cone)| {
                    !is_below(waiting.sum, cone.cut(codes.error(place)))
                })
            };
            let waiting = later.rows[run.first..end].iter();
            list.clear();
            list.extend(waiting.filter(in_question).map(|waiting| waiting.row));
            if !list.is_empty() {
                looked_at += list.len();
                self.follow(ask, run.query, strip, list)?;
            }
        }
        Ok(looked_at)
    }
}
