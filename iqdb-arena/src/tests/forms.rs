//! Payloads in their three forms: open columns, packed columns, and whole payloads where there are too
//! many fields. Readers see no difference.

use iqdb_core::{Filter, Path, StoreExt};

use super::*;

/// A record with `fields` fields, of which no other record has the names.
fn wide(id: u64, fields: u64) -> Record {
    (0..fields).fold(record(id, 1), |record, n| record.with(format!("{id}.{n}"), n as i64))
}

fn matching(snapshot: &dyn Snapshot, filter: &Filter) -> u64 {
    snapshot.records(Some(filter)).inspect(|record| assert!(record.is_ok())).count() as u64
}

/// Appends rows one by one and takes a snapshot after each, so that snapshots of every form are checked
/// after the chunk has changed its form.
fn grow(fields: impl Fn(u64) -> u64) -> ArenaStore {
    let store = store(Faults::none());
    let filter = Filter::exists(Path::key("5.0")).or(Filter::lt("n", 1)).not();
    let mut held = Vec::new();
    for id in 0..40 {
        store.upsert(wide(id, fields(id))).unwrap();
        held.push(store.snapshot().unwrap());
    }
    for (snapshot, rows) in held.iter().zip(1..) {
        let expected: Vec<Record> = (0..rows).map(|id| wide(id, fields(id))).collect();
        assert_eq!(content(&**snapshot), expected, "{rows} rows");
        let without = rows - u64::from(rows > 5 && fields(5) > 0);
        assert_eq!(matching(&**snapshot, &filter), without, "{rows} rows");
    }
    store
}

#[test]
fn a_row_with_too_many_fields_changes_nothing_for_the_others() {
    // Chunks of 4, 8, 16, 16 rows. Too wide are: none; a first row; one within; the last one.
    let max = 128;
    let shapes: [&dyn Fn(u64) -> u64; 5] = [
        &|_| 1,
        &|id| if id == 12 { max } else { 0 },
        &|id| if id == 9 { max } else { 2 },
        &|id| if id == 11 { max } else { 1 },
        &|_| max,
    ];
    for fields in shapes {
        let store = grow(fields);
        let before = content_of(&store);
        store.compact();
        assert_eq!(content_of(&store), before);
    }
}
