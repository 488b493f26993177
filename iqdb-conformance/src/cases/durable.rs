//! Durability: the content that outlives the process. `n/a` for a store that doesn't promise it. A
//! failure says after which batch and which reopening it arose.

use iqdb_core::{Batch, ErrorKind, Metric, Record, Result, Schema, Version};

use crate::check::exact::assert_is;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

const NOT_DURABLE: Result<Outcome> = Ok(Outcome::NotPromised("it is not durable"));

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Cosine)
}

/// An empty store that can be reopened, if that is promised.
fn pair<'a>(harness: &'a Harness, schema: &Schema) -> Result<Option<Differential<'a>>> {
    let pair = Differential::new(harness, schema)?;
    // `capabilities_never_change` fails for a store that promises durability without a `Place`.
    let is_durable = pair.site.capabilities().durable() && pair.site.reopens();
    Ok(is_durable.then_some(pair))
}

/// Calls `check` with an empty store of the simple schema, of one with every kind of field, and of
/// one without any, if reopening is promised.
fn each_shape<'a>(
    harness: &'a Harness,
    check: impl Fn(&mut Differential<'a>, &Schema) -> Result<()>,
) -> Result<Outcome> {
    let shapes = vec![schema()?, shapes::every_kind()?, Schema::builder().build()?];
    let held = Held::of(harness, shapes)?;
    for schema in &held.schemas {
        let Some(mut pair) = pair(harness, schema)? else { return NOT_DURABLE };
        pair.run(|pair| check(pair, schema))?;
    }
    Ok(held.outcome())
}

/// Batches of every sort, all of them with an effect.
fn batches(schema: &Schema, seed: u64) -> Result<Vec<Batch>> {
    let records = corpus::records(schema, 30, Distribution::Extreme, seed)?;
    let mut batches: Vec<Batch> = records
        .chunks(4)
        .map(|some| some.iter().cloned().fold(Batch::new(), Batch::upsert))
        .collect();
    let (first, second) = (&records[0], &records[1]);
    batches.push(Batch::new().set_payload(&first.id, second.payload.clone()));
    batches.push(Batch::new().delete(&second.id));
    batches.push(Batch::new().delete(&first.id).upsert(first.clone()));
    Ok(batches)
}

pub(super) fn acknowledged_writes_outlive_the_process(harness: &Harness) -> Result<Outcome> {
    each_shape(harness, |pair, schema| {
        for batch in batches(schema, 1)? {
            pair.apply(&batch)?;
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
        Ok(())
    })
}

pub(super) fn reopening_keeps_version_and_content(harness: &Harness) -> Result<Outcome> {
    each_shape(harness, |pair, schema| {
        pair.site.reopen()?;
        pair.check()?;
        for (n, batch) in (1..).zip(batches(schema, 2)?) {
            pair.apply(&batch)?;
            if n % 2 == 0 {
                pair.site.flush()?;
            }
            pair.site.reopen()?;
            assert_is!(pair.site.snapshot()?.version(), Version(n), "the version after reopening");
            pair.check()?;
            // The version goes on from there: the store refuses a batch that expects the one before.
            let next = Batch::new().expect_version(Version(n - 1)).delete("nobody");
            pair.refuses(&next, ErrorKind::VersionConflict)?;
        }
        Ok(())
    })
}

pub(super) fn reopening_twice_changes_nothing(harness: &Harness) -> Result<Outcome> {
    each_shape(harness, |pair, schema| {
        for batch in batches(schema, 3)? {
            pair.apply(&batch)?;
        }
        for _ in 0..3 {
            pair.site.reopen()?;
            pair.check()?;
        }
        for _ in 0..3 {
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
        Ok(())
    })
}

pub(super) fn writes_after_a_kill_are_kept_too(harness: &Harness) -> Result<Outcome> {
    let Some(mut pair) = pair(harness, &schema()?)? else { return NOT_DURABLE };
    pair.run(|pair| {
        for seed in 0..4 {
            for batch in batches(&schema()?, seed)? {
                pair.apply(&batch)?;
            }
            // An incomplete write at the end of a file must not hide later writes behind it.
            pair.site.reopen_after_kill()?;
            pair.apply(&Batch::new().upsert(Record::new(seed, [1.0, 2.0, 3.0])?))?;
            pair.site.reopen()?;
            pair.check()?;
        }
        Ok(())
    })?;
    Ok(Outcome::Kept)
}

pub(super) fn a_refused_batch_leaves_no_trace_on_reopening(harness: &Harness) -> Result<Outcome> {
    let Some(mut pair) = pair(harness, &schema()?)? else { return NOT_DURABLE };
    let good = || Record::new("good", [1.0, 2.0, 3.0]);
    pair.run(|pair| {
        for after_kill in [false, true] {
            let stale = Batch::new().expect_version(Version(u64::MAX)).upsert(good()?);
            pair.refuses(&stale, ErrorKind::VersionConflict)?;
            let short = Batch::new().upsert(good()?).upsert(Record::new("short", [1.0])?);
            pair.refuses(&short, ErrorKind::DimensionMismatch)?;
            if after_kill {
                pair.site.reopen_after_kill()?;
            } else {
                pair.site.reopen()?;
            }
            pair.check()?;
            pair.apply(&Batch::new().upsert(Record::new("other", [3.0, 2.0, 1.0])?))?;
        }
        Ok(())
    })?;
    Ok(Outcome::Kept)
}
