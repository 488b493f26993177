//! A toy of a text search: that it gets what it needs of a field which core computes, in a store that had
//! records before the field was added.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use iqdb_conformance::naive::NaiveStore;
use iqdb_core::{
    Batch, Budget, Computation, ErrorKind, Field, FieldKind, Filter, IdRef, Metric, Page, Payload,
    Record, Result, Rows, Schema, Snapshot, SnapshotExt, Store, StoreExt,
};

fn field(name: &str) -> Field {
    Field::new(name, FieldKind::Computed(Computation::TextLengths)).unwrap()
}

/// The numbers of the live records of which a text in `field` has this length. It reads columns, and no
/// payload.
fn with_a_text_of(length: u32, field: &str, on: &dyn Snapshot) -> Result<BTreeSet<u64>> {
    let id = on.schema().field(field)?;
    let mut found = BTreeSet::new();
    for i in 0..on.blocks().unwrap().block_count() {
        let block = on.blocks().unwrap().block(i)?;
        let Some(column) = block.column(id)? else { continue };
        for n in 0..column.len() {
            let row = column.block_row(n);
            let has_it = column.bytes(n)?.chunks(4).any(|text| *text == length.to_le_bytes());
            if let (true, true, IdRef::Number(number)) =
                (has_it, block.is_alive(row)?, block.id(row)?)
            {
                found.insert(number);
            }
        }
    }
    Ok(found)
}

fn document(id: u64, body: &str) -> Result<Record> {
    Ok(Record::new(id, [1.0, id as f32])?.with("body", body).with("title", ["a", "bc"]))
}

#[test]
fn a_field_that_core_computes_is_added_to_a_full_store_and_follows_its_payloads() -> Result<()> {
    let store = NaiveStore::new(Schema::new(2, Metric::Cosine)?);
    store.upsert_many((0..100).map(|id| document(id, "eleven here").unwrap()))?;
    store.apply(&Batch::new().delete(7).set_payload(8, Payload::new().with("n", 8)))?;
    let before = store.snapshot()?;
    store.add_field(field("body"), Budget::new(), &mut ())?;

    let found = with_a_text_of(11, "body", &*store.snapshot()?)?;
    assert_eq!(found, (0..100).filter(|id| *id != 7 && *id != 8).collect());
    assert_eq!(before.schema().field("body").unwrap_err().kind(), ErrorKind::UnknownField);

    let longer = Payload::new().with("body", "twelve there");
    let lent = Rows::of_records(&store.schema(), &[document(200, "eleven here")?])?;
    let batch = Batch::new()
        .set_payload(1, longer.clone())
        .merge_payload(8, longer)
        .upsert_rows(lent)
        .delete_where(Filter::has("body").not());
    store.apply(&batch)?;
    let snapshot = store.snapshot()?;
    assert_eq!(with_a_text_of(12, "body", &*snapshot)?, BTreeSet::from([1, 8]));
    assert!(with_a_text_of(11, "body", &*snapshot)?.contains(&200));
    assert_eq!(snapshot.count(Some(&Filter::has("body")))?, snapshot.len());
    Ok(())
}

#[test]
fn what_core_computed_is_no_part_of_a_record_and_is_made_anew_in_a_copy() -> Result<()> {
    let fields = Schema::builder()
        .dense("vector", 2, Metric::Cosine)
        .field("title", FieldKind::Computed(Computation::TextLengths));
    let store = NaiveStore::new(fields.build()?);
    store.upsert(document(1, "x")?)?;
    assert_eq!(store.get(&1.into())?, Some(document(1, "x")?));

    let mut rows = Rows::new(&store.schema());
    store.snapshot()?.scroll(&Page::new(10), &mut rows)?;
    let copy = NaiveStore::new(store.schema());
    copy.apply(&Batch::new().upsert_rows(rows))?;
    assert_eq!(with_a_text_of(2, "title", &*copy.snapshot()?)?, BTreeSet::from([1]));
    Ok(())
}
