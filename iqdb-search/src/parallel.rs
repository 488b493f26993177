//! More than one thread: spans of rows shared out to a rayon pool, each part with its own heap.

use std::sync::{Arc, OnceLock};

use iqdb_core::{Query, Result, Snapshot};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::kernel::Kernel;
use crate::scan::{Scan, Span};

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
    /// same time. `scan` has been prepared for the queries.
    pub(crate) fn scan(
        &self,
        threads: usize,
        kernel: Kernel,
        scan: &mut Scan,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
    ) -> Result<usize> {
        if threads > 1
            && let Some(pool) = self.pool()
        {
            let spans = spans(on, threads)?;
            let parts = threads.min(spans.len());
            if parts > 1 {
                let cut = |part: usize| part * spans.len() / parts;
                let scans = pool.install(|| {
                    (0..parts)
                        .into_par_iter()
                        .map(|part| {
                            let spans = &spans[cut(part)..cut(part + 1)];
                            let mut scan = Scan::default();
                            scan.prepare(kernel, on.schema(), queries);
                            scan.run(on, queries, spans.iter().cloned().map(Ok))?;
                            Ok(scan)
                        })
                        .collect::<Result<Vec<Scan>>>()
                })?;
                for part in &scans {
                    scan.merge(part, on)?;
                }
                return Ok(parts.min(pool.current_num_threads()));
            }
        }
        let blocks = (0..on.block_count())
            .map(|block| on.block(block).map(|lent| Span { block, rows: 0..lent.len() }));
        scan.run(on, queries, blocks)?;
        Ok(1)
    }
}

/// All rows, in spans of which each thread gets several.
fn spans(on: &dyn Snapshot, threads: usize) -> Result<Vec<Span>> {
    let blocks: Vec<usize> =
        (0..on.block_count()).map(|block| Ok(on.block(block)?.len())).collect::<Result<_>>()?;
    let rows: usize = blocks.iter().sum();
    let span_rows =
        rows.div_ceil(threads.saturating_mul(4)).clamp(*SPAN_ROWS.start(), *SPAN_ROWS.end());
    let mut spans = Vec::new();
    for (block, len) in blocks.into_iter().enumerate() {
        for start in (0..len).step_by(span_rows) {
            spans.push(Span { block, rows: start..len.min(start + span_rows) });
        }
    }
    Ok(spans)
}
