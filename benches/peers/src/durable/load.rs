//! What engines write: how many rows per commit, from how many threads, for how long.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::engine::{DIM, Engine};
use crate::Result;
use crate::npy::Matrix;

/// What one engine writes in one turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Rows per commit.
    pub(super) batch: usize,
    pub(super) threads: usize,
    /// Commits of each thread at most, and when none of them is begun any more.
    pub(super) commits: usize,
    pub(super) within: Duration,
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) rows: usize,
    pub(super) took: Duration,
}

/// A database that an engine has opened.
pub(super) trait Database {
    /// Writes rows with the ids from `first` on.
    fn write(&mut self, load: &Load, first: usize) -> Result<Written>;

    /// How many rows it has.
    fn rows(&mut self) -> Result<u64>;
}

/// One in this process.
pub(super) struct Here {
    pub(super) engine: Box<dyn Engine>,
    pub(super) rows: Arc<Matrix<f32>>,
}

impl Database for Here {
    fn write(&mut self, load: &Load, first: usize) -> Result<Written> {
        let next = AtomicUsize::new(first);
        let started = Instant::now();
        let write = || -> Result<()> {
            for _ in 0..load.commits {
                let first = next.fetch_add(load.batch, Relaxed);
                let ids: Vec<u64> = (first as u64..(first + load.batch) as u64).collect();
                let at = first % (self.rows.rows - load.batch + 1) * DIM;
                self.engine.upsert_many(&ids, &self.rows.items[at..at + load.batch * DIM])?;
                if started.elapsed() > load.within {
                    break;
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..load.threads).map(|_| scope.spawn(write)).collect();
            let panicked = |_| Err("a writer panicked".to_owned());
            writers.into_iter().try_for_each(|writer| writer.join().unwrap_or_else(panicked))
        })?;
        Ok(Written { rows: next.into_inner() - first, took: started.elapsed() })
    }

    fn rows(&mut self) -> Result<u64> {
        self.engine.rows()
    }
}
