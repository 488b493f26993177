//! What a search may do where a query gives up exactness, and what it may not.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iqdb_core::{
    Accuracy, Batch, Blocks, Budget, Filter, Hit, Hits, Metric, Progress, Query, Result, Schema,
    Scratch, Search, Snapshot, Vector, Verdict,
};

use crate::check::exact::{assert_hits, assert_is};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Model, Outcome};

const EXACT: Outcome = Outcome::NotPromised("it answers every query exactly");

/// How many records there are at first: enough for several blocks of most stores.
const RECORDS: u64 = 400;

/// The recalls that are asked for: one that an index reaches with little effort, and such that it reaches with
/// much, or not at all.
const RECALLS: [f32; 4] = [0.5, 0.8, 0.95, 0.999];

/// Queries of every sort, at a recall.
struct Queries {
    vectors: Vec<Vector>,
    filter: Filter,
}

impl Queries {
    fn new(schema: &Schema) -> Result<Self> {
        let mut rng = fastrand::Rng::with_seed(77);
        let kind = corpus::only_kind(schema);
        let vectors = (0..8).map(|_| corpus::vector(&mut rng, kind, Distribution::Smooth));
        Ok(Self { vectors: vectors.collect::<Result<_>>()?, filter: Filter::exists("lang") })
    }

    fn at_all_recalls(&self) -> Vec<Query<'_>> {
        RECALLS.iter().flat_map(|recall| self.at(*recall)).collect()
    }

    fn at(&self, recall: f32) -> Vec<Query<'_>> {
        let mut queries = Vec::new();
        for vector in &self.vectors {
            let vector = vector.as_ref();
            let some = [
                Query::nearest(vector, 5),
                Query::nearest(vector, 20).with_filter(&self.filter).with_payload(true),
                Query::within(vector, 0.8, 30),
                Query::nearest(vector, usize::MAX),
            ];
            queries.extend(some.map(|query| query.with_accuracy(Accuracy::Recall(recall))));
        }
        queries
    }
}

fn answers(
    search: &dyn Search,
    on: &dyn Snapshot,
    queries: &[Query<'_>],
) -> Result<Vec<(Vec<Hit>, Verdict)>> {
    let mut hits = vec![Hits::new(); queries.len()];
    search.search(on, queries, &mut hits, &mut Scratch::new())?;
    Ok(hits.iter().map(|hits| (hits.to_vec(), hits.verdict())).collect())
}

/// Panics unless the hits are some of those of the exact answer without a limit, in its order, and no
/// more than asked for; returns whether the answer was an estimate.
fn check_sound(
    model: &Model,
    query: &Query<'_>,
    (found, verdict): &(Vec<Hit>, Verdict),
    context: &str,
) -> Result<bool> {
    let context = format!("{context}, {query:?}");
    if verdict.is_exact() {
        assert_hits(found, &model.search(query)?, context);
        return Ok(false);
    }
    let all = match query.goal() {
        iqdb_core::Goal::Within { distance, .. } => {
            Query::within(query.input(), distance, usize::MAX)
        }
        _ => Query::nearest(query.input(), usize::MAX),
    };
    let all = all.with_payload(query.wants_payload());
    let all = model.search(&query.filter().map_or(all, |filter| all.with_filter(filter)))?;
    assert!(found.len() <= query.goal().limit(), "{context}: {} hits are too many", found.len());
    let mut rest = all.iter();
    for hit in found {
        let same =
            |other: &&Hit| other.id == hit.id && other.distance.to_bits() == hit.distance.to_bits();
        let expected = rest.find(same);
        assert!(expected.is_some(), "{context}: {hit:?} is no hit, or not at its place");
        assert_is!(Some(&hit.payload), expected.map(|it| &it.payload), "{context}: the payload");
    }
    Ok(true)
}

/// Has the search make all that it keeps of a snapshot.
fn make_ready(search: &dyn Search, on: &dyn Snapshot, progress: &mut dyn Progress) -> Result<()> {
    search.prepare(on, Budget::new(), progress)?;
    search.build_index(on, Budget::new(), progress).map(drop)
}

/// A store that is written to, and what a search has said of it.
struct Churn<'a> {
    pair: Differential<'a>,
    queries: Queries,
    /// Whether an answer was an estimate.
    estimated: bool,
}

impl<'a> Churn<'a> {
    fn new(harness: &'a Harness) -> Result<Self> {
        let schema = Schema::new(3, Metric::Euclidean)?;
        let records = corpus::records(&schema, RECORDS, Distribution::Smooth, 1)?;
        let pair = Differential::of(harness, &schema, records)?;
        Ok(Self { pair, queries: Queries::new(&schema)?, estimated: false })
    }

    /// Replaces some records, and deletes enough that a store may compact.
    fn write(&mut self, round: u64) -> Result<()> {
        let schema = self.pair.model.schema().clone();
        let records = corpus::records(&schema, RECORDS, Distribution::Smooth, 2 + round)?;
        let some = records.into_iter().skip(7).step_by(5);
        self.pair.apply(&some.fold(Batch::new(), Batch::upsert))?;
        let gone = (0..RECORDS).filter(|n| n % 6 == round).map(corpus::id);
        self.pair.apply(&gone.fold(Batch::new(), Batch::delete)).map(drop)
    }

    fn check(&mut self, on: &dyn Snapshot, model: &Model, context: &str) -> Result<()> {
        let queries = self.queries.at_all_recalls();
        let found = answers(self.pair.search(), on, &queries)?;
        for (query, found) in queries.iter().zip(&found) {
            self.estimated |= check_sound(model, query, found, context)?;
        }
        Ok(())
    }

    fn outcome(&self) -> Outcome {
        if self.estimated { Outcome::Kept } else { EXACT }
    }
}

pub(super) fn estimated_answers_are_sound(harness: &Harness) -> Result<Outcome> {
    let mut churn = Churn::new(harness)?;
    let search = harness.search();
    let mut before: Option<(Arc<dyn Snapshot>, Model)> = None;
    for round in 0..4 {
        let now = (churn.pair.site.snapshot()?, churn.pair.model.clone());
        churn.check(&*now.0, &now.1, "before it is prepared")?;
        make_ready(search, &*now.0, &mut ())?;
        churn.check(&*now.0, &now.1, "once prepared")?;
        if let Some((snapshot, model)) = &before {
            churn.check(&**snapshot, model, "of a version before")?;
        }
        churn.write(round)?;
        let model = churn.pair.model.clone();
        churn.check(&*churn.pair.site.snapshot()?, &model, "of a later version")?;
        before = Some(now);
    }
    Ok(churn.outcome())
}

pub(super) fn a_recall_of_1_is_exact(harness: &Harness) -> Result<Outcome> {
    let churn = Churn::new(harness)?;
    let snapshot = churn.pair.site.snapshot()?;
    make_ready(harness.search(), &*snapshot, &mut ())?;
    let queries = churn.queries.at(1.0);
    for (query, (found, verdict)) in
        queries.iter().zip(answers(harness.search(), &*snapshot, &queries)?)
    {
        assert_is!(verdict, Verdict::Exact, "the verdict on {query:?}");
        assert_hits(&found, &churn.pair.model.search(query)?, format_args!("{query:?}"));
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_build_that_is_cut_short_is_no_error(harness: &Harness) -> Result<Outcome> {
    let mut churn = Churn::new(harness)?;
    let search = harness.search();
    let (on, model) = (churn.pair.site.snapshot()?, churn.pair.model.clone());
    // Before it begins, and at its first reports.
    for last in 0..3 {
        let (cancel, mut reports) = (AtomicBool::new(last == 0), 0);
        search.build_index(&*on, Budget::new().with_cancel(&cancel), &mut |_, _| {
            reports += 1;
            cancel.store(reports >= last, Ordering::Relaxed);
        })?;
        churn.check(&*on, &model, "once a build was cut short")?;
    }
    let is_built = search.build_index(&*on, Budget::new(), &mut ())?;
    assert!(is_built, "no budget ended, and something is lacking");
    churn.check(&*on, &model, "once the index is built")?;
    Ok(churn.outcome())
}

/// The answers by query and epoch.
#[derive(Default)]
struct ByEpoch(HashMap<(usize, u128), Vec<Hit>>);

impl ByEpoch {
    /// Panics unless an answer is the one that was given before at its epoch.
    fn check(&mut self, n: usize, (found, verdict): (Vec<Hit>, Verdict), context: &str) {
        if let Verdict::Estimated { epoch: Some(epoch), .. } = verdict {
            let context = format!("{context}, query {n} at the same epoch");
            match self.0.get(&(n, epoch)) {
                Some(before) => assert_hits(&found, before, context),
                None => _ = self.0.insert((n, epoch), found),
            }
        }
    }
}

pub(super) fn estimated_answers_repeat_within_an_epoch(harness: &Harness) -> Result<Outcome> {
    let mut churn = Churn::new(harness)?;
    let search = harness.search();
    let first = churn.pair.site.snapshot()?;
    make_ready(search, &*first, &mut ())?;
    churn.write(1)?;
    let on = churn.pair.site.snapshot()?;
    let queries = churn.queries.at_all_recalls();
    let mut by_epoch = ByEpoch::default();
    let ways = [queries.len(), 3, 1].map(|size| [(size, 1), (size, 2)]).concat();
    let look = |by_epoch: &mut ByEpoch, (size, threads), context: &str| -> Result<()> {
        for (n, some) in queries.chunks(size).enumerate() {
            let some: Vec<_> = some.iter().map(|it| it.with_threads(threads)).collect();
            for (m, found) in answers(search, &*on, &some)?.into_iter().enumerate() {
                by_epoch.check(n * size + m, found, context);
            }
        }
        Ok(())
    };
    for way in &ways {
        look(&mut by_epoch, *way, "prepared for an earlier version")?;
    }
    // In the middle of what another thread may do at any time; the ways take turns.
    let (mut failed, mut turn) = (Ok(()), ways.iter().cycle());
    make_ready(search, &*on, &mut |_, _| {
        if let (Ok(()), Some(way)) = (&failed, turn.next()) {
            failed = look(&mut by_epoch, *way, "while it is prepared");
        }
    })?;
    failed?;
    for way in &ways {
        look(&mut by_epoch, *way, "once prepared")?;
    }
    Ok(if by_epoch.0.is_empty() { EXACT } else { Outcome::Kept })
}

pub(super) fn prepare_keeps_what_others_prepare(harness: &Harness) -> Result<Outcome> {
    let mut churn = Churn::new(harness)?;
    let search = harness.search();
    let early = churn.pair.site.snapshot()?;
    churn.write(1)?;
    let late = churn.pair.site.snapshot()?;
    let Some(shelf) = late.blocks().and_then(Blocks::shelf) else {
        return Ok(Outcome::NotPromised("its snapshots have no shelf"));
    };
    // While one is prepared, another thread prepares the other.
    let (mut nested, is_begun) = (Ok(true), AtomicBool::new(false));
    let done = search.prepare(&*early, Budget::new(), &mut |_, _| {
        if !is_begun.swap(true, Ordering::Relaxed) {
            nested = search.prepare(&*late, Budget::new(), &mut ());
        }
    })?;
    assert!(done && nested?, "no budget ended, and something is lacking");
    let replaced = shelf.replaced();
    for (snapshot, which) in [(&late, "later"), (&early, "earlier")] {
        search.prepare(&**snapshot, Budget::new(), &mut ())?;
        assert_is!(shelf.replaced(), replaced, "values that the {which} version lacked");
    }
    Ok(if replaced > 0 { Outcome::Kept } else { Outcome::NotPromised("it keeps nothing there") })
}

pub(super) fn the_recall_of_an_estimate_is_reached(harness: &Harness) -> Result<Outcome> {
    const QUERIES: usize = 100;
    /// How far a mean over these queries may lie below that over all queries like them.
    const TOLERANCE: f64 = 0.1;
    let schema = Schema::new(9, Metric::Euclidean)?;
    let records = corpus::records(&schema, 2_000, Distribution::Smooth, 5)?;
    let pair = Differential::of(harness, &schema, records)?;
    let (snapshot, mut rng) = (pair.site.snapshot()?, fastrand::Rng::with_seed(6));
    let kind = corpus::only_kind(&schema);
    let vectors = (0..QUERIES).map(|_| corpus::vector(&mut rng, kind, Distribution::Smooth));
    let vectors: Vec<Vector> = vectors.collect::<Result<_>>()?;
    let mut estimates = 0;
    for is_ready in [false, true] {
        if is_ready {
            make_ready(pair.search(), &*snapshot, &mut ())?;
        }
        for recall in RECALLS {
            let at = |vector| Query::nearest(vector, 10).with_accuracy(Accuracy::Recall(recall));
            let queries: Vec<_> = vectors.iter().map(|vector| at(vector.as_ref())).collect();
            let (mut found, mut named, mut count) = (0.0, 0.0, 0);
            for (query, (hits, verdict)) in
                queries.iter().zip(answers(pair.search(), &*snapshot, &queries)?)
            {
                let Verdict::Estimated { recall: said, .. } = verdict else { continue };
                assert!(
                    said >= recall,
                    "asked for a recall of {recall}, it says {said}: {query:?}"
                );
                let expected = pair.model.search(query)?;
                let is_found = |hit: &&Hit| hits.iter().any(|it| it.id == hit.id);
                found += expected.iter().filter(is_found).count() as f64 / expected.len() as f64;
                named += f64::from(said);
                count += 1;
            }
            let (found, named) = (found / f64::from(count), named / f64::from(count));
            assert!(
                count == 0 || found >= named - TOLERANCE,
                "the mean recall of {count} answers: they say {named:.3}, and it is {found:.3}"
            );
            estimates += count;
        }
    }
    Ok(if estimates == 0 { EXACT } else { Outcome::Kept })
}
