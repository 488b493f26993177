//! Reading allocates nothing and frees nothing; the planted defects that do are noticed.
//!
//! The long form of it, with searches, is `tests/steady_state.rs`.

use allocation_counter::{AllocationInfo, measure};

use super::*;

/// What it costs a reader to take snapshots, look at them, and be the last to hold them.
fn cost_of_reading(store: &ArenaStore) -> AllocationInfo {
    store.apply(&upserts(0..20, 1)).unwrap();
    // A thread's first read may allocate.
    drop(store.snapshot().unwrap());
    let mut cost = AllocationInfo::default();
    for n in 2..20 {
        let mut held = None;
        cost += measure(|| {
            let snapshot = store.snapshot().unwrap();
            assert!(snapshot.get(&3.into()).unwrap().is_some());
            assert!(snapshot.get(&99.into()).unwrap().is_none());
            held = Some(snapshot);
        });
        store.apply(&upserts(0..20, n)).unwrap();
        store.compact();
        cost += measure(|| drop(held));
    }
    cost
}

#[test]
fn a_reader_allocates_nothing_and_frees_nothing() {
    let cost = cost_of_reading(&store(Faults::none()));
    assert_eq!((cost.count_total, cost.count_current), (0, 0), "{cost:?}");
}

#[test]
fn planted_an_allocation_in_the_path_is_noticed() {
    let cost = cost_of_reading(&planted(Defect::AllocatesInSnapshot));
    assert!(cost.count_total > 0, "{cost:?}");
}

#[test]
fn planted_a_view_freed_by_its_last_reader_is_noticed() {
    let cost = cost_of_reading(&planted(Defect::FreedByReaders));
    assert!(cost.count_current < 0, "{cost:?}");
}
