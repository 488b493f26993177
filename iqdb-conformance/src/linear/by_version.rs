//! The checker that orders writes by the versions that the store returned, and fits all other
//! operations into this order.
//!
//! It is exact: a history passes if and only if some order explains it, versions included. Writes
//! have one possible order, that of their versions. Any other operation is placed at a version at
//! which its answer is right: the lowest that real time allows, which constrains the operations
//! after it the least.

use iqdb_core::Version;

use super::operation::{Call, History, Operation, Versions, answer};
use super::violation::Violation;
use crate::Model;

/// Fails unless the history is linearizable in the order of its versions.
pub(crate) fn check(history: &History) -> Result<(), Violation> {
    let writes = in_version_order(history);
    check_each_is_made_once(history, &writes)?;
    check_real_time(history, &writes)?;
    let states = replay(history, &writes)?;
    check_the_others(history, &writes, &states)
}

/// The indices of the writes with an effect, in the order of their versions.
fn in_version_order(history: &History) -> Vec<usize> {
    let operations = history.operations.iter().enumerate();
    let mut writes: Vec<_> =
        operations.filter_map(|(i, operation)| Some((operation.created_version()?, i))).collect();
    writes.sort_unstable();
    writes.into_iter().map(|(_, i)| i).collect()
}

/// Fails if two writes created the same version.
fn check_each_is_made_once(history: &History, writes: &[usize]) -> Result<(), Violation> {
    for pair in writes.windows(2) {
        let made = |n: usize| history.operations[pair[n]].created_version().unwrap_or_default();
        if made(0) == made(1) {
            let what = format!("another batch says that it has made version {}, too", made(1));
            return Err(Violation::new(pair[1], what).involving([pair[0]]));
        }
    }
    Ok(())
}

/// Fails unless a write that returned before another was invoked has the smaller version.
fn check_real_time(history: &History, writes: &[usize]) -> Result<(), Violation> {
    let at = |i: usize| &history.operations[i];
    let mut last_invoked: Option<usize> = None;
    for &write in writes {
        if let Some(earlier) = last_invoked.filter(|&earlier| at(write).precedes(at(earlier))) {
            let what = "it was over before the other began, and yet has the greater version";
            return Err(Violation::new(write, what.to_owned()).involving([earlier]));
        }
        if last_invoked.is_none_or(|last| at(last).invoked < at(write).invoked) {
            last_invoked = Some(write);
        }
    }
    Ok(())
}

/// The state at each version: the model after the writes up to it. Fails at the first write whose
/// answer differs from the model's.
fn replay(history: &History, writes: &[usize]) -> Result<Vec<Model>, Violation> {
    let mut states = vec![Model::new(history.schema.clone())];
    for (n, &write) in writes.iter().enumerate() {
        let operation = &history.operations[write];
        let mut next = states[n].clone();
        let expected = answer(&mut next, &operation.call);
        if !operation.was_answered(&expected, Versions::Compared) {
            let what = match operation.created_version() {
                Some(made) if made != states[n].version().next() => {
                    format!("it has made version {made}, and no batch has made the one before")
                }
                _ => format!("its answer is wrong at version {n}, to which it was applied"),
            };
            return Err(Violation::new(write, what)
                .involving(writes_about(history, &writes[..n], operation))
                .allowing(n, expected));
        }
        states.push(next);
    }
    Ok(states)
}

/// The last of these writes to each id in the operation's batch.
fn writes_about(history: &History, writes: &[usize], operation: &Operation) -> Vec<usize> {
    let batch = |operation: &Operation| match &operation.call {
        Call::Apply(batch) => batch.changes().to_vec(),
        _ => Vec::new(),
    };
    let mut about = Vec::new();
    for change in batch(operation) {
        let touches = |write: &&usize| {
            batch(&history.operations[**write]).iter().any(|other| other.id() == change.id())
        };
        about.extend(writes.iter().rev().find(touches));
    }
    about
}

/// Places every operation that created no version: reads, and batches that had no effect or were
/// refused. Fails where an answer fits at no version.
fn check_the_others(
    history: &History,
    writes: &[usize],
    states: &[Model],
) -> Result<(), Violation> {
    let operations = &history.operations;
    // Pairs of operation and version, in the order of invocation.
    let mut placed: Vec<(usize, usize)> = Vec::new();
    let mut violations = Vec::new();
    for (i, operation) in operations.iter().enumerate() {
        if operation.created_version().is_some() {
            continue;
        }
        let first = writes.iter().rposition(|&write| operations[write].precedes(operation));
        let first = first.map_or(0, |n| n + 1);
        let last = writes.iter().position(|&write| operation.precedes(&operations[write]));
        let last = last.unwrap_or(writes.len());
        let seen_before = placed
            .iter()
            .filter(|(other, _)| operations[*other].precedes(operation))
            .max_by_key(|(_, version)| *version);
        let is_right = |version: &usize| {
            let expected = answer(&mut states[*version].clone(), &operation.call);
            operation.was_answered(&expected, Versions::Compared)
        };
        let mut right = (first..=last).filter(is_right).peekable();
        if right.peek().is_none() {
            violations.push(wrong_everywhere(history, writes, states, i, (first, last)));
            continue;
        }
        match right.find(|version| seen_before.is_none_or(|(_, seen)| version >= seen)) {
            Some(version) => placed.push((i, version)),
            None => violations
                .extend(seen_before.map(|seen| goes_back(history, writes, states, i, *seen, last))),
        }
    }
    // The smallest violation is the easiest to understand.
    violations.into_iter().min_by_key(Violation::size).map_or(Ok(()), Err)
}

fn wrong_everywhere(
    history: &History,
    writes: &[usize],
    states: &[Model],
    i: usize,
    (first, last): (usize, usize),
) -> Violation {
    let operation = &history.operations[i];
    let named = operation.answer.version();
    let what = match named.map(|Version(named)| usize::try_from(named).unwrap_or(usize::MAX)) {
        Some(named) if named < first => {
            format!("it shows version {named}, and version {first} was acknowledged before it")
        }
        Some(named) if named > last => {
            format!("it shows version {named}, and version {last} was the last one begun")
        }
        Some(named) => format!("its answer is wrong at version {named}, which it names"),
        None if first == last => format!("its answer is wrong at version {first}, the only one"),
        None => format!("its answer is wrong at each version from {first} to {last}"),
    };
    let too_early = named.filter(|Version(named)| *named > last as u64).and(writes.get(last));
    let mut violation = Violation::new(i, what)
        .involving(writes[first.saturating_sub(1)..last].iter().chain(too_early).copied());
    for (version, state) in states.iter().enumerate().take(last + 1).skip(first) {
        if named.is_none_or(|named| named == state.version()) {
            violation = violation.allowing(version, answer(&mut state.clone(), &operation.call));
        }
    }
    violation
}

/// The answer was right at an earlier version, but an operation that returned before this one began
/// had observed a later version.
fn goes_back(
    history: &History,
    writes: &[usize],
    states: &[Model],
    i: usize,
    (other, seen): (usize, usize),
    last: usize,
) -> Violation {
    let what = format!("it goes back behind version {seen}, which had been seen before");
    let mut violation =
        Violation::new(i, what).involving([other]).involving(writes[seen - 1..last].to_vec());
    for (version, state) in states.iter().enumerate().take(last + 1).skip(seen) {
        let expected = answer(&mut state.clone(), &history.operations[i].call);
        violation = violation.allowing(version, expected);
    }
    violation
}
