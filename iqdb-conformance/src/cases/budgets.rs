//! Writes that have a budget, and those that have none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use iqdb_core::{
    Batch, Budget, ErrorKind, Hits, IdRef, Metric, Payload, Query, Record, Result, Rows, Schema,
    Scratch, StoreExt, Vector, Version,
};

use crate::check::exact::assert_is;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::threads::{Job, run_concurrently};
use crate::{Harness, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

fn record(id: u64) -> Result<Record> {
    Record::new(id, [1.0, id as f32])
}

pub(super) fn a_write_whose_budget_is_over_changes_nothing(harness: &Harness) -> Result<Outcome> {
    let records = corpus::records(&schema()?, 20, Distribution::Smooth, 1)?;
    let mut pair = Differential::of(harness, &schema()?, records)?;
    let cancel = AtomicBool::new(true);
    let late = Budget::new().with_deadline(Instant::now());
    let cancelled = Budget::new().with_cancel(&cancel);
    let version = pair.model.version();
    for batch in [
        Batch::new().upsert(record(1)?),
        Batch::new().delete(corpus::id(1)).upsert(record(2)?).expect_version(version),
        Batch::new().insert_if_absent(record(77)?),
        Batch::new().delete_where("not @id in [77]".parse()?),
        // Those that change nothing, too.
        Batch::new().delete("nobody").set_payload("nobody", Payload::new()),
        Batch::new().delete_where("@id in [77]".parse()?),
        Batch::new().upsert_rows(Rows::new(&schema()?)),
    ] {
        let what = "apply_within after the deadline";
        assert_refused(pair.site.apply_within(&batch, late), ErrorKind::DeadlineExceeded, what);
        pair.check()?;
        let what = "apply_within of a cancelled batch";
        assert_refused(pair.site.apply_within(&batch, cancelled), ErrorKind::Cancelled, what);
        pair.check()?;
        if pair.site.reopens() {
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
    }
    // With time left, and not cancelled, it is a write like any other.
    cancel.store(false, Ordering::Relaxed);
    let hour = Instant::now() + Duration::from_secs(3_600);
    let batch = Batch::new().upsert(record(1)?).delete(corpus::id(1));
    let applied = pair.site.apply_within(&batch, cancelled.with_deadline(hour))?;
    assert_is!(applied, pair.model.apply(&batch)?, "what apply_within returned");
    pair.check()?;
    Ok(Outcome::Kept)
}

/// What became of a batch: the version that it made, or `None` when its budget ended it.
type Ended = (u64, Option<Version>);

/// Writes records with ids of its own, each with a budget that is over, or soon, or cancelled by
/// another thread.
fn write_in_a_hurry(
    pair: &Differential<'_>,
    cancel: &AtomicBool,
    writer: u64,
) -> Result<Vec<Ended>> {
    let mut rng = Rng::with_seed(writer);
    let mut ended = Vec::new();
    for n in 0..40 {
        let id = writer * 1_000 + n;
        let deadline = Instant::now() + Duration::from_micros(rng.u64(..400));
        let budget = match n % 4 {
            0 => Budget::new().with_deadline(deadline),
            1 => Budget::new().with_cancel(cancel),
            2 => Budget::new().with_cancel(cancel).with_deadline(deadline),
            _ => Budget::new(),
        };
        cancel.store(rng.bool(), Ordering::Relaxed);
        let over = [ErrorKind::Cancelled, ErrorKind::DeadlineExceeded];
        match pair.site.apply_within(&Batch::new().upsert(record(id)?), budget) {
            Ok(applied) => ended.push((id, Some(applied.version))),
            Err(error) if over.contains(&error.kind()) && !budget.is_unlimited() => {
                ended.push((id, None));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(ended)
}

pub(super) fn a_write_ended_by_its_budget_never_takes_effect(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let cancel = AtomicBool::new(false);
    let writers = (0..4).map(|writer| -> Job<'_, Vec<Ended>> {
        let (pair, cancel) = (&pair, &cancel);
        Box::new(move || write_in_a_hurry(pair, cancel, writer))
    });
    let ended: Vec<Ended> = run_concurrently(writers.collect())?.into_iter().flatten().collect();
    let mut written: Vec<_> =
        ended.iter().filter_map(|(id, made)| Some((made.as_ref()?, id))).collect();
    written.sort_unstable();
    for (n, (version, id)) in (1..).zip(written) {
        assert_is!(*version, Version(n), "the version that a batch made");
        pair.model.apply(&Batch::new().upsert(record(*id)?))?;
    }
    pair.check()?;
    if pair.site.reopens() {
        pair.site.reopen()?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn apply_has_no_deadline(harness: &Harness) -> Result<Outcome> {
    let records = corpus::records(&schema()?, 1_000, Distribution::Smooth, 2)?;
    let batch = records.into_iter().fold(Batch::new(), Batch::upsert);
    let mut pair = Differential::new(harness, &schema()?)?;
    let mut other = Differential::new(harness, &schema()?)?;
    for batch in [&batch, &Batch::new().delete(corpus::id(3)), &batch, &Batch::new()] {
        let expected = pair.model.apply(batch)?;
        assert_is!(pair.site.apply(batch)?, expected, "what apply returned");
        let within = other.site.apply_within(batch, Budget::new())?;
        assert_is!(within, other.model.apply(batch)?, "what apply_within returned");
    }
    pair.check()?;
    other.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn any_query_of_a_batch_ends_it(harness: &Harness) -> Result<Outcome> {
    let records = corpus::records(&schema()?, 40, Distribution::Smooth, 1)?;
    let pair = Differential::of(harness, &schema()?, records)?;
    let snapshot = pair.site.snapshot()?;
    let (cancel, asked) = (AtomicBool::new(true), Vector::try_from([0.5, 0.5])?);
    let late = Budget::new().with_deadline(Instant::now());
    let cancelled = Budget::new().with_cancel(&cancel);
    let query = Query::nearest(asked.as_ref(), 3);
    for (budget, kind) in [(late, ErrorKind::DeadlineExceeded), (cancelled, ErrorKind::Cancelled)] {
        for (count, at) in [(1, 0), (2, 0), (2, 1), (5, 3), (70, 69)] {
            let mut queries = vec![query; count];
            queries[at] = query.with_budget(budget);
            let mut hits = vec![Hits::new(); count];
            hits.iter_mut().for_each(|hits| hits.push(IdRef::Number(9), 0.0, None));
            let found = pair.search().search(&*snapshot, &queries, &mut hits, &mut Scratch::new());
            assert_refused(
                found,
                kind,
                format_args!("query {at} of {count}, whose budget is over"),
            );
            assert!(
                hits.iter().all(Hits::is_empty),
                "hits after query {at} of {count} has ended it"
            );
        }
    }
    Ok(Outcome::Kept)
}
