//! The checker that tries orders: which operation may have taken effect first, then which next.
//!
//! It believes no version and knows nothing about stores but what the model answers, so it checks
//! [`by_version`](super::by_version) as much as the store. Exponential in how many operations
//! overlap; for small histories only. It says yes or no and never why.

use std::collections::HashMap;

use super::operation::{History, Versions, answer};
use crate::Model;

/// A set of operations is the bits of one number.
pub(crate) const OPERATIONS_MAX: usize = 64;

/// Whether some order of the operations, which respects real time, explains every answer.
///
/// # Panics
/// When there are more than [`OPERATIONS_MAX`].
pub(crate) fn explains(history: &History, versions: Versions) -> bool {
    let count = history.operations.len();
    assert!(count <= OPERATIONS_MAX, "{count} operations, at most {OPERATIONS_MAX}");
    let mut tried = Tried::default();
    extend(history, versions, 0, &Model::new(history.schema), &mut tried)
}

/// Where the search has been: for a set of operations done, in whatever order, the states that
/// they led to. They are compared whole, so no two are ever taken for one.
type Tried = HashMap<u64, Vec<Model>>;

/// Whether the operations that are not `done` can follow on `model`.
fn extend(
    history: &History,
    versions: Versions,
    done: u64,
    model: &Model,
    tried: &mut Tried,
) -> bool {
    let left = || {
        let operations = history.operations.iter().enumerate();
        operations.filter(move |(i, _)| done & (1 << i) == 0)
    };
    // Whatever was invoked after this must come after the one that returned then.
    let Some(first_return) = left().map(|(_, operation)| operation.returned).min() else {
        return true;
    };
    for (i, operation) in left().filter(|(_, operation)| operation.invoked < first_return) {
        let mut next = model.clone();
        if operation.was_answered(&answer(&mut next, &operation.call), versions) {
            let done = done | (1 << i);
            let states = tried.entry(done).or_default();
            if states.iter().any(|state| is_same(state, &next)) {
                continue;
            }
            states.push(next.clone());
            if extend(history, versions, done, &next, tried) {
                return true;
            }
        }
    }
    false
}

fn is_same(a: &Model, b: &Model) -> bool {
    a.version() == b.version() && a.records().eq(b.records())
}
