//! The limits of filters, and what is beyond them.

use super::super::*;
use super::measured;
use crate::limits::{FIELD_NAME_BYTES_MAX, FILTER_TEXT_BYTES_MAX, ID_BYTES_MAX};
use crate::{Map, Path, Record, Uuid};

#[test]
fn depth_and_size_are_bounded() {
    let nots = |count| format!("{}a exists", "not ".repeat(count));
    assert!(nots(FILTER_DEPTH_MAX).parse::<Filter>().is_ok());
    let parentheses = |count| format!("{}a exists{}", "(".repeat(count), ")".repeat(count));
    assert!(parentheses(FILTER_DEPTH_MAX).parse::<Filter>().is_ok());
    let list = |count: usize| -> String {
        let items: Vec<_> = (0..count).map(|n| n.to_string()).collect();
        format!("a in [{}]", items.join(","))
    };
    assert!(list(FILTER_TERMS_MAX - 1).parse::<Filter>().is_ok());
    let side_by_side = vec!["(not a exists)"; 3 * FILTER_DEPTH_MAX].join(" and ");
    assert!(side_by_side.parse::<Filter>().is_ok());
    let padded = |length: usize| format!("a exists{}", " ".repeat(length - "a exists".len()));
    assert!(padded(FILTER_TEXT_BYTES_MAX).parse::<Filter>().is_ok());
    for text in [
        padded(FILTER_TEXT_BYTES_MAX + 1),
        nots(FILTER_DEPTH_MAX + 1),
        nots(100_000),
        parentheses(FILTER_DEPTH_MAX + 1),
        parentheses(100_000),
        list(FILTER_TERMS_MAX),
        " ".repeat(FILTER_TEXT_BYTES_MAX + 1),
        format!("@id in [\"{}\"]", "x".repeat(ID_BYTES_MAX + 1)),
    ] {
        assert_eq!(text.parse::<Filter>().unwrap_err().kind(), ErrorKind::InvalidFilter);
    }
}

#[test]
fn a_field_that_is_asked_for_has_a_name_that_a_field_can_have() {
    let named = |bytes| Filter::has("f".repeat(bytes)).check();
    for bytes in [1, FIELD_NAME_BYTES_MAX] {
        named(bytes).unwrap();
    }
    for bytes in [0, FIELD_NAME_BYTES_MAX + 1] {
        assert_eq!(named(bytes).unwrap_err().kind(), ErrorKind::InvalidFilter);
    }
}

#[test]
fn a_filter_built_too_large_stops_growing_and_says_so() {
    let mut filter = Filter::exists("a");
    for _ in 0..1_000_000 {
        filter = filter.not().and(Filter::exists("b"));
    }
    assert_eq!(filter.check().unwrap_err().kind(), ErrorKind::InvalidFilter);
    assert!(filter.to_string().starts_with('<'));
    assert!(filter.matches(&Record::without_vector(1)).is_err());
}

#[test]
fn a_long_chain_is_joined_in_linear_time() {
    // Joining by copying took minutes for this one.
    let text = vec!["a=1"; FILTER_TERMS_MAX - 1].join(" or ");
    let filter: Filter = text.parse().unwrap();
    assert!(
        matches!(filter.expr().unwrap(), Expr::Or(operands) if operands.len() == FILTER_TERMS_MAX - 1)
    );
    assert!(
        (0..FILTER_TERMS_MAX)
            .map(|_| Filter::exists("a"))
            .reduce(Filter::and)
            .unwrap()
            .check()
            .is_err()
    );
}

#[test]
fn what_passes_the_check_can_be_printed_and_read_back() {
    let half = FILTER_TEXT_BYTES_MAX / 2;
    let long = |bytes| Filter::eq("a", "x".repeat(half)).or(Filter::eq("b", "x".repeat(bytes)));
    let (fits, too_long) = (long(half - 40), long(half));
    assert_eq!(fits.to_string().parse::<Filter>().unwrap(), fits);
    assert_eq!(too_long.check().unwrap_err().kind(), ErrorKind::InvalidFilter);
    let many = Filter::id_in((0..40_000_u128).map(Uuid::from_u128));
    assert_eq!(many.check().unwrap_err().kind(), ErrorKind::InvalidFilter);
}

#[test]
fn what_no_payload_can_hold_cannot_be_asked_for() {
    Filter::exists("x".repeat(256)).check().unwrap();
    for filter in [
        Filter::eq("a", f64::NAN),
        Filter::eq("a", f64::INFINITY),
        Filter::eq("a", vec![1, 2]),
        Filter::is_in("a", [vec![1]]),
        Filter::eq("a", Map::new()),
        Filter::contains("a", Map::new()),
        Filter::is_in("a", [Map::new()]),
        Filter::eq("", 1),
        Filter::eq("a b", 1),
        Filter::eq("a.b[", 1),
        Filter::eq(Path::key(""), 1),
        Filter::eq("[]".repeat(17), 1),
        Filter::exists("x".repeat(257)),
    ] {
        assert_eq!(filter.check().unwrap_err().kind(), ErrorKind::InvalidFilter);
        let nested = Filter::exists("b").and(filter.not());
        assert_eq!(nested.check().unwrap_err().kind(), ErrorKind::InvalidFilter);
    }
}

#[test]
fn a_filter_at_its_limits_is_whole_and_one_above_is_not() {
    let chain = |count| (0..count).fold(Filter::exists("a"), |filter, _| filter.and(leaf()).not());
    fn leaf() -> Filter {
        Filter::exists("b")
    }
    // Each round is an `and` and a `not` deeper.
    let rounds = (FILTER_DEPTH_MAX - 1) / 2;
    assert_eq!(measured(&chain(rounds)).0, FILTER_DEPTH_MAX - 1);
    let deepest = chain(rounds).and(leaf());
    assert_eq!(measured(&deepest).0, FILTER_DEPTH_MAX);
    assert!(deepest.check().is_ok() && deepest.clone().and(leaf()).check().is_ok());
    assert!(deepest.clone().or(leaf()).check().is_err() && deepest.not().check().is_err());

    let many = |count: usize| (1..count).fold(leaf(), |filter, _| filter.or(leaf()));
    assert_eq!(measured(&many(FILTER_TERMS_MAX - 1)).1, FILTER_TERMS_MAX);
    assert!(many(FILTER_TERMS_MAX - 1).check().is_ok());
    assert!(many(FILTER_TERMS_MAX).check().is_err());
    assert!(many(FILTER_TERMS_MAX - 1).not().check().is_err());

    let text = |bytes: usize| Filter::starts_with("a", "x".repeat(bytes));
    let frame = text(0).to_string().len();
    assert!(text(FILTER_TEXT_BYTES_MAX - frame).check().is_ok());
    assert!(text(FILTER_TEXT_BYTES_MAX - frame + 1).check().is_err());
}
