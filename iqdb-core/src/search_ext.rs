//! Questions that take more than one search, or go on with its hits, the same for every search.

use crate::diversity::diversify;
use crate::examples::mean_vector;
use crate::grouping::group;
use crate::rerank::rerank;
use crate::{
    Budget, Diversity, Error, ErrorKind, Examples, Fused, FusedHit, Fusion, Grouped, Grouping,
    Hits, Parts, Query, RecordId, Rerank, Reranked, Result, Rows, Scored, Scratch, Search,
    Snapshot, Vector,
};

/// What follows from [`Search`] alone. Every search has it.
pub trait SearchExt {
    /// Asks all parts of one snapshot, and fuses their hits: the `k` best. The goal of each part says how many
    /// of its hits count. Payloads are read of the hits that come out, and vectors of none.
    ///
    /// - `fused_hits_are_those_of_the_model`: The records that a part has found, with the score of
    ///   [`Fusion`], bit for bit, and with rank and distance in each part.
    /// - `fused_hits_are_ranked_and_cut`: Best first, equal scores by id, up to `k`.
    /// - `fused_parts_are_answered_alone`: Each with its own field, filter, goal and accuracy.
    /// - `fused_hits_have_payloads_when_asked`: When a part asks for payloads, and only then.
    /// - `fusion_refuses_what_makes_no_score`: The errors of [`Fusion::check`], of [`Query::check`] for each
    ///   part, and [`ErrorKind::InvalidQuery`] for a `k` of 0.
    ///
    /// # Errors
    /// As above, those of [`Search::search`], and of [`Snapshot::get_many`] for payloads.
    fn fuse(
        &self,
        on: &dyn Snapshot,
        parts: &[Query<'_>],
        fusion: &Fusion,
        k: usize,
        scratch: &mut Scratch,
    ) -> Result<Fused>;

    /// Finds the groups of the nearest records: of the values at a path, those that the nearest records have,
    /// and the nearest records of each. What the goal says about the distance holds; how many hits there are,
    /// the grouping says. Hits are read until the groups are certain, each time four times as many, and the
    /// rest of a group is asked for by a filter: O(log records) searches, of which most queries need two.
    ///
    /// - `groups_are_those_of_the_model`: The first `groups` values of all hits without a limit, in the order
    ///   of their nearest hits; each with its first `per_group` hits.
    /// - `groups_are_of_the_values_at_a_path`: A record without a value there is in none, and a list has its
    ///   record in the group of each element, once. Equal numbers are one value.
    /// - `groups_are_of_what_the_query_wants`: Its filter, its distance, its payloads and vectors.
    /// - `grouping_refuses_what_makes_no_group`: The errors of [`Grouping::check`] and of [`Query::check`].
    ///
    /// # Errors
    /// As above, and those of [`Search::search`].
    fn group(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Grouping<'_>,
        scratch: &mut Scratch,
    ) -> Result<Grouped>;

    /// Chooses hits that are near a vector and differ from each other: as many as the query's goal says, of
    /// the `depth` nearest. O(hits × depth × dim) after one search.
    ///
    /// - `diverse_hits_are_those_of_the_model`: As [`Diversity`] says, with their distances to the query.
    /// - `diverse_hits_are_of_what_the_query_wants`: Its filter, its distance, its payloads and vectors.
    /// - `diversity_refuses_what_it_cannot_choose`: The errors of [`Diversity::check`] and of [`Query::check`],
    ///   and [`ErrorKind::NotSupported`] for a query that is not for a vector.
    ///
    /// # Errors
    /// As above, and those of [`Search::search`].
    fn diversify(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Diversity,
        scratch: &mut Scratch,
    ) -> Result<Reranked>;

    /// Ranks the first hits of a query anew, by an expression over their scores and the numbers and dates of
    /// their payloads: as many as the query's goal says, of the `depth` first. O(depth · log depth) after one
    /// search.
    ///
    /// - `reranked_hits_are_those_of_the_model`: As [`Expression`](crate::Expression) says, bit for bit, the
    ///   highest score first, equal ones in the order of the hits; with their distances to the query.
    /// - `reranked_hits_are_of_what_the_query_wants`: Its filter, its distance, its payloads and vectors.
    /// - `reranking_refuses_what_makes_no_score`: The errors of [`Rerank::check`] and of [`Query::check`].
    ///
    /// # Errors
    /// As above, and those of [`Search::search`].
    fn rerank(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Rerank<'_>,
        scratch: &mut Scratch,
    ) -> Result<Scored>;

    /// The vector to search near for more like some records and less like others: the mean of the positive
    /// ones, `p`, or `p + (p − n)` with the mean of the negative ones, `n`. Without a field, of the one named
    /// [`Field::DEFAULT`](crate::Field::DEFAULT). Sums are in `f64`, in the order of the examples; under
    /// cosine each vector is divided by its length first, the root of its
    /// [`squared_norm`](crate::distance::squared_norm). The result has the element of the field, each
    /// component rounded to nearest; where a weight of terms becomes 0, its index is left out.
    ///
    /// - `a_mean_of_examples_is_that_of_the_model`: Bit for bit, of vectors of numbers and of terms.
    /// - `examples_have_to_be_there`: [`ErrorKind::InvalidQuery`] without positive examples, for one without a
    ///   record and for one without a vector of the field; [`ErrorKind::NotSupported`] for bits and texts.
    ///
    /// # Errors
    /// As above; [`ErrorKind::UnknownField`]; [`ErrorKind::InvalidVector`] for a mean that is no vector; those
    /// of [`Snapshot::get`].
    fn mean_of(
        &self,
        on: &dyn Snapshot,
        field: Option<&str>,
        examples: Examples<'_>,
    ) -> Result<Vector>;
}

impl<S: Search + ?Sized> SearchExt for S {
    fn fuse(
        &self,
        on: &dyn Snapshot,
        parts: &[Query<'_>],
        fusion: &Fusion,
        k: usize,
        scratch: &mut Scratch,
    ) -> Result<Fused> {
        fusion
            .check(parts.len())
            .and_then(|()| check_k(k))
            .map_err(|error| error.during("fuse"))?;
        let asked: Vec<Query<'_>> =
            parts.iter().map(|part| part.with_payload(false).with_vector(false)).collect();
        let mut found = vec![Hits::new(); parts.len()];
        let explain = self.search(on, &asked, &mut found, scratch)?;
        let mut hits = fusion.fuse(&found, k)?;
        if parts.iter().any(Query::wants_payload) {
            attach_payloads(on, &mut hits, parts[0].budget())?;
        }
        Ok(Fused { hits, verdicts: found.iter().map(Hits::verdict).collect(), explain })
    }

    fn group(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Grouping<'_>,
        scratch: &mut Scratch,
    ) -> Result<Grouped> {
        group(self, on, query, by, scratch).map_err(|error| error.during("group"))
    }

    fn diversify(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Diversity,
        scratch: &mut Scratch,
    ) -> Result<Reranked> {
        diversify(self, on, query, by, scratch).map_err(|error| error.during("diversify"))
    }

    fn rerank(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Rerank<'_>,
        scratch: &mut Scratch,
    ) -> Result<Scored> {
        rerank(self, on, query, by, scratch).map_err(|error| error.during("rerank"))
    }

    fn mean_of(
        &self,
        on: &dyn Snapshot,
        field: Option<&str>,
        examples: Examples<'_>,
    ) -> Result<Vector> {
        mean_vector(on, field, examples).map_err(|error| error.during("mean_of"))
    }
}

fn check_k(k: usize) -> Result<()> {
    if k > 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidQuery, "k is 0").expected("at least 1").found(0))
}

/// Reads the payloads of the hits from the snapshot that they were found in.
fn attach_payloads(on: &dyn Snapshot, hits: &mut [FusedHit], budget: Budget<'_>) -> Result<()> {
    let ids: Vec<RecordId> = hits.iter().map(|hit| hit.id.clone()).collect();
    let mut rows = Rows::new(on.schema());
    on.get_many(&ids, Parts::ID.with_payload(), &mut rows, budget)?;
    if rows.len() != hits.len() {
        return Err(Error::new(ErrorKind::ContractViolation, "a snapshot lacks records it found")
            .expected(format_args!("{} records", hits.len()))
            .found(rows.len()));
    }
    for (row, hit) in hits.iter_mut().enumerate() {
        hit.payload = Some(rows.payload(row).to_payload()?);
    }
    Ok(())
}
