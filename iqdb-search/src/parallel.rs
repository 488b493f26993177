//! More than one thread: spans of rows shared out to a rayon pool, each part with its own heap.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use iqdb_core::{Explain, Query, Result, Schema, Snapshot};
use rayon::ThreadPool;

use crate::kernel::{Engine, GROUP};
use crate::prepare::Prepared;
use crate::scan::{Ask, Scan, Span};
use crate::top_k::{Candidate, Shared};

/// Rows that a thread takes at a time: few enough that all threads have something to do, many
/// enough that taking them costs nothing beside looking at them.
const SPAN_ROWS: std::ops::RangeInclusive<usize> = 64..=4_096;

/// The pool of all searches that were not given one; made when it is first needed, with as many
/// threads as the machine has.
static SHARED: OnceLock<ThreadPool> = OnceLock::new();

/// The threads of a search: the caller's pool, or the shared one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads {
    given: Option<Arc<ThreadPool>>,
}

impl Threads {
    pub(crate) fn of(pool: Arc<ThreadPool>) -> Self {
        Self { given: Some(pool) }
    }

    /// The pool; `None` while the machine gives us no threads, and the calling one does it all.
    fn pool(&self) -> Option<&ThreadPool> {
        if let Some(pool) = &self.given {
            return Some(pool);
        }
        if SHARED.get().is_none() {
            let name = |n| format!("iqdb-search-{n}");
            let pool = rayon::ThreadPoolBuilder::new().thread_name(name).build().ok()?;
            // Of two that are made at once one is kept; the other ends with its threads.
            let _ = SHARED.set(pool);
        }
        SHARED.get()
    }

    /// Scans the whole snapshot with at most `threads` threads; returns how many could work at the
    /// same time. `scans` has been prepared for the queries.
    pub(crate) fn scan(
        &self,
        threads: usize,
        scans: &mut Scans,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
    ) -> Result<usize> {
        if threads > 1
            && let Some(pool) = self.pool()
        {
            let spans = spans(on, threads)?;
            let parts = threads.min(spans.len()).min(pool.current_num_threads());
            if parts > 1 {
                scans.share_out(pool, parts, &spans, on, queries)?;
                return Ok(parts);
            }
        }
        let blocks = (0..on.block_count())
            .map(|block| on.block(block).map(|lent| Span { block, rows: 0..lent.len() }));
        let ask = Ask { prepared: &scans.prepared, on, queries, shared: &[] };
        scans.own.run(ask, blocks)?;
        Ok(1)
    }
}

/// What a search works with on all of its threads, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    prepared: Prepared,
    /// The calling thread's, and in the end what all have found.
    own: Scan,
    others: Vec<Scan>,
    /// What several threads tell each other, per query.
    shared: Vec<Shared>,
}

impl Scans {
    /// Forgets the last search and gets ready for these queries.
    pub(crate) fn prepare(&mut self, engine: Engine, schema: &Schema, queries: &[Query<'_>]) {
        self.prepared.prepare(engine, schema, queries);
        self.own.prepare(&self.prepared, queries);
    }

    /// The nearest of query number `n`, nearest first.
    pub(crate) fn sorted(&mut self, n: usize, on: &dyn Snapshot) -> Result<&[Candidate]> {
        self.own.sorted(n, on)
    }

    /// Adds what was done to `explain`.
    pub(crate) fn explain(&self, explain: &mut Explain) {
        self.own.explain(&self.prepared, explain);
    }

    /// Scans `spans` in `parts`, one of them on the calling thread. Each takes the next span when
    /// it has done its last.
    fn share_out(
        &mut self,
        pool: &ThreadPool,
        parts: usize,
        spans: &[Span],
        on: &dyn Snapshot,
        queries: &[Query<'_>],
    ) -> Result<()> {
        let Self { prepared, own, others, shared } = self;
        shared.clear();
        shared.extend(queries.iter().map(|_| Shared::new()));
        let ask = Ask { prepared, on, queries, shared };
        others.resize_with(others.len().max(parts - 1), Scan::default);
        let others = &mut others[..parts - 1];
        let next = AtomicUsize::new(0);
        let take = || spans.get(next.fetch_add(1, Ordering::Relaxed)).cloned().map(Ok);
        let mut done: Vec<Result<()>> = others.iter().map(|_| Ok(())).collect();
        pool.in_place_scope(|scope| {
            for (scan, done) in others.iter_mut().zip(&mut done) {
                scope.spawn(|_| {
                    scan.prepare(ask.prepared, queries);
                    *done = scan.run(ask, std::iter::from_fn(take));
                });
            }
            own.run(ask, std::iter::from_fn(take))
        })?;
        done.into_iter().collect::<Result<()>>()?;
        others.iter().try_for_each(|other| own.merge(other, on))
    }
}

/// All rows, in spans of which each thread gets several.
fn spans(on: &dyn Snapshot, threads: usize) -> Result<Vec<Span>> {
    let blocks: Vec<usize> =
        (0..on.block_count()).map(|block| Ok(on.block(block)?.len())).collect::<Result<_>>()?;
    let rows: usize = blocks.iter().sum();
    let span_rows =
        rows.div_ceil(threads.saturating_mul(4)).clamp(*SPAN_ROWS.start(), *SPAN_ROWS.end());
    // Whole groups of codes.
    let span_rows = span_rows.next_multiple_of(GROUP);
    let mut spans = Vec::new();
    for (block, len) in blocks.into_iter().enumerate() {
        for start in (0..len).step_by(span_rows) {
            spans.push(Span { block, rows: start..len.min(start + span_rows) });
        }
    }
    Ok(spans)
}
