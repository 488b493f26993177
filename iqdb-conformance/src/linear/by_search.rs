//! The checker that searches for a valid order, by depth-first search over the operations that may
//! take effect next.
//!
//! It relies on the model alone and not on the order of versions, so it also tests
//! [`by_version`](super::by_version). Its time is exponential in the number of overlapping
//! operations, so it is for small histories only. It doesn't explain a violation.

use std::collections::HashMap;

use super::operation::{History, Versions, answer};
use crate::Model;

/// A set of operations is a bit mask in a `u64`.
pub(crate) const OPERATIONS_MAX: usize = 64;

/// Whether some order of the operations, which respects real time, explains every answer.
///
/// # Panics
/// When there are more than [`OPERATIONS_MAX`].
pub(crate) fn explains(history: &History, versions: Versions) -> bool {
    let count = history.operations.len();
    assert!(count <= OPERATIONS_MAX, "{count} operations, at most {OPERATIONS_MAX}");
    let mut visited = Visited::default();
    extend(history, versions, 0, &Model::new(history.schema.clone()), &mut visited)
}

/// The memo of the search: for each set of performed operations, the states reached so far by any
/// order of them. States are compared in full and not by a hash.
type Visited = HashMap<u64, Vec<Model>>;

/// Whether the operations that are not `done` can follow on `model`.
fn extend(
    history: &History,
    versions: Versions,
    done: u64,
    model: &Model,
    visited: &mut Visited,
) -> bool {
    let remaining = || {
        let operations = history.operations.iter().enumerate();
        operations.filter(move |(i, _)| done & (1 << i) == 0)
    };
    // An operation invoked after this instant must follow the one that returned at it.
    let Some(first_return) = remaining().map(|(_, operation)| operation.returned).min() else {
        return true;
    };
    for (i, operation) in remaining().filter(|(_, operation)| operation.invoked < first_return) {
        let mut next = model.clone();
        if operation.was_answered(&answer(&mut next, &operation.call), versions) {
            let done = done | (1 << i);
            let states = visited.entry(done).or_default();
            if states.iter().any(|state| is_same(state, &next)) {
                continue;
            }
            states.push(next.clone());
            if extend(history, versions, done, &next, visited) {
                return true;
            }
        }
    }
    false
}

fn is_same(a: &Model, b: &Model) -> bool {
    a.version() == b.version() && a.records().eq(b.records())
}
