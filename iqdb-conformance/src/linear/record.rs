//! The recorder: threads call a store concurrently and record when each call began and ended.
//!
//! The clock is an atomic counter. Reading it synchronizes the threads, which can hide a memory
//! ordering of the store that is too weak. So the recorder finds races between calls, not between
//! memory accesses.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use iqdb_core::{ErrorKind, Hits, Record, Result, Scratch, Search, SnapshotExt, Store, StoreExt};

use super::lockstep::Lockstep;
use super::operation::{Answer, Call, History, Operation, query};
use super::workload::{Caller, Workload};
use crate::threads::{Job, run_concurrently};

/// A logical clock: each reading is unique and larger than those before it.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl Clock {
    fn now(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// Runs the threads of the workload on a new store. Returns the recorded history.
///
/// # Errors
/// Any error of the store or the search but a version conflict, which is an answer.
pub(crate) fn record(
    store: &dyn Store,
    search: &dyn Search,
    workload: &Workload,
    seed: u64,
) -> Result<History> {
    let clock = &Clock::default();
    let lockstep = &Lockstep::new(workload.shape.threads);
    let threads = (0..workload.shape.threads).map(|thread| -> Job<'_, Vec<Operation>> {
        Box::new(move || {
            let mut caller = Caller::new(workload, seed, thread);
            let mut operations = Vec::with_capacity(workload.shape.calls_each);
            let mut stepper = lockstep.join();
            for _ in 0..workload.shape.calls_each {
                let call = caller.next()?;
                if workload.shape.in_lockstep {
                    stepper.step();
                }
                // Outside the recorded interval, which would otherwise include the pause.
                caller.pause();
                let operation = perform(store, search, clock, thread, call)?;
                caller.observe(&operation.answer);
                operations.push(operation);
            }
            Ok(operations)
        })
    });
    let operations = run_concurrently(threads.collect())?.into_iter().flatten().collect();
    Ok(History::new(store.schema(), operations))
}

fn perform(
    store: &dyn Store,
    search: &dyn Search,
    clock: &Clock,
    thread: u16,
    call: Call,
) -> Result<Operation> {
    let invoked = clock.now();
    let (returned, answer) = match &call {
        Call::Apply(batch) => {
            let applied = store.apply(batch);
            let returned = clock.now();
            match applied {
                Ok(applied) => (returned, Answer::Applied(applied)),
                Err(error) if error.kind() == ErrorKind::VersionConflict => {
                    (returned, Answer::Conflict)
                }
                Err(error) => return Err(error),
            }
        }
        Call::Get(id) => {
            let found = store.get(id)?;
            (clock.now(), Answer::Got(found))
        }
        Call::Len => {
            let len = store.len()?;
            (clock.now(), Answer::Length(len))
        }
        // The content of a snapshot is fixed when `snapshot` returns, so reading it takes no part
        // in the recorded interval.
        Call::Snapshot => {
            let snapshot = store.snapshot()?;
            let returned = clock.now();
            thread::yield_now();
            let records = snapshot.records(None).map(|record| record?.to_record());
            let mut records = records.collect::<Result<Vec<Record>>>()?;
            records.sort_by(|a, b| a.id.cmp(&b.id));
            let (version, len) = (snapshot.version(), snapshot.len());
            (returned, Answer::Seen { version, len, records })
        }
        Call::Search { query_vector, k } => {
            let snapshot = store.snapshot()?;
            let returned = clock.now();
            thread::yield_now();
            let mut hits = [Hits::new()];
            search.search(
                &*snapshot,
                &[query(query_vector, *k)],
                &mut hits,
                &mut Scratch::new(),
            )?;
            (returned, Answer::Found { version: snapshot.version(), hits: hits[0].to_vec() })
        }
    };
    Ok(Operation { thread, invoked, returned, call, answer })
}
