//! Values, keys and ids that look alike, at rest, in filters and in orders.

use std::ops::Range;

use iqdb_core::filter::Comparison;
use iqdb_core::{
    Batch, Direction, Filter, IdRef, Map, Metric, Page, Path, Payload, Record, RecordId, Result,
    Rows, Schema, Snapshot, SnapshotExt, Value, Vector,
};

use super::reading::check_aggregates;
use crate::check::exact::{assert_is, assert_record};
use crate::check::reading::ordered;
use crate::differential::Differential;
use crate::generate::{corpus, interesting};
use crate::{Harness, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

fn record(id: impl Into<RecordId>, payload: Payload) -> Result<Record> {
    Ok(Record::new(id, [1.0, 0.5])?.with_payload(payload))
}

/// A store with a record for each payload, numbered from 0.
fn store(harness: &Harness, payloads: Vec<Payload>) -> Result<Differential<'_>> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let records = (0_u64..).zip(payloads).map(|(id, payload)| record(id, payload));
    let records: Vec<Record> = records.collect::<Result<_>>()?;
    for some in records.chunks(64) {
        pair.apply(&some.iter().cloned().fold(Batch::new(), Batch::upsert))?;
    }
    Ok(pair)
}

/// Panics unless the filter finds what it finds in the model.
pub(super) fn check_filter(
    pair: &Differential<'_>,
    snapshot: &dyn Snapshot,
    filter: &Filter,
) -> Result<()> {
    let expected = pair.model.matching(Some(filter))?;
    let mut rows = Rows::new(snapshot.schema());
    snapshot.scroll(&Page::new(10_000).with_filter(filter), &mut rows)?;
    let found: Vec<RecordId> = rows.ids().iter().map(IdRef::to_id).collect();
    let values = |ids: &[RecordId]| -> Vec<String> {
        let payload = |id| pair.model.get(id).map(|record| format!("{:?}", record.payload));
        ids.iter().filter_map(payload).collect()
    };
    let expected: Vec<RecordId> = expected.into_iter().map(|record| record.id.clone()).collect();
    if found != expected {
        let (found, expected) = (values(&found), values(&expected));
        assert_is!(found, expected, "the payloads that match `{filter}`");
    }
    let count = snapshot.count(Some(filter))?;
    assert_is!(count, expected.len() as u64, "the count of `{filter}`");
    Ok(())
}

/// The keys of a payload with one value: one that has values of every kind, and one that has values of
/// this kind only, which a store by columns may keep in a form of its own.
fn keyed(value: &Value) -> Payload {
    let of_kind = match value {
        Value::Int(_) => "integers",
        Value::Float(_) => "floats",
        Value::Text(_) => "texts",
        Value::DateTime(_) => "dates",
        _ => "others",
    };
    Payload::new().with("any", value.clone()).with(of_kind, value.clone())
}

pub(super) fn filters_tell_values_apart(harness: &Harness) -> Result<Outcome> {
    let values = interesting::values();
    let mut payloads: Vec<Payload> = values.iter().map(keyed).collect();
    // More texts than a dictionary of one byte has codes for.
    payloads.extend((0..600).map(|n| Payload::new().with("name", format!("name {n}"))));
    let pair = store(harness, payloads)?;
    pair.check()?;
    let snapshot = pair.site.snapshot()?;
    for n in (0..600).step_by(85) {
        check_filter(&pair, &*snapshot, &Filter::eq("name", format!("name {n}")))?;
    }
    // Most of the names come first, and some behind a thousand others.
    let names = (0..1_100).map(|n| format!("name {}", 1_099 - n));
    check_filter(&pair, &*snapshot, &Filter::is_in("name", names))?;
    for value in values.iter().filter(|value| !matches!(value, Value::List(_) | Value::Map(_))) {
        for (key, _) in keyed(value).iter() {
            for comparison in Comparison::ALL {
                let filter = Filter::compare(Path::key(key), comparison, value.clone());
                check_filter(&pair, &*snapshot, &filter)?;
            }
        }
        check_filter(&pair, &*snapshot, &Filter::contains("any", value.clone()))?;
        check_filter(&pair, &*snapshot, &Filter::is_in("any", [value.clone(), "never".into()]))?;
        check_filter(&pair, &*snapshot, &Filter::eq("any[]", value.clone()))?;
    }
    for text in interesting::texts() {
        for key in ["any", "texts"] {
            check_filter(&pair, &*snapshot, &Filter::starts_with(key, text.clone()))?;
            check_filter(&pair, &*snapshot, &Filter::contains_text(key, text.clone()))?;
        }
    }
    for path in ["any.a", "any.A", "any.a.b", "any"] {
        check_filter(&pair, &*snapshot, &Filter::exists(path))?;
        check_filter(&pair, &*snapshot, &Filter::ge(path, 1))?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn filters_tell_keys_apart(harness: &Harness) -> Result<Outcome> {
    let keys = interesting::keys();
    // Each key alone, and all keys in one record, each with a value of its own.
    let alone = (0_i64..).zip(&keys).map(|(n, key)| Payload::new().with(key.as_str(), n));
    let mut payloads: Vec<Payload> = alone.collect();
    payloads.push((0_i64..).zip(&keys).map(|(n, key)| (key.as_str(), n)).collect());
    let nested = Map::new().with("b", -1).with("c", "");
    payloads.push(Payload::new().with("a", nested));
    // And the same in maps.
    let inner = |map: Map| Payload::new().with("in", map);
    payloads.extend((0_i64..).zip(&keys).map(|(n, key)| inner(Map::new().with(key.as_str(), n))));
    let all = (0_i64..).zip(&keys).fold(Map::new(), |map, (n, key)| map.with(key.as_str(), n));
    payloads.push(inner(all));
    let pair = store(harness, payloads)?;
    let snapshot = pair.site.snapshot()?;
    for (n, key) in (0_i64..).zip(&keys) {
        for filter in [
            Filter::exists(Path::key(key)),
            Filter::eq(Path::key(key), n),
            Filter::ne(Path::key(key), n),
            Filter::exists(Path::key("in").then(key.as_str())),
            Filter::eq(Path::key("in").then(key.as_str()), n),
        ] {
            check_filter(&pair, &*snapshot, &filter)?;
        }
    }
    for path in ["a.b", "a.c", "A.b", "a"] {
        check_filter(&pair, &*snapshot, &Filter::exists(path))?;
    }
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn orders_tell_values_apart(harness: &Harness) -> Result<Outcome> {
    let values = interesting::values();
    let pair = store(harness, values.iter().map(keyed).collect())?;
    let snapshot = pair.site.snapshot()?;
    for key in ["any", "integers", "floats", "texts", "dates"] {
        let path = Path::key(key);
        for direction in [Direction::Up, Direction::Down] {
            let mut rows = Rows::new(snapshot.schema());
            snapshot.scroll(&Page::new(10_000).with_order(&path, direction), &mut rows)?;
            let expected = ordered(&pair.model, None, Some(key), direction)?;
            for (found, expected) in rows.to_records().iter().zip(&expected) {
                let context = format_args!("by {key} {direction:?}");
                assert_record(Some(found), Some(expected), context);
            }
            assert_is!(rows.len(), expected.len(), "the records by {key}");
        }
        check_aggregates(&*snapshot, &pair.model.matching(None)?, None, key)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn blocks_of_like_values_are_filtered(harness: &Harness) -> Result<Outcome> {
    // Enough for several blocks, whose least and greatest values a store may keep and skip by.
    const COUNT: i64 = 4_500;
    let odd: [Value; 7] = [
        Value::Null,
        "5".into(),
        true.into(),
        vec![5, 6].into(),
        Map::new().with("x", 5).into(),
        f64::from_bits(5.0_f64.to_bits() + 1).into(),
        corpus::date(5).into(),
    ];
    let payloads = (0..COUNT).map(|n| {
        let payload = Payload::new()
            .with("time", 1_700_000_000_000 + n)
            .with("float", (n - COUNT / 2) as f64 * 1e-3)
            .with("date", corpus::date(n - COUNT / 2))
            .with("name", format!("a long common prefix of all names {n:06}"));
        // One value, but for one record in 500 that has another, or none.
        match usize::try_from(n / 500) {
            Ok(at) if n % 500 == 437 && at < odd.len() => payload.with("same", odd[at].clone()),
            Ok(_) if n % 500 == 437 => payload,
            _ => payload.with("same", 5),
        }
    });
    let mut pair = store(harness, payloads.collect())?;
    let mut filters = Vec::new();
    for n in [0, 1_023, 1_024, 4_096, COUNT - 1, COUNT] {
        for comparison in Comparison::ALL {
            let values: [(&str, Value); 4] = [
                ("time", (1_700_000_000_000 + n).into()),
                ("float", ((n - COUNT / 2) as f64 * 1e-3).into()),
                ("date", corpus::date(n - COUNT / 2).into()),
                ("name", format!("a long common prefix of all names {n:06}").into()),
            ];
            let of = values.map(|(key, it)| Filter::compare(Path::key(key), comparison, it));
            filters.extend(of);
        }
    }
    for value in odd.iter().filter(|value| !matches!(value, Value::List(_) | Value::Map(_))) {
        for value in [value.clone(), 5.into(), 5.0.into(), 4.into()] {
            let same = Path::key("same");
            let of = |comparison| Filter::compare(same.clone(), comparison, value.clone());
            filters.extend(Comparison::ALL.map(of));
            filters.push(Filter::contains("same", value));
        }
    }
    filters.extend([Filter::exists("same"), Filter::exists("same").not()]);
    filters.dedup();
    for filter in &filters {
        check_filter(&pair, &*pair.site.snapshot()?, filter)?;
    }
    // A record in the middle of a block leaves the range that its neighbours have.
    for (id, key, value) in [(4_000_u64, "time", 3), (2_000, "same", 6), (3_000, "float", -9)] {
        pair.apply(&Batch::new().merge_payload(id, Payload::new().with(key, value)))?;
        let snapshot = pair.site.snapshot()?;
        for comparison in Comparison::ALL {
            let filter = Filter::compare(Path::key(key), comparison, value);
            check_filter(&pair, &*snapshot, &filter)?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn ids_that_look_alike_never_meet(harness: &Harness) -> Result<Outcome> {
    let ids = interesting::ids();
    let mut pair = Differential::new(harness, &schema()?)?;
    let mut all = Vec::new();
    for (n, id) in (0_i64..).zip(&ids) {
        all.push(record(id, Payload::new().with("n", n))?);
    }
    // Half of them one by one, and half of them at once.
    let (single, many) = all.split_at(all.len() / 2);
    for record in single {
        let applied = pair.apply(&Batch::new().upsert(record.clone()))?;
        assert_is!(applied.inserted, 1, "records inserted by the upsert of {:?}", record.id);
    }
    let applied = pair.apply(&many.iter().cloned().fold(Batch::new(), Batch::upsert))?;
    assert_is!(applied.inserted, many.len() as u64, "records inserted at once");
    pair.check()?;
    if pair.site.reopens() {
        pair.site.reopen()?;
        pair.check()?;
    }
    let snapshot = pair.site.snapshot()?;
    let mut rows = Rows::new(snapshot.schema());
    snapshot.scroll(&Page::new(10_000), &mut rows)?;
    assert_is!(rows.ids().iter().map(IdRef::to_id).collect::<Vec<_>>(), ids, "the ids in order");
    for id in &ids {
        check_filter(&pair, &*snapshot, &Filter::id_in([id.clone()]))?;
    }
    // Each is replaced, given a payload, and removed without its neighbours.
    for (n, id) in (0_i64..).zip(&ids) {
        let batch = match n % 3 {
            0 => Batch::new().upsert(record(id, Payload::new().with("n", -n))?),
            1 => Batch::new().set_payload(id, Payload::new().with("m", n)),
            _ => Batch::new().insert_if_absent(record(id, Payload::new())?),
        };
        pair.apply(&batch)?;
    }
    pair.check()?;
    for (n, id) in ids.iter().enumerate() {
        let applied = pair.apply(&Batch::new().delete(id))?;
        assert_is!(applied.deleted, 1, "records deleted by the delete of {id:?}");
        if n % 16 == 0 {
            pair.check()?;
        }
        assert_record(pair.site.get(id)?.as_ref(), None, "a deleted record");
        let left: Range<usize> = n + 1..ids.len().min(n + 4);
        for id in &ids[left] {
            assert_record(pair.site.get(id)?.as_ref(), pair.model.get(id), "a neighbour");
        }
    }
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn equal_values_of_other_bits_are_written(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let pairs: [(Value, Value); 6] = [
        (0.0.into(), (-0.0).into()),
        (1.into(), 1.0.into()),
        ("\u{e9}".into(), "e\u{301}".into()),
        ("a".into(), "a ".into()),
        ("K".into(), "\u{212a}".into()),
        (vec![Value::from(1), 0.0.into()].into(), vec![Value::from(1.0), (-0.0).into()].into()),
    ];
    for (n, (one, other)) in (0_u64..).zip(pairs) {
        let payload = |value: &Value| Payload::new().with("x", value.clone());
        for value in [&one, &other, &one, &other] {
            for batch in [
                Batch::new().upsert(record(n, payload(value))?),
                Batch::new().set_payload(100 + n, payload(value)),
                Batch::new().merge_payload(200 + n, payload(value)),
                Batch::new().upsert_rows(Rows::of_records(
                    &schema()?,
                    &[record(300 + n, payload(value))?, record(100 + n, payload(value))?],
                )?),
            ] {
                pair.apply(&batch)?;
                pair.check()?;
            }
            if pair.model.get(&(200 + n).into()).is_none() {
                pair.apply(&Batch::new().upsert(record(200 + n, payload(&one))?))?;
            }
        }
    }
    for components in [[0.0, 1.0], [-0.0, 1.0], [0.0, 1.0]] {
        let vector = Vector::try_from(components)?;
        pair.apply(&Batch::new().upsert(Record::new(900, vector.clone())?))?;
        pair.check()?;
        pair.apply(&Batch::new().set_vectors(0, [("vector".into(), Some(vector))]))?;
        pair.check()?;
    }
    if pair.site.reopens() {
        pair.site.reopen()?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}
