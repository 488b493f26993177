//! A checkpoint that fails in the background, and a thread that can't be started: no write fails of it
//! at first, it is seen at once, and it is over when its cause is.

use std::error::Error as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use iqdb_core::{Error, ErrorKind, StoreExt};
use iqdb_file::vfs::OsVfs;
use iqdb_file::vfs::sim::{Fault, FaultKind, SimVfs};
use iqdb_file::{FileOptions, FileStore};

use crate::child::{alone, this_test};
use crate::database::{numbers, record, records, schema};
use crate::events::{heard, listen};
use crate::limits::{Limited, become_bound, limit, no_more_files};
use crate::refusing::Refusing;

/// The size of the log, in bytes, from which on it is sealed.
const LOG_BYTES: u64 = 4 << 10;

/// What a log has before its first frame.
const HEADER: u64 = 64;

fn options() -> FileOptions {
    FileOptions::new().with_seal_bounds(LOG_BYTES, 1 << 20, 1 << 30).with_reserve_bytes(0)
}

/// Where the cause of a failure comes and goes.
type Cause<'a> = &'a dyn Fn(bool);

/// The whole law of a checkpoint that fails, for a cause that the system calls `words`. The store is
/// empty, and `dir` is where it is found again.
fn fails_and_recovers(dir: &Path, options: &FileOptions, cause: Cause<'_>, words: &str) {
    let store = FileStore::create(dir, schema(), options).unwrap();
    listen();
    let mut next = 0;
    let log = || store.stats().unwrap().log_bytes - HEADER;
    let mut write = || {
        let written = store.upsert(record(next));
        next += u64::from(written.is_ok());
        written
    };
    while log() < LOG_BYTES {
        write().unwrap();
    }
    assert_eq!(store.stats().unwrap().checkpoint_failure, None);
    cause(true);

    // The next write makes the attempt. It is acknowledged all the same, and the failure is seen.
    write().unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.checkpoints_failed, stats.log_bytes_max), (1, LOG_BYTES));
    assert!(stats.checkpoint_failure.is_some_and(|told| told.contains("checkpoint")));
    let events = heard();
    let [event] = &*events else { panic!("{} events: {events:?}", events.len()) };
    assert!(event.starts_with("WARN iqdb") && event.contains("checkpoint"), "{event}");

    // Until the log is four times its bound.
    let refused = loop {
        match write() {
            Ok(_) => assert!(log() < 5 * LOG_BYTES, "the log grows without end"),
            Err(error) => break error,
        }
    };
    assert!(log() >= 4 * LOG_BYTES, "refused with {} bytes in the log", log());
    is_refused_with(&refused, words);
    let attempts = store.stats().unwrap().checkpoints_failed;
    is_refused_with(&write().unwrap_err(), words);
    is_refused_with(&store.delete(0).unwrap_err(), words);
    assert_eq!(store.stats().unwrap().checkpoints_failed, attempts + 2, "each tries once more");
    assert_eq!(heard(), [""; 0], "it was told already");
    let all = numbers(&store);

    // Nothing has to be done for it but to remove the cause.
    cause(false);
    write().unwrap();
    let stats = store.stats().unwrap();
    assert_eq!((stats.checkpoint_failure, stats.checkpoints_failed), (None, 0));
    assert!(log() < LOG_BYTES, "the log is sealed: {} bytes", log());
    assert_eq!(heard(), [""; 0]);

    // Another failure is another event.
    while log() < LOG_BYTES {
        write().unwrap();
    }
    cause(true);
    write().unwrap();
    assert_eq!(heard().len(), 1);
    cause(false);
    assert_eq!(all.len() as u64, all.last().unwrap() + 1);
    drop(store);
    let store = FileStore::open(dir, options).unwrap();
    assert_eq!(numbers(&store), (0..next).collect(), "everything that was acknowledged");
    store.verify(&mut ()).unwrap();
}

fn is_refused_with(error: &Error, words: &str) {
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    let causes = std::iter::successors(error.source(), |&error| error.source());
    let mut causes = causes.filter_map(|cause| cause.downcast_ref::<io::Error>());
    let is_it = causes.any(|cause| cause.to_string().to_lowercase().contains(words));
    assert!(is_it, "{words} is not its cause: {error:?}");
}

/// On a simulated disk, on which the calls that open, make or rename fail.
fn on_a_simulated_disk(kind: FaultKind, words: &str) {
    let disk = SimVfs::new();
    disk.put(Path::new("disk/notes"), b"mine").unwrap();
    let cause = |is_there: bool| {
        let at = disk.calls().len() as u64 + 1;
        disk.set_fault(is_there.then_some(Fault { at, kind, sticky: true }));
    };
    let options = options().with_vfs(disk.clone());
    fails_and_recovers(Path::new("disk/db"), &options, &cause, words);
}

/// On the real disk, on which no file can be made.
fn where_no_file_can_be_made(errno: i32) {
    let home = tempfile::tempdir().unwrap();
    let files = Refusing::new(OsVfs);
    let words = io::Error::from_raw_os_error(errno).to_string().to_lowercase();
    let cause = |is_there: bool| files.refuse(is_there.then_some(errno));
    let options = options().with_vfs(files.clone());
    fails_and_recovers(&home.path().join("db"), &options, &cause, &words);
}

#[test]
fn a_checkpoint_that_may_not_make_a_file_is_seen_and_recovers() {
    on_a_simulated_disk(FaultKind::Eacces, "permission denied");
    where_no_file_can_be_made(libc::EACCES);
}

#[test]
fn a_checkpoint_whose_disk_fails_is_seen_and_recovers() {
    where_no_file_can_be_made(libc::EIO);
}

#[test]
fn a_checkpoint_with_too_many_open_files_is_seen_and_recovers() {
    on_a_simulated_disk(FaultKind::Emfile, "too many open files");
    where_no_file_can_be_made(libc::EMFILE);
}

#[test]
fn a_checkpoint_whose_directory_is_none_is_seen_and_recovers() {
    on_a_simulated_disk(FaultKind::Enotdir, "not a directory");
    where_no_file_can_be_made(libc::ENOTDIR);
}

/// A person reads of it, and learns what the system said.
#[test]
fn what_is_told_of_a_failed_checkpoint_has_its_cause() {
    for errno in [libc::EACCES, libc::EIO, libc::EMFILE, libc::ENOTDIR, libc::ENOSPC] {
        let home = tempfile::tempdir().unwrap();
        let files = Refusing::new(OsVfs);
        let options = options().with_vfs(files.clone());
        let store = FileStore::create(home.path().join("db"), schema(), &options).unwrap();
        listen();
        files.refuse(Some(errno));
        for n in (0..).take_while(|_| store.stats().unwrap().checkpoints_failed == 0) {
            // On a full disk it is refused at once.
            let _ = store.upsert(record(n));
        }
        files.refuse(None);
        let words = io::Error::from_raw_os_error(errno).to_string();
        let told = store.stats().unwrap().checkpoint_failure.unwrap();
        assert!(told.contains(&words), "{words} is not told: {told}");
        let event = heard().concat();
        assert!(event.contains(&words), "{words} is not told: {event}");
    }
}

/// At any of the calls that a checkpoint makes, once.
#[test]
fn one_error_of_the_disk_anywhere_in_a_checkpoint_loses_nothing_and_is_seen_or_mended() {
    let mut seen = 0;
    for later in 0.. {
        let disk = SimVfs::new();
        disk.put(Path::new("disk/notes"), b"mine").unwrap();
        let options = options().with_vfs(disk.clone()).with_seed(3);
        let store = FileStore::create("disk/db", schema(), &options).unwrap();
        let mut next = 0;
        while store.stats().unwrap().log_bytes - HEADER < LOG_BYTES {
            store.upsert(record(next)).unwrap();
            next += 1;
        }
        let at = disk.calls().len() as u64 + 1 + later;
        disk.set_fault(Some(Fault { at, kind: FaultKind::Eio, sticky: false }));
        let sealed = store.upsert(record(next));
        let is_done = disk.faults_fired() == 0;
        let stats = store.stats().unwrap();
        match sealed {
            Ok(_) => {
                next += 1;
                let is_sealed = stats.log_bytes - HEADER < LOG_BYTES;
                assert!(is_sealed || stats.checkpoint_failure.is_some(), "call {at} is not seen");
            }
            Err(error) => assert!(error.source().is_some() || error.finding().is_some(), "{error}"),
        }
        seen += u64::from(stats.checkpoint_failure.is_some());
        drop(store);
        disk.set_fault(None);
        let found = numbers(&FileStore::open("disk/db", &options).unwrap());
        assert!(found.is_superset(&(0..next).collect()), "call {at}: {} are there", found.len());
        if is_done {
            break;
        }
    }
    assert!(seen > 5, "only {seen} calls make a checkpoint fail");
}

#[test]
fn a_process_that_may_open_no_more_files_goes_on_writing_and_recovers() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        let before = std::cell::Cell::new(0);
        let cause = |is_there: bool| match is_there {
            true => before.set(no_more_files()),
            false => _ = limit(Limited::OpenFiles, before.get()),
        };
        fails_and_recovers(&home.path().join("db"), &options(), &cause, "too many open files");
    });
}

#[test]
fn a_directory_that_may_not_be_written_any_more_takes_writes_for_a_while_and_recovers() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        if !become_bound(home.path()) {
            return;
        }
        let dir = home.path().join("db");
        let cause = |is_there: bool| {
            let mode = if is_there { 0o500 } else { 0o700 };
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        };
        fails_and_recovers(&dir, &options(), &cause, "permission denied");
    });
}

#[test]
fn large_batches_are_written_where_no_thread_can_be_started() {
    alone(this_test!(), || {
        let home = tempfile::tempdir().unwrap();
        if !become_bound(home.path()) {
            return;
        }
        let dir = home.path().join("db");
        let options = FileOptions::new().with_placed_from_bytes(1);
        let store = FileStore::create(&dir, schema(), &options).unwrap();
        let before = limit(Limited::Processes, 0);
        let started = std::thread::Builder::new().spawn(|| ());
        if started.is_ok() {
            eprintln!("skipped, because this process may start threads whatever its limit is");
            return;
        }
        for n in 0..10 {
            store.apply(&records(n * 100..n * 100 + 100)).unwrap();
        }
        store.compact().unwrap();
        store.apply(&records(1_000..1_100)).unwrap();
        assert_eq!(numbers(&store), (0..1_100).collect());
        drop(store);
        let store = FileStore::open(&dir, &options).unwrap();
        assert_eq!(numbers(&store), (0..1_100).collect());
        limit(Limited::Processes, before);
    });
}
