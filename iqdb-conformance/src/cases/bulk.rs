//! Calls that take or give more than 16 bits count: one page, one statement, one list of ids, one batch
//! of queries, one aggregate.

use iqdb_core::{
    Batch, Budget, Change, Direction, Filter, Metric, Page, Parts, Path, Payload, Query, Record,
    RecordId, Result, Rows, Schema, SnapshotExt, StoreExt, Vector,
};

use super::liveness::{Ends, check_ended};
use super::reading::check_aggregates;
use super::scale::check_pages;
use crate::check::check_queries;
use crate::check::exact::{assert_is, assert_record};
use crate::check::reading::ordered;
use crate::differential::Differential;
use crate::{Harness, Outcome};

/// More than 16 bits count, and no multiple of a number of threads or of rows.
const MANY: u64 = 66_003;

fn schema() -> Result<Schema> {
    Schema::new(1, Metric::Euclidean)
}

/// A record with a text that no other has, a value that all have, and one of some values: in each thousand
/// of ids two others are more frequent than 7, and in all of them 7 is the most frequent.
fn record(id: u64, round: u64) -> Result<Record> {
    let of_thousand = (id / 1_000).cast_signed();
    let skewed = match id % 1_000 {
        0..200 => 7,
        200..500 => 1_000 + of_thousand,
        500..800 => 2_000 + of_thousand,
        other => 10_000 + other.cast_signed(),
    };
    let payload = Payload::new()
        .with("text", format!("text {}", id * 7_919 % MANY))
        .with("same", 1)
        .with("skewed", skewed)
        .with("round", round.cast_signed());
    Ok(Record::new(id, [id as f32 / 2.0])?.with_payload(payload))
}

/// A store of many records that came as rows of one batch. The first `twice` of them come twice, and the
/// second row of an id stays.
fn store(harness: &Harness, twice: u64) -> Result<Differential<'_>> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let rows = (0..MANY).map(|id| record(id, 0)).chain((0..twice).map(|id| record(id, 1)));
    let rows = Rows::of_records(&schema()?, &rows.collect::<Result<Vec<_>>>()?)?;
    pair.apply(&Batch::new().upsert_rows(rows))?;
    Ok(pair)
}

/// Panics unless the rows have these records, in this order.
fn assert_rows(rows: &Rows, expected: &[&Record], context: &str) -> Result<()> {
    assert_is!(rows.len(), expected.len(), "{context}: the number of rows");
    for (found, expected) in rows.records().zip(expected) {
        assert_record(Some(&found?.to_record()?), Some(expected), context);
    }
    Ok(())
}

pub(super) fn one_call_reads_any_number_of_records(harness: &Harness) -> Result<Outcome> {
    let pair = store(harness, 1_000)?;
    let snapshot = pair.site.snapshot()?;
    let mut rows = Rows::new(snapshot.schema());
    // In no order, some absent, the last ones twice.
    let asked = (0..MANY + 20).map(|n| RecordId::from(n * 40_009 % (MANY + 20)));
    let ids: Vec<RecordId> = asked.chain((0..9).map(|n| (MANY - 1 - n).into())).collect();
    snapshot.get_many(&ids, Parts::ALL, &mut rows, Budget::new())?;
    let expected: Vec<_> = ids.iter().filter_map(|id| pair.model.get(id)).collect();
    assert_rows(&rows, &expected, "get_many")?;
    let (text, some) = (Path::key("text"), Filter::ge("skewed", 5_000));
    let by_id = ordered(&pair.model, None, None, Direction::Down)?;
    let by_text = ordered(&pair.model, None, Some("text"), Direction::Up)?;
    let filtered = ordered(&pair.model, Some(&some), Some("text"), Direction::Up)?;
    let by_text_up = |limit| Page::new(limit).with_order(&text, Direction::Up);
    for (context, page, expected) in [
        ("one page", Page::new(usize::MAX).with_id_order(Direction::Down), &by_id),
        ("a page of a record more", by_text_up(by_text.len() + 1), &by_text),
        ("a page of what matches", by_text_up(usize::MAX).with_filter(&some), &filtered),
    ] {
        let next = snapshot.scroll(&page, &mut rows)?;
        assert_rows(&rows, expected, context)?;
        assert!(next.is_none(), "{context}: there is nothing after it, found {next:?}");
    }
    let next = snapshot.scroll(&by_text_up(by_text.len()), &mut rows)?;
    assert_rows(&rows, &by_text, "a page of exactly as many")?;
    assert_is!(
        next.map(|next| next.id().clone()),
        by_text.last().map(|it| it.id.clone()),
        "its end"
    );
    assert_is!(snapshot.records(None).count(), pair.model.len(), "the number of records");
    let asked = Vector::try_from([MANY as f32])?;
    for threads in [1, 7] {
        let nearest = Query::nearest(asked.as_ref(), usize::MAX).with_threads(threads);
        check_queries(&*snapshot, &pair.model, pair.search(), &[nearest])?;
    }
    let within = Query::within(asked.as_ref(), 40_000.25, usize::MAX).with_threads(2);
    check_queries(&*snapshot, &pair.model, pair.search(), &[within])?;
    Ok(Outcome::Kept)
}

pub(super) fn aggregates_have_any_number_of_values(harness: &Harness) -> Result<Outcome> {
    let pair = store(harness, 1_000)?;
    let snapshot = pair.site.snapshot()?;
    let some = Filter::lt("skewed", 5_000);
    for path in ["text", "same", "skewed"] {
        check_aggregates(&*snapshot, &pair.model.matching(None)?, None, path)?;
    }
    check_aggregates(&*snapshot, &pair.model.matching(Some(&some))?, Some(&some), "skewed")?;
    Ok(Outcome::Kept)
}

pub(super) fn one_statement_changes_any_number_of_records(harness: &Harness) -> Result<Outcome> {
    // Each once: a row that is replaced in its own batch was never alive.
    let mut pair = store(harness, 0)?;
    let (mut ends, mut kept) = (Ends::new(), vec![pair.site.snapshot()?]);
    let some = Filter::starts_with("text", "text ");
    let ids = |pair: &Differential<'_>| -> Vec<RecordId> {
        pair.model.records().map(|record| record.id.clone()).collect()
    };
    // All by a filter, and then, written again, all by their ids.
    for round in [2, 3] {
        let before = ids(&pair);
        let batch = match round {
            2 => Batch::new().delete_where(some.clone()),
            _ => before.iter().cloned().map(Change::Delete).collect(),
        };
        let applied = pair.apply(&batch)?;
        assert_is!(applied.deleted, before.len() as u64, "the records deleted in round {round}");
        ends.extend(before.into_iter().map(|id| (id, applied.version)));
        assert_is!(pair.site.len()?, 0, "the length after round {round}");
        kept.push(pair.site.snapshot()?);
        if round == 2 {
            // Under other ids, because each row has one end.
            let records = (MANY..2 * MANY).map(|id| record(id, round));
            let records: Vec<Record> = records.collect::<Result<_>>()?;
            pair.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
            kept.push(pair.site.snapshot()?);
        }
    }
    for (n, m) in [(0, 1), (1, 0), (1, 2), (2, 3), (3, 2), (0, 3), (3, 0)] {
        check_ended(&*kept[n], &*kept[m], &ends)?;
    }
    let records = (0..MANY).map(|id| record(id, 4)).collect::<Result<Vec<_>>>()?;
    pair.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
    let set = |id: u64| Payload::new().with("text", format!("set {id}"));
    pair.apply(&(0..MANY).fold(Batch::new(), |batch, id| batch.set_payload(id, set(id))))?;
    check_pages(&pair, &*pair.site.snapshot()?)?;
    if pair.site.reopens() {
        pair.site.reopen_after_kill()?;
        check_pages(&pair, &*pair.site.snapshot()?)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_batch_has_any_number_of_queries(harness: &Harness) -> Result<Outcome> {
    let records = (0..300).map(|id| record(id, 0)).collect::<Result<Vec<_>>>()?;
    let pair = Differential::of(harness, &schema()?, records)?;
    let snapshot = pair.site.snapshot()?;
    // Each with a filter of its own, and a number of hits of its own.
    let (asked, ids) = (Vector::try_from([40.25])?, 0..300_u64);
    let filters: Vec<Filter> = ids.map(|id| Filter::id_in([id, 299 - id])).collect();
    let nearest = |n: usize| Query::nearest(asked.as_ref(), 1 + n % 3);
    let filtered: Vec<_> =
        (0..300).map(|n| nearest(n).with_filter(&filters[n]).with_payload(n % 2 == 0)).collect();
    check_queries(&*snapshot, &pair.model, pair.search(), &filtered)?;
    // As many as there are records in a large store, over a few records.
    let some = (0..5).map(|id| record(id, 0)).collect::<Result<Vec<_>>>()?;
    let pair = Differential::of(harness, &schema()?, some)?;
    let vectors = (0..MANY).map(|n| Vector::try_from([n as f32 / 30_000.0]));
    let vectors: Vec<Vector> = vectors.collect::<Result<_>>()?;
    let each = vectors.iter().map(|vector| Query::nearest(vector.as_ref(), 1));
    let queries: Vec<Query<'_>> = each.collect();
    check_queries(&*pair.site.snapshot()?, &pair.model, pair.search(), &queries)?;
    Ok(Outcome::Kept)
}
