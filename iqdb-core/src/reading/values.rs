//! The values of a record at a path, in the order of values.

use std::cmp::Ordering;

use crate::{Path, PayloadRef, Result, Value, ValueRef};

/// A value that has a place in the order of values. Equal numbers are equal.
#[derive(Debug, Clone)]
pub(crate) struct Sorted(pub(crate) Value);

/// Fills `out` with the different values that the path leads to, in their order. Of a list each element
/// counts; null, maps, and lists in lists don't.
pub(crate) fn values_at(
    path: &Path,
    payload: &PayloadRef<'_>,
    out: &mut Vec<Sorted>,
) -> Result<()> {
    out.clear();
    let Some(first) = payload.get(path.first_key()?)? else { return Ok(()) };
    path.any(first, |value| {
        match value {
            ValueRef::List(list) => list.iter().for_each(|element| note(element, out)),
            scalar => note(scalar, out),
        }
        false
    });
    out.sort_unstable();
    out.dedup();
    Ok(())
}

/// Adds a value that has a place in the order of values.
fn note(value: ValueRef<'_>, seen: &mut Vec<Sorted>) {
    if value.sort_order(value).is_some() {
        seen.push(Sorted(as_shown(value)));
    }
}

/// A float that is a whole number is shown as an integer, as the equal integer is.
fn as_shown(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Float(float) => {
            // Saturates, and then differs.
            #[allow(clippy::cast_possible_truncation)]
            let whole = float as i64;
            match ValueRef::Int(whole).compare(value) {
                Some(Ordering::Equal) => Value::Int(whole),
                _ => Value::Float(float),
            }
        }
        other => other.to_value(),
    }
}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> Ordering {
        // Only values with a place in the order are noted.
        self.0.as_ref().sort_order(other.0.as_ref()).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sorted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sorted {}
