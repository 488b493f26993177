//! A process forks while a database is open: the handle belongs to the process that opened it. In any
//! other every call is refused, and dropping only closes descriptors.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use iqdb_core::{
    Error, ErrorKind, Hits, Plan, Query, Scratch, Search, Snapshot, SnapshotExt, Store, StoreExt,
};
use iqdb_file::{FileOptions, FileStore};
use iqdb_search::ExactSearch;

use crate::child::{Forked, Player, alone, end, plays, this_test, wait_until_told};
use crate::database::{Stop, bytes, made, numbers, options, record, records, schema, tree};

const WRITTEN: u64 = 3_000;

/// A database with segments and a log.
fn store(dir: &Path) -> FileStore {
    let store = FileStore::create(dir, schema(), &FileOptions::new()).unwrap();
    store.apply(&records(0..WRITTEN - 10)).unwrap();
    store.compact().unwrap();
    store.apply(&records(WRITTEN - 10..WRITTEN)).unwrap();
    store
}

fn is_elsewhere<T>(result: Result<T, Error>) {
    let error = result.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotSupported, "{error:?}");
    assert!(error.to_string().contains("another process"), "{error}");
}

#[test]
fn a_forked_child_that_drops_the_store_leaves_the_lock_and_the_files_to_its_parent() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let mut open = Some(store(&dir));
        let before = tree(&dir);
        Forked::start(|| drop(open.take())).wait();
        assert_eq!(tree(&dir), before, "the child has written something");
        for second in
            [FileStore::open(&dir, &options()), FileStore::open_read_only(&dir, &options())]
        {
            assert_eq!(second.unwrap_err().kind(), ErrorKind::Locked);
        }
        for lock in [dir.clone(), dir.join("lock")] {
            assert!(File::open(lock).unwrap().try_lock().is_err(), "each of both is held still");
        }
        let store = open.unwrap();
        store.upsert(record(WRITTEN)).unwrap();
        store.compact().unwrap();
        store.upsert(record(WRITTEN + 1)).unwrap();
        drop(store);
        let store = FileStore::open(&dir, &options()).unwrap();
        assert_eq!(numbers(&store), (0..WRITTEN + 2).collect());
    });
}

#[test]
fn a_forked_child_that_drops_a_reader_leaves_the_lock_to_its_parent() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        made(&dir, 0..10);
        let mut reader = Some(FileStore::open_read_only(&dir, &options()).unwrap());
        Forked::start(|| drop(reader.take())).wait();
        assert_eq!(FileStore::open(&dir, &options()).unwrap_err().kind(), ErrorKind::Locked);
        assert_eq!(numbers(&reader.unwrap()), (0..10).collect());
    });
}

#[test]
fn every_call_in_a_forked_child_is_refused_and_changes_nothing() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let store = store(&dir);
        let before = tree(home.path());
        Forked::start(|| {
            is_elsewhere(store.get(&3.into()));
            is_elsewhere(store.snapshot());
            is_elsewhere(store.len());
            is_elsewhere(store.apply(&records(0..1)));
            is_elsewhere(store.apply(&records(0..0)));
            is_elsewhere(store.upsert(record(WRITTEN)));
            is_elsewhere(store.delete(0));
            is_elsewhere(store.flush());
            is_elsewhere(store.compact());
            is_elsewhere(store.stats());
            is_elsewhere(store.verify(&mut ()));
            is_elsewhere(store.backup_to(home.path().join("copy")));
        })
        .wait();
        assert_eq!(tree(home.path()), before);
        assert_eq!(numbers(&store), (0..WRITTEN).collect());
        store.upsert(record(WRITTEN)).unwrap();
    });
}

#[test]
fn a_snapshot_from_before_the_fork_is_refused_in_the_child() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home.path().join("db"));
        let snapshot = store.snapshot().unwrap();
        Forked::start(|| {
            is_elsewhere(snapshot.get(&3.into()));
            is_elsewhere(snapshot.get(&WRITTEN.into()));
            let blocks = snapshot.blocks().unwrap();
            for block in 0..blocks.block_count() {
                is_elsewhere(blocks.block(block));
            }
            is_elsewhere(snapshot.records(None).next().unwrap());
        })
        .wait();
        assert_eq!(snapshot.len(), WRITTEN);
        assert_eq!(snapshot.get(&3.into()).unwrap().unwrap().to_record().unwrap(), record(3));
    });
}

/// Asks one batch of `count` queries.
fn search(search: &ExactSearch, on: &dyn Snapshot, plan: Plan, count: usize) -> Result<(), Error> {
    let record = record(7);
    let query = Query::nearest(record.only_vector()?, 3).with_threads(2).with_plan(plan);
    let queries = vec![query; count];
    let mut hits = vec![Hits::default(); count];
    search.search(on, &queries, &mut hits, &mut Scratch::new()).map(drop)
}

#[test]
fn a_search_of_many_threads_in_a_forked_child_ends_with_an_error() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let store = store(&home.path().join("db"));
        let snapshot = store.snapshot().unwrap();
        let exact = ExactSearch::new();
        let asked = [Plan::Auto, Plan::F32].map(|plan| [1, 300].map(|count| (plan, count)));
        for (plan, count) in asked.into_iter().flatten() {
            // Its threads are those of the parent.
            search(&exact, &*snapshot, plan, count).unwrap();
            eprintln!("{count} queries, {plan:?}");
            Forked::start(|| is_elsewhere(search(&exact, &*snapshot, plan, count))).wait();
            search(&exact, &*snapshot, plan, count).unwrap();
        }
    });
}

#[test]
fn a_child_that_is_forked_while_threads_write_drops_the_store_and_ends() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let options = options().with_placed_from_bytes(1_000);
        let store = FileStore::create(&dir, schema(), &options).unwrap();
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let writers = [1, 100].map(|count| {
                let (store, next, stop) = (&store, &next, &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let first = next.fetch_add(count, Ordering::Relaxed);
                        store.apply(&records(first..first + count)).unwrap();
                    }
                })
            });
            let _stop = Stop(&stop);
            for _ in 0..20 {
                let written = next.load(Ordering::Relaxed);
                Forked::start(|| {
                    // SAFETY: the child has a copy of the memory to itself. Its threads, which borrow
                    // the store, are not there, and it ends before the store is dropped once more.
                    #[allow(unsafe_code)]
                    let store = unsafe { std::ptr::read(&raw const store) };
                    is_elsewhere(store.upsert(record(0)));
                    is_elsewhere(store.stats());
                    drop(store);
                })
                .wait();
                while next.load(Ordering::Relaxed) == written {
                    let has_ended = writers.iter().any(thread::ScopedJoinHandle::is_finished);
                    assert!(!has_ended, "a write has failed");
                    thread::yield_now();
                }
            }
        });
        let written = next.into_inner();
        drop(store);
        let store = FileStore::open(&dir, &options).unwrap();
        assert_eq!(numbers(&store), (0..written).collect());
        store.verify(&mut ()).unwrap();
    });
}

/// Until it can be opened, which it is soon: the system closes the files of a process that has ended.
fn opened_soon(dir: &Path) -> FileStore {
    let started = Instant::now();
    loop {
        match FileStore::open(dir, &options()) {
            Ok(store) => return store,
            Err(error) if error.kind() != ErrorKind::Locked => panic!("{error:?}"),
            Err(error) => assert!(started.elapsed() < Duration::from_secs(20), "{error}"),
        }
        thread::yield_now();
    }
}

#[test]
fn a_child_that_outlives_its_parent_keeps_the_lock_until_it_ends() {
    let test = this_test!();
    if let Some(dir) = plays(test, "parent") {
        let store = FileStore::open(dir, &options()).unwrap();
        store.apply(&records(10..20)).unwrap();
        Forked::start(|| {
            is_elsewhere(store.get(&3.into()));
            wait_until_told();
        });
        // Ends before its child, and closes nothing.
        end(0);
    }
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    made(&dir, 0..10);
    let mut parent = Player::start(test, "parent", &dir);
    parent.wait();
    let error = FileStore::open(&dir, &options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    let process = parent.id().to_string();
    assert!(!format!("{error:?}").contains(&process), "{process} has ended: {error:?}");
    parent.tell();
    assert_eq!(numbers(&opened_soon(&dir)), (0..20).collect());
}

#[test]
fn a_child_that_outlives_its_parent_gives_up_the_lock_when_it_drops_the_store() {
    let test = this_test!();
    if let Some(dir) = plays(test, "parent") {
        let mut store = Some(FileStore::open(dir, &options()).unwrap());
        store.as_ref().unwrap().apply(&records(10..20)).unwrap();
        Forked::start(|| {
            drop(store.take());
            wait_until_told();
        });
        end(0);
    }
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    made(&dir, 0..10);
    let mut parent = Player::start(test, "parent", &dir);
    parent.wait();
    assert_eq!(numbers(&opened_soon(&dir)), (0..20).collect());
}

#[test]
fn a_forked_child_opens_a_database_of_its_own_and_not_that_of_its_parent() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let (dir, other) = (home.path().join("db"), home.path().join("other"));
        let store = store(&dir);
        Forked::start(|| {
            let opened = FileStore::open(&dir, &options());
            assert_eq!(opened.unwrap_err().kind(), ErrorKind::Locked);
            let store = FileStore::create(&other, schema(), &options()).unwrap();
            store.apply(&records(0..500)).unwrap();
            store.compact().unwrap();
            assert_eq!(numbers(&store), (0..500).collect());
        })
        .wait();
        assert_eq!(numbers(&FileStore::open(&other, &options()).unwrap()), (0..500).collect());
        store.upsert(record(WRITTEN)).unwrap();
    });
}

/// A copy of a handle in the child of a child is as foreign there.
#[test]
fn a_child_of_a_forked_child_is_refused_too() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let mut open = Some(Arc::new(store(&dir)));
        let before = bytes(&dir);
        Forked::start(|| {
            Forked::start(|| {
                let store = open.take().unwrap();
                is_elsewhere(store.get(&3.into()));
                is_elsewhere(store.flush());
                drop(store);
            })
            .wait();
        })
        .wait();
        assert_eq!(bytes(&dir), before);
        open.unwrap().upsert(record(WRITTEN)).unwrap();
        fs::remove_dir_all(dir).unwrap();
    });
}

/// Past the C library, which would have told of the fork.
#[cfg(target_os = "linux")]
#[test]
fn a_child_that_the_system_alone_knows_of_writes_nothing() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let mut open = Some(store(&dir));
        let before = tree(&dir);
        Forked::start_past_the_library(|| {
            let store = open.take().unwrap();
            is_elsewhere(store.upsert(record(WRITTEN)));
            is_elsewhere(store.compact());
            is_elsewhere(store.stats());
            drop(store);
        })
        .wait();
        assert_eq!(tree(&dir), before);
        assert_eq!(FileStore::open(&dir, &options()).unwrap_err().kind(), ErrorKind::Locked);
        open.unwrap().upsert(record(WRITTEN)).unwrap();
    });
}
