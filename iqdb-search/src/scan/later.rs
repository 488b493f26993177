//! Rows that codes leave in question, but hardly as hits. They wait: the thresholds shrink as the scan
//! goes on, and most of the rows need not be looked at in the end.

use std::ops::Range;

use iqdb_core::Result;

use super::{Ask, Scan, Strip};
use crate::kernel::below;

/// How many rows may wait, per query, and for all of them: one row in so many, within a range. When
/// all of them are looked at in the end, comparing their codes was in vain, which takes an eighth of
/// the time that the rows take.
const SHARE: usize = 2;
const ROWS: Range<usize> = 1_024..16_384;
const ROWS_OF_ALL: usize = 1 << 17;

/// How many lists of them there may be, per query, and for all of them.
const RUNS: usize = 1_024;
const RUNS_OF_ALL: usize = 1 << 14;

/// What waits, in the order of the rows' places.
#[derive(Debug, Default)]
pub(super) struct Later {
    runs: Vec<Run>,
    rows: Vec<Waiting>,
    most: usize,
    most_runs: usize,
    /// Whether it pays to wait, as far as has been seen.
    pays: bool,
}

/// Rows of one strip that wait for one query.
#[derive(Debug)]
struct Run {
    query: usize,
    block: usize,
    range: Range<usize>,
    /// Where the first of them is in the list of all.
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
    /// Gets ready for so many queries and rows, with room for all that may ever wait: how much does
    /// depends on the thresholds, and those on what other threads find.
    pub(super) fn prepare(&mut self, queries: usize, rows: u64) {
        self.clear();
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let most = (rows / SHARE).clamp(ROWS.start, ROWS.end);
        self.most = (most * queries).min(ROWS_OF_ALL);
        self.most_runs = (RUNS * queries).min(RUNS_OF_ALL);
        self.pays = true;
        self.rows.reserve(self.most);
        // One strip may be looked at by all of them before anybody asks whether there is room.
        self.runs.reserve(self.most_runs + queries);
    }

    fn clear(&mut self) {
        self.runs.clear();
        self.rows.clear();
    }

    /// Rows that are pushed from here on are of this strip and query.
    pub(super) fn open(&mut self, strip: &Strip<'_>, query: usize) {
        let first = self.rows.len();
        let run = Run { query, block: strip.block, range: strip.range.clone(), first };
        match self.runs.last_mut() {
            Some(last) if last.first == first => *last = run,
            _ => self.runs.push(run),
        }
    }

    /// Whether rows may wait.
    pub(super) fn takes(&self) -> bool {
        self.pays && self.rows.len() < self.most
    }

    pub(super) fn push(&mut self, row: u32, sum: i32) {
        self.rows.push(Waiting { row, sum });
    }

    /// Whether it is time to look at what waits.
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= self.most || self.runs.len() >= self.most_runs
    }

    /// Codes have left few rows in question again.
    pub(super) fn may_pay(&mut self) {
        self.pays = true;
    }
}

impl Scan {
    /// Looks at the rows that have waited and are still in question.
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

    /// Returns how many rows that were.
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
                (codes, self.coded.cone(run.query, codes, self.top[run.query].threshold()))
            });
            let in_question = |waiting: &&Waiting| {
                let place = strip.range.start + waiting.row as usize;
                cone.is_none_or(|(codes, cone)| !below(waiting.sum, cone.cut(codes.facts(place))))
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
