//! The index of a field on the shelf of a store: found, built, and asked.

use std::sync::Arc;

use iqdb_core::{
    Blocks, Element, Explain, FieldId, FieldKind, Goal, Metric, Query, Result, Version,
};

use super::answer::{IndexScratch, Outcome, Target};
use super::build::build;
use super::calibrate::calibrate;
use super::kernels::Kernels;
use super::placement::{Placement, Placements};
use super::run::Run;
use super::saved::{from_bytes, to_bytes};
use crate::exact::ExactSearch;
use crate::kernel::Engine;
use crate::top_k::Candidate;

/// To this many rows of a run one may be lacking before it is built anew. They are scanned meanwhile.
const LACKING_SHARE: usize = 16;

/// Of this many rows of a run one may be gone from the blocks before it is built anew.
const GONE_SHARE: usize = 4;

/// The most hits of which the recall is measured.
const K_MAX: usize = 100;

/// The run of a field that a store's shelf has.
#[derive(Debug, Clone)]
pub(crate) struct FieldIndex {
    run: Arc<Run>,
    field: FieldId,
}

/// An index that a store has.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct IndexStats {
    /// Rows that it has, dead ones included.
    pub rows: u64,
    /// Clusters of them.
    pub clusters: u64,
    /// Bytes of memory beside the rows.
    pub bytes: u64,
    /// The version of the snapshot that it was built from.
    pub version: Version,
    /// What its answers depend on besides the snapshot and the query.
    pub epoch: u128,
    /// The highest recall that it was measured to reach, for 1, 10 and 100 hits: the lower 95 % limit of the
    /// mean over sampled rows. Queries that ask for more are answered exactly.
    pub recall_max: [f32; 3],
}

/// What an index has to say to a query.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    /// What it found; the recall that its effort was measured to reach, and its epoch.
    Estimated { recall: f32, epoch: u128, found: &'a [Candidate] },
    /// The exact scan has to answer, for this reason.
    Exact(&'static str),
}

impl FieldIndex {
    /// The index of a field, if there is one.
    pub(crate) fn of(on: &dyn Blocks, field: FieldId) -> Option<Self> {
        let run = on.shelf()?.get::<Run>(Run::key(field))?;
        Some(Self { run, field })
    }

    /// Whether fields of this kind are indexed.
    pub(crate) fn serves(kind: FieldKind) -> bool {
        let FieldKind::Dense { metric, element, .. } = kind else { return false };
        element != Element::Binary
            && matches!(metric, Metric::Cosine | Metric::Dot | Metric::Euclidean)
    }

    /// What there is to say of it.
    pub(crate) fn stats(&self) -> IndexStats {
        IndexStats {
            rows: self.run.len() as u64,
            clusters: self.run.centroids().count() as u64,
            bytes: self.run.byte_count() as u64,
            version: self.run.version(),
            epoch: self.run.epoch(),
            recall_max: self.run.efforts.recall_max(),
        }
    }

    /// Answers a query that wants at least this recall, unless the index wasn't measured to reach it, or
    /// the exact scan is faster.
    ///
    /// # Errors
    /// Whatever reading the snapshot reports, and the end of a budget.
    pub(crate) fn answer<'a>(
        &self,
        on: &dyn Blocks,
        query: &Query<'_>,
        recall: f32,
        (kernels, engine): (Kernels, Engine),
        (scratch, explain): (&'a mut IndexScratch, &mut Explain),
    ) -> Result<Answer<'a>> {
        let Goal::Nearest { k } = query.goal() else {
            return Ok(Answer::Exact("the recall of hits within a distance isn't measured"));
        };
        if k > K_MAX {
            return Ok(Answer::Exact("the recall of more than 100 hits isn't measured"));
        }
        let Some(chosen) = self.run.efforts.reaching(recall, k) else {
            return Ok(Answer::Exact("no effort was measured to reach the recall"));
        };
        let Some(placement) = self.placement(on)? else {
            return Ok(Answer::Exact("the store keeps nothing beside its blocks"));
        };
        if self.lacks_too_much(placement) {
            return Ok(Answer::Exact("the index lacks more rows than it has"));
        }
        let run = &*self.run;
        let target = Target { on, field: self.field, run, placement, kernels, engine };
        if let Outcome::Exact(reason) = scratch.answer(target, query, chosen, explain)? {
            return Ok(Answer::Exact(reason));
        }
        let found = scratch.sorted(on)?;
        Ok(Answer::Estimated { recall: chosen.recall, epoch: run.epoch(), found })
    }

    fn placement<'a>(&self, on: &'a dyn Blocks) -> Result<Option<&'a Placement>> {
        let Some(layout) = on.layout() else { return Ok(None) };
        let births = &self.run.parts.births;
        let make = || Placement::new(births, on, self.field);
        // Runs of different fields have different contents: their births differ in nothing else.
        let key = self.run.content() ^ u128::from(self.field.index() as u64);
        Placements::of(layout, key, make)
    }

    /// Whether scanning the rows that are lacking costs more than the run saves.
    fn lacks_too_much(&self, placement: &Placement) -> bool {
        placement.lacking_rows() > self.run.len()
    }

    /// Builds the index of a field, from the one that there is, unless that is of this version or a later one,
    /// or has most rows and few others. Returns whether nothing is lacking any more. `go_on` hears of the share that is done.
    ///
    /// # Errors
    /// Whatever reading the snapshot reports.
    pub(crate) fn build(
        on: &dyn Blocks,
        field: FieldId,
        exact: &ExactSearch,
        (kernels, engine): (Kernels, Engine),
        go_on: &mut dyn FnMut(f64) -> bool,
    ) -> Result<bool> {
        let Some(shelf) = on.shelf() else { return Ok(true) };
        loop {
            if Self::of(on, field).is_none() {
                Self::load(on, field, kernels);
            }
            let old = Self::of(on, field);
            if let Some(old) = &old
                && old.is_good_for(on)?
            {
                return Ok(true);
            }
            let mut was_ended = false;
            let mut heed = |share: f64| {
                was_ended |= !go_on(share);
                !was_ended
            };
            let basis = old.as_ref().map(|old| &*old.run);
            let Some(run) = build(kernels, on, field, basis, &mut heed)? else {
                return Ok(!was_ended);
            };
            let new = Self { run: Arc::new(run), field };
            let Some(placement) = new.placement(on)? else { return Ok(true) };
            let run = &*new.run;
            let target = Target { on, field, run, placement, kernels, engine };
            let Some(efforts) = calibrate(exact, target, &mut heed)? else { return Ok(false) };
            let Ok(run) = Arc::try_unwrap(new.run) else { return Ok(true) };
            let run = Arc::new(run.with_efforts(efforts));
            let bytes = to_bytes(&run);
            if shelf.replace(Run::key(field), old.as_ref().map(|old| &old.run), run) {
                // What isn't saved is built again after the next opening.
                shelf.save(Run::key(field), &bytes);
                return Ok(true);
            }
        }
    }

    /// Puts the index that was saved last on the shelf, if it is one of this field.
    pub(crate) fn load(on: &dyn Blocks, field: FieldId, kernels: Kernels) {
        let (Some(shelf), Some(kind)) = (on.shelf(), on.schema().kind(field)) else { return };
        let saved = shelf.load(Run::key(field));
        if let Some(run) = saved.and_then(|saved| from_bytes(kernels, kind, saved)) {
            // Another thread may have been faster.
            shelf.replace(Run::key(field), None, Arc::new(run));
        }
    }

    /// Whether nothing better can be built from a snapshot.
    fn is_good_for(&self, on: &dyn Blocks) -> Result<bool> {
        if self.run.version() >= on.version() {
            return Ok(true);
        }
        let Some(placement) = self.placement(on)? else { return Ok(true) };
        let (rows, found) = (self.run.len(), placement.found_rows());
        let (lacking, gone) = (placement.lacking_rows(), rows.saturating_sub(found));
        Ok(lacking * LACKING_SHARE <= rows && gone * GONE_SHARE <= rows)
    }
}
