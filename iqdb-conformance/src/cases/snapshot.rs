//! The content of snapshots, which never changes.

use std::sync::Arc;
use std::thread;

use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{
    Batch, Metric, Payload, Record, RecordId, Result, Schema, Snapshot, StoreExt, Version,
};

use crate::check::exact::assert_is;
use crate::check::{check_blocks, check_gets, check_snapshot};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::threads::{Job, Writers, run_concurrently};
use crate::{Harness, Model, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Euclidean)
}

pub(super) fn snapshot_never_changes(harness: &Harness) -> Result<Outcome> {
    let records = corpus::records(&schema()?, 40, Distribution::Lattice, 1)?;
    let ids: Vec<RecordId> = records.iter().map(|record| record.id.clone()).collect();
    let mut pair = Differential::of(harness, &schema()?, records)?;
    let mut kept: Vec<(Arc<dyn Snapshot>, Model)> = Vec::new();
    let payload = || Payload::new().with("lang", "later");
    let later = |id: &RecordId| Record::new(id, [9.0, 9.0, 9.0]);
    let all_of = |change: fn(Batch, &RecordId) -> Batch| ids.iter().fold(Batch::new(), change);
    for batch in [
        Batch::new().upsert(later(&"new".into())?),
        Batch::new().upsert(later(&ids[0])?),
        Batch::new().set_payload(&ids[1], payload()),
        Batch::new().delete(&ids[2]),
        Batch::new().delete(&ids[2]).upsert(later(&ids[2])?).set_payload(&ids[2], payload()),
        Batch::new().upsert(later(&ids[3])?).delete(&ids[3]),
        all_of(|batch, id| batch.set_payload(id, Payload::new())),
        all_of(|batch, id| batch.delete(id)),
    ] {
        kept.push((pair.site.snapshot()?, pair.model.clone()));
        pair.apply(&batch)?;
        pair.site.flush()?;
        for (snapshot, model) in &kept {
            pair.check_snapshot(&**snapshot, model)?;
        }
    }
    // Enough writes that a backend that reuses or compacts rows does so.
    for seed in 2..22 {
        for some in corpus::records(&schema()?, 40, Distribution::Smooth, seed)?.chunks(10) {
            pair.apply(&some.iter().cloned().fold(Batch::new(), Batch::upsert))?;
        }
    }
    pair.apply(&all_of(|batch, id| batch.delete(id)))?;
    for (snapshot, model) in &kept {
        pair.check_snapshot(&**snapshot, model)?;
    }
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn snapshot_sees_all_of_a_batch_or_none(harness: &Harness) -> Result<Outcome> {
    const BATCHES: u64 = 60;
    // One writer, so that the content at each version is known beforehand.
    let mut models = vec![Model::new(schema()?)];
    let mut batches = Vec::new();
    for seed in 0..BATCHES {
        let mut batch = Batch::new();
        for (n, record) in
            corpus::records(&schema()?, 8, Distribution::Lattice, seed)?.into_iter().enumerate()
        {
            batch = match n % 4 {
                0 => batch.delete(record.id),
                1 => batch.set_payload(record.id, record.payload),
                _ => batch.upsert(record),
            };
        }
        let mut next = models[models.len() - 1].clone();
        next.apply(&batch)?;
        models.push(next);
        batches.push(batch);
    }
    let site = harness.create(&schema()?)?;
    let store = &*site;
    let check = |snapshot: &dyn Snapshot| {
        let version = snapshot.version();
        let model = models.iter().find(|model| model.version() == version);
        let model = model.unwrap_or_else(|| panic!("no batch made the version {version}"));
        check_snapshot(snapshot, model, harness.search())
    };
    let writers = Writers::new(1);
    let guard = writers.guard();
    let writer: Job<'_, ()> = Box::new(|| {
        let _guard = guard;
        for batch in &batches {
            store.apply(batch)?;
            check(&*store.snapshot()?)?;
        }
        Ok(())
    });
    let reader: Job<'_, ()> = Box::new(|| {
        while !writers.are_done() {
            check(&*store.snapshot()?)?;
        }
        Ok(())
    });
    run_concurrently(vec![writer, reader])?;
    Ok(Outcome::Kept)
}

pub(super) fn snapshot_outlives_its_store(harness: &Harness) -> Result<Outcome> {
    let pair = Differential::after_churn(harness, &schema()?, 60, Distribution::Smooth)?;
    let (snapshot, search) = (pair.site.snapshot()?, pair.search());
    let Differential { site, model, .. } = pair;
    let place = site.close();
    check_snapshot(&*snapshot, &model, search)?;
    let moved = {
        let (harness, model) = (harness.clone(), model.clone());
        thread::spawn(move || check_snapshot(&*snapshot, &model, harness.search()))
    };
    moved.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    drop(place);
    Ok(Outcome::Kept)
}

pub(super) fn snapshot_has_the_schema_of_its_store(harness: &Harness) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        for dim in [1, 2, 3, 8, 17, 100] {
            let schema = Schema::new(dim, metric)?;
            let site = harness.create(&schema)?;
            assert_is!(site.snapshot()?.schema(), &site.schema(), "of an empty store");
            assert_is!(site.snapshot()?.schema(), &schema, "of an empty store");
            site.upsert(Record::new(1, vec![1.0; dim])?)?;
            assert_is!(site.snapshot()?.schema(), &schema, "the schema of the snapshot");
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn snapshot_version_is_the_last_applied(harness: &Harness) -> Result<Outcome> {
    let site = harness.create(&schema()?)?;
    assert_is!(site.snapshot()?.version(), Version(0), "the version of a new store");
    let record = |n: f32| Record::new("a", [n, 0.0, 0.0]);
    let mut last = Version(0);
    for batch in [
        Batch::new().upsert(record(1.0)?),
        Batch::new().delete("nobody"),
        Batch::new().upsert(record(1.0)?),
        Batch::new().set_payload("a", Payload::new()),
        Batch::new(),
        Batch::new().delete("a"),
        Batch::new().delete("a"),
        Batch::new().upsert(record(2.0)?).delete("a").upsert(record(3.0)?),
    ] {
        let applied = site.apply(&batch)?;
        if applied.has_effect() {
            last = applied.version;
        }
        assert_is!(site.snapshot()?.version(), last, "the version after {batch:?}");
        assert_is!(site.snapshot()?.version(), last, "the version of a second snapshot");
    }
    assert_is!(last, Version(5), "the version after five batches with an effect");
    Ok(Outcome::Kept)
}

pub(super) fn snapshot_versions_never_go_back(harness: &Harness) -> Result<Outcome> {
    const WRITES: u16 = 200;
    let site = harness.create(&schema()?)?;
    let store = &*site;
    let write = |n: u16| store.upsert(Record::new(u64::from(n % 10), [f32::from(n), 0.0, 0.0])?);
    let later = |last: Version| -> Result<Version> {
        let version = store.snapshot()?.version();
        assert!(version >= last, "expected version {last} or later, found {version}");
        Ok(version)
    };
    let mut last = Version(0);
    for n in 0..WRITES {
        write(n)?;
        last = later(later(last)?)?;
    }
    let end = Version(u64::from(WRITES) * 2);
    let writers = Writers::new(1);
    let guard = writers.guard();
    let mut jobs: Vec<Job<'_, ()>> = vec![Box::new(|| {
        let _guard = guard;
        (0..WRITES).try_for_each(|n| write(n).map(|_| ()))
    })];
    for _ in 0..3 {
        jobs.push(Box::new(|| {
            let mut last = Version(0);
            while !writers.are_done() {
                last = later(last)?;
            }
            Ok(())
        }));
    }
    run_concurrently(jobs)?;
    assert_is!(store.snapshot()?.version(), end, "the last version");
    Ok(Outcome::Kept)
}

pub(super) fn len_counts_distinct_live_ids(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let record = |id: u64| Record::new(id, [1.0, 2.0, 3.0]);
    for (batch, expected) in [
        (Batch::new(), 0),
        (Batch::new().upsert(record(1)?).upsert(record(1)?).upsert(record(2)?), 2),
        (Batch::new().upsert(record(1)?), 2),
        (Batch::new().set_payload(1, Payload::new()).set_payload(9, Payload::new()), 2),
        (Batch::new().delete(9), 2),
        (Batch::new().delete(1).delete(1), 1),
        (Batch::new().delete(2).upsert(record(2)?), 1),
        (Batch::new().upsert(record(3)?).delete(3), 1),
        (Batch::new().upsert(Record::new("2", [1.0, 2.0, 3.0])?), 2),
        (Batch::new().delete(2).delete("2"), 0),
    ] {
        pair.apply(&batch)?;
        assert_is!(pair.site.snapshot()?.len(), expected, "the length after {batch:?}");
        assert_is!(pair.site.len()?, expected, "the length of the store after {batch:?}");
    }
    for some in corpus::records(&schema()?, 60, Distribution::Lattice, 1)?.chunks(3) {
        pair.apply(&some.iter().cloned().fold(Batch::new(), Batch::upsert))?;
        let expected = pair.model.len() as u64;
        assert_is!(pair.site.snapshot()?.len(), expected, "the length while it grows");
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_snapshot_has_blocks_or_a_remote(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    for n in 0..3 {
        let snapshot = pair.site.snapshot()?;
        let has_one = snapshot.blocks().is_some() || snapshot.remote().is_some();
        assert!(
            has_one,
            "a snapshot of {} records has neither blocks nor a remote",
            snapshot.len()
        );
        pair.apply(&Batch::new().upsert(Record::new(n, [1.0, 2.0, 3.0])?))?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn snapshot_get_agrees_with_its_blocks(harness: &Harness) -> Result<Outcome> {
    for distribution in Distribution::ALL {
        let pair = Differential::after_churn(harness, &schema()?, 120, distribution)?;
        let snapshot = pair.site.snapshot()?;
        check_gets(&*snapshot, &pair.model)?;
        check_blocks(&*snapshot, &pair.model)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn snapshot_get_of_an_id_that_cannot_be_stored_is_none(
    harness: &Harness,
) -> Result<Outcome> {
    let site = harness.create(&schema()?)?;
    for _ in 0..2 {
        let snapshot = site.snapshot()?;
        for bytes in [ID_BYTES_MAX + 1, 2 * ID_BYTES_MAX, 65_536 + ID_BYTES_MAX, 1 << 20] {
            let id = "x".repeat(bytes).into();
            let found = snapshot.get(&id)?.is_some();
            assert!(!found, "an id of {bytes} bytes: expected no record, found one");
        }
        // A store that truncates keys would find this record in the second round.
        site.upsert(Record::new("x".repeat(ID_BYTES_MAX), [1.0, 2.0, 3.0])?)?;
    }
    Ok(Outcome::Kept)
}
