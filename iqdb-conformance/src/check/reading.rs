//! What pages and aggregates of the model's records must have, computed in the simplest way.

use std::cmp::Ordering;

use iqdb_core::{Aggregated, Direction, Filter, Map, Record, Result, Value};

use crate::Model;

/// The records that match, in the order of the values at a path of keys, or of their ids.
pub(crate) fn ordered<'a>(
    model: &'a Model,
    filter: Option<&Filter>,
    order: Option<&str>,
    direction: Direction,
) -> Result<Vec<&'a Record>> {
    let mut records = model.matching(filter)?;
    records.sort_by(|a, b| {
        let directed = |order: Ordering| match direction {
            Direction::Up => order,
            Direction::Down => order.reverse(),
        };
        let Some(path) = order else { return directed(a.id.cmp(&b.id)) };
        let order = match (sortable(a, path), sortable(b, path)) {
            (Some(a), Some(b)) => directed(by_value(&a, &b)),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        order.then(a.id.cmp(&b.id))
    });
    Ok(records)
}

/// The value that orders a record.
pub(crate) fn sortable(record: &Record, path: &str) -> Option<Value> {
    values_at(record, path).into_iter().next().filter(has_a_place)
}

fn has_a_place(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::List(_) | Value::Map(_))
}

fn by_value(a: &Value, b: &Value) -> Ordering {
    a.as_ref().sort_order(b.as_ref()).expect("both have a place in the order")
}

/// All values that a path such as `in.list[].a` leads to.
fn values_at(record: &Record, path: &str) -> Vec<Value> {
    values_in(&Value::Map(record.payload.as_map().clone()), path)
}

fn values_in(value: &Value, path: &str) -> Vec<Value> {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let (key, is_each) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
    let found = match value {
        Value::Map(map) => Map::get(map, key),
        _ => None,
    };
    let found: Vec<Value> = match (found, is_each) {
        (Some(Value::List(list)), true) => list.iter().cloned().collect(),
        (Some(_), true) | (None, _) => Vec::new(),
        (Some(value), false) => vec![value.clone()],
    };
    match rest {
        "" => found,
        rest => found.iter().flat_map(|value| values_in(value, rest)).collect(),
    }
}

/// Each different value at a path with the number of records that have it, in the order of the values.
pub(crate) fn counted(records: &[&Record], path: &str) -> Vec<(Value, u64)> {
    let mut all: Vec<Value> = Vec::new();
    for record in records {
        let mut seen: Vec<Value> = Vec::new();
        for value in values_at(record, path) {
            let elements = match value {
                Value::List(list) => list.iter().cloned().collect(),
                scalar => vec![scalar],
            };
            for element in elements.into_iter().filter(has_a_place) {
                if seen.iter().all(|other| by_value(other, &element).is_ne()) {
                    seen.push(element);
                }
            }
        }
        all.extend(seen);
    }
    all.sort_by(by_value);
    let equal = all.chunk_by(|a, b| by_value(a, b).is_eq());
    equal.map(|some| (some[0].clone(), some.len() as u64)).collect()
}

/// The least and the greatest value.
pub(crate) fn min_max(counted: &[(Value, u64)]) -> Aggregated {
    let (first, last) = (counted.first(), counted.last());
    Aggregated::MinMax(first.zip(last).map(|((min, _), (max, _))| (shown(min), shown(max))))
}

/// The least values.
pub(crate) fn distinct(counted: &[(Value, u64)], limit: usize) -> Aggregated {
    Aggregated::Distinct(counted.iter().take(limit).map(|(value, _)| shown(value)).collect())
}

/// The most frequent values.
pub(crate) fn facet(counted: &[(Value, u64)], limit: usize) -> Aggregated {
    let mut counted: Vec<_> = counted.iter().map(|(value, count)| (shown(value), *count)).collect();
    counted.sort_by(|(_, a), (_, b)| b.cmp(a));
    counted.truncate(limit);
    Aggregated::Facet(counted)
}

/// The integer of a float that is one.
pub(crate) fn shown(value: &Value) -> Value {
    match value {
        #[allow(clippy::cast_possible_truncation)]
        // The least integer is a power of two, and the greatest one is none.
        Value::Float(float)
            if float.fract() == 0.0 && (-(2f64.powi(63))..2f64.powi(63)).contains(float) =>
        {
            Value::Int(*float as i64)
        }
        other => other.clone(),
    }
}
