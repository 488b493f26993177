//! One writer, or readers: the lock is of the directory and of a file in it, and an error that says
//! which process holds it says the truth.

use std::fs;
use std::path::Path;
use std::process;

use iqdb_core::{Error, ErrorKind, StoreExt};
use iqdb_file::vfs::Vfs;
use iqdb_file::vfs::sim::{Outside, SimVfs};
use iqdb_file::{FileOptions, FileStore, LockedBy};

use crate::child::{Player, alone, plays, this_test, wait_until_told};
use crate::database::{made, numbers, options, record, records, schema};
use crate::taken::{Taken, WRITTEN, replace};

fn roomy() -> FileOptions {
    FileOptions::new().with_reserve_bytes(4 << 10)
}

/// No other handle opens it, to write or to read. The errors.
fn all_are_locked_out(dir: &Path) -> Vec<Error> {
    let all = [
        FileStore::open(dir, &options()),
        FileStore::open_read_only(dir, &options()),
        FileStore::open_or_create(dir, schema(), &options()),
        FileStore::create(dir, schema(), &options()),
    ];
    let refused = all.map(|opened| opened.unwrap_err());
    for error in &refused {
        assert_eq!(error.kind(), ErrorKind::Locked, "{error:?}");
    }
    refused.into()
}

#[test]
fn a_lock_that_is_removed_or_replaced_by_hand_lets_no_second_writer_in() {
    let deeds: [fn(&Path); 3] = [
        |lock| fs::remove_file(lock).unwrap(),
        |lock| replace(lock, b""),
        |lock| fs::rename(lock, lock.with_extension("away")).unwrap(),
    ];
    for deed in deeds {
        let taken = Taken::new(&roomy());
        assert_eq!(taken.store.stats().unwrap().locked_by, LockedBy::DirectoryAndFile);
        let lock = taken.dir.join("lock");
        deed(&lock);
        all_are_locked_out(&taken.dir);
        let remains = taken.notices(lock.to_str().unwrap()).unwrap();
        remains.has_all();
    }
}

#[test]
fn a_lock_that_is_removed_by_hand_lets_no_writer_in_beside_a_reader() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    made(&dir, 0..10);
    let reader = FileStore::open_read_only(&dir, &options()).unwrap();
    fs::remove_file(dir.join("lock")).unwrap();
    assert_eq!(FileStore::open(&dir, &options()).unwrap_err().kind(), ErrorKind::Locked);
    let other = FileStore::open_read_only(&dir, &options()).unwrap();
    assert_eq!(numbers(&other), numbers(&reader));
    drop((reader, other));
    assert_eq!(numbers(&FileStore::open(&dir, &options()).unwrap()).len(), 10);
}

/// The network file systems are such.
#[test]
fn where_directories_can_not_be_locked_a_removed_lock_is_noticed_and_nothing_is_lost() {
    const DIR: &str = "disk/db";
    let disk = SimVfs::new();
    disk.put(Path::new("disk/notes"), b"mine").unwrap();
    disk.set_locks_dirs(false);
    let options = roomy().with_vfs(disk.clone());
    let first = FileStore::create(DIR, schema(), &options).unwrap();
    assert_eq!(first.stats().unwrap().locked_by, LockedBy::File);
    assert_eq!(FileStore::open(DIR, &options).unwrap_err().kind(), ErrorKind::Locked);
    first.apply(&records(0..10)).unwrap();
    disk.interfere(Outside::Remove(Path::new(DIR).join("lock"))).unwrap();

    let second = FileStore::open(DIR, &options).unwrap();
    second.apply(&records(10..20)).unwrap();
    let in_doubt = first.apply(&records(100..101)).unwrap_err();
    assert_eq!(in_doubt.kind(), ErrorKind::OutcomeUnknown, "{in_doubt:?}");
    let refused = first.apply(&records(101..102)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Damaged, "{refused:?}");
    drop(first);
    second.apply(&records(20..30)).unwrap();
    drop(second);

    let mut found = numbers(&FileStore::open(DIR, &options).unwrap());
    found.remove(&100);
    assert_eq!(found, (0..30).collect(), "acknowledged by one of the two");
    assert!(disk.open_dir(Path::new(DIR)).unwrap().lookup("lock").unwrap().is_some());
}

/// What the error says of the holders, where the system tells.
fn told(error: &Error) -> Option<&str> {
    assert_eq!(error.kind(), ErrorKind::Locked);
    let told = error.finding();
    assert!(told.is_some() || !the_system_tells(), "the system tells who holds a lock");
    told
}

/// Whether the system's list of locks has the files of this file system by the numbers that they
/// have. On Linux all but Btrfs and overlayfs do.
fn the_system_tells() -> bool {
    use std::os::unix::fs::MetadataExt;
    let file = tempfile::tempfile().unwrap();
    file.try_lock().unwrap();
    let found = file.metadata().unwrap();
    let place = format!(
        "{:02x}:{:02x}:{} ",
        libc::major(found.dev()),
        libc::minor(found.dev()),
        found.ino()
    );
    std::fs::read_to_string("/proc/locks").is_ok_and(|locks| locks.contains(&place))
}

#[test]
fn locked_names_the_reader_that_holds_it_and_not_the_writer_that_has_ended() {
    let test = this_test!();
    if let Some(dir) = plays(test, "writer") {
        let store = FileStore::open(dir, &options()).unwrap();
        store.apply(&records(10..20)).unwrap();
        return wait_until_told();
    }
    if let Some(dir) = plays(test, "reader") {
        let _store = FileStore::open_read_only(dir, &options()).unwrap();
        return wait_until_told();
    }
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    made(&dir, 0..10);

    let mut writer = Player::start(test, "writer", &dir);
    for error in all_are_locked_out(&dir) {
        let expected = format!("process {}, which writes", writer.id());
        assert!(told(&error).is_none_or(|told| told == expected), "{error}");
    }
    writer.tell();
    writer.wait();

    let readers = [(); 2].map(|()| Player::start(test, "reader", &dir));
    let mut ids = readers.each_ref().map(Player::id);
    ids.sort_unstable();
    let error = FileStore::open(&dir, &options()).unwrap_err();
    let expected = format!("processes {}, {}, which read", ids[0], ids[1]);
    assert!(told(&error).is_none_or(|told| told == expected), "{error}");
    assert!(!error.to_string().contains(&writer.id().to_string()), "{error}");
    drop(readers);

    let reader = FileStore::open_read_only(&dir, &options()).unwrap();
    let error = FileStore::open(&dir, &options()).unwrap_err();
    let expected = format!("this process, {}, which reads", process::id());
    assert!(told(&error).is_none_or(|told| told == expected), "{error}");
    assert_eq!(numbers(&reader), (0..20).collect());
}

#[test]
fn a_writer_that_is_killed_leaves_no_lock_behind() {
    let test = this_test!();
    if let Some(dir) = plays(test, "writer") {
        let store = FileStore::open(dir, &options()).unwrap();
        store.apply(&records(10..20)).unwrap();
        return wait_until_told();
    }
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    made(&dir, 0..10);
    let mut writer = Player::start(test, "writer", &dir);
    assert_eq!(FileStore::open(&dir, &options()).unwrap_err().kind(), ErrorKind::Locked);
    writer.kill();
    assert_eq!(numbers(&FileStore::open(&dir, &options()).unwrap()), (0..20).collect());
}

/// Another descriptor of the directory, such as that of a shell which is in it, holds nothing.
#[test]
fn a_process_that_is_in_the_directory_keeps_no_writer_out() {
    alone(this_test!(), || {
        let taken = Taken::new(&roomy());
        std::env::set_current_dir(&taken.dir).unwrap();
        taken.store.apply(&records(WRITTEN..WRITTEN + 1)).unwrap();
        drop(taken.store);
        let store = FileStore::open(".", &options()).unwrap();
        store.apply(&iqdb_core::Batch::new().upsert(record(1))).unwrap();
        std::env::set_current_dir("/").unwrap();
    });
}
