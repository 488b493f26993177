//! The sets that `in` looks values and ids up in: sorted, so that a row costs a binary search.

use std::cmp::Ordering;

use crate::{IdRef, RecordId, Value, ValueRef};

/// A set of ids, in which a borrowed id is looked up without an owned copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdSet(Vec<RecordId>);

impl IdSet {
    /// Whether `id` is in the set. O(log ids).
    #[must_use]
    pub fn contains(&self, id: IdRef<'_>) -> bool {
        self.0.binary_search_by(|candidate| candidate.as_ref().cmp(&id)).is_ok()
    }

    /// The ids in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[RecordId] {
        &self.0
    }
}

impl FromIterator<RecordId> for IdSet {
    fn from_iter<I: IntoIterator<Item = RecordId>>(ids: I) -> Self {
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }
}

/// A set of values, one of each that [compare](ValueRef::compare) as equal: of `1` and `1.0` the
/// first stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueSet(Vec<Value>);

impl ValueSet {
    /// Whether a value of the set equals `value`. O(log values).
    #[must_use]
    pub fn contains(&self, value: ValueRef<'_>) -> bool {
        // Lists and maps are in no order with each other and equal nothing.
        !matches!(value, ValueRef::List(_) | ValueRef::Map(_))
            && self.0.binary_search_by(|candidate| order(candidate.as_ref(), value)).is_ok()
    }

    /// The values: null, booleans, numbers, dates, strings, each in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[Value] {
        &self.0
    }
}

impl FromIterator<Value> for ValueSet {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(|a, b| order(a.as_ref(), b.as_ref()));
        values.dedup_by(|b, a| order(a.as_ref(), b.as_ref()).is_eq());
        Self(values)
    }
}

/// A total order in which values that compare as equal are neighbours. What a filter may not hold,
/// NaN, lists and maps, comes last, for the filter's check to find.
fn order(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    let rank = |value| match value {
        ValueRef::Null => 0,
        ValueRef::Bool(_) => 1,
        ValueRef::Float(float) if float.is_nan() => 5,
        ValueRef::Int(_) | ValueRef::Float(_) => 2,
        ValueRef::DateTime(_) => 3,
        ValueRef::Text(_) => 4,
        ValueRef::List(_) => 6,
        ValueRef::Map(_) => 7,
    };
    rank(a).cmp(&rank(b)).then_with(|| a.compare(b).unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DateTime, Map};

    #[test]
    fn numbers_meet_whatever_their_type() {
        let values: [Value; 9] = [
            "b".into(),
            DateTime::MIN.into(),
            2.5.into(),
            1.into(),
            Value::Null,
            1.0.into(),
            true.into(),
            i64::MAX.into(),
            "a".into(),
        ];
        let set: ValueSet = values.iter().cloned().collect();
        assert_eq!(set.as_slice().len(), 8);
        for value in &values {
            assert!(set.contains(value.as_ref()), "{value}");
        }
        let beside = 2_f64.powi(63);
        for absent in [ValueRef::Int(2), ValueRef::Float(beside), ValueRef::Text("1")] {
            assert!(!set.contains(absent), "{absent}");
        }
    }

    #[test]
    fn what_a_filter_may_not_hold_stays_to_be_found() {
        let map = Value::from(Map::new());
        let set: ValueSet =
            [Value::from(f64::NAN), vec![1].into(), map.clone(), f64::NAN.into(), 1.into()]
                .into_iter()
                .collect();
        assert_eq!(set.as_slice().len(), 4);
        assert!(!set.contains(map.as_ref()));
        assert!(!set.contains(Value::from(vec![1]).as_ref()));
    }
}
