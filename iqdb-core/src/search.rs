//! The contract of a search, which answers queries over a snapshot.

use std::fmt::Debug;
use std::sync::Arc;

use crate::{Budget, Explain, Hits, Progress, Query, Result, Scratch, Snapshot};

/// Answers queries over any [`Snapshot`]. `iqdb-search` scans; an index may know better.
///
/// Forwarded for `&S`, `Arc<S>` and `Box<S>`.
pub trait Search: Debug + Send + Sync {
    /// Answers `queries[i]` into `hits[i]`, for every `i`, over the one snapshot. Works in `scratch`,
    /// whatever other searches left there.
    ///
    /// - `search_ranks_by_distance_then_id`: Hits come nearest first, equal distances by id.
    /// - `search_distances_are_canonical`: Each distance is the
    ///   [canonical one](crate::distance) of its metric and element, bit for bit.
    /// - `search_looks_in_its_field_only`: Records that lack the query's field are no hits, whatever
    ///   other vectors they have.
    /// - `a_batch_may_ask_different_fields`: Each query is answered as if it were alone.
    /// - `sparse_hits_share_an_index`: A record that shares no index with a sparse query is no hit,
    ///   so that there may be fewer than `k`.
    /// - `search_with_k_above_len_returns_every_record`: A `k` of any size is no error.
    /// - `search_within_is_inclusive_and_capped`: A record at exactly the distance is a hit; of
    ///   too many, the nearest are kept.
    /// - `search_of_an_empty_store_finds_nothing`: And that is no error.
    /// - `search_filters_before_it_ranks`: The k nearest of those that match.
    /// - `search_returns_payloads_when_asked`: And only then.
    /// - `search_returns_vectors_when_asked`: And only then, of the query's field, with the exact bits.
    /// - `search_ignores_what_hits_held_before`: A reused buffer holds the new answer only.
    /// - `search_answers_are_the_same_for_any_thread_count`: Bit for bit.
    /// - `search_answers_are_the_same_for_any_batch`: Alone or among others, bit for bit.
    /// - `a_batch_has_any_number_of_queries`: Each with a filter and a limit of its own.
    /// - `search_answers_are_the_same_for_any_plan`: Bit for bit, whatever was derived before.
    /// - `search_ranks_extreme_values_canonically`: Huge, tiny and overflowing components rank as
    ///   the canonical distance says, and one odd row never fails a search.
    /// - `distances_of_huge_and_tiny_components_are_right`: The cosine distance of `(3e38, 3e38)`
    ///   and `(1, 0)` is 0.2929, and none is out of its metric's range.
    /// - `search_of_a_row_that_is_no_vector_is_damaged`: One with a NaN or an infinity, or of zeros
    ///   where the metric needs a direction, is an error that names the record, and never a hit.
    /// - `search_memory_is_bounded_by_what_is_there`: However large a `k`, a limit or a number of
    ///   threads is claimed.
    /// - `search_rejects_bad_queries`: The errors of [`Query::check_batch`], which every search calls
    ///   first.
    /// - `search_leaves_every_buffer_empty_on_error`: One bad query fails its batch.
    /// - `any_query_of_a_batch_ends_it`: Whichever it is whose budget is over.
    /// - `explain_counts_what_was_done`: Where it counts, over blocks: each pair that matches is a
    ///   candidate, and is either excluded or rescored.
    ///
    /// Of queries for text, where the search takes any:
    ///
    /// - `text_scores_are_those_of_the_model`: A hit's distance is minus the score that
    ///   [`ranking`](crate::text::ranking) defines, bit for bit, however the rows lie in blocks; a filter
    ///   changes none.
    /// - `text_statistics_are_of_the_live_records`: Of this snapshot, that have the field: as in a new store
    ///   of the same records.
    /// - `text_phrases_and_signs_are_kept`: As [`TextQuery`](crate::text::TextQuery) says. No phrase goes from
    ///   one text of a list to the next, and a record without any of the words is no hit.
    /// - `text_hits_are_ranked_and_cut`: Best first, equal scores by id, up to `k`.
    /// - `text_hits_have_at_least_the_score`: Of [`Goal::Within`](crate::Goal), inclusive.
    /// - `an_added_text_field_is_searched`: As if it had always been there.
    /// - `text_queries_are_for_text_fields`: Of the analyzer that the words were read for; else it is
    ///   [`ErrorKind::ElementMismatch`](crate::ErrorKind::ElementMismatch).
    /// - `text_and_vectors_are_asked_in_one_batch`: Each query is answered as if it were alone.
    ///
    /// Where a query gives up exactness by its [`Accuracy`](crate::Accuracy), hits may be missing:
    ///
    /// - `estimated_answers_are_sound`: Every hit is one of the exact answer without a limit, with its
    ///   distance, in its order, once; no more than asked for. An answer that claims to be exact is.
    /// - `estimated_answers_repeat_within_an_epoch`: With the same epoch in its
    ///   [verdict](crate::Verdict), the answer is the same, whatever the threads and the batch, also
    ///   while the search is being prepared.
    /// - `the_recall_of_an_estimate_is_reached`: The mean over many queries is that of their verdicts, or
    ///   more.
    /// - `a_recall_of_1_is_exact`: And its verdict says so.
    ///
    /// # Errors
    /// As above, with [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) for a row that is no vector,
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) for an [`Input`](crate::Input) that the
    /// search doesn't know, and whatever reading the snapshot reports.
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain>;

    /// Makes what this search keeps with the store's sealed blocks, for those of the snapshot that
    /// lack it, until the budget ends: it is looked at before each part, and `progress` hears of
    /// each. Returns whether nothing is lacking any more. May take as long as many searches; no
    /// search has to wait for it.
    ///
    /// - `search_answers_are_the_same_once_prepared`: Bit for bit, and before that, too.
    /// - `prepare_keeps_what_others_prepare`: Where two snapshots of a store are prepared at once, and
    ///   nothing is lacking, neither lacks anything afterwards.
    ///
    /// # Errors
    /// Whatever reading the snapshot reports; a budget that ends is no error. What was made before
    /// is kept.
    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool>;

    /// Builds the index that answers queries which give up exactness, of each field that this search
    /// indexes, over the sealed blocks of the snapshot; unless there is one that is as good. Heeds a
    /// budget, reports progress and returns as [`prepare`](Self::prepare) does; a search without an
    /// index returns true. Afterwards, `prepare` keeps the index up to date.
    ///
    /// - `a_build_that_is_cut_short_is_no_error`: Wherever its budget ends, the answers are as sound as
    ///   before, and it may be called again; without a budget it returns true.
    ///
    /// # Errors
    /// Whatever reading the snapshot reports; a budget that ends is no error.
    fn build_index(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool>;
}

macro_rules! forward_search {
    ($($pointer:ty),*) => {$(
        impl<S: Search + ?Sized> Search for $pointer {
            fn search(
                &self,
                on: &dyn Snapshot,
                queries: &[Query<'_>],
                hits: &mut [Hits],
                scratch: &mut Scratch,
            ) -> Result<Explain> {
                (**self).search(on, queries, hits, scratch)
            }

            fn prepare(
                &self,
                on: &dyn Snapshot,
                budget: Budget<'_>,
                progress: &mut dyn Progress,
            ) -> Result<bool> {
                (**self).prepare(on, budget, progress)
            }

            fn build_index(
                &self,
                on: &dyn Snapshot,
                budget: Budget<'_>,
                progress: &mut dyn Progress,
            ) -> Result<bool> {
                (**self).build_index(on, budget, progress)
            }
        }
    )*};
}

forward_search!(&S, Arc<S>, Box<S>);
