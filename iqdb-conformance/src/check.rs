//! Compares everything that a store or a snapshot shows with the model.
//!
//! All cases use these checks, so that equality means the same in each of them.

pub(crate) mod exact;
pub(crate) mod reading;
pub(crate) mod refusal;
pub(crate) mod rows;

use std::collections::BTreeMap;

use iqdb_core::filter::MaskPool;
use iqdb_core::{
    Block, Filter, Hits, IdRef, Query, Record, RecordId, Result, RowMask, Scratch, Search,
    Snapshot, SnapshotExt, Store, VectorRef,
};

use crate::Model;
use crate::generate::{corpus, vectors};
use exact::{assert_hits, assert_is, assert_record};
use rows::assert_padding;

/// Checks that a store shows exactly the content of the model: by `get`, and by everything that
/// [`check_snapshot`] compares. No thread may write to the store meanwhile.
///
/// # Errors
/// Any error of the store or the search.
///
/// # Panics
/// When they differ. The message says what was expected and what was found.
pub fn check_same(store: &dyn Store, model: &Model, search: &dyn Search) -> Result<()> {
    assert_is!(&store.schema(), model.schema(), "the schema of the store");
    for record in model.records() {
        let found = store.get(&record.id)?;
        assert_record(found.as_ref(), Some(record), "Store::get");
    }
    for id in absent_ids(model) {
        assert_record(store.get(&id)?.as_ref(), None, "Store::get of an absent id");
    }
    check_snapshot(&*store.snapshot()?, model, search)
}

/// Checks that a snapshot shows exactly the content of the model: version, length, every record by
/// `get`, by `records` and by blocks, what core computes of each, and the hits of searches.
///
/// # Errors
/// Any error of the snapshot or the search.
///
/// # Panics
/// When they differ. The message says what was expected and what was found.
pub fn check_snapshot(snapshot: &dyn Snapshot, model: &Model, search: &dyn Search) -> Result<()> {
    assert_is!(snapshot.schema(), model.schema(), "the schema of the snapshot");
    assert_is!(snapshot.version(), model.version(), "the version of the snapshot");
    assert_is!(snapshot.len(), model.len() as u64, "the length of the snapshot");
    check_gets(snapshot, model)?;
    check_records(snapshot, model)?;
    check_blocks(snapshot, model)?;
    check_computed(snapshot, model)?;
    check_search(snapshot, model, search)
}

/// Ids that aren't in the model. Some of them have the same text as an id in the model, so that a
/// store with imprecise keys would confuse them.
pub(crate) fn absent_ids(model: &Model) -> Vec<RecordId> {
    let mut ids: Vec<RecordId> =
        vec![u64::MAX.into(), iqdb_core::Uuid::from_u128(u128::MAX).into(), "nobody".into()];
    for record in model.records() {
        ids.push(match record.id.as_ref() {
            IdRef::Number(number) => number.to_string().into(),
            IdRef::Uuid(uuid) => uuid.to_string().into(),
            IdRef::Text(text) => text.parse().unwrap_or_else(|_| format!("{text}\0").into()),
        });
    }
    ids.retain(|id| model.get(id).is_none());
    ids
}

pub(crate) fn check_gets(snapshot: &dyn Snapshot, model: &Model) -> Result<()> {
    let get = |id: &RecordId| -> Result<Option<Record>> {
        snapshot.get(id)?.map(|record| record.to_record()).transpose()
    };
    for record in model.records() {
        let found = get(&record.id)?;
        assert_record(found.as_ref(), Some(record), "Snapshot::get");
    }
    for id in absent_ids(model) {
        assert_record(get(&id)?.as_ref(), None, "Snapshot::get of an absent id");
    }
    Ok(())
}

fn check_records(snapshot: &dyn Snapshot, model: &Model) -> Result<()> {
    let mut found = BTreeMap::new();
    for record in snapshot.records(None) {
        let record = record?.to_record()?;
        let twice = found.insert(record.id.clone(), record);
        assert_record(twice.as_ref(), None, "records yields it a second time");
    }
    assert_all(model, &found, "records");
    Ok(())
}

/// Checks that the blocks have the version of the model, contain each record exactly once, and pad
/// each row with zeros.
pub(crate) fn check_blocks(snapshot: &dyn Snapshot, model: &Model) -> Result<()> {
    let mut found = BTreeMap::new();
    let Some(blocks) = snapshot.blocks() else { return Ok(()) };
    for i in 0..blocks.block_count() {
        let block = blocks.block(i)?;
        assert_is!(block.schema(), model.schema(), "the schema of block {i}");
        assert_is!(block.at(), model.version(), "the version of block {i}");
        for (row, record) in live_records(&block)? {
            let twice = found.insert(record.id.clone(), record);
            assert_record(
                twice.as_ref(),
                None,
                format_args!("row {row} of block {i} is a second one"),
            );
        }
        for (id, field) in block.schema().iter() {
            if let Some(column) = block.column(id)? {
                let rows = column.rows(0..column.len())?;
                assert_padding(&rows, format_args!("{} in block {i}", field.name()));
            }
        }
    }
    assert_all(model, &found, "the blocks");
    Ok(())
}

/// The live rows of a block and their records. The vectors are read as a scan does, column by
/// column.
fn live_records(block: &Block<'_>) -> Result<BTreeMap<usize, Record>> {
    let mut mask = RowMask::new();
    block.select(0..block.len(), None, &mut mask, &mut MaskPool::default())?;
    let mut records = BTreeMap::new();
    for row in mask.rows() {
        let record = Record::without_vector(block.id(row)?.to_id());
        records.insert(row, record.with_payload(block.payload(row)?.to_payload()?));
    }
    for (id, field) in block.schema().iter() {
        let Some(column) = block.column(id)?.filter(|column| !column.kind().is_computed()) else {
            continue;
        };
        let rows = column.rows(0..column.len())?;
        for n in 0..column.len() {
            if let Some(record) = records.get_mut(&column.block_row(n)) {
                record.set_vector(field.name().to_owned(), Some(rows.vector(n)?.to_vector()));
            }
        }
    }
    Ok(records)
}

/// Checks that `@has` asks which records have a computed field, and [the bytes](check_rows_computed).
fn check_computed(snapshot: &dyn Snapshot, model: &Model) -> Result<()> {
    for (_, field) in model.schema().computed_fields() {
        let has = Filter::has(field.name());
        let expected = model.matching(Some(&has))?.len() as u64;
        assert_is!(snapshot.count(Some(&has))?, expected, "the count of `{has}`");
    }
    check_rows_computed(snapshot)
}

/// Checks that each live row has the bytes of computed fields that core makes of its payload.
pub(crate) fn check_rows_computed(snapshot: &dyn Snapshot) -> Result<()> {
    let Some(blocks) = snapshot.blocks() else { return Ok(()) };
    let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
    for (id, field) in snapshot.schema().computed_fields() {
        for i in 0..blocks.block_count() {
            let block = blocks.block(i)?;
            let column = block.column(id)?;
            block.select(0..block.len(), None, &mut mask, &mut pool)?;
            for row in mask.rows() {
                let mut bytes = Vec::new();
                let expected = field.compute(&block.payload(row)?, &mut bytes)?.then_some(&*bytes);
                let position = column.and_then(|column| Some((column, column.position(row)?)));
                let found = position.map(|(column, n)| column.bytes(n)).transpose()?;
                let context = format_args!("{} in row {row} of block {i}", field.name());
                assert_is!(found, expected, "the bytes of {context}");
                let record = block.record(row)?;
                assert_is!(
                    record.computed(field.name())?,
                    expected,
                    "the record's bytes of {context}"
                );
            }
        }
    }
    Ok(())
}

fn assert_all(model: &Model, found: &BTreeMap<RecordId, Record>, context: &str) {
    for record in model.records() {
        assert_record(found.get(&record.id), Some(record), context);
    }
    for (id, record) in found {
        assert_record(Some(record), model.get(id), context);
    }
}

fn check_search(snapshot: &dyn Snapshot, model: &Model, search: &dyn Search) -> Result<()> {
    for field in vectors::fields(model.schema()) {
        let mut vectors = vec![corpus::ones(field.kind())?];
        let spread = (model.len() / 2).max(1);
        for record in model.records().step_by(spread) {
            vectors.extend(record.vector(field.name()).map(VectorRef::to_vector));
        }
        let mut queries = Vec::new();
        for vector in &vectors {
            let nearest = |k| Query::nearest(vector.as_ref(), k).with_field(field.name());
            for k in [1, model.len() / 2 + 1, model.len() + 1] {
                queries.push(nearest(k).with_payload(k != 1));
            }
            let ranked = model.search(&nearest(usize::MAX))?;
            if let Some(middle) = ranked.get(ranked.len() / 2) {
                let within = Query::within(vector.as_ref(), middle.distance, usize::MAX);
                queries.push(within.with_field(field.name()));
            }
        }
        check_queries(snapshot, model, search, &queries)?;
    }
    Ok(())
}

/// Checks that the search answers all `queries`, as one batch, as the model does.
pub(crate) fn check_queries(
    snapshot: &dyn Snapshot,
    model: &Model,
    search: &dyn Search,
    queries: &[Query<'_>],
) -> Result<()> {
    let mut hits = vec![Hits::new(); queries.len()];
    search.search(snapshot, queries, &mut hits, &mut Scratch::new())?;
    for (query, hits) in queries.iter().zip(&hits) {
        assert_hits(
            &hits.to_vec(),
            &model.search(query)?,
            format_args!("the search for {query:?}"),
        );
    }
    Ok(())
}
