//! Compaction, backup and verification. `n/a` for a store that doesn't have them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use iqdb_core::{
    Applied, Batch, Budget, ErrorKind, Maintenance, Metric, Progress, Record, Result, Schema,
    StoreExt, Version,
};

use crate::check::check_same;
use crate::check::exact::assert_is;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::shapes::{self, Held};
use crate::threads::{Job, Writers, run_concurrently};
use crate::{Harness, Model, Outcome};

const NONE: Result<Outcome> = Ok(Outcome::NotPromised("the store has no such maintenance"));

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Euclidean)
}

/// A store with dead rows, and records in different files, if it has files.
fn churned<'a>(harness: &'a Harness, schema: &Schema) -> Result<Differential<'a>> {
    let mut pair = Differential::after_churn(harness, schema, 60, Distribution::Smooth)?;
    if pair.site.reopens() {
        pair.site.reopen()?;
        pair.apply(&Batch::new().delete(corpus::id(2)))?;
    }
    Ok(pair)
}

/// What the store's maintenance returns; `None` where the store has none or says `NotSupported`.
fn ask<T>(
    pair: &Differential<'_>,
    call: impl FnOnce(&dyn Maintenance) -> Result<T>,
) -> Result<Option<T>> {
    let Some(maintenance) = pair.site.maintenance() else { return Ok(None) };
    match call(maintenance) {
        Err(error) if error.kind() == ErrorKind::NotSupported => Ok(None),
        result => result.map(Some),
    }
}

fn compact(pair: &Differential<'_>) -> Result<Option<()>> {
    ask(pair, |maintenance| maintenance.compact(Budget::new(), &mut ()))
}

pub(super) fn compacting_changes_nothing_visible(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        let mut pair = churned(harness, schema)?;
        let (before, model) = (pair.site.snapshot()?, pair.model.clone());
        if compact(&pair)?.is_none() {
            return NONE;
        }
        pair.check()?;
        pair.check_snapshot(&*before, &model)?;
        compact(&pair)?;
        pair.check()?;
        for record in corpus::records(schema, 6, Distribution::Smooth, 3)? {
            pair.apply(&Batch::new().upsert(record).delete(corpus::id(7)))?;
        }
        compact(&pair)?;
        pair.check()?;
        pair.check_snapshot(&*before, &model)?;
        if pair.site.reopens() {
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
    }
    compacting_beside_writers(harness)?;
    Ok(held.outcome())
}

fn compacting_beside_writers(harness: &Harness) -> Result<()> {
    let mut pair = churned(harness, &schema()?)?;
    let batches = batches(30)?;
    let writers = Writers::new(1);
    let (guard, store) = (writers.guard(), &*pair.site);
    let writer: Job<'_, ()> = Box::new(|| {
        let _guard = guard;
        batches.iter().try_for_each(|batch| store.apply(batch).map(drop))
    });
    let compactor: Job<'_, ()> = Box::new(|| {
        let mut last = Version(0);
        while !writers.are_done() {
            compact(&pair)?;
            let version = store.snapshot()?.version();
            assert!(version >= last, "version {version}, after {last}");
            last = version;
        }
        Ok(())
    });
    run_concurrently(vec![writer, compactor])?;
    for batch in &batches {
        pair.model.apply(batch)?;
    }
    pair.check()
}

/// Batches that each make a version.
fn batches(count: u64) -> Result<Vec<Batch>> {
    let records = corpus::records(&schema()?, count, Distribution::Smooth, 9)?;
    Ok(records
        .into_iter()
        .enumerate()
        .map(|(n, record)| Batch::new().upsert(record).delete(corpus::id(n as u64 / 2)))
        .collect())
}

pub(super) fn a_backup_is_a_store_of_its_own(harness: &Harness) -> Result<Outcome> {
    let shapes = vec![schema()?, shapes::every_kind()?, Schema::builder().build()?];
    let held = Held::of(harness, shapes)?;
    for schema in &held.schemas {
        let mut pair = churned(harness, schema)?;
        let Some(mut copy) = pair.site.backup(|copy| copy(Budget::new(), &mut ()))? else {
            return NONE;
        };
        let mut model = pair.model.clone();
        check_same(&*copy, &model, pair.search())?;
        let records = corpus::records(schema, 12, Distribution::Smooth, 4)?;
        let (here, there) = records.split_at(6);
        let batch = |some: &[Record]| some.iter().cloned().fold(Batch::new(), Batch::upsert);
        pair.apply(&batch(here).delete(corpus::id(1)))?;
        model.apply(&batch(there).delete(corpus::id(2)))?;
        copy.apply(&batch(there).delete(corpus::id(2)))?;
        pair.check()?;
        check_same(&*copy, &model, pair.search())?;
        copy.reopen()?;
        pair.site.reopen()?;
        pair.check()?;
        check_same(&*copy, &model, pair.search())?;
    }
    backup_beside_a_writer(harness)?;
    Ok(held.outcome())
}

/// A copy that is made while a thread writes shows one version, which there was meanwhile.
fn backup_beside_a_writer(harness: &Harness) -> Result<()> {
    let pair = churned(harness, &schema()?)?;
    let batches = batches(40)?;
    let before = pair.site.snapshot()?.version();
    let (site, model) = (&pair.site, &pair.model);
    let writer: Job<'_, Option<Model>> = Box::new(|| {
        batches.iter().try_for_each(|batch| site.apply(batch).map(drop))?;
        Ok(None)
    });
    let copier: Job<'_, Option<Model>> = Box::new(|| {
        let Some(copy) = site.backup(|copy| copy(Budget::new(), &mut ()))? else {
            return Ok(None);
        };
        let (after, version) = (site.snapshot()?.version(), copy.snapshot()?.version());
        assert!((before..=after).contains(&version), "{version}, from {before} to {after}");
        let mut model = model.clone();
        for batch in &batches {
            if model.version() < version {
                model.apply(batch)?;
            }
        }
        check_same(&*copy, &model, harness.search())?;
        Ok(Some(model))
    });
    run_concurrently(vec![writer, copier]).map(drop)
}

pub(super) fn verify_counts_what_is_there(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        let mut pair = churned(harness, schema)?;
        let verify = |pair: &Differential<'_>| {
            ask(pair, |maintenance| maintenance.verify(Budget::new(), &mut ()))
        };
        for n in 0..3 {
            let Some(verified) = verify(&pair)? else { return NONE };
            assert_is!(verified.records, pair.model.len() as u64, "the records verified");
            pair.check()?;
            pair.apply(&Batch::new().delete(corpus::id(n)).upsert(Record::without_vector(n)))?;
        }
    }
    Ok(held.outcome())
}

/// Cancels at the first report.
struct Canceller<'a>(&'a AtomicBool);

impl Progress for Canceller<'_> {
    fn report(&mut self, _: u64, _: u64) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A call that takes a budget and a progress.
type Call<'a> = &'a dyn Fn(Budget<'_>, &mut dyn Progress) -> Result<()>;

/// Makes the call with budgets that are over or end meanwhile, and then with one that doesn't end.
/// Returns `None` where the store doesn't support the call.
pub(super) fn end_by_budget(pair: &Differential<'_>, call: Call<'_>) -> Result<Option<()>> {
    let (cancelled, cancelling) = (AtomicBool::new(true), AtomicBool::new(false));
    let late = Budget::new().with_deadline(Instant::now());
    match call(late, &mut ()) {
        Err(error) if error.kind() == ErrorKind::NotSupported => return Ok(None),
        result => assert_refused(result, ErrorKind::DeadlineExceeded, "after the deadline"),
    };
    pair.check()?;
    let result = call(Budget::new().with_cancel(&cancelled), &mut ());
    assert_refused(result, ErrorKind::Cancelled, "cancelled before");
    pair.check()?;
    let result = call(Budget::new().with_cancel(&cancelling), &mut Canceller(&cancelling));
    if let Err(error) = result {
        assert_is!(error.kind(), ErrorKind::Cancelled, "cancelled meanwhile, {error}");
    }
    pair.check()?;
    call(Budget::new(), &mut ()).map(Some)
}

pub(super) fn maintenance_keeps_to_its_budget(harness: &Harness) -> Result<Outcome> {
    let pair = churned(harness, &schema()?)?;
    let Some(maintenance) = pair.site.maintenance() else { return NONE };
    end_by_budget(&pair, &|budget, progress| maintenance.compact(budget, progress))?;
    pair.check()?;
    end_by_budget(&pair, &|budget, progress| maintenance.verify(budget, progress).map(drop))?;
    pair.check()?;
    let copy = pair.site.backup(|copy| end_by_budget(&pair, copy).map(drop))?;
    pair.check()?;
    if let Some(copy) = copy {
        check_same(&*copy, &pair.model, pair.search())?;
    }
    Ok(Outcome::Kept)
}

/// Writes to the store at the first report and reads it at each, and notes where the call is.
struct Listener<'a> {
    pair: &'a Differential<'a>,
    batch: &'a Batch,
    written: Option<Result<Applied>>,
    last: Option<(u64, u64)>,
}

impl Progress for Listener<'_> {
    fn report(&mut self, done: u64, of: u64) {
        assert!(done <= of, "{done} of {of} are done");
        let (before, _) = self.last.unwrap_or_default();
        assert!(done >= before, "{done} are done, after {before}");
        self.last = Some((done, of));
        self.written.get_or_insert_with(|| self.pair.site.apply(self.batch));
        assert!(self.pair.site.len().is_ok(), "the store can be read");
    }
}

pub(super) fn maintenance_says_how_far_it_is(harness: &Harness) -> Result<Outcome> {
    let mut pair = churned(harness, &schema()?)?;
    let batches = batches(3)?;
    let mut rest = batches.iter();
    let mut hear = |pair: &mut Differential<'_>, call: Heard| -> Result<()> {
        let batch = rest.next().unwrap_or(&batches[0]);
        let mut listener = Listener { pair, batch, written: None, last: None };
        if call(pair, &mut listener)?.is_none() {
            return Ok(());
        }
        let Some((done, of)) = listener.last else { panic!("it says nothing of its progress") };
        assert_is!(done, of, "what is done at the end");
        let applied = listener.written.transpose()?;
        assert_is!(applied, Some(pair.model.apply(batch)?), "what apply returned meanwhile");
        pair.check()
    };
    if pair.site.maintenance().is_none() {
        return NONE;
    }
    hear(&mut pair, |pair, hears| ask(pair, |it| it.compact(Budget::new(), hears)))?;
    hear(&mut pair, |pair, hears| ask(pair, |it| it.verify(Budget::new(), hears).map(drop)))?;
    hear(&mut pair, |pair, hears| {
        let copied = pair.site.backup(|copy| copy(Budget::new(), hears))?;
        Ok(copied.map(drop))
    })?;
    Ok(Outcome::Kept)
}

/// Makes a call with this progress; `None` where the store doesn't support it.
type Heard = fn(&Differential<'_>, &mut dyn Progress) -> Result<Option<()>>;
