//! Random histories: plays generated scripts against a store, and shrinks the first that fails. The
//! seed and the failure are on standard error before that.
//!
//! The seed determines everything about a history: the schema, which operations occur and how
//! often, which ids are hot. So the seed alone replays a failure.

use std::io::{self, Write as _};
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use iqdb_core::{Metric, Result, Schema};

use crate::check::exact::shortened;
use crate::differential::play::{Disagreement, play};
use crate::generate;
use crate::generate::operation::Operation;
use crate::generate::script::Script;
use crate::generate::seed::{SEED_VARIABLE, seed_to_replay};
use crate::shapes::{self, Held};
use crate::shrink::{Shrunk, print, time_max};
use crate::{Harness, Outcome};

/// The seeds to play: enough for `operations` operations in all, or the one that the environment
/// sets.
fn seeds(operations: usize) -> Vec<u64> {
    if let Some(seed) = seed_to_replay() {
        return vec![seed];
    }
    let mut planned = 0;
    let mut is_wanted = |seed: &u64| {
        let is_wanted = planned < operations;
        planned += generate::steps(*seed);
        is_wanted
    };
    (0..).take_while(&mut is_wanted).collect()
}

/// Plays the histories of all seeds, on all cores: half of them of the simple schemas, half of every
/// other shape that the backend holds.
///
/// # Panics
/// When the store disagrees with the model. If several histories fail, the message is about the one
/// with the smallest seed, and says how to replay it.
pub(crate) fn check_all(harness: &Harness) -> Result<Outcome> {
    let site = harness.create(&Schema::new(1, Metric::Euclidean)?)?;
    let reopens = site.reopens() && site.capabilities().durable();
    drop(site);
    let held = Held::of(harness, shapes::all()?)?;
    let seeds = seeds(harness.operations());
    let next = AtomicU64::new(0);
    let failed = Mutex::new(None::<(u64, Disagreement)>);
    let work = || -> Result<()> {
        while let Some(seed) = usize::try_from(next.fetch_add(1, Ordering::SeqCst))
            .ok()
            .and_then(|turn| seeds.get(turn).copied())
        {
            let script = generate::history(seed, &held.schemas, reopens)?;
            if let Some(disagreement) = play(&script, harness) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.as_ref().is_none_or(|(other, _)| seed < *other) {
                    *failed = Some((seed, disagreement));
                }
                // Workers take seeds in ascending order, so every smaller seed is already taken.
                next.fetch_add(seeds.len() as u64, Ordering::SeqCst);
            }
        }
        Ok(())
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(seeds.len());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })?;
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        None => Ok(held.outcome()),
        Some((seed, first)) => {
            explain(harness, seed, generate::history(seed, &held.schemas, reopens)?, &first)
        }
    }
}

/// Announces the failure, plays the history of this seed again, shrinks it, and panics with the
/// report.
fn explain(harness: &Harness, seed: u64, script: Script, first: &Disagreement) -> ! {
    announce(harness, seed, first);
    let first = format!("seed {seed}, {}", print::disagreement(&script, first));
    let Some(disagreement) = play(&script, harness) else {
        panic!(
            "{first}; played again, the store agreed with the model: the defect depends on time, or on \
             other stores in the process"
        );
    };
    let shrunk = Shrunk::of(harness, script, disagreement);
    panic!("{first} ({SEED_VARIABLE}={seed} replays it){}", shrunk.report(seed));
}

/// Writes the failure to standard error, past the capture of tests: a process that the system ends
/// while it shrinks has said what failed.
fn announce(harness: &Harness, seed: u64, Disagreement { step, message }: &Disagreement) {
    const SHOWN_CHARS: usize = 400;
    let (name, time) = (harness.name(), time_max(harness));
    let message = shortened(&message.replace('\n', " "), SHOWN_CHARS);
    // Where nothing can be written to, the report still says it.
    let _ = writeln!(
        io::stderr(),
        "{name}: seed {seed}, step {step}: {message} ({SEED_VARIABLE}={seed} replays it; shrinking it \
         takes at most {time:?})"
    );
}

/// Performs the operations on a new store of this schema and on the model, and compares the whole
/// store with the model after each. The regression tests that the suite prints call this function.
///
/// ```
/// use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
/// use iqdb_conformance::{Harness, Operation, replay};
/// use iqdb_core::{Batch, Metric, Record, Schema};
///
/// let harness = Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch);
/// let schema = Schema::new(2, Metric::Euclidean)?;
/// let batch = Batch::new().upsert(Record::new("a", [1.0, 2.0])?);
/// replay(&harness, schema, vec![Operation::Apply(batch), Operation::Flush]);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
///
/// # Panics
/// When the store disagrees with the model; the message says at which operation.
pub fn replay(harness: &Harness, schema: Schema, operations: Vec<Operation>) {
    let script = Script::new(schema, operations);
    if let Some(disagreement) = play(&script, harness) {
        panic!("{}, {}", harness.name(), print::disagreement(&script, &disagreement));
    }
}
