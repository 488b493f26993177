//! A directory is renamed, swapped with another, re-linked, or meant by a relative path: the open
//! database stays where it is, and changes no other directory.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use iqdb_core::{Batch, Store, StoreExt};
use iqdb_file::{Defect, FileOptions, FileStore};
use tempfile::TempDir;

use crate::child::{alone, this_test};
use crate::database::{
    Law, Stop, bytes, holds, made, names, numbers, options, record, records, schema,
};

/// How many records are acknowledged before the move, and at least after it.
const WRITTEN: u64 = 80;

/// What happens to the directory of a database that is open.
struct Move {
    home: TempDir,
    /// The path that it is opened by.
    opened: PathBuf,
    /// Where it is afterwards.
    now: PathBuf,
    /// A closed database, where that is afterwards.
    other: PathBuf,
    moving: fn(&Path),
}

impl Move {
    /// A database in `at`, opened by `opened`; another one in `beside`. All paths are below the same
    /// directory.
    fn new(
        (at, opened, now): (&str, &str, &str),
        (beside, other): (&str, &str),
        moving: fn(&Path),
    ) -> Self {
        let home = tempfile::tempdir().unwrap();
        let below = |path: &str| home.path().join(path);
        for path in [at, beside] {
            fs::create_dir_all(below(path).parent().unwrap()).unwrap();
        }
        made(&below(at), 0..0);
        made(&below(beside), 0..50);
        let (opened, now, other) = (below(opened), below(now), below(other));
        Self { home, opened, now, other, moving }
    }

    /// `mv db old; mv new db`
    fn swap() -> Self {
        Self::new(("db", "db", "old"), ("new", "db"), |home| {
            fs::rename(home.join("db"), home.join("old")).unwrap();
            fs::rename(home.join("new"), home.join("db")).unwrap();
        })
    }

    /// The link of an upgrade points to the next version.
    fn relink() -> Self {
        let this = Self::new(("v1", "current", "v1"), ("v2", "v2"), |home| {
            symlink("v2", home.join("next")).unwrap();
            fs::rename(home.join("next"), home.join("current")).unwrap();
        });
        symlink("v1", this.home.path().join("current")).unwrap();
        this
    }

    fn rename_above() -> Self {
        Self::new(("a/b/db", "a/b/db", "moved/b/db"), ("other/b/db", "a/b/db"), |home| {
            fs::rename(home.join("a"), home.join("moved")).unwrap();
            fs::rename(home.join("other"), home.join("a")).unwrap();
        })
    }

    fn into_another_directory() -> Self {
        Self::new(("db", "db", "attic/db"), ("new", "db"), |home| {
            fs::create_dir(home.join("attic")).unwrap();
            fs::rename(home.join("db"), home.join("attic/db")).unwrap();
            fs::rename(home.join("new"), home.join("db")).unwrap();
        })
    }

    /// For a process of its own: it has one current directory.
    fn chdir() -> Self {
        let mut this = Self::new(("a/db", "a/db", "a/db"), ("b/db", "b/db"), |home| {
            std::env::set_current_dir(home.join("b")).unwrap();
        });
        std::env::set_current_dir(this.home.path().join("a")).unwrap();
        this.opened = PathBuf::from("db");
        this
    }

    /// Moves the directory while a thread writes, until it has written for some time after.
    fn during_writes(self, options: &FileOptions) -> Law {
        let other = bytes(&self.before_the_move());
        let store = FileStore::open(&self.opened, options).unwrap();
        let id = store.stats().unwrap().database;
        let (written, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let refused = thread::scope(|scope| {
            let writing = scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    store.upsert(record(written.load(Ordering::Relaxed)))?;
                    written.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<(), iqdb_core::Error>(())
            });
            let stop = Stop(&stop);
            let wait = |count| {
                while written.load(Ordering::Relaxed) < count && !writing.is_finished() {
                    thread::yield_now();
                }
            };
            wait(WRITTEN);
            (self.moving)(self.home.path());
            wait(written.load(Ordering::Relaxed) + WRITTEN);
            drop(stop);
            writing.join().unwrap().err()
        });
        holds(refused.is_none(), || format!("a write was refused: {refused:?}"))?;
        store.compact().map_err(|error| error.to_string())?;
        drop(store);
        self.check(id, written.into_inner(), &other)
    }

    /// Writes, moves the directory, and only closes the database then.
    fn before_closing(self, options: &FileOptions, batches: &[Batch]) -> Law {
        let other = bytes(&self.before_the_move());
        let store = FileStore::open(&self.opened, options).unwrap();
        let id = store.stats().unwrap().database;
        batches.iter().for_each(|batch| _ = store.apply(batch).unwrap());
        let written = store.len().unwrap();
        (self.moving)(self.home.path());
        drop(store);
        self.check(id, written, &other)
    }

    /// Where the other database is before the move.
    fn before_the_move(&self) -> PathBuf {
        let places = ["new", "v2", "other/b/db", "b/db"].map(|path| self.home.path().join(path));
        places.into_iter().find(|path| path.exists()).unwrap()
    }

    fn check(
        &self,
        id: u128,
        written: u64,
        other: &std::collections::BTreeMap<String, Vec<u8>>,
    ) -> Law {
        holds(bytes(&self.other) == *other, || "another directory was changed".to_owned())?;
        let store = FileStore::open(&self.now, &options()).map_err(|error| error.to_string())?;
        let found = store.stats().unwrap().database;
        holds(found == id, || format!("the database {found:x} is there, and not {id:x}"))?;
        let numbers = numbers(&store);
        holds(numbers == (0..written).collect(), || {
            format!("{} of {written} records are there", numbers.len())
        })?;
        let other = FileStore::open(&self.other, &options()).map_err(|error| error.to_string())?;
        holds(other.len().unwrap() == 50, || "the other database has lost records".to_owned())
    }
}

#[test]
fn a_swap_of_two_directories_during_writes_loses_nothing_and_changes_no_other() {
    assert_eq!(Move::swap().during_writes(&options()), Ok(()));
}

#[test]
fn a_link_that_is_pointed_elsewhere_during_writes_takes_no_write_there() {
    assert_eq!(Move::relink().during_writes(&options()), Ok(()));
}

#[test]
fn a_rename_above_the_directory_during_writes_loses_nothing() {
    assert_eq!(Move::rename_above().during_writes(&options()), Ok(()));
}

#[test]
fn a_move_into_another_directory_during_writes_loses_nothing() {
    assert_eq!(Move::into_another_directory().during_writes(&options()), Ok(()));
}

#[test]
fn a_relative_path_means_after_a_chdir_what_it_meant_before() {
    alone(this_test!(), || assert_eq!(Move::chdir().during_writes(&options()), Ok(())));
}

#[test]
fn large_batches_go_where_the_directory_is_now() {
    let options = options().with_placed_from_bytes(1);
    assert_eq!(Move::swap().during_writes(&options), Ok(()));
    assert_eq!(Move::relink().during_writes(&options), Ok(()));
}

/// What closing writes: a manifest that says how long the log is; a segment of a log that is long; a
/// segment of rows that are in one already.
#[test]
fn closing_after_a_move_writes_to_the_directory_that_was_opened() {
    let roomy = FileOptions::new();
    let rows = FileOptions::new().with_placed_from_bytes(1);
    let long: Vec<Batch> = (0..5).map(|n| records(n * 1_000..n * 1_000 + 1_000)).collect();
    for moving in [Move::swap, Move::relink, Move::rename_above, Move::into_another_directory] {
        assert_eq!(moving().before_closing(&roomy, &[records(0..20)]), Ok(()));
        assert_eq!(moving().before_closing(&roomy, &long), Ok(()));
        assert_eq!(moving().before_closing(&rows, &[records(0..20)]), Ok(()));
    }
}

#[test]
fn closing_after_a_chdir_writes_to_the_directory_that_was_opened() {
    alone(this_test!(), || {
        assert_eq!(Move::chdir().before_closing(&FileOptions::new(), &[records(0..20)]), Ok(()));
    });
}

/// Two databases, each made by the same relative path in a directory of its own.
fn two_by_one_path(options: &FileOptions) -> Law {
    let home = tempfile::tempdir().unwrap();
    let make = |name: &str, range| {
        let dir = home.path().join(name);
        fs::create_dir_all(&dir).unwrap();
        std::env::set_current_dir(&dir).unwrap();
        let store = FileStore::create("db", schema(), options).unwrap();
        store.apply(&records(range)).unwrap();
        store.compact().unwrap();
        (store, dir.join("db"))
    };
    let (first, first_dir) = make("a", 0..2_000);
    let (second, second_dir) = make("b", 5_000..7_000);
    assert_eq!(names(&first_dir), names(&second_dir), "their files have the same names");
    let mapped = second.snapshot().unwrap();
    let untouched = bytes(&second_dir);
    for n in 0..1_500 {
        first.delete(n).map_err(|error| error.to_string())?;
    }
    first.compact().map_err(|error| error.to_string())?;
    holds(bytes(&second_dir) == untouched, || "the other directory was changed".to_owned())?;
    holds(mapped.len() == 2_000, || "a snapshot has changed".to_owned())?;
    holds(numbers(&second) == (5_000..7_000).collect(), || "records are missing".to_owned())?;
    second.compact().map_err(|error| error.to_string())?;
    holds(numbers(&first) == (1_500..2_000).collect(), || "records are missing".to_owned())?;
    drop((first, second));
    for (dir, range) in [(first_dir, 1_500..2_000), (second_dir, 5_000..7_000)] {
        let store = FileStore::open(dir, options).map_err(|error| error.to_string())?;
        holds(numbers(&store) == range.collect(), || "records are missing".to_owned())?;
        store.verify(&mut ()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[test]
fn two_databases_by_the_same_relative_path_answer_each_for_itself_after_one_is_compacted() {
    alone(this_test!(), || assert_eq!(two_by_one_path(&FileOptions::new()), Ok(())));
}

#[test]
fn a_store_that_reaches_files_by_path_is_caught_by_every_move() {
    alone(this_test!(), || {
        let by_path = options().with_defect(Defect::FilesByPath);
        for moving in [
            Move::swap,
            Move::relink,
            Move::rename_above,
            Move::into_another_directory,
            Move::chdir,
        ] {
            let broken = moving().during_writes(&by_path);
            assert!(broken.is_err(), "the planted defect is seen");
        }
        let by_path = FileOptions::new().with_defect(Defect::FilesByPath);
        assert!(two_by_one_path(&by_path).is_err(), "the planted defect is seen");
    });
}
