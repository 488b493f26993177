//! Equality to the last bit, and a description of the difference.
//!
//! `==` takes `-0.0` and `0.0` as equal; the contract doesn't.

use std::fmt::{Debug, Display};

use iqdb_core::{Hit, Map, Number, Payload, Record, Value, VectorRef};

/// Whether the components are the same. Each kind of number widens to `f64` exactly.
pub(crate) fn same_components<T: Number>(a: &[T], b: &[T]) -> bool {
    let same = |(a, b): (&T, &T)| a.to_f64().to_bits() == b.to_f64().to_bits();
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Whether the vectors are of one kind and the same.
pub(crate) fn same_vector(a: VectorRef<'_>, b: VectorRef<'_>) -> bool {
    match (a, b) {
        (VectorRef::F32(a), VectorRef::F32(b)) => same_components(&a, &b),
        (VectorRef::F16(a), VectorRef::F16(b)) => same_components(&a, &b),
        (VectorRef::BF16(a), VectorRef::BF16(b)) => same_components(&a, &b),
        // Integers, bits and weights other than 0 are equal only if their bits are.
        (a, b) => a == b,
    }
}

/// Whether the records have the same vectors of the same fields.
fn same_vectors(a: &Record, b: &Record) -> bool {
    a.vectors().count() == b.vectors().count()
        && a.vectors()
            .zip(b.vectors())
            .all(|((a_field, a), (b_field, b))| a_field == b_field && same_vector(a, b))
}

pub(crate) fn same_payload(a: &Payload, b: &Payload) -> bool {
    same_map(a.as_map(), b.as_map())
}

fn same_map(a: &Map, b: &Map) -> bool {
    a.len() == b.len()
        && a.iter().zip(b.iter()).all(|((a_key, a), (b_key, b))| a_key == b_key && same_value(a, b))
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Map(a), Value::Map(b)) => same_map(a, b),
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
                && same_vectors(found, expected)
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
            }
            && match (&found.vector, &expected.vector) {
                (Some(found), Some(expected)) => same_vector(found.as_ref(), expected.as_ref()),
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

/// The debug output of a value, shortened: a payload may have a megabyte.
pub(crate) fn brief(value: &impl Debug) -> String {
    const SHOWN_CHARS: usize = 2_000;
    shortened(&format!("{value:?}"), SHOWN_CHARS)
}

/// The first characters of a text, and the number of its bytes if it has more.
pub(crate) fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}… ({} bytes in all)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use iqdb_core::Vector;

    use super::*;

    #[test]
    fn a_negative_zero_is_no_zero() {
        for narrow in [Vector::to_f16, Vector::to_bf16, |vector: &Vector| Ok(vector.clone())] {
            let vector = |x: f32| Vector::try_from([x]).and_then(|vector| narrow(&vector)).unwrap();
            assert!(!same_vector(vector(0.0).as_ref(), vector(-0.0).as_ref()));
            assert!(same_vector(vector(-0.0).as_ref(), vector(-0.0).as_ref()));
        }
        let payload = |x: f64| Payload::new().with("x", [Map::new().with("y", x)]);
        assert!(!same_payload(&payload(0.0), &payload(-0.0)));
        assert!(same_payload(&payload(-0.0), &payload(-0.0)));
    }
}
