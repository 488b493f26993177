//! Readers go on while a writer is parked at any stage, or holds its lock for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iqdb_core::{Hits, Query, Scratch, Search, StoreExt, VectorRef};
use iqdb_search::ExactSearch;

use super::*;
use crate::fault::Stage;

/// How long to wait for a reader. Long enough for any machine, because only a failure takes it.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A store with 40 records, whose next writer stops at a stage, sends on `parked`, and waits for a
/// message on `go_on`.
struct Parking {
    store: Arc<ArenaStore>,
    parked: Receiver<()>,
    go_on: Sender<()>,
}

fn parking(stage: Stage) -> Parking {
    let (say_parked, parked) = channel();
    let (go_on, wait) = channel();
    let turn = Mutex::new((say_parked, wait));
    let armed = Arc::new(AtomicBool::new(false));
    let faults = Faults::none().on_stage({
        let armed = Arc::clone(&armed);
        move |reached| {
            if reached == stage && armed.swap(false, Ordering::Relaxed) {
                let (say_parked, wait) = &*turn.lock().unwrap();
                say_parked.send(()).unwrap();
                wait.recv().unwrap();
            }
        }
    });
    let store = Arc::new(store(faults));
    store.apply(&upserts(0..40, 1)).unwrap();
    armed.store(true, Ordering::Relaxed);
    Parking { store, parked, go_on }
}

/// Runs every call of a reader in a thread of its own. Returns whether they completed.
fn reads_complete(store: &Arc<ArenaStore>) -> bool {
    let (done, finished) = channel();
    let store = Arc::clone(store);
    std::thread::spawn(move || {
        for _ in 0..100 {
            let snapshot = store.snapshot().unwrap();
            let found = snapshot.get(&3.into()).unwrap().unwrap();
            assert_eq!(found.to_record().unwrap(), record(3, 1));
            assert_eq!(store.get(&3.into()).unwrap().unwrap(), record(3, 1));
            let query = Query::nearest(VectorRef::new(&[1.0, 1.0, 2.0]).unwrap(), 5);
            let mut hits = [Hits::new()];
            ExactSearch::new()
                .search(&*snapshot, &[query], &mut hits, &mut Scratch::new())
                .unwrap();
            assert_eq!(hits[0].len(), 5);
            store.flush().unwrap();
        }
        let _ = done.send(());
    });
    match finished.recv_timeout(TIMEOUT) {
        Ok(()) => true,
        Err(RecvTimeoutError::Timeout) => false,
        Err(RecvTimeoutError::Disconnected) => panic!("a reader failed"),
    }
}

/// Parks a writer at `stage` and reads beside it.
fn read_beside_a_writer_at(stage: Stage) {
    let Parking { store, parked, go_on } = parking(stage);
    let writer = std::thread::spawn({
        let store = Arc::clone(&store);
        move || {
            store.apply(&upserts(20..40, 1).delete(7)).unwrap();
            store.compact();
        }
    });
    parked.recv_timeout(TIMEOUT).expect("a writer comes past every stage");
    assert!(reads_complete(&store), "readers wait for a writer at {stage:?}");
    assert!(!writer.is_finished());
    go_on.send(()).unwrap();
    writer.join().unwrap();
    assert!(reads_complete(&store));
}

#[test]
fn readers_go_on_while_a_writer_is_parked_before_it_stamps() {
    read_beside_a_writer_at(Stage::Appended);
}

#[test]
fn readers_go_on_while_a_writer_is_parked_between_two_stamps() {
    read_beside_a_writer_at(Stage::Stamping);
}

#[test]
fn readers_go_on_while_a_writer_is_parked_after_it_has_published() {
    read_beside_a_writer_at(Stage::Published);
}

#[test]
fn readers_go_on_while_a_compaction_is_parked() {
    read_beside_a_writer_at(Stage::Packed);
}

/// Takes the writers' lock and never gives it back.
fn hold_the_lock_for_ever(store: &Arc<ArenaStore>) {
    let (held, is_held) = channel();
    let store = Arc::clone(store);
    std::thread::spawn(move || {
        let guard = store.arena().lock();
        held.send(()).unwrap();
        std::mem::forget(guard);
    });
    is_held.recv().unwrap();
}

#[test]
fn readers_go_on_while_the_writers_lock_is_held_for_ever() {
    let store = Arc::new(store(Faults::none()));
    store.apply(&upserts(0..40, 1)).unwrap();
    hold_the_lock_for_ever(&store);
    assert!(reads_complete(&store));
}

#[test]
fn planted_readers_that_take_the_lock_are_noticed() {
    let store = Arc::new(planted(Defect::ReadersLock));
    store.apply(&upserts(0..40, 1)).unwrap();
    hold_the_lock_for_ever(&store);
    let (done, finished) = channel();
    std::thread::spawn(move || {
        done.send(()).unwrap();
        let _ = store.snapshot();
        let _ = done.send(());
    });
    finished.recv().unwrap();
    assert!(finished.recv_timeout(Duration::from_millis(300)).is_err());
}
