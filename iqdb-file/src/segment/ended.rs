//! Which rows of a block have ended, and when.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use iqdb_core::{Narrow, Version};

/// One version per row: 0 while it is alive, else the version that ended it. Without memory until
/// the first row ends.
#[derive(Debug)]
pub(crate) struct Ended {
    rows: usize,
    versions: OnceLock<Box<[AtomicU64]>>,
}

impl Ended {
    pub(crate) fn none(rows: usize) -> Self {
        Self { rows, versions: OnceLock::new() }
    }

    /// Ends a row. Seen by whoever sees what is published afterwards. For writers only, one at a
    /// time.
    pub(crate) fn end(&self, row: usize, version: Version) {
        let versions =
            self.versions.get_or_init(|| (0..self.rows).map(|_| AtomicU64::new(0)).collect());
        if let Some(ended) = versions.get(row) {
            ended.store(version.0, Ordering::Relaxed);
        }
    }

    /// Takes back what no view has shown.
    pub(crate) fn revive(&self, row: usize) {
        if let Some(ended) = self.versions.get().and_then(|versions| versions.get(row)) {
            ended.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_alive(&self, row: usize, at: Version) -> bool {
        row < self.rows
            && self.versions.get().and_then(|versions| versions.get(row)).is_none_or(|ended| {
                let ended = ended.load(Ordering::Relaxed);
                ended == 0 || ended > at.0
            })
    }

    /// O(1) while no row has ended, else O(rows).
    pub(crate) fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) {
        let Some(versions) = self.versions.get() else {
            return;
        };
        live.retain_words(|first, _| {
            let versions = versions.get(first..).unwrap_or_default();
            versions.iter().take(64).enumerate().fold(0, |word, (n, ended)| {
                let ended = ended.load(Ordering::Relaxed);
                word | u64::from(ended == 0 || ended > at.0) << n
            })
        });
    }
}
