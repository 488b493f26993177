//! Up to which version rows take note of their ends: until a compaction copies them, or another store
//! goes on with the records.

// Not those of the model checkers: no read of a view depends on them.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use iqdb_core::Version;

/// The last versions of a generation and of its store whose ends the rows note.
///
/// Relaxed stores suffice: they are made before a later version is published, and only its readers ask
/// for ends of that version.
#[derive(Debug, Clone)]
pub(crate) struct NotedEnds {
    generation: Arc<AtomicU64>,
    store: Arc<AtomicU64>,
}

impl NotedEnds {
    /// Those of the first generation of a store, which notes all ends.
    pub(crate) fn new() -> Self {
        Self { generation: no_end(), store: no_end() }
    }

    /// Those of the next generation of the store.
    pub(crate) fn of_next_generation(&self) -> Self {
        Self { generation: no_end(), store: Arc::clone(&self.store) }
    }

    /// Says that another generation notes the ends after this version.
    pub(crate) fn end_generation(&self, last: Version) {
        self.generation.fetch_min(last.0, Ordering::Relaxed);
    }

    /// Says that the versions after this one are those of another store.
    pub(crate) fn end_store(&self, last: Version) {
        self.store.fetch_min(last.0, Ordering::Relaxed);
    }

    /// Whether the rows note the ends of this version.
    pub(crate) fn have(&self, version: Version) -> bool {
        [&self.generation, &self.store].iter().all(|last| version.0 <= last.load(Ordering::Relaxed))
    }
}

fn no_end() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(u64::MAX))
}
