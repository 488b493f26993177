//! More than one thread: spans of rows shared out to a rayon pool, each part with its own heap.

use std::sync::{Arc, OnceLock};

use iqdb_core::{Query, Result, Snapshot};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::kernel::Kernel;
use crate::scan::{Scan, Span};

/// Rows that a thread takes at a time; a block larger than this is worked on by several.
const SPAN_ROWS: usize = 4_096;

/// The threads of a search: the caller's pool, or one that is made when it is first needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Threads {
    given: Option<Arc<ThreadPool>>,
    own: Arc<OnceLock<Option<ThreadPool>>>,
}

impl Threads {
    pub(crate) fn of(pool: Arc<ThreadPool>) -> Self {
        Self { given: Some(pool), own: Arc::default() }
    }

    /// The pool; `None` when the machine gives us no threads, and the calling one does it all.
    fn pool(&self) -> Option<&ThreadPool> {
        match &self.given {
            Some(pool) => Some(pool),
            None => self
                .own
                .get_or_init(|| {
                    let name = |n| format!("iqdb-search-{n}");
                    rayon::ThreadPoolBuilder::new().thread_name(name).build().ok()
                })
                .as_ref(),
        }
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
            let spans = spans(on)?;
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

fn spans(on: &dyn Snapshot) -> Result<Vec<Span>> {
    let mut spans = Vec::new();
    for block in 0..on.block_count() {
        let len = on.block(block)?.len();
        for start in (0..len).step_by(SPAN_ROWS) {
            spans.push(Span { block, rows: start..len.min(start + SPAN_ROWS) });
        }
    }
    Ok(spans)
}
