//! Stores elsewhere: snapshots without blocks, which send candidates instead of lending rows.
//!
//! A store on another machine, such as a database server with vectors, ranks by its own arithmetic.
//! So it doesn't send hits but *candidates*, and says where what it didn't send may begin. The search
//! computes the canonical distances and knows then whether a hit can be missing.

mod candidates;
mod pages;
mod search;
#[cfg(test)]
mod tests;
mod texts;

pub use candidates::{CandidateRequest, Candidates, Rest};
pub use search::search_remote;

use crate::{Budget, Result};

/// The engine of a snapshot whose rows are elsewhere.
pub trait Remote: Send + Sync {
    /// Fills `out[i]` with candidates for `requests[i]`, all from this snapshot's version, in one round
    /// trip. `out` is as long as `requests`, and its candidates are without rows and
    /// [declined](Rest::Declined): what the remote leaves so, the search finds by reading every match.
    ///
    /// - `candidates_are_records_that_match`: Each has the field of the query, matches its filter, is sent
    ///   once, and has the parts that were asked for, bit for bit as `get` has them.
    /// - `candidates_are_as_many_as_asked_for`: At least [`CandidateRequest::at_least`] of them, or every
    ///   match.
    /// - `what_is_not_sent_ranks_at_the_rest_or_after`: By canonical distance, then id. That is where the
    ///   remote's own rounding is accounted for.
    /// - `candidates_up_to_a_distance_are_all_sent`: Every match at [`CandidateRequest::up_to`] or nearer,
    ///   so that the rest lies beyond it.
    ///
    /// # Errors
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded),
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) or
    /// [`ErrorKind::SnapshotExpired`](crate::ErrorKind::SnapshotExpired); whatever the remote reports.
    fn candidates(
        &self,
        requests: &[CandidateRequest<'_>],
        out: &mut [Candidates],
        budget: Budget<'_>,
    ) -> Result<()>;
}
