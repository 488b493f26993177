//! The naive index, with a defect planted in what it estimates or keeps on the shelf.

use std::sync::Arc;

use iqdb_conformance::naive::{NaiveIndex, NaiveSearch};
use iqdb_core::{
    Accuracy, Blocks, Budget, Explain, Goal, Hit, Hits, Progress, Query, Record, Result, Scratch,
    SealId, Search, Snapshot, SnapshotExt, Verdict,
};

use crate::column::blocks_of;
use crate::defect::Defect;

/// An index with a defect, or none.
#[derive(Debug, Default)]
pub(crate) struct PlantedIndex {
    index: NaiveIndex,
    pub(crate) defect: Option<Defect>,
}

/// What the planted index wrongly keeps: records, and the seals of their blocks.
#[derive(Debug)]
struct Kept(Vec<(SealId, Record)>);

/// The second half of a value that is put on the shelf in halves.
#[derive(Debug)]
struct Half(u128);

impl PlantedIndex {
    pub(crate) fn new(defect: Option<Defect>) -> Self {
        Self { index: NaiveIndex::new(), defect }
    }
}

/// The records of the sealed blocks of a snapshot: those that are alive, or all.
fn sealed_records(on: &dyn Snapshot, alive_only: bool) -> Result<Vec<(SealId, Record)>> {
    let on = blocks_of(on)?;
    let mut records = Vec::new();
    for n in 0..on.block_count() {
        let block = on.block(n)?;
        let Some(seal) = block.seal() else { continue };
        for row in 0..block.len() {
            if !alive_only || block.is_alive(row)? {
                records.push((seal.id(), block.record(row)?.to_record()?));
            }
        }
    }
    Ok(records)
}

/// The nearest of these records, as an estimate.
fn answer(
    on: &dyn Snapshot,
    query: &Query<'_>,
    records: impl IntoIterator<Item = Record>,
    epoch: u128,
    hits: &mut Hits,
) -> Result<()> {
    let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
    let mut found = Vec::new();
    for record in records {
        let matches = query.filter().map_or(Ok(true), |filter| filter.matches(&record))?;
        let Some(vector) = record.vector(field.name()).filter(|_| matches) else { continue };
        let distance = field.kind().distance(vector, query.vector()?)?;
        if let Some(distance) = distance.filter(|it| *it <= query.goal().max_distance()) {
            let payload = query.wants_payload().then(|| record.payload.clone());
            found.push(Hit { id: record.id, distance, payload, vector: None });
        }
    }
    found.sort_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.id.cmp(&b.id)));
    found.truncate(query.goal().limit());
    write(hits, found, Verdict::Estimated { recall: 0.5, epoch: Some(epoch) });
    Ok(())
}

/// Puts other hits, and another verdict, into a buffer.
pub(crate) fn write(hits: &mut Hits, found: Vec<Hit>, verdict: Verdict) {
    hits.clear();
    for hit in found {
        hits.push(hit.id.as_ref(), hit.distance, hit.payload);
        hit.vector.iter().for_each(|vector| hits.attach_vector(vector.as_ref()));
    }
    hits.set_verdict(verdict);
}

impl PlantedIndex {
    /// Spoils an estimate.
    fn spoil(&self, on: &dyn Snapshot, query: &Query<'_>, hits: &mut Hits) -> Result<()> {
        let (mut found, verdict) = (hits.to_vec(), hits.verdict());
        match (self.defect, verdict) {
            (Some(Defect::EstimateIsRounded), Verdict::Estimated { .. }) => {
                if let Some(hit) = found.first_mut() {
                    hit.distance = hit.distance.next_up();
                }
            }
            (Some(Defect::EstimateRepeatsAHit), Verdict::Estimated { .. }) => {
                if let Some(first) = found.first().cloned() {
                    found.insert(0, first);
                    found.truncate(query.goal().limit());
                }
            }
            (Some(Defect::EstimateIsUnordered), Verdict::Estimated { .. }) => found.reverse(),
            (Some(Defect::EstimateDependsOnThreads), Verdict::Estimated { .. })
                if query.threads() > 1 =>
            {
                found.pop();
            }
            (Some(Defect::EstimateIgnoresTheFilter), Verdict::Estimated { recall, epoch }) => {
                let records = on.records(None).map(|record| record?.to_record());
                let records = records.collect::<Result<Vec<_>>>()?;
                let all = match query.goal() {
                    Goal::Within { distance, limit } => {
                        Query::within(query.input(), distance, limit)
                    }
                    goal => Query::new(query.input(), goal),
                };
                answer(on, &all.with_payload(query.wants_payload()), records, 0, hits)?;
                hits.set_verdict(Verdict::Estimated { recall, epoch });
                return Ok(());
            }
            (Some(Defect::DeadRowsAreEstimated), Verdict::Estimated { epoch, .. }) => {
                let all = sealed_records(on, false)?.into_iter().map(|(_, record)| record);
                return answer(on, query, all, epoch.unwrap_or(0), hits);
            }
            (Some(Defect::EstimateIsSaidToBeExact), Verdict::Estimated { .. }) => {
                hits.set_verdict(Verdict::Exact);
                return Ok(());
            }
            _ => return Ok(()),
        }
        write(hits, found, verdict);
        Ok(())
    }

    /// The answer from what was kept, where the defect is in that; whether there was one.
    fn answer_from_kept(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        hits: &mut Hits,
    ) -> Result<bool> {
        let on = blocks_of(on)?;
        let Some(shelf) = on.shelf() else { return Ok(false) };
        let (Some(kept), false) = (shelf.get::<Kept>("kept"), query.accuracy().is_exact()) else {
            return Ok(false);
        };
        let epoch = match (self.defect, shelf.get::<Half>("half")) {
            (Some(Defect::SwapIsSeenHalf), Some(half)) => half.0,
            _ => u128::from(shelf.replaced()),
        };
        let seals: Vec<SealId> = match self.defect {
            // Whatever the snapshot has.
            Some(Defect::SealsOfOthersAreServed | Defect::LivenessIsKept) => {
                kept.0.iter().map(|(seal, _)| *seal).collect()
            }
            _ => {
                let blocks = (0..on.block_count()).map(|n| on.block(n));
                let seals = blocks.map(|block| Ok(block?.seal().map(iqdb_core::Seal::id)));
                seals.filter_map(Result::transpose).collect::<Result<_>>()?
            }
        };
        let mut records = Vec::new();
        for (seal, record) in kept.0.iter().filter(|(seal, _)| seals.contains(seal)) {
            let now = on.get(&record.id)?.map(|record| record.to_record()).transpose()?;
            let is_alive = match self.defect {
                Some(Defect::LivenessIsKept) => true,
                // A seal of another snapshot has no row here that could be dead.
                Some(Defect::SealsOfOthersAreServed) => {
                    now.as_ref() == Some(record) || !has_seal(on, *seal)?
                }
                _ => now.as_ref() == Some(record),
            };
            if is_alive {
                records.push(record.clone());
            }
        }
        answer(on, query, records, epoch, hits)?;
        Ok(true)
    }
}

fn has_seal(on: &dyn Blocks, id: SealId) -> Result<bool> {
    for n in 0..on.block_count() {
        if on.block(n)?.seal().is_some_and(|seal| seal.id() == id) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Search for PlantedIndex {
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        if self.defect == Some(Defect::RecallOf1IsEstimated) {
            let all = queries.iter().map(|it| match it.accuracy() {
                Accuracy::Recall(_) => it.with_accuracy(Accuracy::Recall(0.5)),
                _ => *it,
            });
            return self.index.search(on, &all.collect::<Vec<_>>(), hits, scratch);
        }
        let explain = match self.defect {
            Some(
                Defect::LivenessIsKept | Defect::SwapIsSeenHalf | Defect::SealsOfOthersAreServed,
            ) => NaiveSearch.search(on, queries, hits, scratch)?,
            _ => self.index.search(on, queries, hits, scratch)?,
        };
        for (query, hits) in queries.iter().zip(hits) {
            let keeps = matches!(
                self.defect,
                Some(
                    Defect::LivenessIsKept
                        | Defect::SwapIsSeenHalf
                        | Defect::SealsOfOthersAreServed
                )
            );
            if !(keeps && self.answer_from_kept(on, query, hits)?) {
                self.spoil(on, query, hits)?;
            }
        }
        Ok(explain)
    }

    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        let shelf = on.blocks().and_then(Blocks::shelf);
        let (Some(defect), Some(shelf)) = (self.defect, shelf) else {
            return self.index.prepare(on, budget, progress);
        };
        let old = shelf.get::<Kept>("kept");
        match defect {
            Defect::LivenessIsKept | Defect::SealsOfOthersAreServed => {
                let new = Kept(sealed_records(on, true)?);
                shelf.replace("kept", old.as_ref(), Arc::new(new));
            }
            Defect::SwapIsSeenHalf => {
                // The first half of the new value, a pause, and the second.
                shelf.replace("kept", old.as_ref(), Arc::new(Kept(sealed_records(on, false)?)));
                progress.report(0, 1);
                let half = Arc::new(Half(u128::from(on.version().0)));
                shelf.replace("half", shelf.get::<Half>("half").as_ref(), half);
            }
            Defect::ReplacementIsLost => {
                let seals = |kept: &Kept, seal: &SealId| kept.0.iter().any(|(it, _)| it == seal);
                let records = sealed_records(on, false)?;
                let covers = |kept: &Kept| records.iter().all(|(seal, _)| seals(kept, seal));
                if old.as_deref().is_some_and(covers) {
                    return Ok(true);
                }
                progress.report(0, 1);
                // What is there by now is replaced, whatever it covers.
                let new = Arc::new(Kept(records));
                while !shelf.replace("kept", shelf.get::<Kept>("kept").as_ref(), Arc::clone(&new)) {
                }
            }
            _ => return self.index.prepare(on, budget, progress),
        }
        Ok(true)
    }

    fn build_index(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        if self.defect == Some(Defect::CutBuildIsAnError) {
            budget.check()?;
        }
        self.prepare(on, budget, progress)
    }
}
