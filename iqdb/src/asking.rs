//! The search of a database as a [`Search`], for questions that take more than one.

use iqdb_core::{Budget, Explain, Hits, Progress, Query, Result, Scratch, Search, Snapshot};

use crate::Iqdb;

/// Searches as [`Iqdb::search_on`] does: it also wakes the thread that prepares.
#[derive(Debug)]
pub(crate) struct Asking<'a>(pub(crate) &'a Iqdb);

impl Search for Asking<'_> {
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        self.0.search_on(on, queries, hits, scratch)
    }

    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        self.0.search_behind().prepare(on, budget, progress)
    }

    fn build_index(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        self.0.search_behind().build_index(on, budget, progress)
    }
}
