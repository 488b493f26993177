//! Values compared and hashed by kind and bits, and not as filters compare them.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use iqdb_core::{ListRef, MapRef, ValueRef};

/// A value that equals another only if both have the same kind and the same bits, so that what was
/// stored comes back: -0.0 is not 0.0, and 1 is not 1.0.
///
/// The order is that of a [`Dictionary`](crate::Dictionary): null, booleans, integers, floats,
/// dates, strings, lists, maps, and each kind by its values. Floats are ordered by
/// [`f64::total_cmp`], strings byte by byte, lists value by value, maps key by key with their values.
#[derive(Debug, Clone, Copy)]
pub struct ExactValue<'a>(pub ValueRef<'a>);

/// The rank of a value's kind.
fn kind(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Bool(_) => 1,
        ValueRef::Int(_) => 2,
        ValueRef::Float(_) => 3,
        ValueRef::DateTime(_) => 4,
        ValueRef::Text(_) => 5,
        ValueRef::List(_) => 6,
        ValueRef::Map(_) => 7,
    }
}

fn exact(list: ListRef<'_>) -> impl Iterator<Item = ExactValue<'_>> {
    list.iter().map(ExactValue)
}

fn exact_entries(map: MapRef<'_>) -> impl Iterator<Item = (&str, ExactValue<'_>)> {
    map.iter().map(|(key, value)| (key, ExactValue(value)))
}

impl PartialEq for ExactValue<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (ValueRef::Float(a), ValueRef::Float(b)) => a.to_bits() == b.to_bits(),
            (ValueRef::List(a), ValueRef::List(b)) => a.len() == b.len() && exact(a).eq(exact(b)),
            (ValueRef::Map(a), ValueRef::Map(b)) => {
                a.len() == b.len() && exact_entries(a).eq(exact_entries(b))
            }
            (a, b) => kind(a) == kind(b) && a == b,
        }
    }
}

impl Eq for ExactValue<'_> {}

impl Ord for ExactValue<'_> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (ValueRef::Bool(a), ValueRef::Bool(b)) => a.cmp(&b),
            (ValueRef::Int(a), ValueRef::Int(b)) => a.cmp(&b),
            (ValueRef::Float(a), ValueRef::Float(b)) => a.total_cmp(&b),
            (ValueRef::DateTime(a), ValueRef::DateTime(b)) => a.cmp(&b),
            (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
            (ValueRef::List(a), ValueRef::List(b)) => exact(a).cmp(exact(b)),
            (ValueRef::Map(a), ValueRef::Map(b)) => exact_entries(a).cmp(exact_entries(b)),
            (a, b) => kind(a).cmp(&kind(b)),
        }
    }
}

impl PartialOrd for ExactValue<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ExactValue<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        kind(self.0).hash(state);
        match self.0 {
            ValueRef::Null => {}
            ValueRef::Bool(value) => value.hash(state),
            ValueRef::Int(value) => value.hash(state),
            ValueRef::Float(value) => value.to_bits().hash(state),
            ValueRef::DateTime(value) => value.hash(state),
            ValueRef::Text(value) => value.hash(state),
            ValueRef::List(values) => {
                values.len().hash(state);
                exact(values).for_each(|value| value.hash(state));
            }
            ValueRef::Map(values) => {
                values.len().hash(state);
                exact_entries(values).for_each(|entry| entry.hash(state));
            }
        }
    }
}
