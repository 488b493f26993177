//! Files of an open database, or its directory, are removed or moved away.

use std::fs;
use std::path::Path;

use iqdb_core::{ErrorKind, Store, StoreExt};
use iqdb_file::{Defect, Durability, FileOptions, FileStore, ReadMode};

use crate::database::{Law, bytes, made, names, numbers, options, record, records};
use crate::taken::{Remains, Taken, WRITTEN, is};

/// The same bounds, but nothing is sealed on its own.
fn roomy() -> FileOptions {
    FileOptions::new().with_reserve_bytes(4 << 10)
}

/// Moves the newest file of a kind out of the directory; what comes of it. Its former path, too.
fn moved_away(kind: &str, options: &FileOptions) -> Result<Remains, String> {
    let taken = Taken::new(options);
    let file = taken.file(kind);
    fs::rename(&file, taken.home.path().join("away")).unwrap();
    taken.notices(file.to_str().unwrap())
}

fn unlinked(kind: &str) -> Remains {
    let taken = Taken::new(&roomy());
    let file = taken.file(kind);
    fs::remove_file(&file).unwrap();
    taken.notices(file.to_str().unwrap()).unwrap()
}

#[test]
fn a_directory_that_is_removed_takes_no_more_writes() {
    let taken = Taken::new(&roomy());
    fs::remove_dir_all(&taken.dir).unwrap();
    let remains = taken.notices("db").unwrap();
    assert!(names(remains.home.path()).is_empty(), "nothing is made anew");
    let error = FileStore::open(&remains.dir, &options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("create the database first"), "{error}");
}

#[test]
fn a_directory_that_has_the_name_of_a_removed_one_is_left_alone() {
    let taken = Taken::new(&roomy());
    fs::remove_dir_all(&taken.dir).unwrap();
    made(&taken.dir, 0..20);
    let before = bytes(&taken.dir);
    let remains = taken.notices("db").unwrap();
    assert_eq!(bytes(&remains.dir), before);
    assert_eq!(FileStore::open(&remains.dir, &options()).unwrap().len().unwrap(), 20);
}

#[test]
fn a_directory_whose_files_are_all_moved_away_takes_no_more_writes() {
    let taken = Taken::new(&roomy());
    let away = taken.home.path().join("away");
    fs::create_dir(&away).unwrap();
    for name in names(&taken.dir) {
        fs::rename(taken.dir.join(&name), away.join(name)).unwrap();
    }
    let remains = taken.notices("db").unwrap();
    assert!(names(&remains.dir).is_empty());
    crate::taken::opens_with_all(&away, WRITTEN);
}

#[test]
fn a_log_that_is_moved_away_takes_one_write_in_doubt_and_no_more() {
    moved_away("log-", &roomy()).unwrap().is_damaged("log-");
}

#[test]
fn a_log_that_was_moved_away_is_as_good_as_before_once_it_is_back() {
    let taken = Taken::new(&roomy());
    let (log, away) = (taken.file("log-"), taken.home.path().join("away"));
    fs::rename(&log, &away).unwrap();
    let remains = taken.notices("log-").unwrap();
    fs::rename(away, log).unwrap();
    remains.has_all();
}

#[test]
fn a_log_that_is_back_is_written_again_only_after_opening() {
    let taken = Taken::new(&roomy());
    let (log, away) = (taken.file("log-"), taken.home.path().join("away"));
    fs::rename(&log, &away).unwrap();
    assert_eq!(taken.store.upsert(record(60)).unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    fs::rename(away, log).unwrap();
    assert_eq!(taken.store.upsert(record(61)).unwrap_err().kind(), ErrorKind::Damaged);
    taken.reads_all().unwrap();
    let Taken { home: _home, dir, store, .. } = taken;
    drop(store);
    crate::taken::opens_with_all(&dir, WRITTEN);
}

#[test]
fn a_log_that_is_unlinked_takes_one_write_in_doubt_and_no_more() {
    unlinked("log-").is_damaged("log-");
}

#[test]
fn a_manifest_that_is_unlinked_or_moved_away_is_noticed_and_missed_at_opening() {
    unlinked("manifest-").is_damaged("manifest");
    moved_away("manifest-", &roomy()).unwrap().is_damaged("manifest");
}

#[test]
fn a_lock_that_is_unlinked_or_moved_away_is_noticed_and_nothing_is_lost() {
    unlinked("lock").has_all();
    moved_away("lock", &roomy()).unwrap().has_all();
}

#[test]
fn compacting_and_closing_notice_it_without_a_write_before() {
    for kind in ["log-", "manifest-", "lock"] {
        let taken = Taken::new(&roomy());
        let file = taken.file(kind);
        fs::remove_file(&file).unwrap();
        let named = file.to_str().unwrap();
        assert_eq!(is(taken.store.compact(), ErrorKind::OutcomeUnknown, named), Ok(()));
        assert_eq!(is(taken.store.compact(), ErrorKind::Damaged, named), Ok(()));
        taken.reads_all().unwrap();

        let Taken { home: _home, dir, store, .. } = Taken::new(&roomy());
        fs::remove_file(dir.join(crate::database::newest(&dir, kind))).unwrap();
        let before = bytes(&dir);
        drop(store);
        assert_eq!(bytes(&dir), before, "closing writes nothing where {kind} is missing");
    }
}

#[test]
fn relaxed_writes_and_their_flush_notice_a_log_that_is_moved_away() {
    let relaxed = roomy().with_durability(Durability::Relaxed);
    moved_away("log-", &relaxed).unwrap().is_damaged("log-");

    let taken = Taken::new(&relaxed);
    let log = taken.file("log-");
    fs::rename(&log, taken.home.path().join("away")).unwrap();
    let named = log.to_str().unwrap();
    assert_eq!(is(taken.store.flush(), ErrorKind::OutcomeUnknown, named), Ok(()));
    assert_eq!(is(taken.store.flush(), ErrorKind::Damaged, named), Ok(()));
    taken.reads_all().unwrap();
}

#[test]
fn rows_of_a_large_batch_whose_segment_is_taken_away_are_not_acknowledged() {
    let taken = Taken::new(&roomy().with_placed_from_bytes(1));
    // The batch before has rows in it already.
    let rows = taken.file("segment-");
    fs::rename(&rows, taken.home.path().join("away")).unwrap();
    let remains = taken.notices(rows.to_str().unwrap()).unwrap();
    let opened = FileStore::open(&remains.dir, &options());
    assert!(
        opened.as_ref().is_err_and(|error| error.kind() == ErrorKind::Damaged),
        "rows that were acknowledged are missing: {opened:?}"
    );
}

#[test]
fn a_segment_that_is_unlinked_while_it_is_mapped_is_read_on_and_missed_at_opening() {
    for read_mode in [ReadMode::Map, ReadMode::Copy] {
        let taken = Taken::new(&roomy().with_read_mode(read_mode));
        let segment = taken.file("segment-");
        fs::remove_file(&segment).unwrap();
        taken.reads_all().unwrap();
        let remains = Remains { home: taken.home, dir: taken.dir };
        drop(taken.store);
        remains.is_damaged(segment.to_str().unwrap());
    }
}

/// What a log takes after it was moved away, and no opening will find.
fn law_of_a_moved_log(options: &FileOptions) -> Law {
    moved_away("log-", options).map(drop)
}

#[test]
fn a_store_that_looks_no_name_up_acknowledges_what_no_opening_finds() {
    assert_eq!(law_of_a_moved_log(&options()), Ok(()));
    let blind = options().with_defect(Defect::NamesNotLookedUp);
    assert!(law_of_a_moved_log(&blind).is_err(), "the planted defect is seen");

    let taken = Taken::new(&roomy().with_defect(Defect::NamesNotLookedUp));
    fs::rename(taken.file("log-"), taken.home.path().join("away")).unwrap();
    taken.store.apply(&records(WRITTEN..WRITTEN + 5)).unwrap();
    drop(taken.store);
    let found = FileStore::open(&taken.dir, &options()).map(|store| numbers(&store).len());
    assert!(found.is_err(), "acknowledged, and not to be found: {found:?}");
}

#[test]
fn the_directory_of_a_database_that_lost_a_file_holds_what_it_held() {
    let taken = Taken::new(&roomy());
    let log = taken.file("log-");
    fs::remove_file(&log).unwrap();
    // The reserve may have grown for the write that is in doubt.
    let files = |dir: &Path| {
        let mut files = bytes(dir);
        files.remove("reserve");
        files
    };
    let left = files(&taken.dir);
    let remains = taken.notices("log-").unwrap();
    let now = files(&remains.dir);
    assert_eq!(now.keys().collect::<Vec<_>>(), left.keys().collect::<Vec<_>>());
    for (name, bytes) in left {
        assert!(now[&name] == bytes, "{name} was changed");
    }
}
