//! Linearizability: records a history of calls from many threads, and checks it against the model.
//!
//! A history is linearizable when each of its operations can be given one instant between its call
//! and its return, such that the model, called in the order of these instants, answers what the
//! store answered (Herlihy & Wing, *Linearizability: A Correctness Condition for Concurrent
//! Objects*, TOPLAS 1990).
//!
//! There are two checkers. [`by_version`] takes the versions that the store returned as the order
//! of its writes, is fast on a history of any length, and explains the violation. [`by_search`]
//! searches for a valid order without the help of versions: the algorithm of Wing & Gong (*Testing
//! and Verifying Concurrent Objects*, JPDC 1993) with the memoization of Lowe (*Testing for
//! Linearizability*, CCPE 2017), on the whole store at once, for small histories. The tests compare
//! both with an oracle that enumerates every order.
//!
//! A history without overlapping calls proves little. So the suite records many, some with more
//! threads than cores and some in lockstep. Still, it can't force a race: a pass means that no
//! violation was observed, not that there is none.

mod by_search;
mod by_version;
mod lockstep;
mod operation;
mod record;
mod violation;
mod workload;

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use iqdb_core::{Metric, Result, Schema};

use crate::Harness;
use crate::generate::seed::{SEED_VARIABLE, seed_to_replay};
use operation::Versions;
use record::record;
use workload::{Shape, Workload};

/// The least number of histories, also for a slow store.
const HISTORIES_MIN: usize = 8;
/// The largest number of histories, also for a fast store.
const HISTORIES_MAX: usize = 400;
/// The time after which no further history begins.
const ENOUGH: Duration = Duration::from_millis(1_200);

/// Records histories of new stores and checks each: long ones and short ones, crowded and in
/// lockstep, in turn.
///
/// # Panics
/// When a history isn't linearizable. The message shows the operations that contradict each other.
pub(crate) fn check_histories(harness: &Harness) -> Result<()> {
    let started = Instant::now();
    for n in 0..HISTORIES_MAX {
        if n >= HISTORIES_MIN && started.elapsed() >= ENOUGH {
            break;
        }
        check_one(harness, seed_to_replay().unwrap_or(n as u64), shape(n))?;
    }
    Ok(())
}

/// The shape of history number `n`. The short ones are small enough for both checkers.
fn shape(n: usize) -> Shape {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let cores = u16::try_from(cores).unwrap_or(u16::MAX);
    // With more threads than cores, the scheduler interrupts calls. With a thread per core, the
    // threads can run in lockstep.
    let crowd = cores.saturating_add(2).clamp(6, 64);
    match n % 4 {
        0 => Shape { threads: crowd, calls_each: 40, ids: 5, in_lockstep: false },
        1 => Shape { threads: cores.clamp(2, 8), calls_each: 80, ids: 3, in_lockstep: true },
        2 => Shape { threads: 4, calls_each: 5, ids: 2, in_lockstep: false },
        _ => Shape { threads: cores.clamp(2, 4), calls_each: 8, ids: 2, in_lockstep: true },
    }
}

fn check_one(harness: &Harness, seed: u64, shape: Shape) -> Result<()> {
    let schema = Schema::new(2, Metric::Euclidean)?;
    let workload = Workload::new(&mut Rng::with_seed(seed), shape);
    let site = harness.create(&schema)?;
    let history = record(&*site, harness.search(), &workload, seed)?;
    let verdict = by_version::check(&history);
    let is_small = history.operations.len() <= by_search::OPERATIONS_MAX;
    let without_versions = is_small.then(|| by_search::explains(&history, Versions::Ignored));
    match (verdict, without_versions) {
        (Ok(()), None | Some(true)) => Ok(()),
        (Ok(()), Some(false)) => panic!(
            "a defect of the suite: a history is linearizable in the order of its versions, \
             and in no order: {history:#?}"
        ),
        (Err(violation), without_versions) => panic!(
            "seed {seed} ({SEED_VARIABLE}={seed} draws the same calls again; when they overlap is up \
             to the machine, so it may take several runs), {} threads, {} operations: \
             {}{}",
            shape.threads,
            history.operations.len(),
            violation.describe(&history),
            match without_versions {
                Some(true) =>
                    "\nIn another order, and with other versions, all could be explained.",
                Some(false) => "\nNo order explains it, whatever the versions.",
                None => "",
            },
        ),
    }
}

#[cfg(test)]
mod tests;
