//! Tests of the way from statements to effects.

use std::collections::BTreeMap;

use super::*;
use crate::Value;

/// The records that there are, and their schema.
struct Records(BTreeMap<RecordId, Record>, Schema);

impl State for Records {
    fn schema(&self) -> &Schema {
        &self.1
    }
    fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(self.0.get(id).map(RecordRef::from))
    }
    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
        let mut found = Vec::new();
        for (id, record) in self.0.iter().rev() {
            if filter.matches(record)? {
                found.push(id.clone());
            }
        }
        Ok(found)
    }
}

fn payload(n: i64) -> Payload {
    Payload::new().with("n", n)
}

/// Records 1, 2 and 3, whose payloads have the number of their id.
fn state() -> Records {
    let number = |id: u64| (RecordId::from(id), record(id, id.cast_signed()));
    Records((1..=3).map(number).collect(), Schema::builder().build().unwrap())
}

fn record(id: u64, n: i64) -> Record {
    Record::without_vector(id).with_payload(payload(n))
}

fn effects(batch: &Batch) -> Vec<String> {
    let resolved = batch.resolve(&state(), Version(0)).unwrap();
    let shown = resolved.effects.iter().map(|effect| match effect {
        Effect::Put(record, _) => format!("put {}", record.id),
        Effect::PutRow(rows, row, _) => format!("put {} of rows", rows.ids().at(*row)),
        Effect::Remove(id) => format!("remove {id}"),
        Effect::SetPayload(id, payload, _) => format!("payload {id} {payload:?}"),
        Effect::SetVectors(id, vectors) => format!("vectors {id} {}", vectors.len()),
    });
    shown.collect()
}

#[test]
fn each_statement_sees_what_the_ones_before_it_did() {
    let batch = Batch::new()
        .delete(1)
        .delete(1)
        .insert(record(1, 7))
        .insert_if_absent(record(1, 8))
        .insert_if_absent(record(9, 9))
        .set_payload(9, payload(10))
        .set_payload(4, payload(4))
        .set_vectors(2, [("image".into(), None)])
        .set_vectors(5, []);
    let resolved = batch.resolve(&state(), Version(3)).unwrap();
    assert_eq!((resolved.applied.absent, resolved.applied.kept), (3, 1));
    assert_eq!(resolved.applied.version, Version(3));
    let ids: Vec<_> = resolved.effects.iter().map(|effect| effect.id().to_string()).collect();
    assert_eq!(ids, ["1", "1", "9", "9", "2"]);
}

#[test]
fn a_delete_where_removes_what_matches_by_then_in_the_order_of_the_ids() {
    let at_least = |n: i64| Filter::ge("n", n);
    let batch = Batch::new().delete_where(at_least(2));
    assert_eq!(effects(&batch), ["remove 2", "remove 3"]);
    let batch = Batch::new().set_vectors(3, []).delete_where(at_least(2));
    assert_eq!(effects(&batch)[1..], ["remove 2", "remove 3"]);
    let batch = Batch::new()
        .set_payload(3, payload(0))
        .upsert(record(8, 5))
        .upsert(record(1, 2))
        .delete(2)
        .delete_where(at_least(2))
        .delete_where(at_least(2));
    assert_eq!(effects(&batch)[4..], ["remove 1", "remove 8"]);
    assert!(batch.resolve(&state(), Version(0)).unwrap().applied.absent == 0);
}

#[test]
fn a_delete_where_sees_which_vectors_there_are_by_then() {
    let vector = |x: f32| crate::Vector::try_from([x]).unwrap();
    let set = |x: Option<f32>| [("image".into(), x.map(vector))];
    let with_image = |id: u64| record(id, 0).with_vector("image", vector(1.0)).unwrap();
    let schema = crate::Schema::builder().dense("image", 1, crate::Metric::Dot).build().unwrap();
    let batch = Batch::new()
        .upsert(with_image(8))
        .upsert(with_image(7))
        .upsert_rows(Rows::of_records(&schema, &[with_image(5), record(6, 0)]).unwrap())
        .set_payload(7, payload(1))
        .set_vectors(8, set(None))
        .set_vectors(2, set(Some(1.0)))
        .set_vectors(3, set(Some(1.0)))
        .set_vectors(3, set(None))
        .delete_where(Filter::has("image"));
    assert_eq!(effects(&batch)[9..], ["remove 2", "remove 5", "remove 7"]);
    let batch =
        Batch::new().set_vectors(1, set(Some(1.0))).delete_where(Filter::has("image").not());
    assert_eq!(effects(&batch)[1..], ["remove 2", "remove 3"]);
}

#[test]
fn a_patch_is_merged_with_what_is_there_by_then() {
    let patch = |key: &str, value: Value| Payload::new().with(key, value);
    let batch = Batch::new()
        .merge_payload(1, patch("m", 7.into()))
        .merge_payload(1, patch("n", Value::Null))
        .upsert(record(9, 9))
        .merge_payload(9, patch("m", 7.into()))
        .merge_payload(5, patch("m", 7.into()))
        .delete(2)
        .merge_payload(2, patch("m", 7.into()));
    let expected = [
        r#"payload 1 {"m": Int(7), "n": Int(1)}"#,
        r#"payload 1 {"m": Int(7)}"#,
        "put 9",
        r#"payload 9 {"m": Int(7), "n": Int(9)}"#,
        "remove 2",
    ];
    assert_eq!(effects(&batch), expected);
    assert_eq!(batch.resolve(&state(), Version(0)).unwrap().applied.absent, 2);
}

#[test]
fn a_patch_that_breaks_a_limit_fails_and_names_the_record() {
    let text = "x".repeat(crate::limits::PAYLOAD_BYTES_MAX / 2);
    let patch = |key: &str| Payload::new().with(key, text.as_str());
    let batch = Batch::new().merge_payload(1, patch("a")).merge_payload(1, patch("b"));
    let error = batch.resolve(&state(), Version(0)).unwrap_err();
    assert_eq!((error.kind(), error.id()), (ErrorKind::InvalidPayload, Some(&1.into())));
}

#[test]
fn an_insert_of_an_id_that_is_there_fails() {
    for batch in [
        Batch::new().insert(record(3, 3)),
        Batch::new().insert(record(4, 4)).insert(record(4, 4)),
        Batch::new().upsert(record(4, 4)).insert(record(4, 4)),
    ] {
        let error = batch.resolve(&state(), Version(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(error.id().is_some());
    }
    assert_eq!(effects(&Batch::new().delete(3).insert(record(3, 3))).len(), 2);
}

#[test]
fn rows_are_upserts_of_their_records() {
    let rows = |records: &[Record]| {
        Rows::of_records(&crate::Schema::new(1, crate::Metric::Dot).unwrap(), records).unwrap()
    };
    let batch = Batch::new()
        .upsert_rows(rows(&[record(8, 5), record(1, 2), record(8, 1)]))
        .insert_if_absent(record(1, 9))
        .merge_payload(1, payload(3))
        .delete_where(Filter::ge("n", 2));
    let expected = [
        "put 8 of rows",
        "put 1 of rows",
        "put 8 of rows",
        r#"payload 1 {"n": Int(3)}"#,
        "remove 1",
        "remove 2",
        "remove 3",
    ];
    assert_eq!(effects(&batch), expected);
    let plain = Batch::new().upsert_rows(rows(&[record(8, 5)])).upsert(record(8, 6));
    assert_eq!(effects(&plain), ["put 8 of rows", "put 8"]);
}

#[test]
fn a_batch_of_upserts_asks_for_nothing() {
    struct Untouchable(Schema);
    impl State for Untouchable {
        fn schema(&self) -> &Schema {
            &self.0
        }
        fn record(&self, _: &RecordId) -> Result<Option<RecordRef<'_>>> {
            panic!("asked for a record")
        }
        fn matching(&self, _: &Filter) -> Result<Vec<RecordId>> {
            panic!("asked what matches")
        }
    }
    let batch = Batch::new().upsert(record(1, 1)).upsert(record(1, 2));
    let state = Untouchable(Schema::new(1, crate::Metric::Dot).unwrap());
    assert_eq!(batch.resolve(&state, Version(0)).unwrap().effects.len(), 2);
}
