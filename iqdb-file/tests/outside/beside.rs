//! A database whose directory is absent is made beside it and gets its name by one rename: what a killed
//! maker leaves there, when that is removed, and what many makers do at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use iqdb_core::{ErrorKind, StoreExt};
use iqdb_file::vfs::sim::{Call, Fault, FaultKind, Outside, SimVfs};
use iqdb_file::{FileOptions, FileStore};

use crate::child::{alone, this_test};
use crate::database::{bytes, names, options, record, schema, tree};
use crate::limits::become_bound;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A disk with an empty directory `disk`, or an empty `disk/db` in it.
fn empty_disk(has_target: bool) -> SimVfs {
    let disk = SimVfs::new();
    let notes = if has_target { "disk/db/notes" } else { "disk/notes" };
    disk.put(Path::new(notes), b"").unwrap();
    disk.interfere(Outside::Remove(notes.into())).unwrap();
    disk
}

fn simulated(disk: &SimVfs, seed: u64) -> FileOptions {
    options().with_vfs(disk.clone()).with_seed(seed)
}

/// What a maker leaves below `disk` that is killed right before one of its calls: each state once, for
/// all calls.
pub(crate) fn left_by_killed_makers(has_target: bool) -> Vec<Files> {
    let mut states = BTreeSet::new();
    for call in 1.. {
        let disk = empty_disk(has_target);
        disk.power_off_at(call);
        let created = FileStore::create("disk/db", schema(), &simulated(&disk, 7));
        let is_whole = created.is_ok();
        drop(created);
        let files = disk.files();
        let has_database = files.contains_key(Path::new("disk/db/manifest-00000001"));
        if is_whole || has_database {
            break;
        }
        let below = |(path, bytes): (PathBuf, Vec<u8>)| {
            (path.strip_prefix("disk").unwrap().to_owned(), bytes)
        };
        states.insert(files.into_iter().map(below).collect::<Files>());
    }
    states.into_iter().filter(|files| !files.is_empty()).collect()
}

pub(crate) fn write(home: &Path, files: &Files) {
    for (path, bytes) in files {
        fs::create_dir_all(home.join(path).parent().unwrap()).unwrap();
        fs::write(home.join(path), bytes).unwrap();
    }
}

/// The one directory that is left over.
fn left_over(home: &Path) -> PathBuf {
    let names = names(home);
    let [name] = &*names else { panic!("{names:?}") };
    assert!(name.starts_with(".iqdb-new-"), "{name}");
    home.join(name)
}

#[test]
fn what_a_killed_maker_left_beside_is_removed_by_the_next_create() {
    let states = left_by_killed_makers(false);
    assert!(states.len() > 5, "a maker makes more than {} files", states.len());
    for files in states {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), &files);
        let left = left_over(home.path());
        // And what a maker leaves that is killed once it has made the directory.
        fs::create_dir(home.path().join(format!(".iqdb-new-{:032x}", 77))).unwrap();
        let store = FileStore::create(home.path().join("db"), schema(), &options()).unwrap();
        assert_eq!(names(home.path()), ["db"], "{:?}", tree(&left));
        store.upsert(record(1)).unwrap();
    }
}

#[test]
fn what_a_maker_at_work_has_beside_is_not_removed() {
    let states = left_by_killed_makers(false);
    for files in states.iter().filter(|files| files.keys().any(|path| path.ends_with("lock"))) {
        for locked in ["", "lock"] {
            let home = tempfile::tempdir().unwrap();
            write(home.path(), files);
            let left = left_over(home.path());
            let lock = File::open(left.join(locked)).unwrap();
            lock.try_lock().unwrap();
            let before = tree(&left);
            drop(FileStore::create(home.path().join("db"), schema(), &options()).unwrap());
            assert_eq!(tree(&left), before, "{locked:?} is locked");
            // Once it has ended, its makings go.
            drop(lock);
            drop(FileStore::create(home.path().join("other"), schema(), &options()).unwrap());
            assert_eq!(names(home.path()), ["db", "other"]);
        }
    }
}

#[test]
fn a_directory_of_such_a_name_with_a_foreign_file_in_it_is_left_alone() {
    for files in left_by_killed_makers(false) {
        for (name, bytes) in [("notes", &b"mine"[..]), ("log-00000077", b"mine"), ("lock", b"mine")]
        {
            let home = tempfile::tempdir().unwrap();
            write(home.path(), &files);
            let left = left_over(home.path());
            fs::write(left.join(name), bytes).unwrap();
            let before = tree(&left);
            drop(FileStore::create(home.path().join("db"), schema(), &options()).unwrap());
            let after = tree(&left);
            assert_eq!(after.get(Path::new(name)), before.get(Path::new(name)));
            assert!(after == before || name == "log-00000077", "with {name}");
        }
    }
}

#[test]
fn a_name_that_is_only_like_ours_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let digits = format!("{:032x}", 77);
    let strangers = [
        ".iqdb-new-".to_owned(),
        ".iqdb-new-mine".to_owned(),
        format!(".iqdb-new-{}", &digits[1..]),
        format!(".iqdb-new-{digits}0"),
        format!(".iqdb-new-+{}", &digits[1..]),
        format!(".iqdb-new-{}A", &digits[1..]),
        format!("iqdb-new-{digits}"),
    ];
    for name in &strangers {
        fs::create_dir(home.path().join(name)).unwrap();
    }
    // And a file that is called as a directory of ours is.
    fs::write(home.path().join(format!(".iqdb-new-{digits}")), b"mine").unwrap();
    let before = tree(home.path());
    drop(FileStore::create(home.path().join("db"), schema(), &options()).unwrap());
    let after = tree(home.path());
    for (path, entry) in before.into_iter().filter(|(path, _)| !path.as_os_str().is_empty()) {
        assert_eq!(after.get(&path), Some(&entry), "{}", path.display());
    }
}

#[test]
fn of_many_who_make_one_database_at_once_exactly_one_succeeds() {
    for round in 0..12 {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        if round % 2 == 1 {
            fs::create_dir(&dir).unwrap();
        }
        let barrier = Barrier::new(8);
        let make = || {
            barrier.wait();
            FileStore::create(&dir, schema(), &options())
        };
        let made = thread::scope(|scope| {
            let makers: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect::<Vec<_>>()
        });
        let (stores, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
        assert_eq!(stores.len(), 1, "round {round}: {refused:?}");
        for error in refused.into_iter().map(Result::unwrap_err) {
            assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Locked), "{error:?}");
        }
        assert_eq!(names(home.path()), ["db"]);
        for store in stores.into_iter().flatten() {
            store.upsert(record(1)).unwrap();
        }
        assert_eq!(FileStore::open(&dir, &options()).unwrap().len().unwrap(), 1);
        let strange = |name: &String| name.starts_with(".iqdb") || name.ends_with(".new");
        assert!(!names(&dir).iter().any(strange), "{:?}", names(&dir));
    }
}

#[test]
fn many_who_make_databases_beside_each_other_are_not_in_each_others_way() {
    for round in 0..4 {
        let home = tempfile::tempdir().unwrap();
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for n in 0..8 {
                let (home, barrier) = (home.path(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let store =
                        FileStore::create(home.join(format!("db-{n}")), schema(), &options());
                    store.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
                });
            }
        });
        assert_eq!(names(home.path()), [0, 1, 2, 3, 4, 5, 6, 7].map(|n| format!("db-{n}")));
    }
}

/// On network file systems, that is.
#[test]
fn many_who_make_databases_where_directories_can_not_be_locked_all_succeed() {
    for round in 0..20 {
        let disk = empty_disk(false);
        disk.set_locks_dirs(false);
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for n in 0..8 {
                let (disk, barrier) = (&disk, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let options = options().with_vfs(disk.clone());
                    let store = FileStore::create(format!("disk/db-{n}"), schema(), &options);
                    store.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
                });
            }
        });
    }
}

#[test]
fn many_who_open_or_create_one_database_share_it_one_after_the_other() {
    for _ in 0..4 {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for n in 0..8 {
                let (dir, barrier) = (&dir, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let _applied = loop {
                        match FileStore::open_or_create(dir, schema(), &options()) {
                            Ok(store) => break store.upsert(record(n)).unwrap(),
                            Err(error) if error.kind() == ErrorKind::Locked => thread::yield_now(),
                            Err(error) => panic!("{error:?}"),
                        }
                    };
                });
            }
        });
        assert_eq!(names(home.path()), ["db"]);
        assert_eq!(FileStore::open(&dir, &options()).unwrap().len().unwrap(), 8);
    }
}

#[test]
fn a_create_that_fails_leaves_nothing_behind() {
    for has_target in [false, true] {
        for sticky in [false, true] {
            let mut fired = 0;
            for at in 1.. {
                let disk = empty_disk(has_target);
                disk.set_fault(Some(Fault { at, kind: FaultKind::Enospc, sticky }));
                let created = FileStore::create("disk/db", schema(), &simulated(&disk, 7));
                if disk.faults_fired() == 0 && at > disk.calls().len() as u64 {
                    break;
                }
                fired += u64::from(disk.faults_fired() > 0);
                if created.is_err() {
                    let left = disk.files();
                    assert!(left.is_empty(), "call {at}, sticky {sticky}: {:?}", left.keys());
                    disk.set_fault(None);
                    FileStore::create("disk/db", schema(), &simulated(&disk, 8)).unwrap();
                }
            }
            assert!(fired > 5, "only {fired} calls need room");
        }
    }
}

#[test]
fn a_parent_that_may_not_be_written_takes_no_database_and_keeps_the_one_it_has() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let parent = home.path().join("parent");
        fs::create_dir(&parent).unwrap();
        if !become_bound(home.path()) {
            return;
        }
        // What root has made is in a directory that is not root's any more.
        fs::remove_dir(&parent).unwrap();
        fs::create_dir(&parent).unwrap();
        fs::create_dir(parent.join("there")).unwrap();
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).unwrap();
        let before = tree(&parent);
        for absent in ["absent", "absent/below"] {
            let error = FileStore::create(parent.join(absent), schema(), &options()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
            assert!(error.to_string().contains(parent.join(absent).to_str().unwrap()), "{error}");
        }
        assert_eq!(tree(&parent), before);

        let there = parent.join("there");
        let store = FileStore::create(&there, schema(), &options()).unwrap();
        store.upsert(record(1)).unwrap();
        drop(store);
        assert_eq!(FileStore::open(&there, &options()).unwrap().len().unwrap(), 1);
        assert_eq!(names(&parent), ["there"]);
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o700)).unwrap();
    });
}

#[test]
fn a_parent_that_may_be_written_and_not_read_takes_a_database() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        if !become_bound(home.path()) {
            return;
        }
        let parent = home.path().join("parent");
        fs::create_dir(&parent).unwrap();
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o300)).unwrap();
        let dir = parent.join("db");
        let store = FileStore::create(&dir, schema(), &options()).unwrap();
        store.upsert(record(1)).unwrap();
        drop(store);
        assert_eq!(FileStore::open(&dir, &options()).unwrap().len().unwrap(), 1);
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(names(&parent), ["db"]);
        assert!(!bytes(&dir).is_empty());
    });
}

/// A maker is done between two calls of another one that looks for leftovers: it renames its directory,
/// writes, and closes.
#[test]
fn a_database_that_gets_its_name_while_others_look_for_left_overs_is_left_alone() {
    let mut renamed = 0;
    for at in 1.. {
        let disk = empty_disk(false);
        let store = FileStore::create("disk/db", schema(), &simulated(&disk, 7)).unwrap();
        store.upsert(record(1)).unwrap();
        let temporary = format!("disk/.iqdb-new-{:032x}", store.stats().unwrap().database);
        drop(store);
        disk.interfere(Outside::Rename("disk/db".into(), temporary.clone().into())).unwrap();
        let first = disk.calls().len();
        let done = Outside::Rename(temporary.into(), "disk/db".into());
        disk.interfere_at(first as u64 + at, move |_| Some(done));
        FileStore::create("disk/other", schema(), &simulated(&disk, 8)).unwrap();
        // As long as the lock is not taken the maker may rename.
        let calls = &disk.calls()[first..];
        if calls
            .iter()
            .position(|call| *call == Call::Lock)
            .is_some_and(|lock| at > lock as u64 + 1)
        {
            break;
        }
        renamed += u64::from(disk.interfered().is_some());
        let store = FileStore::open("disk/db", &simulated(&disk, 7));
        assert_eq!(store.unwrap().len().unwrap(), 1, "renamed before call {at}");
    }
    assert!(renamed > 2, "{renamed}");
}
