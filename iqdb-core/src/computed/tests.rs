//! Tests of what core computes, and of the ways that it takes.

use super::*;
use crate::{
    Batch, Budget, Computation, Effect, ErrorKind, FieldKind, Filter, Metric, Payload, Record,
    RecordId, RecordRef, Rows, RowsSnapshot, Snapshot, SnapshotExt, StoredRecord, Value, Vector,
    Version,
};

const LENGTHS: FieldKind = FieldKind::Computed(Computation::TextLengths);

fn schema() -> Schema {
    Schema::builder().dense("vector", 1, Metric::Dot).field("body", LENGTHS).build().unwrap()
}

fn record(id: u64, body: impl Into<Value>) -> Record {
    Record::new(id, [1.0]).unwrap().with("body", body)
}

fn bytes(lengths: &[u32]) -> Vec<u8> {
    lengths.iter().flat_map(|length| length.to_le_bytes()).collect()
}

/// A snapshot of records 1 to 4, of which the last lacks the field.
fn snapshot() -> RowsSnapshot {
    let records = [
        record(1, "one"),
        record(2, ["", "four"].map(Value::from).to_vec()),
        record(3, Vec::<Value>::new()),
        record(4, 4),
    ];
    let stored = records.map(|record| {
        let computed = Computed::of(&schema(), &PayloadRef::from(&record.payload)).unwrap();
        StoredRecord { record, computed }
    });
    RowsSnapshot::new(schema(), Version(1), &stored).unwrap()
}

#[test]
fn a_computation_has_one_name() {
    assert_eq!(
        Computation::from_name(Computation::TextLengths.name()).unwrap(),
        Computation::TextLengths
    );
    let error = Computation::from_name("text_lengths/2").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupported);
    assert_eq!(LENGTHS.to_string(), "computed, text_lengths/1");
}

#[test]
fn a_computed_field_takes_no_vectors() {
    let vector = Vector::try_from([1.0]).unwrap();
    let batches = [
        Batch::new().upsert(record(1, "a").with_vector("body", vector.clone()).unwrap()),
        Batch::new().set_vectors(1, [("body".into(), Some(vector))]),
        Batch::new().set_vectors(1, [("body".into(), None)]),
    ];
    for batch in batches {
        let error = batch.check_input(&schema()).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::ElementMismatch, Some("body")));
    }
    let rows = Rows::with_ids(&schema(), vec![7]).unwrap().with_vectors("body", vec![1.0_f32]);
    assert_eq!(rows.unwrap_err().kind(), ErrorKind::ElementMismatch);
}

#[test]
fn every_effect_with_a_payload_carries_its_columns() {
    let rows = Rows::of_records(&schema(), &[record(5, "fives")]).unwrap();
    let batch = Batch::new()
        .upsert(record(1, "other"))
        .upsert_rows(rows)
        .set_payload(2, Payload::new().with("body", "ab"))
        .merge_payload(3, Payload::new().with("body", "abc"))
        .merge_payload(1, Payload::new().with("body", Value::Null))
        .set_vectors(4, [("vector".into(), None)]);
    let effects = batch.resolve(&snapshot(), Version(1)).unwrap().effects;
    let computed: Vec<Option<Vec<u8>>> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Put(_, computed)
            | Effect::PutRow(_, _, computed)
            | Effect::SetPayload(_, _, computed) => computed.get("body").map(<[u8]>::to_vec),
            Effect::Remove(_) | Effect::SetVectors(..) => panic!("{effect:?}"),
        })
        .take(5)
        .collect();
    assert_eq!(
        computed,
        [Some(bytes(&[5])), Some(bytes(&[5])), Some(bytes(&[2])), Some(bytes(&[3])), None]
    );
}

#[test]
fn plain_upserts_carry_their_columns() {
    let batch = Batch::new().upsert(record(1, "other")).upsert(record(2, 2));
    let effects = batch.resolve(&snapshot(), Version(1)).unwrap().effects;
    let shown: Vec<_> = effects.iter().map(|effect| format!("{effect:?}")).collect();
    assert!(shown[0].ends_with(r#"{"body": [5, 0, 0, 0]})"#), "{}", shown[0]);
    assert!(shown[1].ends_with("{})"), "{}", shown[1]);
}

#[test]
fn a_snapshot_lends_what_was_computed_and_no_vector_of_it() {
    let snapshot = snapshot();
    let of = |id: u64, read: fn(&RecordRef<'_>) -> Option<Vec<u8>>| {
        read(&snapshot.get(&RecordId::from(id)).unwrap().unwrap())
    };
    let computed = |record: &RecordRef<'_>| {
        assert_eq!(record.vector("body").unwrap(), None);
        assert_eq!(record.computed("vector").unwrap(), None);
        let computed = record.computed("body").unwrap();
        assert_eq!(record.has_field("body").unwrap(), computed.is_some());
        computed.map(<[u8]>::to_vec)
    };
    assert_eq!(of(1, computed), Some(bytes(&[3])));
    assert_eq!(of(2, computed), Some(bytes(&[0, 4])));
    assert_eq!(of(3, computed), Some(Vec::new()));
    assert_eq!(of(4, computed), None);
    assert_eq!(snapshot.get(&1.into()).unwrap().unwrap().to_record().unwrap(), record(1, "one"));
    let has = Filter::has("body");
    assert_eq!(SnapshotExt::count(&snapshot, Some(&has)).unwrap(), 3);
}

#[test]
fn a_delete_where_sees_what_a_payload_set_before_it_makes() {
    let batch = Batch::new()
        .set_payload(1, Payload::new())
        .set_payload(4, Payload::new().with("body", "now"))
        .delete_where(Filter::has("body"));
    let effects = batch.resolve(&snapshot(), Version(1)).unwrap().effects;
    let removed: Vec<String> = effects[2..].iter().map(|effect| effect.id().to_string()).collect();
    assert_eq!(removed, ["2", "3", "4"]);
}

#[test]
fn a_block_is_asked_for_the_column_of_an_added_field() {
    let snapshot = snapshot();
    let block = snapshot.blocks().unwrap().block(0).unwrap();
    let schema = schema();
    let field = &schema.fields()[1];
    let column = block.compute(field, Budget::new()).unwrap();
    assert_eq!((column.len(), column.is_empty()), (3, false));
    let lent = block.column(FieldId::new(1).unwrap()).unwrap().unwrap();
    let computed = crate::VectorColumn::rows(&column, 0..3).unwrap();
    for n in 0..3 {
        let crate::RowsRef::Bytes(rows) = computed else { panic!("{computed:?}") };
        assert_eq!(lent.bytes(n).unwrap(), rows.row(n));
    }
    assert_eq!(block.compute(&schema.fields()[0], Budget::new()).unwrap().len(), 0);
    let flag = std::sync::atomic::AtomicBool::new(true);
    let error = block.compute(field, Budget::new().with_cancel(&flag)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}
