//! The statements of a batch beyond upsert, delete and set-payload.

use fastrand::Rng;
use iqdb_core::{
    Batch, ErrorKind, Filter, Map, Metric, NamedVector, Payload, Record, Result, Rows, Schema,
    StoreExt, Value,
};

use crate::check::exact::{assert_is, assert_record};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

/// A record with every field, and a payload whose `n` is `n`.
fn record(schema: &Schema, id: u64, n: i64) -> Result<Record> {
    let mut rng = Rng::with_seed(id ^ n.cast_unsigned());
    let record = corpus::record(&mut rng, schema, id.into(), Distribution::Smooth, 0)?;
    Ok(record.with_payload(Payload::new().with("n", n)))
}

/// A store of every shape that it can hold, with the records 1, 2 and 3.
fn on_every_shape(
    harness: &Harness,
    check: impl Fn(&mut Differential<'_>, &Schema) -> Result<()>,
) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        let records = (1..=3).map(|n: u8| record(schema, n.into(), n.into()));
        let records = records.collect::<Result<Vec<_>>>()?;
        let mut pair = Differential::of(harness, schema, records)?;
        check(&mut pair, schema)?;
        pair.check()?;
    }
    Ok(held.outcome())
}

pub(super) fn an_insert_of_a_taken_id_fails_the_batch(harness: &Harness) -> Result<Outcome> {
    on_every_shape(harness, |pair, schema| {
        let new = |id: u64| record(schema, id, 9);
        for batch in [
            Batch::new().insert(new(1)?),
            Batch::new().insert(new(4)?).upsert(new(2)?).insert(new(3)?),
            Batch::new().insert(new(4)?).insert(new(4)?),
            Batch::new().upsert_rows(Rows::of_records(schema, &[new(4)?])?).insert(new(4)?),
        ] {
            pair.refuses(&batch, ErrorKind::AlreadyExists)?;
        }
        let freed = Batch::new().delete(1).insert(new(1)?).insert(new(4)?);
        let applied = pair.apply(&freed)?;
        assert_is!((applied.deleted, applied.inserted), (1, 2), "deleted and inserted");
        Ok(())
    })
}

pub(super) fn insert_if_absent_keeps_what_is_there(harness: &Harness) -> Result<Outcome> {
    on_every_shape(harness, |pair, schema| {
        let new = |id: u64| record(schema, id, 9);
        let kept = pair.site.get(&1.into())?;
        let batch = Batch::new().insert_if_absent(new(1)?).insert_if_absent(new(4)?);
        let applied = pair.apply(&batch.insert_if_absent(record(schema, 4, 10)?))?;
        assert_is!((applied.kept, applied.inserted), (2, 1), "kept and inserted");
        assert_record(pair.site.get(&1.into())?.as_ref(), kept.as_ref(), "the record kept");
        assert_record(pair.site.get(&4.into())?.as_ref(), Some(&new(4)?), "the record inserted");
        let nothing = pair.apply(&Batch::new().insert_if_absent(new(1)?))?;
        assert_is!((nothing.kept, nothing.version), (1, applied.version), "of one that is there");
        Ok(())
    })
}

pub(super) fn delete_where_sees_what_the_batch_did_before_it(harness: &Harness) -> Result<Outcome> {
    on_every_shape(harness, |pair, schema| {
        let n_is = |n: i64| Payload::new().with("n", n);
        let applied = pair.apply(
            &Batch::new()
                .set_payload(3, n_is(0))
                .upsert(record(schema, 1, 5)?)
                .upsert_rows(Rows::of_records(schema, &[record(schema, 8, 7)?])?)
                .delete_where(Filter::ge("n", 2))
                .upsert(record(schema, 2, 5)?)
                .delete_where(Filter::eq("n", 100)),
        )?;
        assert_is!((applied.deleted, applied.inserted), (3, 2), "deleted and inserted");
        assert_is!(pair.site.len()?, 2, "the length");
        let nothing = pair.apply(&Batch::new().delete_where(Filter::eq("n", 100)))?;
        assert_is!((nothing.version, nothing.absent), (applied.version, 0), "of no match");
        Ok(())
    })
}

pub(super) fn set_vectors_keeps_the_rest_of_the_record(harness: &Harness) -> Result<Outcome> {
    on_every_shape(harness, |pair, schema| {
        let other = record(schema, 77, 7)?;
        let named = |skip: usize| -> Vec<NamedVector> {
            let vectors = other.vectors().enumerate();
            let vectors = vectors.filter(|(n, _)| n % 2 == skip);
            vectors
                .map(|(n, (name, vector))| {
                    let vector = (n % 3 < 2).then(|| vector.to_vector());
                    (name.to_owned().into(), vector)
                })
                .collect()
        };
        for skip in [0, 1] {
            let applied = pair.apply(&Batch::new().set_vectors(2, named(skip)))?;
            assert_is!((applied.vectors_set, applied.replaced), (1, 0), "set and replaced");
            pair.check()?;
        }
        // What the batch did before is kept, too; and of a record that is gone nothing comes back.
        let applied = pair.apply(
            &Batch::new()
                .set_payload(1, Payload::new().with("m", 1))
                .set_vectors(1, named(0))
                .delete(3)
                .set_vectors(3, named(0))
                .set_vectors(9, named(0)),
        )?;
        assert_is!((applied.vectors_set, applied.absent), (1, 2), "set and absent");
        Ok(())
    })
}

pub(super) fn merge_payload_merges_maps_and_removes_by_null(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let map = |text: &str| -> Result<Map> {
        let leaf = |n: i64| Value::from(Map::new().with("x", n).with("y", [1, 2]));
        Ok(Map::new().with("name", text).with("leaf", leaf(1)).with("list", [1, 2]))
    };
    let payload = Payload::new().with("n", 1).with("in", map("a")?).with("gone", true);
    let mut pair = Differential::of(harness, &schema, [record(&schema, 1, 1)?])?;
    pair.apply(&Batch::new().set_payload(1, payload))?;
    let leaf = Map::new().with("x", Value::Null).with("z", "new");
    for patch in [
        Payload::new().with("m", 2),
        Payload::new().with("gone", Value::Null).with("never there", Value::Null),
        Payload::new().with("in", Map::new().with("leaf", leaf)),
        Payload::new().with("in", Map::new().with("list", [3])),
        Payload::new().with("n", Map::new().with("deep", Map::new().with("x", Value::Null))),
        Payload::new().with("in", 7),
        Payload::new(),
    ] {
        let applied = pair.apply(&Batch::new().merge_payload(1, patch))?;
        assert_is!(applied.payload_set, 1, "payloads set");
        pair.check()?;
    }
    let twice = Payload::new().with("a", 1);
    let applied = pair.apply(
        &Batch::new()
            .upsert(record(&schema, 2, 2)?)
            .merge_payload(2, twice)
            .merge_payload(2, Payload::new().with("n", Value::Null))
            .merge_payload(3, Payload::new().with("a", 1)),
    )?;
    assert_is!((applied.payload_set, applied.absent), (2, 1), "set and absent");
    pair.check()?;
    Ok(Outcome::Kept)
}

/// Panics unless rows whose fields are in another order than those of the schema are written to the fields
/// of their names, though the fields are of one kind.
fn check_order_of_fields(harness: &Harness) -> Result<()> {
    let names = ["a", "b", "c"];
    let of = |order: &[usize]| {
        let fields =
            order.iter().fold(Schema::builder(), |it, n| it.dense(names[*n], 1, Metric::Dot));
        fields.build()
    };
    let schema = of(&[0, 1, 2])?;
    let mut pair = Differential::new(harness, &schema)?;
    for (n, order) in (0..).zip([&[0, 1, 2][..], &[2, 1, 0], &[1, 0], &[2, 0], &[1], &[2]]) {
        let mut rows = Rows::with_ids(&of(order)?, vec![n, n + 100])?;
        for field in order {
            let first = *field as f32;
            rows = rows.with_vectors(names[*field], vec![first, first + 0.5])?;
        }
        pair.apply(&Batch::new().upsert_rows(rows))?;
        pair.check()?;
    }
    Ok(())
}

pub(super) fn upsert_rows_is_an_upsert_of_each_row(harness: &Harness) -> Result<Outcome> {
    if harness.limits()?.fields() >= 3 {
        check_order_of_fields(harness)?;
    }
    on_every_shape(harness, |pair, schema| {
        let rows = Rows::of_records(
            schema,
            &[record(schema, 8, 1)?, record(schema, 2, 9)?, record(schema, 8, 2)?],
        )?;
        let applied = pair.apply(&Batch::new().upsert_rows(rows))?;
        assert_is!((applied.inserted, applied.replaced), (1, 2), "inserted and replaced");
        pair.check()?;
        // Rows without payloads, and with some of the fields in another order.
        let fields: Vec<_> = schema.fields().iter().rev().skip(1).cloned().collect();
        let fewer = Schema::from_fields(fields)?;
        let some = record(&fewer, 9, 9)?;
        let ids = ["a", "b"].map(Record::without_vector);
        let records = ids.map(|mut it| {
            for (name, vector) in some.vectors() {
                it.set_vector(name.to_owned(), Some(vector.to_vector()));
            }
            it
        });
        let rows = Rows::of_records(&fewer, &records)?;
        pair.apply(&Batch::new().delete(1).upsert_rows(rows).delete("a"))?;
        pair.check()?;
        // Many, so that they take more than one block; some of ids that are there.
        let many = (0..100).map(|n| corpus::id(n / 2)).map(|id| {
            let mut rng = Rng::with_seed(5);
            corpus::record(&mut rng, schema, id, Distribution::Smooth, corpus::gaps(schema))
        });
        let many = many.collect::<Result<Vec<_>>>()?;
        pair.apply(&Batch::new().upsert_rows(Rows::of_records(schema, &many)?))?;
        pair.check()?;
        let nothing = pair.apply(&Batch::new().upsert_rows(Rows::new(schema)))?;
        assert_is!(nothing.version, pair.model.version(), "the version after no rows");
        // Rows of another schema are refused whole.
        let strange = Schema::builder().dense("strange", 2, Metric::Dot).build()?;
        let rows =
            Rows::with_ids(&strange, vec![1, 2])?.with_vectors("strange", vec![1.0_f32; 4])?;
        pair.refuses(&Batch::new().delete(2).upsert_rows(rows), ErrorKind::UnknownField)?;
        Ok(())
    })
}
