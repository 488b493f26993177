//! Bulk reads: records by their ids, pages in an order, aggregates.

use std::sync::atomic::AtomicBool;

use iqdb_core::{
    Aggregate, Aggregated, Batch, Budget, Cursor, Direction, ErrorKind, Filter, Map, Page, Parts,
    Path, Payload, Record, RecordId, Result, Rows, Schema, Snapshot, Value, VectorRef,
};

use crate::check::exact::{assert_is, assert_record};
use crate::check::reading::{counted, distinct, facet, min_max, ordered, sortable};
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution, ones, only_kind};
use crate::generate::filters;
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

/// Paths to values of every kind, in lists and in maps.
const PATHS: [&str; 7] = ["year", "lang", "x", "in.x", "tags", "in.list[].a", "absent"];

const BOTH: [Direction; 2] = [Direction::Up, Direction::Down];

/// A store of the simplest shape with some hundred records.
fn store(harness: &Harness) -> Result<Differential<'_>> {
    Differential::after_churn(harness, &schema()?, 400, Distribution::Lattice)
}

fn schema() -> Result<Schema> {
    Schema::new(3, iqdb_core::Metric::Euclidean)
}

/// The rest of a record when only some parts of it are read.
pub(super) fn part(record: &Record, schema: &Schema, parts: Parts) -> Record {
    let mut part = Record::without_vector(record.id.clone());
    for (field, described) in schema.iter() {
        let vector = record.vector(described.name()).filter(|_| parts.has(field));
        part.set_vector(described.name().to_owned(), vector.map(VectorRef::to_vector));
    }
    match parts.payload() {
        true => part.with_payload(record.payload.clone()),
        false => part,
    }
}

/// All parts, none, the payload alone, and each field alone.
fn all_parts(schema: &Schema) -> Vec<Parts> {
    let fields = schema.iter().map(|(field, _)| Parts::ID.with_field(field));
    let mut parts: Vec<_> = fields.collect();
    parts.extend([Parts::ALL, Parts::ID, Parts::ID.with_payload()]);
    parts
}

/// Panics unless the rows are these records, of which they have these parts.
fn assert_rows(rows: &Rows, expected: &[&Record], schema: &Schema, parts: Parts) {
    assert_is!(rows.schema(), schema, "the schema of the rows");
    assert_is!(rows.len(), expected.len(), "the number of rows");
    for (found, expected) in rows.to_records().iter().zip(expected) {
        assert_record(Some(found), Some(&part(expected, schema, parts)), "a row");
    }
}

/// Rows that another read has left.
fn used() -> Result<Rows> {
    let schema = schema()?;
    Rows::of_records(&schema, &[Record::new("left over", [1.0, 2.0, 3.0])?.with("left", "over")])
}

/// Stores of every shape that the backend holds, with some records each.
fn on_every_shape(
    harness: &Harness,
    check: impl Fn(&Differential<'_>, &Schema) -> Result<()>,
) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    for schema in held.schemas.iter().chain([&self::schema()?]) {
        check(&Differential::after_churn(harness, schema, 48, Distribution::Smooth)?, schema)?;
    }
    Ok(held.outcome())
}

pub(super) fn get_many_fills_rows_in_the_order_asked(harness: &Harness) -> Result<Outcome> {
    on_every_shape(harness, |pair, schema| {
        let snapshot = pair.site.snapshot()?;
        // Not in their order, some absent, one that can't be stored, some twice.
        let mut ids: Vec<RecordId> = (0..60).rev().map(corpus::id).collect();
        ids.insert(7, "x".repeat(iqdb_core::limits::ID_BYTES_MAX + 1).into());
        ids.extend((10..20).map(corpus::id));
        let expected: Vec<_> = ids.iter().filter_map(|id| pair.model.get(id)).collect();
        assert!(expected.len() > 10, "there are {} of them", expected.len());
        let mut rows = used()?;
        for parts in all_parts(schema) {
            snapshot.get_many(&ids, parts, &mut rows, Budget::new())?;
            assert_rows(&rows, &expected, schema, parts);
        }
        let cancelled = AtomicBool::new(true);
        let budget = Budget::new().with_cancel(&cancelled);
        let refused = snapshot.get_many(&ids, Parts::ALL, &mut rows, budget);
        assert_refused(refused, ErrorKind::Cancelled, "get_many that is cancelled");
        assert_is!(rows.len(), 0, "the rows after an error");
        snapshot.get_many(&[], Parts::ALL, &mut rows, Budget::new())?;
        assert_rows(&rows, &[], schema, Parts::ALL);
        Ok(())
    })
}

/// Reads pages until there are no more, and panics unless together they have the expected records.
pub(super) fn check_pages(
    snapshot: &dyn Snapshot,
    page: Page<'_>,
    expected: &[&Record],
    context: &str,
) -> Result<()> {
    let (mut rows, mut found, mut cursor) = (used()?, Vec::new(), None::<Cursor>);
    loop {
        let asked = match &cursor {
            Some(cursor) => page.with_after(cursor),
            None => page,
        };
        cursor = snapshot.scroll(&asked, &mut rows)?;
        found.extend(rows.to_records());
        assert!(rows.len() <= page.limit(), "{context}: a page has {} records", rows.len());
        assert!(found.len() <= expected.len(), "{context}: there are more records than match");
        let is_full = rows.len() == page.limit();
        assert_is!(cursor.is_some(), is_full, "{context}: whether there may be another page");
        if !is_full {
            break;
        }
        let last = found.last().map(|record| &record.id);
        assert_is!(cursor.as_ref().map(Cursor::id), last, "{context}: the id of the cursor");
    }
    assert_is!(found.len(), expected.len(), "{context}: the number of records");
    for (found, expected) in found.iter().zip(expected) {
        assert_record(Some(found), Some(expected), context);
    }
    Ok(())
}

pub(super) fn scroll_has_each_record_once_in_order(harness: &Harness) -> Result<Outcome> {
    let pair = store(harness)?;
    let snapshot = pair.site.snapshot()?;
    let some: Vec<_> = filters::predicates().into_iter().step_by(9).map(Some).collect();
    for filter in some.iter().chain([&None]) {
        for direction in BOTH {
            let expected = ordered(&pair.model, filter.as_ref(), None, direction)?;
            for limit in [1, 7, expected.len().max(1), 1_000] {
                let page = Page::new(limit).with_id_order(direction);
                let page = filter.as_ref().map_or(page, |filter| page.with_filter(filter));
                let context = format!("by ids {direction:?}, {limit} each, of {filter:?}");
                check_pages(&*snapshot, page, &expected, &context)?;
            }
        }
    }
    let mut rows = used()?;
    let cursor = snapshot.scroll(&Page::new(0), &mut rows)?;
    assert_is!((cursor, rows.len()), (None, 0), "a page without records");
    for filter in &filters::invalid() {
        let refused = snapshot.scroll(&Page::new(1).with_filter(filter), &mut rows);
        assert_refused(refused, ErrorKind::InvalidFilter, "scroll");
        assert_is!(rows.len(), 0, "the rows after an error");
    }
    let cancelled = AtomicBool::new(true);
    let budget = Budget::new().with_cancel(&cancelled);
    let refused = snapshot.scroll(&Page::new(1).with_budget(budget), &mut rows);
    assert_refused(refused, ErrorKind::Cancelled, "a scroll that is cancelled");
    Ok(Outcome::Kept)
}

pub(super) fn scroll_orders_by_a_path(harness: &Harness) -> Result<Outcome> {
    let pair = store(harness)?;
    let snapshot = pair.site.snapshot()?;
    let half = Filter::ge("year", 2022);
    for text in PATHS.into_iter().filter(|path| !path.contains("[]")) {
        let path: Path = text.parse()?;
        for direction in BOTH {
            for filter in [None, Some(&half)] {
                let expected = ordered(&pair.model, filter, Some(text), direction)?;
                for limit in [3, 64, 1_000] {
                    let page = Page::new(limit).with_order(&path, direction);
                    let page = filter.map_or(page, |filter| page.with_filter(filter));
                    let context = format!("by `{text}` {direction:?}, {limit} each");
                    check_pages(&*snapshot, page, &expected, &context)?;
                }
            }
        }
    }
    let each: Path = "in.list[].a".parse()?;
    let refused = snapshot.scroll(&Page::new(1).with_order(&each, Direction::Up), &mut used()?);
    assert_refused(refused, ErrorKind::InvalidQuery, "the elements of a list as an order");
    Ok(Outcome::Kept)
}

pub(super) fn scroll_brings_the_parts_asked_for(harness: &Harness) -> Result<Outcome> {
    on_every_shape(harness, |pair, schema| {
        let snapshot = pair.site.snapshot()?;
        let path = Path::key("year");
        let mut rows = used()?;
        for parts in all_parts(schema) {
            let page = Page::new(1_000).with_parts(parts);
            for (page, order) in [
                (page, None),
                (page.with_order(&path, Direction::Down), Some(("year", Direction::Down))),
            ] {
                snapshot.scroll(&page, &mut rows)?;
                let (order, direction) = order.unzip();
                let direction = direction.unwrap_or_default();
                let expected = ordered(&pair.model, None, order, direction)?;
                assert_rows(&rows, &expected, schema, parts);
            }
        }
        Ok(())
    })
}

pub(super) fn a_cursor_is_good_on_later_snapshots(harness: &Harness) -> Result<Outcome> {
    for order in [None, Some("year"), Some("x")] {
        for direction in BOTH {
            check_cursor(harness, order, direction)?;
        }
    }
    let pair = store(harness)?;
    let (snapshot, mut rows) = (pair.site.snapshot()?, used()?);
    let path = Path::key("year");
    let (by_id, by_year) = (Page::new(1), Page::new(1).with_order(&path, Direction::Up));
    for (page, other) in [(by_id, by_year), (by_year, by_id)] {
        let cursor = snapshot.scroll(&page, &mut rows)?.expect("the page is full");
        let refused = snapshot.scroll(&other.with_after(&cursor), &mut rows);
        assert_refused(refused, ErrorKind::InvalidQuery, "a cursor of another order");
        assert_is!(rows.len(), 0, "the rows after an error");
    }
    Ok(Outcome::Kept)
}

/// Reads a page, changes the records around its end, and reads on from its cursor's bytes.
fn check_cursor(harness: &Harness, order: Option<&str>, direction: Direction) -> Result<()> {
    let context = format!("after a cursor by {order:?} {direction:?}");
    let mut pair = store(harness)?;
    let path = order.map(str::parse::<Path>).transpose()?;
    for limit in [20, 150] {
        let page = Page::new(limit).with_id_order(direction);
        let page = path.as_ref().map_or(page, |path| page.with_order(path, direction));
        let mut rows = used()?;
        let cursor = pair.site.snapshot()?.scroll(&page, &mut rows)?;
        let cursor = cursor.unwrap_or_else(|| panic!("{context}: the page is full"));
        assert_is!(Cursor::from_bytes(&cursor.to_bytes())?, cursor, "{context}: as bytes");
        let last = pair.model.get(cursor.id()).cloned();
        let last = last.unwrap_or_else(|| panic!("{context}: there is no {}", cursor.id()));
        let value = order.and_then(|path| sortable(&last, path));
        assert_is!(cursor.value(), value.as_ref(), "{context}: the value of the cursor");
        // Its record goes; others come before and behind it.
        let changed = (0..120).map(|n| -> Result<Record> {
            let vector = ones(only_kind(&schema()?))?;
            let payload = pair.model.get(&corpus::id(n * 3)).map(|record| record.payload.clone());
            Ok(Record::new(corpus::id(1_000 + n), vector)?
                .with_payload(payload.unwrap_or_default()))
        });
        let changed = changed.collect::<Result<Vec<_>>>()?;
        pair.apply(&changed.into_iter().fold(Batch::new().delete(cursor.id()), Batch::upsert))?;
        // The records behind the one that is gone, had it stayed.
        let mut with_it = pair.model.clone();
        with_it.apply(&Batch::new().upsert(last.clone()))?;
        let expected = ordered(&with_it, None, order, direction)?;
        let behind = expected.iter().position(|record| record.id == last.id).map_or(0, |n| n + 1);
        let cursor = Cursor::from_bytes(&cursor.to_bytes())?;
        let page = page.with_after(&cursor);
        check_pages(&*pair.site.snapshot()?, page, &expected[behind..], &context)?;
    }
    Ok(())
}

pub(super) fn aggregates_are_those_of_the_model(harness: &Harness) -> Result<Outcome> {
    let (many, empty) = (store(harness)?, Differential::new(harness, &schema()?)?);
    for pair in [&many, &empty] {
        let snapshot = pair.site.snapshot()?;
        let some: Vec<_> = filters::predicates().into_iter().step_by(5).map(Some).collect();
        for filter in some.iter().chain([&None]) {
            let records = pair.model.matching(filter.as_ref())?;
            for text in PATHS {
                check_aggregates(&*snapshot, &records, filter.as_ref(), text)?;
            }
        }
        let none = snapshot.aggregate(&[], None, Budget::new())?;
        assert_is!(none, [], "no aggregates");
        for filter in &filters::invalid() {
            let refused = snapshot.aggregate(&[Aggregate::Count], Some(filter), Budget::new());
            assert_refused(refused, ErrorKind::InvalidFilter, "aggregate");
        }
    }
    let cancelled = AtomicBool::new(true);
    let budget = Budget::new().with_cancel(&cancelled);
    let year = Path::key("year");
    let refused = many.site.snapshot()?.aggregate(&[Aggregate::MinMax(&year)], None, budget);
    assert_refused(refused, ErrorKind::Cancelled, "aggregates that are cancelled");
    Ok(Outcome::Kept)
}

/// Every aggregate over one path, in one call.
pub(super) fn check_aggregates(
    snapshot: &dyn Snapshot,
    records: &[&Record],
    filter: Option<&Filter>,
    text: &str,
) -> Result<()> {
    let path: Path = text.parse()?;
    let path = &path;
    let wanted = [
        Aggregate::Facet { path, limit: 2 },
        Aggregate::Distinct { path, limit: 3 },
        Aggregate::Count,
        Aggregate::MinMax(path),
        Aggregate::Facet { path, limit: usize::MAX },
        Aggregate::Distinct { path, limit: usize::MAX },
        Aggregate::Facet { path, limit: 0 },
        Aggregate::Distinct { path, limit: 0 },
        // Some of them again.
        Aggregate::Count,
        Aggregate::Facet { path, limit: 2 },
        Aggregate::MinMax(path),
    ];
    let counted = counted(records, text);
    let expected = [
        facet(&counted, 2),
        distinct(&counted, 3),
        Aggregated::Count(records.len() as u64),
        min_max(&counted),
        facet(&counted, usize::MAX),
        distinct(&counted, usize::MAX),
        facet(&counted, 0),
        distinct(&counted, 0),
        Aggregated::Count(records.len() as u64),
        facet(&counted, 2),
        min_max(&counted),
    ];
    let found = snapshot.aggregate(&wanted, filter, Budget::new())?;
    assert_is!(found.len(), wanted.len(), "the number of aggregates");
    for ((wanted, found), expected) in wanted.iter().zip(&found).zip(&expected) {
        assert_is!(found, expected, "{wanted:?} of {filter:?}");
    }
    Ok(())
}

pub(super) fn aggregates_count_an_element_once_for_its_record(
    harness: &Harness,
) -> Result<Outcome> {
    let lists: [Vec<Value>; 4] = [
        vec![1.into(), 1.0.into(), "a".into(), "a".into()],
        vec![1.0.into(), Value::Null, vec![1].into(), Map::new().with("a", 1).into()],
        vec!["a".into(), false.into(), corpus::date(0).into(), 0.5.into(), (-0.0).into()],
        vec![],
    ];
    let payloads = lists.into_iter().map(|list| Payload::new().with("it", list));
    let scalars = [1.0.into(), "a".into(), Value::Null, Map::new().with("a", 1).into()];
    let payloads = payloads.chain(scalars.map(|value: Value| Payload::new().with("it", value)));
    let records = (0..).zip(payloads).map(|(n, payload)| -> Result<Record> {
        Ok(Record::new(n, ones(only_kind(&schema()?))?)?.with_payload(payload))
    });
    let pair = Differential::of(harness, &schema()?, records.collect::<Result<Vec<_>>>()?)?;
    let it = Path::key("it");
    let wanted = [
        Aggregate::Facet { path: &it, limit: 10 },
        Aggregate::Distinct { path: &it, limit: 10 },
        Aggregate::MinMax(&it),
    ];
    let found = pair.site.snapshot()?.aggregate(&wanted, None, Budget::new())?;
    let date: Value = corpus::date(0).into();
    let (no, zero, half, one) =
        (Value::Bool(false), Value::Int(0), Value::Float(0.5), Value::Int(1));
    let text = Value::from("a");
    let facet = [(&one, 3), (&text, 3), (&no, 1), (&zero, 1), (&half, 1), (&date, 1)];
    let facet = facet.map(|(value, count)| (value.clone(), count)).to_vec();
    let values = [&no, &zero, &half, &one, &date, &text].map(Value::clone).to_vec();
    let expected = [
        Aggregated::Facet(facet),
        Aggregated::Distinct(values),
        Aggregated::MinMax(Some((no, text))),
    ];
    for (found, expected) in found.iter().zip(&expected) {
        assert_is!(found, expected, "an aggregate over lists");
    }
    Ok(Outcome::Kept)
}
