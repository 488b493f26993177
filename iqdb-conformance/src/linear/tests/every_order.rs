//! The oracle: enumerates every order that real time allows, and replays each from the start.
//!
//! It has no memo and no pruning. For histories of a handful of operations.

use crate::Model;
use crate::linear::operation::{History, Operation, Versions, answer};

/// Whether some order explains every answer.
pub(super) fn explains(history: &History, versions: Versions) -> bool {
    let mut explained = false;
    for_each_order(&mut Vec::new(), &history.operations, &mut |order| {
        explained = explained || replays(history, order, versions);
    });
    explained
}

/// Calls `visit` with every order of all `operations` that begins with `order`.
fn for_each_order(
    order: &mut Vec<usize>,
    operations: &[Operation],
    visit: &mut impl FnMut(&[usize]),
) {
    if order.len() == operations.len() {
        return visit(order);
    }
    for next in 0..operations.len() {
        let is_left = |i: usize| !order.contains(&i);
        let comes_too_late =
            |other: usize| is_left(other) && operations[other].precedes(&operations[next]);
        if is_left(next) && !(0..operations.len()).any(comes_too_late) {
            order.push(next);
            for_each_order(order, operations, visit);
            order.pop();
        }
    }
}

fn replays(history: &History, order: &[usize], versions: Versions) -> bool {
    let mut model = Model::new(history.schema.clone());
    order.iter().all(|&i| {
        let operation = &history.operations[i];
        operation.was_answered(&answer(&mut model, &operation.call), versions)
    })
}

#[test]
fn real_time_leaves_as_many_orders_as_it_should() {
    use crate::linear::operation::{Answer, Call};

    let orders = |intervals: &[(u64, u64)]| {
        let operation = |&(invoked, returned): &(u64, u64)| Operation {
            thread: 0,
            invoked,
            returned,
            call: Call::Len,
            answer: Answer::Length(0),
        };
        let operations: Vec<_> = intervals.iter().map(operation).collect();
        let mut count = 0;
        for_each_order(&mut Vec::new(), &operations, &mut |_| count += 1);
        count
    };
    assert_eq!(orders(&[(0, 1), (2, 3), (4, 5)]), 1);
    assert_eq!(orders(&[(0, 3), (1, 4), (2, 5)]), 6);
    // Anywhere around the two that follow each other.
    assert_eq!(orders(&[(0, 5), (1, 2), (3, 4)]), 3);
}
