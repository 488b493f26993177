//! How values compare, what can be stored, and that no value is too deep for the stack.

mod encoded;

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::ErrorKind;
use crate::limits::{LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX};

fn any_date() -> impl Strategy<Value = DateTime> {
    let range = DateTime::MIN.as_micros()..=DateTime::MAX.as_micros();
    range.prop_map(|micros| DateTime::from_micros(micros).unwrap())
}

pub(crate) fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::from),
        (-6_i32..6).prop_map(|n| Value::from(f64::from(n) / 2.0)),
        any_date().prop_map(Value::from),
        (-2_i64..2).prop_map(|micros| DateTime::from_micros(micros).unwrap().into()),
        any::<String>().prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ]
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abc]", 1 => ".{1,8}", 1 => prop::sample::select(vec!["$date", "$map", "$x"]).prop_map(String::from)]
}

pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    any_scalar().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..4)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    })
}

/// A list in a list in a list, `depth` values deep.
fn lists(depth: usize) -> Value {
    (1..depth).fold(Value::Null, |value, _| vec![value].into())
}

/// The same of maps.
fn maps(depth: usize) -> Value {
    (1..depth).fold(Value::Null, |value, _| Map::new().with("a", value).into())
}

#[test]
fn integers_and_floats_compare_exactly() {
    use Ordering::{Equal, Greater, Less};
    let big = 1_i64 << 53;
    let cases = [
        (1, 1.0, Equal),
        (1, 1.5, Less),
        (-1, -1.5, Greater),
        (0, -0.0, Equal),
        (big + 1, big as f64, Greater),
        (i64::MAX, 9_223_372_036_854_775_808.0, Less),
        (i64::MIN, -9_223_372_036_854_775_808.0, Equal),
        (i64::MIN, -1e300, Greater),
        (i64::MAX, f64::INFINITY, Less),
    ];
    for (int, float, order) in cases {
        let (int, float) = (ValueRef::Int(int), ValueRef::Float(float));
        assert_eq!(int.compare(float), Some(order), "{int} {float}");
        assert_eq!(float.compare(int), Some(order.reverse()), "{float} {int}");
    }
    assert_eq!(ValueRef::Int(0).compare(ValueRef::Float(f64::NAN)), None);
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let long = Value::from(vec![Value::Null; LIST_LEN_MAX + 1]);
    let large = Value::Text("x".repeat(PAYLOAD_BYTES_MAX));
    let infinite = Value::from(vec![Value::Float(f64::INFINITY)]);
    let inner = Value::from(vec![Value::from(Map::new().with("a", f64::NAN))]);
    let keyed = Value::from(Map::new().with("", 1));
    for value in [Value::Float(f64::NAN), infinite, inner, long, large, keyed] {
        assert_eq!(value.check().unwrap_err().kind(), ErrorKind::InvalidPayload);
    }
    assert!(Value::from(vec![Value::Null; LIST_LEN_MAX]).check().is_ok());
}

#[test]
fn depth_is_bounded_at_below_and_above() {
    let (full, more) = (PAYLOAD_DEPTH_MAX, PAYLOAD_DEPTH_MAX + 1);
    for nested in [lists, maps] {
        nested(full - 1).check().unwrap();
        nested(full).check().unwrap();
        for depth in [more, more + 1, more + 2, 100_000] {
            let value = nested(depth);
            assert!(value.check().unwrap_err().to_string().contains("too deeply"), "{depth}");
            // Everything that walks a value comes to an end.
            let copy = value.clone();
            assert_eq!(copy, value);
            assert!(format!("{value:?}{value}").len() < 1_000);
            let lent = value.as_ref();
            assert_eq!(lent.to_value(), value);
            assert!(lent.to_value().check().is_err());
            let mut bytes = Vec::new();
            lent.encode(&mut bytes);
            assert!(ValueRef::decode(&bytes).is_err(), "{depth}");
        }
    }
    // What is empty goes no deeper.
    let mixed = |inner: Value| (1..full).fold(inner, |value, _| vec![value].into());
    mixed(Value::List(List::default())).check().unwrap();
    mixed(Value::Map(Map::new())).check().unwrap();
    assert!(mixed(vec![1].into()).check().is_err());
    assert!(mixed(Map::new().with("a", 1).into()).check().is_err());
}

#[test]
fn a_map_that_became_too_deep_holds_nothing() {
    let mut map = Map::new().with("a", 1).with("b", lists(PAYLOAD_DEPTH_MAX + 1));
    assert_eq!((map.insert("c", 1), map.remove("a")), (None, None));
    assert_eq!((map.len(), map.get("a")), (0, None));
    assert!(Value::from(map.clone()).check().is_err());
    let collected: Map = [("a", lists(PAYLOAD_DEPTH_MAX + 1))].into_iter().collect();
    assert_eq!(collected, map);
}

#[test]
fn values_are_shown_as_in_a_filter() {
    let date = DateTime::from_micros(1).unwrap();
    let value = Value::from(vec![
        Value::Null,
        1.into(),
        1.0.into(),
        date.into(),
        "a\n".into(),
        Map::new().with("b", [true]).with("a", "").into(),
    ]);
    assert_eq!(
        value.to_string(),
        r#"[null, 1, 1.0, date("1970-01-01T00:00:00.000001Z"), "a\n", {"a": "", "b": [true]}]"#
    );
}

proptest! {
    #[test]
    fn the_sort_order_is_total_among_scalars_and_agrees_with_compare(
        a in any_value(),
        b in any_value(),
        c in any_value(),
    ) {
        let order = |a: &Value, b: &Value| a.as_ref().sort_order(b.as_ref());
        let sorts = |value: &Value| !matches!(value, Value::Null | Value::List(_) | Value::Map(_));
        prop_assert_eq!(order(&a, &b).is_some(), sorts(&a) && sorts(&b));
        prop_assert_eq!(order(&a, &b), order(&b, &a).map(Ordering::reverse));
        if let (true, Some(compared)) = (sorts(&a), a.as_ref().compare(b.as_ref())) {
            prop_assert_eq!(order(&a, &b), Some(compared));
        }
        if let (Some(ab), Some(bc)) = (order(&a, &b), order(&b, &c))
            && ab == bc
        {
            prop_assert_eq!(order(&a, &c), Some(ab));
        }
    }
}
