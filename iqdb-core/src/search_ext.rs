//! Questions that take more than one search, or go on with its hits, the same for every search.

use crate::{
    Budget, Error, ErrorKind, Fused, FusedHit, Fusion, Hits, Parts, Query, RecordId, Result, Rows,
    Scratch, Search, Snapshot,
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
