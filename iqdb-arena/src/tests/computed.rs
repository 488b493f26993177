//! Computed columns: every effect leaves the bytes that core made of the payload, and a compaction
//! copies them. Added to a store with records they are as if they had been there.

mod added;

use iqdb_core::{
    Computation, Field, FieldId, FieldKind, Filter, Payload, RowsRef, SnapshotExt, StoreExt, Value,
    Vector,
};

use super::*;

const LENGTHS: FieldKind = FieldKind::Computed(Computation::TextLengths);

/// The position of the computed field.
fn body() -> FieldId {
    FieldId::new(1).unwrap()
}

fn schema() -> Schema {
    let fields = Schema::builder().dense(Field::DEFAULT, 3, Metric::Euclidean);
    fields.field("body", LENGTHS).build().unwrap()
}

/// A store with small chunks, which compacts only when a test calls for it.
fn computing() -> ArenaStore {
    let options = ArenaOptions::new().with_chunk_rows(4, 16).with_dead_ratio_max(1.0);
    ArenaStore::with_options(schema(), options)
}

/// A text of this length.
fn text(bytes: u64) -> Value {
    Value::from((0..bytes).map(|_| 'x').collect::<String>())
}

/// A payload of one of five sorts: without the key, with a number, with a text, with two texts, and
/// with an empty list, whose column has 0 bytes.
fn payload(n: u64) -> Payload {
    match n % 5 {
        0 => Payload::new(),
        1 => Payload::new().with("body", 1),
        2 => Payload::new().with("body", text(n)),
        3 => Payload::new().with("body", vec![text(n), text(0)]),
        _ => Payload::new().with("body", Vec::<Value>::new()),
    }
}

/// What is computed of [`payload`].
fn lengths(n: u64) -> Option<Vec<u8>> {
    let bytes = |n: u64| u32::try_from(n).unwrap().to_le_bytes().to_vec();
    match n % 5 {
        0 | 1 => None,
        2 => Some(bytes(n)),
        3 => Some([bytes(n), bytes(0)].concat()),
        _ => Some(Vec::new()),
    }
}

/// A record with the `n`-th payload.
fn with_payload(id: u64, n: u64) -> Record {
    Record::new(id, [id as f32, 1.0, 2.0]).unwrap().with_payload(payload(n))
}

/// Checks that a snapshot shows exactly these records, each with the `n`-th payload and its column:
/// id by id, by the filter, and by the column of each block.
fn check(snapshot: &dyn Snapshot, expected: &[(u64, u64)]) {
    assert_eq!(snapshot.len(), expected.len() as u64);
    for (id, n) in expected {
        let found = snapshot.get(&(*id).into()).unwrap().unwrap();
        assert_eq!(found.computed("body").unwrap(), lengths(*n).as_deref(), "{id} with {n}");
        assert_eq!(found.has_field("body").unwrap(), lengths(*n).is_some(), "{id} with {n}");
        assert_eq!(found.to_record().unwrap(), with_payload(*id, *n));
    }
    let have = expected.iter().filter(|(_, n)| lengths(*n).is_some()).count() as u64;
    assert_eq!(snapshot.count(Some(&Filter::has("body"))).unwrap(), have);
    check_blocks(snapshot, have);
}

/// Checks that the columns are packed, and have a row for each record with the field: of those that are
/// alive, `have`.
fn check_blocks(snapshot: &dyn Snapshot, have: u64) {
    let blocks = snapshot.blocks().unwrap();
    let mut alive = 0;
    for block in (0..blocks.block_count()).map(|n| blocks.block(n).unwrap()) {
        let Some(column) = block.column(body()).unwrap() else { continue };
        let RowsRef::Bytes(rows) = column.rows(0..column.len()).unwrap() else {
            panic!("{column:?} lends vectors");
        };
        for n in 0..column.len() {
            assert_eq!(column.bytes(n).unwrap(), rows.row(n));
            alive += u64::from(block.is_alive(column.block_row(n)).unwrap());
        }
    }
    assert_eq!(alive, have, "rows of the column that are alive");
}

fn check_store(store: &ArenaStore, expected: &[(u64, u64)]) {
    check(&*store.snapshot().unwrap(), expected);
}

#[test]
fn records_are_put_with_their_columns() {
    let store = computing();
    let mut expected = Vec::new();
    for id in 0..60 {
        store.upsert(with_payload(id, id)).unwrap();
        expected.push((id, id));
        check_store(&store, &expected);
    }
    // The next payload is of the next sort.
    let batch = (0..60).fold(Batch::new(), |batch, id| batch.upsert(with_payload(id, id + 1)));
    store.apply(&batch).unwrap();
    check_store(&store, &(0..60).map(|id| (id, id + 1)).collect::<Vec<_>>());
}

#[test]
fn rows_are_put_with_their_columns() {
    let store = computing();
    let records: Vec<Record> = (0..60).map(|id| with_payload(id, id)).collect();
    let rows = iqdb_core::Rows::of_records(&schema(), &records).unwrap();
    store.apply(&Batch::new().upsert_rows(rows)).unwrap();
    check_store(&store, &(0..60).map(|id| (id, id)).collect::<Vec<_>>());
}

#[test]
fn a_payload_that_is_set_brings_its_columns_and_vectors_leave_them() {
    let store = computing();
    store.apply(&(0..60).fold(Batch::new(), |b, id| b.upsert(with_payload(id, id)))).unwrap();
    for id in (0..60).step_by(2) {
        store.set_payload(id, payload(id + 3)).unwrap();
    }
    let expected: Vec<_> = (0..60).map(|id| (id, if id % 2 == 0 { id + 3 } else { id })).collect();
    check_store(&store, &expected);
    let vector = |id: u64| Some(Vector::try_from([id as f32, 1.0, 2.0]).unwrap());
    let without = (0..60)
        .fold(Batch::new(), |batch, id| batch.set_vectors(id, [(Field::DEFAULT.into(), None)]));
    store.apply(&without).unwrap();
    check_blocks(&*store.snapshot().unwrap(), 36);
    let again = (0..60).fold(Batch::new(), |batch, id| {
        batch.set_vectors(id, [(Field::DEFAULT.into(), vector(id))])
    });
    store.apply(&again).unwrap();
    check_store(&store, &expected);
}

#[test]
fn a_compaction_copies_the_columns() {
    let store = computing();
    store.apply(&(0..60).fold(Batch::new(), |b, id| b.upsert(with_payload(id, id)))).unwrap();
    store.apply(&(0..60).step_by(3).fold(Batch::new(), Batch::delete)).unwrap();
    let before = store.snapshot().unwrap();
    let expected: Vec<_> = (0..60).filter(|id| id % 3 != 0).map(|id| (id, id)).collect();
    for _ in 0..2 {
        store.compact();
        check_store(&store, &expected);
    }
    check(&*before, &expected);
    store.upsert(with_payload(0, 2)).unwrap();
    check_store(&store, &[&[(0, 2)], &expected[..]].concat());
}

/// As a store does that keeps a part of its records in an arena.
#[test]
fn batches_that_were_checked_elsewhere_bring_their_columns() {
    let store = computing();
    let mut expected = Vec::new();
    for id in 0..30 {
        let batch = Batch::new().upsert(with_payload(id, id)).upsert(with_payload(0, id));
        store.apply_checked(&batch).unwrap();
        store.advance();
        expected.push((id, id));
        expected[0] = (0, id);
        check_store(&store, &expected);
    }
    store.hand_over(store.snapshot().unwrap().version());
    check_store(&store, &expected);
}

#[test]
fn the_bytes_of_a_column_count_as_bytes_of_the_row() {
    let size = |id: u64, n: u64| {
        let store = computing();
        store.upsert(with_payload(id, n)).unwrap();
        let writer = store.arena().lock();
        writer.builder().bytes_of(0, &writer.view().schema)
    };
    let of_payload = |n: u64| u64::try_from(payload(n).size_bytes()).unwrap();
    assert_eq!(size(7, 1_003) - of_payload(1_003), size(7, 2) - of_payload(2) + 4);
}
