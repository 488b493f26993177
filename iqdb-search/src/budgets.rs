//! The budgets of a batch as one: the earliest deadline and any cancel end the whole search.

use std::time::Instant;

use iqdb_core::{Budget, Query, Result};

/// The budgets of all queries of a batch. Looked at between strips of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budgets<'a> {
    /// The queries, if one of them can be cancelled.
    cancellable: &'a [Query<'a>],
    deadline: Option<Instant>,
}

impl<'a> Budgets<'a> {
    pub(crate) fn of(queries: &'a [Query<'a>]) -> Self {
        let deadline = queries.iter().filter_map(|query| query.budget().deadline()).min();
        let is_cancellable = queries.iter().any(|query| query.budget().cancel().is_some());
        Self { cancellable: if is_cancellable { queries } else { &[] }, deadline }
    }

    /// Whether the search may go on. Reads the clock only where there is a deadline. O(queries)
    /// where one can be cancelled, else O(1).
    ///
    /// # Errors
    /// As [`Budget::check`].
    #[inline]
    pub(crate) fn check(self) -> Result<()> {
        for query in self.cancellable {
            if let Some(cancel) = query.budget().cancel() {
                Budget::new().with_cancel(cancel).check()?;
            }
        }
        match self.deadline {
            Some(deadline) => Budget::new().with_deadline(deadline).check(),
            None => Ok(()),
        }
    }
}
