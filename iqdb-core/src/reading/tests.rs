//! Tests of pages, cursors and aggregates.

use super::*;
use crate::{
    DateTime, ErrorKind, Metric, Path, Payload, Record, RecordId, Rows, Schema, Uuid, Value,
    Version,
};

fn cursors() -> Vec<Cursor> {
    let ids: [RecordId; 4] =
        [7.into(), u64::MAX.into(), Uuid::from_u128(9).into(), "é/\u{0}".into()];
    let values: [Value; 6] = [
        false.into(),
        (-7).into(),
        0.1.into(),
        DateTime::MIN.into(),
        "".into(),
        "long".repeat(100).into(),
    ];
    let of_value = |value: Option<Value>, id: &RecordId| Cursor::after_value(value, id.clone());
    let mut cursors: Vec<_> = ids.iter().map(|id| Cursor::after_id(id.clone())).collect();
    for id in &ids {
        cursors.push(of_value(None, id).unwrap());
        cursors.extend(values.iter().map(|value| of_value(Some(value.clone()), id).unwrap()));
    }
    cursors
}

#[test]
fn a_cursor_comes_back_from_its_bytes() {
    for cursor in cursors() {
        assert_eq!(Cursor::from_bytes(&cursor.to_bytes()).unwrap(), cursor);
    }
}

#[test]
fn no_other_bytes_are_a_cursor() {
    for cursor in cursors() {
        let bytes = cursor.to_bytes();
        for len in 0..bytes.len() {
            // A text may be cut where a character ends; nothing else is a cursor when it is cut.
            if let Ok(cut) = Cursor::from_bytes(&bytes[..len]) {
                assert!(
                    matches!(cut.id().as_ref(), crate::IdRef::Text(_)),
                    "{cursor:?} cut at {len}"
                );
            }
        }
        for n in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[n] ^= 1 << bit;
                if let Ok(read) = Cursor::from_bytes(&other) {
                    assert_eq!(read.to_bytes(), other, "{cursor:?}: bit {bit} of byte {n}");
                }
            }
        }
    }
}

#[test]
fn a_value_without_a_place_in_the_order_is_no_cursor() {
    for value in [Value::Null, vec![1].into(), crate::Map::new().into()] {
        let refused = Cursor::after_value(Some(value), 1).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidQuery);
    }
}

fn rows() -> Rows {
    let schema = Schema::new(1, Metric::Dot).unwrap();
    let values: [Option<Value>; 6] = [
        Some(2.into()),
        Some(1.0.into()),
        None,
        Some("b".into()),
        Some(1.into()),
        Some(vec![1, 3].into()),
    ];
    let records = (0..).zip(values).map(|(n, value)| {
        let payload = value.map(|value| Payload::new().with("v", value)).unwrap_or_default();
        Record::new(n, [1.0]).unwrap().with_payload(payload)
    });
    Rows::of_records(&schema, &records.collect::<Vec<_>>()).unwrap()
}

fn ids(page: &Page<'_>) -> (Vec<RecordId>, Option<Cursor>) {
    let rows = rows();
    let mut out = Rows::new(rows.schema());
    let cursor = scroll([rows.block(Version(0))].into_iter(), page, &mut out).unwrap();
    (out.to_records().into_iter().map(|record| record.id).collect(), cursor)
}

#[test]
fn values_come_in_their_order_and_records_without_one_last() {
    let path = Path::key("v");
    let page = Page::new(10);
    assert_eq!(ids(&page.with_order(&path, Direction::Up)).0, [1, 4, 0, 3, 2, 5]);
    assert_eq!(ids(&page.with_order(&path, Direction::Down)).0, [3, 0, 1, 4, 2, 5]);
    assert_eq!(ids(&page.with_id_order(Direction::Down)).0, [5, 4, 3, 2, 1, 0]);
}

#[test]
fn a_full_page_has_a_cursor() {
    let (first, cursor) = ids(&Page::new(4));
    assert_eq!(first, [0, 1, 2, 3]);
    let cursor = cursor.unwrap();
    assert_eq!(cursor, Cursor::after_id(3));
    assert_eq!(ids(&Page::new(4).with_after(&cursor)), (vec![4.into(), 5.into()], None));
    assert_eq!(ids(&Page::new(0)), (vec![], None));
}

#[test]
fn aggregates_count_records() {
    let (rows, path) = (rows(), Path::key("v"));
    let path = &path;
    let wanted = [
        Aggregate::Count,
        Aggregate::MinMax(path),
        Aggregate::Distinct { path, limit: 2 },
        Aggregate::Facet { path, limit: 2 },
    ];
    let blocks = || [rows.block(Version(0))].into_iter();
    let found = aggregate(blocks(), &wanted, None, Budget::new()).unwrap();
    let expected = [
        Aggregated::Count(6),
        Aggregated::MinMax(Some((1.into(), "b".into()))),
        Aggregated::Distinct(vec![1.into(), 2.into()]),
        Aggregated::Facet(vec![(1.into(), 3), (2.into(), 1)]),
    ];
    assert_eq!(found, expected);
    let none = Filter::eq("v", 9);
    let found = aggregate(blocks(), &wanted, Some(&none), Budget::new()).unwrap();
    let expected = [
        Aggregated::Count(0),
        Aggregated::MinMax(None),
        Aggregated::Distinct(vec![]),
        Aggregated::Facet(vec![]),
    ];
    assert_eq!(found, expected);
}
