//! Files of an open database are replaced, by text or by earlier copies of themselves, or get a second
//! name.

use std::fs;
use std::path::Path;

use iqdb_core::{ErrorKind, Store, StoreExt};
use iqdb_file::{Defect, FileOptions, FileStore, ReadMode};

use crate::database::{bytes, copy, newest, numbers, options, record, records, schema};
use crate::taken::{
    Remains, Taken, WRITTEN, bytes_of, is, opens_as_damaged, opens_with_all, replace,
};

/// Nothing is sealed on its own.
fn roomy() -> FileOptions {
    FileOptions::new().with_reserve_bytes(4 << 10)
}

/// Puts these bytes in place of the newest file of a kind; what comes of it.
fn replaced(kind: &str, options: &FileOptions, bytes: &[u8]) -> Result<Remains, String> {
    let taken = Taken::new(options);
    let file = taken.file(kind);
    replace(&file, bytes);
    taken.notices(file.to_str().unwrap())
}

#[test]
fn a_log_that_is_replaced_by_another_file_takes_one_write_in_doubt_and_no_more() {
    for bytes in [&b""[..], b"notes of a stranger", &[0; 4_096]] {
        replaced("log-", &roomy(), bytes).unwrap().is_damaged("log-");
    }
}

#[test]
fn a_log_that_is_replaced_by_an_equal_copy_takes_one_write_in_doubt_and_loses_nothing() {
    let taken = Taken::new(&roomy());
    let log = taken.file("log-");
    replace(&log, &bytes_of(&log));
    taken.notices(log.to_str().unwrap()).unwrap().has_all();
}

#[test]
fn a_log_that_is_replaced_by_an_earlier_copy_of_itself_is_missed_at_opening() {
    let taken = Taken::new(&roomy());
    let log = taken.file("log-");
    let earlier = bytes_of(&log);
    taken.store.apply(&records(0..7)).unwrap();
    replace(&log, &earlier);
    taken.notices(log.to_str().unwrap()).unwrap().is_damaged("log-");
}

/// A killed process leaves the files as they are, without what closing writes.
#[test]
fn an_earlier_copy_of_the_log_is_noticed_after_its_writer_was_killed() {
    let taken = Taken::new(&roomy());
    let log = newest(&taken.dir, "log-");
    let killed = taken.home.path().join("killed");
    for written in 1..4 {
        let earlier = bytes_of(&taken.dir.join(&log));
        taken.store.upsert(record(written)).unwrap();
        copy(&taken.dir, &killed);
        opens_as_it_is(&killed, WRITTEN);
        fs::remove_dir_all(&killed).unwrap();
        copy(&taken.dir, &killed);
        fs::write(killed.join(&log), earlier).unwrap();
        opens_as_damaged(&killed, "log-");
        fs::remove_dir_all(&killed).unwrap();
    }
}

#[test]
fn a_log_that_is_cut_by_hand_is_noticed_after_its_writer_was_killed() {
    let taken = Taken::new(&roomy());
    let log = newest(&taken.dir, "log-");
    let killed = taken.home.path().join("killed");
    let whole = bytes_of(&taken.dir.join(&log));
    for len in [0, 10, 64, 65, whole.len() / 2, whole.len() - 1] {
        copy(&taken.dir, &killed);
        fs::write(killed.join(&log), &whole[..len]).unwrap();
        opens_as_damaged(&killed, "log-");
        fs::remove_dir_all(&killed).unwrap();
    }
}

#[test]
fn an_earlier_copy_of_the_log_is_noticed_after_a_clean_end() {
    let taken = Taken::new(&roomy());
    let log = taken.file("log-");
    let earlier = bytes_of(&log);
    taken.store.upsert(record(1)).unwrap();
    drop(taken.store);
    fs::write(&log, earlier).unwrap();
    opens_as_damaged(&taken.dir, "log-");
}

#[test]
fn an_earlier_manifest_with_its_log_is_noticed_after_a_checkpoint() {
    // Right after the checkpoint, and after a write into the new log.
    for (later, named) in [(0..0, "killed"), (7..9, "manifest-")] {
        let taken = Taken::new(&roomy());
        let earlier = bytes(&taken.dir);
        taken.store.apply(&records(0..7)).unwrap();
        taken.store.compact().unwrap();
        taken.store.apply(&records(later)).unwrap();
        let killed = taken.home.path().join("killed");
        copy(&taken.dir, &killed);
        opens_as_it_is(&killed, WRITTEN);
        fs::remove_dir_all(&killed).unwrap();

        copy(&taken.dir, &killed);
        for kind in ["manifest-", "log-"] {
            fs::remove_file(killed.join(newest(&killed, kind))).unwrap();
        }
        for (name, bytes) in earlier.into_iter().filter(|(name, _)| name != "lock") {
            fs::write(killed.join(name), bytes).unwrap();
        }
        opens_as_damaged(&killed, named);
    }
}

#[test]
fn an_earlier_manifest_beside_the_newest_changes_nothing() {
    let taken = Taken::new(&roomy());
    let manifest = newest(&taken.dir, "manifest-");
    let earlier = bytes_of(&taken.dir.join(&manifest));
    taken.store.compact().unwrap();
    drop(taken.store);
    fs::write(taken.dir.join(manifest), earlier).unwrap();
    opens_with_all(&taken.dir, WRITTEN);
}

#[test]
fn a_manifest_that_is_replaced_is_noticed_and_its_file_is_named() {
    for bytes in [&b""[..], b"notes of a stranger"] {
        replaced("manifest-", &roomy(), bytes).unwrap().is_damaged("manifest-");
    }
    let taken = Taken::new(&roomy());
    let manifest = taken.file("manifest-");
    replace(&manifest, &bytes_of(&manifest));
    taken.notices(manifest.to_str().unwrap()).unwrap().has_all();
}

#[test]
fn a_lock_that_is_replaced_is_noticed_and_nothing_is_lost() {
    replaced("lock", &roomy(), b"").unwrap().has_all();
    // Nothing is written beside a file of a stranger, which has no room for a mark.
    let remains = replaced("lock", &roomy(), b"notes of a stranger").unwrap();
    let (lock, before) = (remains.dir.join("lock"), bytes(&remains.dir));
    let store = FileStore::open(&remains.dir, &options()).unwrap();
    assert!(numbers(&store).is_superset(&(0..WRITTEN).collect()));
    let refused = store.upsert(record(WRITTEN)).map(drop);
    assert_eq!(is(refused, ErrorKind::Io, lock.to_str().unwrap()), Ok(()));
    drop(store);
    assert_eq!(bytes(&remains.dir), before);
    fs::remove_file(lock).unwrap();
    remains.has_all();
}

#[test]
fn a_segment_that_is_replaced_while_it_is_mapped_is_read_on_and_named_at_opening() {
    for read_mode in [ReadMode::Map, ReadMode::Copy] {
        for bytes in [&b""[..], b"notes of a stranger", &[0; 1 << 16]] {
            let taken = Taken::new(&roomy().with_read_mode(read_mode));
            let segment = taken.file("segment-");
            replace(&segment, bytes);
            taken.reads_all().unwrap();
            let remains = Remains { home: taken.home, dir: taken.dir };
            drop(taken.store);
            remains.is_damaged(segment.to_str().unwrap());
        }
    }
}

/// What `cp -al` makes: another directory with the same files. A write to one of them changes both.
#[test]
fn a_log_with_a_second_name_is_never_written_and_read_as_before() {
    let taken = Taken::new(&roomy());
    drop(taken.store);
    let linked = taken.home.path().join("linked");
    fs::create_dir(&linked).unwrap();
    for (name, _) in bytes(&taken.dir) {
        fs::hard_link(taken.dir.join(&name), linked.join(name)).unwrap();
    }
    let before = bytes(&taken.dir);
    for dir in [&taken.dir, &linked] {
        let error = FileStore::open(dir, &options()).unwrap_err();
        let text = error.to_string();
        let documented = [ErrorKind::Io, ErrorKind::Damaged, ErrorKind::NotSupported];
        assert!(text.contains(dir.join("log-").to_str().unwrap()), "{text}");
        assert!(documented.contains(&error.kind()), "opening has no such error: {text}");
        assert_eq!(error.operation(), Some("open"), "{text}");
        let reader = FileStore::open_read_only(dir, &options()).unwrap();
        assert_eq!(numbers(&reader), (0..WRITTEN).collect());
    }
    assert_eq!(bytes(&taken.dir), before);
    fs::remove_dir_all(linked).unwrap();
    opens_with_all(&taken.dir, WRITTEN);
}

#[test]
fn a_second_name_that_a_needed_file_gets_while_it_is_open_is_noticed() {
    for kind in ["log-", "manifest-", "lock"] {
        let taken = Taken::new(&roomy());
        let file = taken.file(kind);
        fs::hard_link(&file, taken.home.path().join("linked")).unwrap();
        let remains = taken.notices(file.to_str().unwrap()).unwrap();
        fs::remove_file(remains.home.path().join("linked")).unwrap();
        remains.has_all();
    }
}

/// A link is no file of a database, wherever it leads.
#[test]
fn a_log_that_is_replaced_by_a_link_to_itself_takes_one_write_in_doubt_and_no_more() {
    let taken = Taken::new(&roomy());
    let (log, away) = (taken.file("log-"), taken.home.path().join("away"));
    fs::rename(&log, &away).unwrap();
    std::os::unix::fs::symlink(&away, &log).unwrap();
    let remains = taken.notices(log.to_str().unwrap()).unwrap();
    let error = FileStore::open(&remains.dir, &options()).unwrap_err();
    assert!(error.to_string().contains(log.to_str().unwrap()), "{error}");
}

#[test]
fn a_store_that_looks_no_name_up_goes_on_writing_to_a_file_that_was_replaced() {
    let blind = roomy().with_defect(Defect::NamesNotLookedUp);
    for kind in ["log-", "manifest-", "lock"] {
        assert!(replaced(kind, &blind, b"notes of a stranger").is_err(), "the defect is seen");
    }
}

fn opens_as_it_is(dir: &Path, written: u64) {
    let store = FileStore::open(dir, &options()).unwrap();
    assert_eq!(numbers(&store), (0..written).collect());
    assert_eq!(store.schema(), schema());
}
