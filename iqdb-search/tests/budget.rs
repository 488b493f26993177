//! A search ends at its deadline and when it is cancelled, with an error and empty hits.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use iqdb_arena::ArenaStore;
use iqdb_core::{
    Accuracy, Aggregate, Batch, Budget, ErrorKind, Filter, Hits, Metric, Query, Record, Result,
    Schema, Scratch, Search, Store, StoreExt, VectorRef,
};
use iqdb_search::ExactSearch;

fn store(rows: u64) -> ArenaStore {
    let store = ArenaStore::new(Schema::new(2, Metric::Euclidean).unwrap());
    let record = |n: u64| Record::new(n, [n as f32, 1.0]).unwrap();
    store.apply(&(0..rows).map(record).fold(Batch::new(), Batch::upsert)).unwrap();
    store
}

#[test]
fn any_budget_of_a_batch_ends_all_of_it() {
    let (cancelled, going) = (AtomicBool::new(true), AtomicBool::new(false));
    let past = Budget::new().with_deadline(Instant::now());
    let cancelled = Budget::new().with_cancel(&cancelled);
    let far = Budget::new().with_deadline(Instant::now() + Duration::from_secs(3_600));
    let free = far.with_cancel(&going);
    let vector = [3.0, 1.0];
    let query = Query::nearest(VectorRef::new(&vector).unwrap(), 2);
    for rows in [0, 5_000] {
        let snapshot = store(rows).snapshot().unwrap();
        for (budget, kind) in
            [(past, ErrorKind::DeadlineExceeded), (cancelled, ErrorKind::Cancelled)]
        {
            for threads in [1, 2] {
                let free = query.with_budget(free).with_threads(threads);
                let queries = [free, free.with_budget(budget), free];
                let mut hits = [Hits::new(), Hits::new(), Hits::new()];
                let error = ExactSearch::new()
                    .search(&*snapshot, &queries, &mut hits, &mut Scratch::new())
                    .unwrap_err();
                assert_eq!(error.kind(), kind, "{rows} rows");
                assert!(hits.iter().all(Hits::is_empty));
            }
        }
        let mut hits = [Hits::new()];
        ExactSearch::new()
            .search(&*snapshot, &[query.with_budget(free)], &mut hits, &mut Scratch::new())
            .unwrap();
        assert_eq!(hits[0].len() as u64, rows.min(2));
    }
}

#[test]
fn a_search_that_runs_is_cancelled_by_another_thread() {
    let snapshot = store(100_000).snapshot().unwrap();
    let cancel = AtomicBool::new(false);
    let vector = [3.0, 1.0];
    let query = Query::nearest(VectorRef::new(&vector).unwrap(), 2)
        .with_budget(Budget::new().with_cancel(&cancel));
    // Enough queries to take minutes.
    let queries = vec![query; 20_000];
    let error = std::thread::scope(|scope| {
        let search = scope.spawn(|| {
            let mut hits = vec![Hits::new(); queries.len()];
            ExactSearch::new()
                .search(&*snapshot, &queries, &mut hits, &mut Scratch::new())
                .unwrap_err()
        });
        std::thread::sleep(Duration::from_millis(50));
        cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        search.join().unwrap()
    });
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn hits_carry_their_vector_and_an_exact_answer_says_so() {
    let snapshot = store(10).snapshot().unwrap();
    let vector = [3.0, 1.0];
    let query = Query::nearest(VectorRef::new(&vector).unwrap(), 3);
    let queries = [query.with_vector(true), query.with_accuracy(Accuracy::Recall(0.9))];
    let mut hits = [Hits::new(), Hits::new()];
    ExactSearch::new().search(&*snapshot, &queries, &mut hits, &mut Scratch::new()).unwrap();
    for hit in &hits[0] {
        let record = snapshot.get(&hit.id.to_id()).unwrap().unwrap();
        assert_eq!(hit.vector, record.vector("vector").unwrap());
    }
    assert!(hits[1].iter().all(|hit| hit.vector.is_none()));
    assert!(hits.iter().all(|hits| hits.verdict().is_exact()));
}

type Call<'a> = &'a dyn Fn(Budget<'_>) -> Result<()>;

/// Rows with a number each, and a filter of thousands of conditions on it.
fn numbered(rows: u64) -> (ArenaStore, Filter) {
    let store = ArenaStore::new(Schema::new(2, Metric::Euclidean).unwrap());
    let record = |n: u64| Record::new(n, [n as f32, 1.0]).unwrap().with("n", (n % 500) as i64);
    store.apply(&(0..rows).map(record).fold(Batch::new(), Batch::upsert)).unwrap();
    (store, (0..2_000_i64).map(|n| Filter::eq("n", -n)).reduce(Filter::or).unwrap())
}

#[test]
fn a_filter_of_thousands_of_conditions_keeps_to_the_budget() {
    let (store, filter) = numbered(20_000);
    let snapshot = store.snapshot().unwrap();
    let vector = [3.0, 1.0];
    let query = Query::nearest(VectorRef::new(&vector).unwrap(), 2).with_filter(&filter);
    let delete = Batch::new().delete_where(filter.clone());
    let search = |budget: Budget<'_>| {
        let mut hits = [Hits::new()];
        let queries = [query.with_budget(budget)];
        ExactSearch::new().search(&*snapshot, &queries, &mut hits, &mut Scratch::new()).map(drop)
    };
    let count = |budget: Budget<'_>| {
        snapshot.aggregate(&[Aggregate::Count], Some(&filter), budget).map(drop)
    };
    let delete = |budget: Budget<'_>| store.apply_within(&delete, budget).map(drop);
    let calls: [Call<'_>; 3] = [&search, &count, &delete];
    for (n, call) in calls.into_iter().enumerate() {
        let start = Instant::now();
        call(Budget::new()).unwrap();
        let whole = start.elapsed();
        // On a busy machine the thread may have to wait: the best of some counts.
        let soonest = (0..5).map(|_| {
            let start = Instant::now();
            let error = call(Budget::new().with_deadline(start + whole / 20)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
            start.elapsed()
        });
        let soonest = soonest.min().unwrap();
        assert!(soonest < whole / 4, "call {n} ends after {soonest:?} of {whole:?}");
    }
}
