//! Several threads: a rayon pool shares out the queries if there are many, and the rows if not.
//!
//! A thread with a share of the queries works as it would alone: thresholds shrink as fast as they
//! can, and nothing is merged. But every thread reads all rows. So all threads answer few queries
//! together, and each scans some of the rows, with its own heaps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use iqdb_core::{Blocks, Error, ErrorKind, Explain, FieldId, FieldKind, Query, Result};
use rayon::ThreadPool;

use crate::budgets::Budgets;
use crate::field_block::FieldBlock;
use crate::kernel::{Engine, GROUP_ROWS};
use crate::query_batch::QueryBatch;
use crate::scan::{Scan, ScanContext, Span};
use crate::top_k::{Candidate, SharedThreshold};

/// Rows that a thread takes at a time: few enough that all threads have something to do, many
/// enough that taking them costs nothing beside scanning them.
const SPAN_ROWS: std::ops::RangeInclusive<usize> = 64..=4_096;

/// Queries per thread that keep it busy for much longer than reading a row takes.
const SHARE_QUERIES: usize = 64;

/// The pool of all searches that were not given one; made when it is first needed, with as many
/// threads as the machine has.
static SHARED: OnceLock<Pool> = OnceLock::new();

/// What a search reads: a snapshot, a field, and until when.
pub(crate) type Target<'a> = (&'a dyn Blocks, FieldId, Budgets<'a>);

/// The threads of a search: the caller's pool, or the shared one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads {
    given: Option<Arc<Pool>>,
}

/// A pool, and the process that has its threads: a forked child has the pool and none of them.
#[derive(Debug)]
struct Pool {
    pool: Arc<ThreadPool>,
    process: u32,
}

impl Pool {
    fn new(pool: Arc<ThreadPool>) -> Self {
        Self { pool, process: std::process::id() }
    }
}

impl Threads {
    pub(crate) fn of(pool: Arc<ThreadPool>) -> Self {
        Self { given: Some(Arc::new(Pool::new(pool))) }
    }

    /// The pool; `None` while the machine gives no threads, or in a forked child: the calling thread
    /// does it all.
    fn pool(&self) -> Option<&ThreadPool> {
        let pool = match &self.given {
            Some(pool) => pool,
            None => Self::shared()?,
        };
        (pool.process == std::process::id()).then_some(&*pool.pool)
    }

    fn shared() -> Option<&'static Pool> {
        if SHARED.get().is_none() {
            let name = |n| format!("iqdb-search-{n}");
            let pool = rayon::ThreadPoolBuilder::new().thread_name(name).build().ok()?;
            // Of two that are made at once one is kept; the other ends with its threads.
            let _ = SHARED.set(Pool::new(Arc::new(pool)));
        }
        SHARED.get()
    }

    /// Answers the queries with at most `threads` threads; returns how many could work at the same
    /// time.
    pub(crate) fn scan(
        &self,
        threads: usize,
        scans: &mut Scans,
        engine: Engine,
        (on, field, budgets): Target<'_>,
        queries: &[Query<'_>],
    ) -> Result<usize> {
        if threads > 1
            && let Some(pool) = self.pool()
        {
            let threads = threads.min(pool.current_num_threads());
            if threads > 1 && queries.len() >= threads * SHARE_QUERIES {
                return scans.share_queries(pool, threads, engine, (on, field, budgets), queries);
            }
            let spans = spans(on, field, threads)?;
            let parts = threads.min(spans.len());
            if parts > 1 {
                scans.share_rows(pool, parts, &spans, engine, (on, field, budgets), queries)?;
                return Ok(parts);
            }
        }
        scans.share(1, queries.len())[0].run(engine, (on, field, budgets), queries)?;
        Ok(1)
    }
}

/// The working memory of a search, of all of its threads, reused from one search to the next.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    /// One per share of the queries, the first on the calling thread.
    shares: Vec<Share>,
    /// How many of them are in use, and how many queries each has.
    count: usize,
    queries: usize,
    /// The scans of other threads, over other rows for the same queries.
    others: Vec<Scan>,
    /// The thresholds that threads share when they scan different rows, per query.
    shared: Vec<SharedThreshold>,
}

/// Some of the queries, or all, and the scan that answers them.
#[derive(Debug, Default)]
struct Share {
    batch: QueryBatch,
    scan: Scan,
}

impl Share {
    /// Scans the whole snapshot on this thread.
    fn run(
        &mut self,
        engine: Engine,
        (on, field, budgets): Target<'_>,
        queries: &[Query<'_>],
    ) -> Result<()> {
        let Self { batch, scan } = self;
        batch.prepare(engine, kind(on, field)?, queries);
        let spans = last_first(on.block_count()).filter_map(|block| {
            let lent = FieldBlock::of(on, block, field).transpose()?;
            Some(lent.map(|lent| (Span { block, rows: 0..lent.len() }, lent)))
        });
        scan.run(ScanContext { batch, on, queries, field, budgets, shared: &[] }, spans)
    }
}

impl Scans {
    /// The nearest of query number `n`, nearest first.
    pub(crate) fn sorted(&mut self, n: usize, on: &dyn Blocks) -> Result<&[Candidate]> {
        self.shares[n / self.queries].scan.sorted(n % self.queries, on)
    }

    /// Adds what was done to `explain`.
    pub(crate) fn explain(&self, explain: &mut Explain) {
        for Share { batch, scan } in &self.shares[..self.count] {
            scan.explain(batch, explain);
        }
    }

    /// Makes `count` shares for `queries` queries in all.
    fn share(&mut self, count: usize, queries: usize) -> &mut [Share] {
        self.count = count;
        self.queries = queries.div_ceil(count).max(1);
        self.shares.resize_with(self.shares.len().max(count), Share::default);
        &mut self.shares[..count]
    }

    /// Each thread scans all rows for a share of the queries; returns how many threads.
    fn share_queries(
        &mut self,
        pool: &ThreadPool,
        threads: usize,
        engine: Engine,
        on: Target<'_>,
        queries: &[Query<'_>],
    ) -> Result<usize> {
        let parts = queries.chunks(queries.len().div_ceil(threads));
        let count = parts.len();
        let shares = self.share(count, queries.len());
        let mut done: Vec<Result<()>> = shares.iter().map(|_| Ok(())).collect();
        let mut work = shares
            .iter_mut()
            .zip(parts)
            .zip(&mut done)
            .map(|((share, queries), done)| move || *done = share.run(engine, on, queries));
        let own = work.next();
        pool.in_place_scope(|scope| {
            for mut other in work {
                scope.spawn(move |_| other());
            }
            if let Some(mut own) = own {
                own();
            }
        });
        done.into_iter().collect::<Result<()>>()?;
        Ok(count)
    }

    /// Scans `spans` in `parts`, one of them on the calling thread. Each takes the next span when
    /// it has done its last.
    fn share_rows(
        &mut self,
        pool: &ThreadPool,
        parts: usize,
        spans: &[Span],
        engine: Engine,
        (on, field, budgets): Target<'_>,
        queries: &[Query<'_>],
    ) -> Result<()> {
        self.share(1, queries.len());
        let Self { shares, others, shared, .. } = self;
        let Share { batch, scan: own } = &mut shares[0];
        batch.prepare(engine, kind(on, field)?, queries);
        shared.clear();
        shared.extend(queries.iter().map(|_| SharedThreshold::new()));
        let context = ScanContext { batch, on, queries, field, budgets, shared };
        others.resize_with(others.len().max(parts - 1), Scan::default);
        let others = &mut others[..parts - 1];
        let next = AtomicUsize::new(0);
        let take = || {
            let span = spans.get(next.fetch_add(1, Ordering::Relaxed))?.clone();
            let lent = FieldBlock::of(on, span.block, field).transpose()?;
            Some(lent.map(|lent| (span, lent)))
        };
        let mut done: Vec<Result<()>> = others.iter().map(|_| Ok(())).collect();
        pool.in_place_scope(|scope| {
            for (scan, done) in others.iter_mut().zip(&mut done) {
                scope.spawn(|_| {
                    *done = scan.run(context, std::iter::from_fn(take));
                });
            }
            own.run(context, std::iter::from_fn(take))
        })?;
        done.into_iter().collect::<Result<()>>()?;
        others.iter().try_for_each(|other| own.merge(other, on))
    }
}

/// What the vectors of a field are.
fn kind(on: &dyn Blocks, field: FieldId) -> Result<FieldKind> {
    on.schema().kind(field).ok_or_else(|| {
        Error::new(ErrorKind::UnknownField, "the field is of another schema").found(field.index())
    })
}

/// All blocks, the last one first. It is still open, as a rule, and has no codes; its rows give the
/// thresholds with which codes exclude rows of the others.
fn last_first(blocks: usize) -> impl Iterator<Item = usize> {
    let last = blocks.saturating_sub(1);
    (last..blocks).chain(0..last)
}

/// All rows, in spans of which each thread gets several.
fn spans(on: &dyn Blocks, field: FieldId, threads: usize) -> Result<Vec<Span>> {
    let blocks: Vec<(usize, usize)> = last_first(on.block_count())
        .map(|block| Ok((block, FieldBlock::of(on, block, field)?.map_or(0, |lent| lent.len()))))
        .collect::<Result<_>>()?;
    let rows: usize = blocks.iter().map(|(_, len)| len).sum();
    let span_rows =
        rows.div_ceil(threads.saturating_mul(4)).clamp(*SPAN_ROWS.start(), *SPAN_ROWS.end());
    // Whole groups of codes.
    let span_rows = span_rows.next_multiple_of(GROUP_ROWS);
    let mut spans = Vec::new();
    for (block, len) in blocks {
        for start in (0..len).step_by(span_rows) {
            spans.push(Span { block, rows: start..len.min(start + span_rows) });
        }
    }
    Ok(spans)
}
