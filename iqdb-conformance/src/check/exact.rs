//! Equality to the last bit, and a description of the difference.
//!
//! `==` takes `-0.0` and `0.0` as equal; the contract doesn't.

use std::fmt::{Debug, Display};

use iqdb_core::{Hit, Payload, Record, Value};

pub(crate) fn same_vector(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

pub(crate) fn same_payload(a: &Payload, b: &Payload) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b.iter())
            .all(|((a_field, a), (b_field, b))| a_field == b_field && same_value(a, b))
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        _ => a == b,
    }
}

/// Panics unless the found value equals the expected one. The context names the value.
macro_rules! assert_is {
    ($found:expr, $expected:expr, $($context:tt)+) => {
        match (&$found, &$expected) {
            (found, expected) => assert!(
                found == expected,
                "{}: {}",
                format_args!($($context)+),
                $crate::check::exact::difference(found, expected),
            ),
        }
    };
}
pub(crate) use assert_is;

/// Panics unless the two records are the same to the last bit.
pub(crate) fn assert_record(
    found: Option<&Record>,
    expected: Option<&Record>,
    context: impl Display,
) {
    let same = match (found, expected) {
        (Some(found), Some(expected)) => {
            found.id == expected.id
                && same_vector(&found.vector, &expected.vector)
                && same_payload(&found.payload, &expected.payload)
        }
        (None, None) => true,
        _ => false,
    };
    assert!(same, "{context}: {}", difference(&found, &expected));
}

/// Panics unless the hits are the same, in the same order, to the last bit.
pub(crate) fn assert_hits(found: &[Hit], expected: &[Hit], context: impl Display) {
    for (rank, (found, expected)) in found.iter().zip(expected).enumerate() {
        let same = found.id == expected.id
            && found.distance.to_bits() == expected.distance.to_bits()
            && match (&found.payload, &expected.payload) {
                (Some(found), Some(expected)) => same_payload(found, expected),
                (None, None) => true,
                _ => false,
            };
        assert!(same, "{context}: at rank {rank}, {}", difference(found, expected));
    }
    assert!(
        found.len() == expected.len(),
        "{context}: expected {} hits, found {}: {}",
        expected.len(),
        found.len(),
        difference(&found, &expected)
    );
}

/// `expected …, found …`.
pub(crate) fn difference(found: &impl Debug, expected: &impl Debug) -> String {
    format!("expected {}, found {}", brief(expected), brief(found))
}

/// The debug output of a value, truncated: a payload may have a megabyte.
pub(crate) fn brief(value: &impl Debug) -> String {
    const SHOWN_CHARS: usize = 2_000;
    let text = format!("{value:?}");
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_zero_is_no_zero() {
        assert!(!same_vector(&[0.0], &[-0.0]));
        let payload = |x: f64| Payload::new().with("x", [x]);
        assert!(!same_payload(&payload(0.0), &payload(-0.0)));
        assert!(same_payload(&payload(-0.0), &payload(-0.0)));
    }
}
