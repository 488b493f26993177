//! The effects of `Store::apply_within` on valid input.

use std::collections::BTreeSet;
use std::sync::mpsc;

use iqdb_core::{
    Applied, Batch, Metric, Payload, Record, RecordId, Result, Schema, StoreExt, Uuid, Value,
    Version,
};

use crate::check::exact::{assert_is, assert_record};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::threads::{Job, run_concurrently};
use crate::{Harness, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Euclidean)
}

fn rich(id: impl Into<RecordId>) -> Result<Record> {
    Ok(Record::new(id, [1.0, -0.0, f32::MIN_POSITIVE / 2.0])?
        .with("lang", "en")
        .with("year", 2024)
        .with("score", -0.0)
        .with("tags", ["a", "b"])
        .with("nothing", Value::Null))
}

pub(super) fn upsert_inserts_a_new_record(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    for id in (0..8).map(corpus::id) {
        let record = rich(&id)?;
        let applied = pair.apply(&Batch::new().upsert(record.clone()))?;
        assert_is!((applied.inserted, applied.replaced), (1, 0), "inserted and replaced");
        assert_record(pair.site.get(&id)?.as_ref(), Some(&record), "the record inserted");
    }
    assert_is!(pair.site.len()?, 8, "the length");
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn upsert_replaces_the_whole_record(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::of(harness, &schema()?, [rich(1)?, rich("other")?])?;
    for record in [
        Record::new(1, [0.0, 5.0, 0.0])?.with("year", "of another kind"),
        Record::new(1, [-0.0, 5.0, 0.0])?,
        rich(1)?,
    ] {
        let applied = pair.apply(&Batch::new().upsert(record.clone()))?;
        assert_is!((applied.inserted, applied.replaced), (0, 1), "inserted and replaced");
        assert_record(pair.site.get(&1.into())?.as_ref(), Some(&record), "the record replaced");
        assert_is!(pair.site.len()?, 2, "the length");
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn delete_removes_the_record(harness: &Harness) -> Result<Outcome> {
    let ids: Vec<_> = (0..12).map(corpus::id).collect();
    let records: Vec<_> = ids.iter().map(rich).collect::<Result<_>>()?;
    let mut pair = Differential::of(harness, &schema()?, records)?;
    for (deleted, id) in (1..).zip(&ids) {
        let applied = pair.apply(&Batch::new().delete(id))?;
        assert_is!((applied.deleted, applied.absent), (1, 0), "deleted and absent");
        assert_record(pair.site.get(id)?.as_ref(), None, "the record deleted");
        assert_is!(pair.site.len()?, 12 - deleted, "the length");
        let applied = pair.apply(&Batch::new().delete(id))?;
        assert_is!((applied.deleted, applied.absent), (0, 1), "deleted and absent, again");
        pair.check()?;
    }
    // A record that is written again after its deletion keeps nothing of the old one.
    pair.apply(&Batch::new().upsert(Record::new(&ids[0], [1.0, 2.0, 3.0])?))?;
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn set_payload_replaces_the_payload_and_keeps_the_vector(
    harness: &Harness,
) -> Result<Outcome> {
    let mut pair = Differential::of(harness, &schema()?, [rich("a")?, rich("b")?])?;
    for payload in
        [Payload::new().with("year", 1999), Payload::new().with("other", true), Payload::new()]
    {
        let applied = pair.apply(&Batch::new().set_payload("a", payload.clone()))?;
        assert_is!((applied.payload_set, applied.absent), (1, 0), "payload_set and absent");
        let expected = rich("a")?.with_payload(payload.clone());
        assert_record(pair.site.get(&"a".into())?.as_ref(), Some(&expected), "the record");
        let applied = pair.apply(&Batch::new().set_payload("nobody", payload))?;
        assert_is!((applied.payload_set, applied.absent), (0, 1), "of an absent id");
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn changes_of_a_batch_apply_in_order(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::of(harness, &schema()?, [rich("old")?])?;
    let again = || Record::new("a", [4.0, 5.0, 6.0]);
    let payload = |n: i64| Payload::new().with("n", n);
    for batch in [
        Batch::new().upsert(rich("a")?).upsert(again()?),
        Batch::new().upsert(again()?).upsert(rich("a")?).set_payload("a", payload(1)),
        Batch::new().delete("a").set_payload("a", payload(2)).upsert(again()?),
        Batch::new().set_payload("a", payload(3)).upsert(again()?).delete("a"),
        Batch::new().upsert(again()?).delete("a").delete("a").upsert(rich("a")?),
        Batch::new().delete("a").upsert(rich("a")?).set_payload("a", payload(4)).delete("a"),
        Batch::new().delete("old").upsert(rich("old")?).set_payload("old", payload(5)),
    ] {
        pair.apply(&batch)?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn applied_counts_one_per_change(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let counts = |applied: Applied| {
        let Applied { inserted, replaced, payload_set, deleted, absent, .. } = applied;
        [inserted, replaced, payload_set, deleted, absent]
    };
    let payload = Payload::new;
    for (batch, expected) in [
        (Batch::new(), [0, 0, 0, 0, 0]),
        (Batch::new().upsert(rich(1)?).upsert(rich(2)?).upsert(rich("1")?), [3, 0, 0, 0, 0]),
        (Batch::new().upsert(rich(1)?).upsert(rich(3)?), [1, 1, 0, 0, 0]),
        (Batch::new().set_payload(1, payload()).set_payload(9, payload()), [0, 0, 1, 0, 1]),
        (Batch::new().delete(1).delete(1).delete(9), [0, 0, 0, 1, 2]),
        (
            Batch::new()
                .upsert(rich(5)?)
                .upsert(rich(5)?)
                .set_payload(5, payload())
                .delete(5)
                .delete(5)
                .set_payload(5, payload())
                .upsert(rich(5)?),
            [2, 1, 1, 1, 2],
        ),
    ] {
        assert_is!(
            counts(pair.apply(&batch)?),
            expected,
            "inserted, replaced, payload_set, deleted and absent of {batch:?}"
        );
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_batch_with_an_effect_advances_the_version_by_one(
    harness: &Harness,
) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    assert_is!(pair.site.snapshot()?.version(), Version(0), "the version of a new store");
    let many = corpus::records(&schema()?, 50, Distribution::Smooth, 1)?;
    let payload = || Payload::new().with("n", 1);
    for (n, batch) in (1..).zip([
        Batch::new().upsert(rich("a")?),
        Batch::new().upsert(rich("a")?),
        many.into_iter().fold(Batch::new(), Batch::upsert),
        Batch::new().set_payload("a", payload()),
        Batch::new().set_payload("a", payload()),
        Batch::new().delete("nobody").upsert(rich("b")?).delete("b"),
        Batch::new().delete("a").delete("a"),
    ]) {
        let applied = pair.apply(&batch)?;
        assert_is!(applied.version, Version(n), "the version that apply returned");
        assert_is!(pair.site.snapshot()?.version(), Version(n), "the version after it");
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_batch_without_effect_keeps_the_version(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    for expected in [Version(0), Version(1)] {
        for batch in [
            Batch::new(),
            Batch::new().expect_version(expected),
            Batch::new().delete("nobody"),
            Batch::new().delete("nobody").set_payload("nobody", Payload::new().with("n", 1)),
        ] {
            let applied = pair.apply(&batch)?;
            assert_is!(applied.version, expected, "the version that apply returned");
            assert_is!(pair.site.snapshot()?.version(), expected, "the version after it");
            pair.check()?;
        }
        pair.apply(&Batch::new().upsert(rich("a")?))?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn an_acknowledged_write_is_visible_to_every_later_read(
    harness: &Harness,
) -> Result<Outcome> {
    const WRITES: u64 = 100;
    let mut pair = Differential::new(harness, &schema()?)?;
    {
        let store = &*pair.site;
        let (acknowledge, acknowledged) = mpsc::channel();
        let writer: Job<'_, ()> = Box::new(move || {
            for n in 1..=WRITES {
                let applied = store.upsert(rich("a")?.with("n", n.cast_signed()))?;
                // The send fails if the reader has failed, which reports its own error.
                let _ = acknowledge.send((n, applied.version));
            }
            Ok(())
        });
        let reader: Job<'_, ()> = Box::new(move || {
            for (n, version) in acknowledged {
                let at_least = |record: Option<Payload>, by: &str| {
                    let found = record.and_then(|payload| payload.get("n").cloned());
                    let recent = matches!(found, Some(Value::Int(m)) if m >= n.cast_signed());
                    assert!(recent, "expected write {n} or a later one by {by}, found {found:?}");
                };
                at_least(store.get(&"a".into())?.map(|record| record.payload), "get");
                let snapshot = store.snapshot()?;
                assert!(snapshot.version() >= version, "the version of a later snapshot");
                let record = snapshot.get(&"a".into())?;
                let payload = record.map(|record| record.payload()?.to_payload()).transpose()?;
                at_least(payload, "snapshot");
            }
            Ok(())
        });
        run_concurrently(vec![writer, reader])?;
    }
    for n in 1..=WRITES {
        pair.model.apply(&Batch::new().upsert(rich("a")?.with("n", n.cast_signed())))?;
    }
    pair.check()?;
    if pair.site.reopens() {
        pair.site.reopen_after_kill()?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn ids_of_different_kinds_never_meet(harness: &Harness) -> Result<Outcome> {
    let uuid = Uuid::from_u128(7);
    let ids: Vec<RecordId> = vec![
        7.into(),
        "7".into(),
        uuid.into(),
        uuid.to_string().into(),
        uuid.simple().to_string().into(),
        0.into(),
        "0".into(),
        "".into(),
        "\0".into(),
        " ".into(),
        "7 ".into(),
        "07".into(),
        "\"7\"".into(),
        u64::MAX.into(),
        Uuid::nil().into(),
        Uuid::from_u128(u64::MAX.into()).into(),
        "A".into(),
        "a".into(),
        // One letter twice: composed, and as a base letter with a combining accent.
        "\u{e9}".into(),
        "e\u{301}".into(),
        "\u{212b}".into(),
        "\u{c5}".into(),
    ];
    assert_is!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "ids that differ");
    let mut pair = Differential::new(harness, &schema()?)?;
    for (n, id) in (0_i16..).zip(&ids) {
        let record = Record::new(id, [f32::from(n), 1.0, 0.0])?.with("n", i32::from(n));
        let applied = pair.apply(&Batch::new().upsert(record))?;
        assert_is!(applied.inserted, 1, "records inserted by the upsert of {id:?}");
    }
    pair.check()?;
    for id in &ids {
        let applied = pair.apply(&Batch::new().delete(id))?;
        assert_is!(applied.deleted, 1, "records deleted by the delete of {id:?}");
        pair.check()?;
    }
    Ok(Outcome::Kept)
}
