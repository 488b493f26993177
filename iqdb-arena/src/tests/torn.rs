//! A commit that a panic interrupts, at any stage, leaves nothing that a snapshot shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::fault::Stage;

/// A store, and a flag: once it is set, the next writer panics at `stage`.
fn exploding(stage: Stage, planted: Option<Defect>) -> (ArenaStore, Arc<AtomicBool>) {
    let armed = Arc::new(AtomicBool::new(false));
    let trigger = Arc::clone(&armed);
    let faults = planted.map_or_else(Faults::none, Faults::planted).on_stage(move |reached| {
        if reached == stage && trigger.swap(false, Ordering::Relaxed) {
            panic!("in the middle of a commit");
        }
    });
    (store(faults), armed)
}

/// Interrupts a batch that replaces, deletes and inserts, then writes another one. Returns the
/// records found and those expected.
fn give_up_at(stage: Stage, planted: Option<Defect>) -> (Vec<Record>, Vec<Record>) {
    let (store, armed) = exploding(stage, planted);
    store.apply(&upserts(0..10, 1)).unwrap();
    let before = content_of(&store);

    armed.store(true, Ordering::Relaxed);
    let torn = upserts(0..5, 2).delete(7).upsert(record(99, 2));
    assert!(catch_unwind(AssertUnwindSafe(|| store.apply(&torn))).is_err());
    assert_eq!(content_of(&store), before, "no change of the batch is visible");

    let applied = store.apply(&upserts(50..51, 3).delete(99)).unwrap();
    assert_eq!((applied.version.0, applied.inserted, applied.absent), (2, 1, 1));
    let mut expected = before;
    expected.push(record(50, 3));
    (content_of(&store), expected)
}

#[test]
fn a_commit_given_up_half_way_leaves_nothing() {
    for stage in [Stage::Appended, Stage::Stamping] {
        let (found, expected) = give_up_at(stage, None);
        assert_eq!(found, expected, "{stage:?}");
    }
}

#[test]
fn planted_a_torn_commit_that_is_forgotten_shows() {
    for (stage, defect) in
        [(Stage::Stamping, Defect::TornForgotten), (Stage::Appended, Defect::TornForgotten)]
    {
        let seen = catch_unwind(|| give_up_at(stage, Some(defect)));
        assert!(
            seen.is_err() || seen.is_ok_and(|(found, expected)| found != expected),
            "{stage:?}"
        );
    }
}

/// Advances the version after an interrupted batch. Returns the records found and those expected.
fn give_up_and_advance(stage: Stage, planted: Option<Defect>) -> (Vec<Record>, Vec<Record>) {
    let (store, armed) = exploding(stage, planted);
    store.apply(&upserts(0..10, 1)).unwrap();
    let before = content_of(&store);
    armed.store(true, Ordering::Relaxed);
    let torn = upserts(0..5, 2).upsert(record(99, 2));
    assert!(catch_unwind(AssertUnwindSafe(|| store.apply(&torn))).is_err());
    assert_eq!(store.advance().0, 2);
    (content_of(&store), before)
}

#[test]
fn advancing_shows_nothing_of_a_commit_given_up_half_way() {
    for stage in [Stage::Appended, Stage::Stamping] {
        let (found, expected) = give_up_and_advance(stage, None);
        assert_eq!(found, expected, "{stage:?}");
        let seen = catch_unwind(|| give_up_and_advance(stage, Some(Defect::TornForgotten)));
        assert!(seen.is_err() || seen.is_ok_and(|(a, b)| a != b), "planted at {stage:?}");
    }
}

#[test]
fn a_compaction_given_up_half_way_leaves_nothing() {
    let (store, armed) = exploding(Stage::Packed, None);
    store.apply(&upserts(0..10, 1)).unwrap();
    store.apply(&upserts(0..3, 2)).unwrap();
    let before = content_of(&store);
    armed.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| store.compact())).is_err());
    assert_eq!(content_of(&store), before);
    store.apply(&Batch::new().delete(0)).unwrap();
    store.compact();
    assert_eq!(content_of(&store), before[1..]);
}

#[test]
fn rows_that_cannot_be_numbered_are_refused_and_room_is_made_first() {
    let mut options = ArenaOptions::new().with_dead_ratio_max(1.0);
    options.rows_max = 10;
    let store = ArenaStore::with_options(Schema::new(3, Metric::Dot).unwrap(), options);
    store.apply(&upserts(0..6, 1)).unwrap();
    store.apply(&upserts(0..3, 2)).unwrap();
    assert_eq!(store.stats().rows, 9);
    // Three of the nine are dead.
    store.apply(&upserts(0..4, 3)).unwrap();
    assert_eq!((store.stats().rows, store.stats().live), (10, 6));
    let before = content_of(&store);
    // A deletion needs no number.
    assert_eq!(store.apply(&Batch::new().delete(77)).unwrap().absent, 1);
    let error = store.apply(&upserts(6..11, 4)).unwrap_err();
    assert_eq!(error.kind(), iqdb_core::ErrorKind::NotSupported);
    assert_eq!(content_of(&store), before);
    store.apply(&upserts(6..10, 4)).unwrap();
    assert_eq!(store.stats().live, 10);
}

/// A panic poisons the lock, which flushing ignores, as writing does.
#[test]
fn flushing_still_frees_after_a_commit_was_given_up() {
    let (store, armed) = exploding(Stage::Appended, None);
    armed.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| store.apply(&upserts(0..5, 1)))).is_err());
    store.apply(&upserts(0..5, 2)).unwrap();
    let held = store.snapshot().unwrap();
    store.apply(&upserts(0..5, 3)).unwrap();
    assert_eq!(store.stats().retired, 1);
    drop(held);
    store.flush().unwrap();
    assert_eq!(store.stats().retired, 0);
}
