//! Random histories: a store and the model live through the same operations.
//!
//! Everything about a history follows from its seed: the schema, which operations occur and how
//! often, which ids are hot. So a seed is all that it takes to see a failure again. A history that
//! fails is shrunk to the few operations that matter.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use iqdb_core::{Metric, Result, Schema};

use crate::Harness;
use crate::generate;
use crate::shrink::Shrunk;

/// The environment variable that replays one history instead of the usual ones.
pub const SEED_VARIABLE: &str = "IQDB_CONFORMANCE_SEED";

/// The seeds to go through: as many as it takes for this many operations, or the one that is to be
/// replayed.
fn seeds(operations: usize) -> Vec<u64> {
    match std::env::var(SEED_VARIABLE) {
        Ok(text) => match text.parse() {
            Ok(seed) => vec![seed],
            Err(error) => panic!("{SEED_VARIABLE} is {text:?}, which is no seed: {error}"),
        },
        Err(_) => {
            let mut planned = 0;
            let mut is_wanted = |seed: &u64| {
                let is_wanted = planned < operations;
                planned += generate::steps(*seed);
                is_wanted
            };
            (0..).take_while(&mut is_wanted).collect()
        }
    }
}

/// Lives through the histories of all seeds, on all cores.
///
/// # Panics
/// When the store disagrees with the model; of several histories, with the smallest seed's. The
/// message says how to see it again.
pub(crate) fn live_through_all(harness: &Harness) -> Result<()> {
    let site = harness.create(Schema::new(1, Metric::Euclidean)?)?;
    let reopens = site.reopens() && site.capabilities().durable();
    drop(site);
    let seeds = seeds(harness.operations());
    let next = AtomicU64::new(0);
    let failed = Mutex::new(None::<u64>);
    let work = || -> Result<()> {
        while let Some(seed) = usize::try_from(next.fetch_add(1, Ordering::SeqCst))
            .ok()
            .and_then(|turn| seeds.get(turn).copied())
        {
            let script = generate::history(seed, reopens)?;
            if script.play(harness).is_some() {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                *failed = Some(failed.map_or(seed, |other| other.min(seed)));
                // Seeds are taken in their order, so no smaller one is still to come.
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
        None => Ok(()),
        Some(seed) => explain(harness, seed, reopens),
    }
}

/// Plays the history of this seed again and shrinks it.
fn explain(harness: &Harness, seed: u64, reopens: bool) -> Result<()> {
    let script = generate::history(seed, reopens)?;
    let Some(disagreement) = script.play(harness) else {
        panic!(
            "seed {seed}: the store disagreed with the model, and played again it did not: it \
             depends on time, or on what other stores do"
        );
    };
    let described = script.describe(&disagreement);
    let shrunk = Shrunk::of(harness, script, disagreement);
    panic!("seed {seed}, {described} ({SEED_VARIABLE}={seed} replays it){}", shrunk.report(seed));
}
