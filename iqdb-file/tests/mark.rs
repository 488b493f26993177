//! The mark in `lock`: who is held to it, what it keeps, and that nothing is written without it.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use fastrand::Rng;
use iqdb_core::{
    Batch, Budget, Error, ErrorKind, Field, FieldKind, Metric, Record, Schema, Store, StoreExt,
    Version,
};
use iqdb_file::vfs::sim::{Call, Fault, FaultKind, Outside, SimVfs};
use iqdb_file::{Defect, Durability, FileOptions, FileStore};

const LOCK: &str = "disk/db/lock";

fn record(id: u64) -> Record {
    Record::new(id, [id as f32, 1.0]).unwrap()
}

fn options(disk: &SimVfs) -> FileOptions {
    FileOptions::new().with_vfs(disk.clone()).with_reserve_bytes(0)
}

/// The options of a store with this defect, if any.
fn defective(disk: &SimVfs, defect: Option<Defect>) -> FileOptions {
    match defect {
        Some(defect) => options(disk).with_defect(defect),
        None => options(disk),
    }
}

fn created(disk: &SimVfs, options: &FileOptions) -> FileStore {
    disk.put(Path::new("disk/notes"), b"mine").unwrap();
    FileStore::create("disk/db", Schema::new(2, Metric::Euclidean).unwrap(), options).unwrap()
}

/// The names in the directory of the database, but for those that are always there.
fn names(disk: &SimVfs) -> Vec<String> {
    let paths = disk.files().into_keys().filter(|path| path.starts_with("disk/db"));
    let names = paths.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    names.filter(|name| name != "lock" && name != "reserve").collect()
}

/// Lets a call of this kind fail that `deed` is about to make: the first one or the last one.
fn fail(
    disk: &SimVfs,
    call: Call,
    is_last: bool,
    options: &FileOptions,
    deed: impl Fn(&FileStore),
) {
    // What it does here it does on a copy first.
    let copy = disk.kill();
    let store = FileStore::open("disk/db", &options.clone().with_vfs(copy.clone())).unwrap();
    if is_last {
        // A process writes one mark more before its first frame.
        upsert(&store);
    }
    let before = copy.calls().len();
    deed(&store);
    let calls = copy.calls().split_off(before);
    let is_it = |made: &Call| *made == call;
    let nth = if is_last { calls.iter().rposition(is_it) } else { calls.iter().position(is_it) };
    let at = (disk.calls().len() + nth.unwrap()) as u64 + 1;
    disk.set_fault(Some(Fault { at, kind: FaultKind::Eio, sticky: false }));
}

fn upsert(store: &FileStore) {
    store.upsert(record(1)).unwrap();
}

#[test]
fn a_mark_that_can_not_be_written_fails_no_batch_and_is_tried_again() {
    let disk = SimVfs::new();
    let store = created(&disk, &options(&disk));
    upsert(&store);
    fail(&disk, Call::Write, true, &options(&disk), upsert);
    upsert(&store);
    assert_eq!(disk.faults_fired(), 1);
    assert!(store.stats().unwrap().mark_failed);
    store.flush().unwrap();
    assert!(!store.stats().unwrap().mark_failed);
    store.verify(&mut ()).unwrap();
}

/// The files of the generation that the last mark names, after a checkpoint whose own mark failed, and
/// what is there after the next write.
fn after_a_checkpoint(defect: Option<Defect>) -> [Vec<String>; 3] {
    let disk = SimVfs::new();
    let options = defective(&disk, defect);
    let store = created(&disk, &options);
    upsert(&store);
    let before = names(&disk);
    let seal = |store: &FileStore| store.compact().unwrap();
    // A checkpoint ends with the mark, and the removal of old files.
    fail(&disk, Call::Write, true, &options, seal);
    seal(&store);
    assert_eq!(disk.faults_fired(), 1);
    assert!(store.stats().unwrap().mark_failed);
    let kept = names(&disk);
    upsert(&store);
    [before, kept, names(&disk)]
}

#[test]
fn the_files_that_the_last_mark_names_stay_until_a_later_mark_is_written() {
    let [before, kept, after] = after_a_checkpoint(None);
    assert!(before.iter().all(|name| kept.contains(name)), "{before:?} of {kept:?}");
    assert!(before.iter().all(|name| !after.contains(name)), "{before:?} of {after:?}");
    let [before, kept, _] = after_a_checkpoint(Some(Defect::MarkedFilesRemoved));
    assert!(!before.iter().all(|name| kept.contains(name)), "the planted defect is seen");
}

fn add_terms(store: &FileStore) -> Result<(), Error> {
    let field = Field::new("terms", FieldKind::Sparse { metric: Metric::Dot })?;
    store.add_field(field, Budget::new(), &mut ()).map(drop::<Version>)
}

/// Another program takes the newest manifest away before call `at` of a call that adds a field, and the
/// power fails later. Returns whether one of many disks that this may leave opens without the field,
/// although it was acknowledged; `None` when there are fewer calls.
fn loses_a_field(at: u64, defect: Option<Defect>) -> Option<bool> {
    let disk = SimVfs::new();
    let options = defective(&disk, defect);
    let store = created(&disk, &options);
    upsert(&store);
    disk.interfere_at(disk.calls().len() as u64 + at, |files| {
        let is_manifest = |path: &&PathBuf| path.to_string_lossy().contains("manifest-");
        let newest = files.keys().rfind(is_manifest)?;
        Some(Outside::Rename(newest.clone(), "disk/moved".into()))
    });
    let is_acknowledged = add_terms(&store).is_ok();
    disk.interfered()?;
    let mut disks = (0..200).map(|seed| disk.crash(&mut Rng::with_seed(seed)));
    let loses = disks.any(|disk| {
        let opened = FileStore::open("disk/db", &options.clone().with_vfs(disk));
        opened.is_ok_and(|store| store.schema().fields().len() == 1)
    });
    Some(is_acknowledged && loses)
}

#[test]
fn a_checkpoint_syncs_its_mark_so_no_earlier_manifest_passes_for_the_database() {
    let loses = |defect| (1..).map_while(|at| loses_a_field(at, defect)).any(|loses| loses);
    assert!(!loses(None));
    assert!(loses(Some(Defect::LaterManifestNotMarked)), "the planted defect is seen");
}

/// A checkpoint whose mark can't be written or synced is no failure. A field that it adds is not
/// acknowledged then, and neither is a later write before there is a mark.
#[test]
fn nothing_is_acknowledged_before_the_manifest_has_a_mark() {
    for call in [Call::Write, Call::SyncData] {
        let disk = SimVfs::new();
        let store = created(&disk, &options(&disk));
        upsert(&store);
        fail(&disk, call, true, &options(&disk), |store| store.compact().unwrap());
        store.compact().unwrap();
        assert!(store.stats().unwrap().mark_failed);
        fail_mark(&disk, call);
        refuses(store.upsert(record(2)).map(drop));
        fail_mark(&disk, call);
        refuses(store.flush());
        store.flush().unwrap();
        upsert(&store);
        assert!(!store.stats().unwrap().mark_failed);
        fail(&disk, call, true, &options(&disk), |store| add_terms(store).unwrap());
        assert_eq!(add_terms(&store).unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        store.upsert(record(3)).unwrap_err();
        drop(store);
        let store = FileStore::open("disk/db", &options(&disk)).unwrap();
        assert_eq!(store.len().unwrap(), 1);
        assert_eq!(store.schema().fields().len(), 2);
    }
}

/// Lets the writing or the syncing of a mark fail that a writer makes before anything else: it looks four
/// names up before.
fn fail_mark(disk: &SimVfs, call: Call) {
    let nth = if call == Call::Write { 5 } else { 6 };
    let at = disk.calls().len() as u64 + nth;
    disk.set_fault(Some(Fault { at, kind: FaultKind::Eio, sticky: false }));
}

/// How many records a reader finds in this boot after the process was killed with a frame that it had
/// written and not published, and in the next.
fn read_after_a_kill(defect: Option<Defect>) -> [u64; 2] {
    let disk = SimVfs::new();
    let options = options(&disk).with_durability(Durability::Relaxed);
    let options = match defect {
        Some(defect) => options.with_defect(defect),
        None => options,
    };
    let store = created(&disk, &options);
    store.apply(&(0..3).fold(Batch::new(), |batch, id| batch.upsert(record(id)))).unwrap();
    store.flush().unwrap();
    store.upsert(record(3)).unwrap();
    let found = |disk: SimVfs| {
        let options = options.clone().with_vfs(disk);
        FileStore::open_read_only("disk/db", &options).unwrap().len().unwrap()
    };
    // The power fails when everything is on the disk by chance.
    let rebooted = (0..1_000).map(|seed| disk.crash(&mut Rng::with_seed(seed)));
    let most = rebooted.map(&found).max().unwrap();
    [found(disk.kill()), most]
}

#[test]
fn a_reader_of_the_same_boot_sees_what_was_published_and_of_another_boot_all_that_is_there() {
    assert_eq!(read_after_a_kill(None), [3, 4]);
    assert_eq!(read_after_a_kill(Some(Defect::UnpublishedShown)), [4, 4]);
    assert_eq!(read_after_a_kill(Some(Defect::MarkOfAnotherBootTrusted)), [3, 3]);
}

#[test]
fn a_writer_of_the_same_boot_finds_all_and_readers_after_it_do_so_too() {
    let disk = SimVfs::new();
    let relaxed = options(&disk).with_durability(Durability::Relaxed);
    let store = created(&disk, &relaxed);
    upsert(&store);
    let killed = disk.kill();
    let options = options(&killed);
    assert_eq!(FileStore::open_read_only("disk/db", &options).unwrap().len().unwrap(), 0);
    let store = FileStore::open("disk/db", &options).unwrap();
    assert_eq!(store.len().unwrap(), 1);
    // The writer is killed before it has written a frame.
    let again = options.clone().with_vfs(killed.kill());
    assert_eq!(FileStore::open_read_only("disk/db", &again).unwrap().len().unwrap(), 1);
    drop(store);
    assert_eq!(FileStore::open_read_only("disk/db", &options).unwrap().len().unwrap(), 1);
}

fn refuses(result: Result<(), Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("disk/db/lock"), "{error}");
}

#[test]
fn nothing_is_written_before_a_mark_is_written_and_synced() {
    for call in [Call::Write, Call::SyncData] {
        let disk = SimVfs::new();
        drop(created(&disk, &options(&disk)));
        let store = FileStore::open("disk/db", &options(&disk)).unwrap();
        let before = disk.files();
        fail(&disk, call, false, &options(&disk), upsert);
        refuses(store.upsert(record(1)).map(drop));
        assert_eq!(disk.calls().last(), Some(&call));
        assert!(store.stats().unwrap().mark_failed);
        for (path, bytes) in disk.files() {
            assert!(path == Path::new(LOCK) || before.get(&path) == Some(&bytes), "{path:?}");
        }
        upsert(&store);
        assert!(!store.stats().unwrap().mark_failed);
    }
}

#[test]
fn beside_a_lock_of_another_program_nothing_is_written_and_all_is_read() {
    let disk = SimVfs::new();
    let store = created(&disk, &options(&disk));
    upsert(&store);
    drop(store);
    disk.interfere(Outside::Put(LOCK.into(), b"notes of a stranger".to_vec())).unwrap();
    let before = disk.files();
    let store = FileStore::open("disk/db", &options(&disk)).unwrap();
    assert_eq!(store.len().unwrap(), 1);
    assert!(store.stats().unwrap().mark_failed);
    refuses(store.upsert(record(2)).map(drop));
    refuses(store.compact());
    drop(store);
    assert_eq!(disk.files(), before);
    disk.interfere(Outside::Remove(LOCK.into())).unwrap();
    let store = FileStore::open("disk/db", &options(&disk)).unwrap();
    store.upsert(record(2)).unwrap();
    assert!(!store.stats().unwrap().mark_failed);
}

#[test]
fn verify_finds_a_mark_that_is_not_what_was_written() {
    let disk = SimVfs::new();
    let store = created(&disk, &options(&disk));
    upsert(&store);
    upsert(&store);
    store.verify(&mut ()).unwrap();
    let dir = iqdb_file::vfs::Vfs::open_dir(&disk, Path::new("disk/db")).unwrap();
    let lock = dir.open("lock", iqdb_file::vfs::Access::Write).unwrap();
    lock.write_at(&[0xa5], 4_096 + 30).unwrap();
    lock.write_at(&[0xa5], 8_192 + 30).unwrap();
    let error = store.verify(&mut ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert!(error.to_string().contains("disk/db/lock"), "{error}");
    // The next mark is whole again.
    upsert(&store);
    store.verify(&mut ()).unwrap();
}

/// A database that was closed says so, and an opening that writes nothing changes no mark.
#[test]
fn an_opening_that_writes_nothing_leaves_the_mark_as_it_is() {
    let disk = SimVfs::new();
    let store = created(&disk, &options(&disk));
    upsert(&store);
    drop(store);
    let before = disk.files();
    for _ in 0..3 {
        let store = FileStore::open("disk/db", &options(&disk)).unwrap();
        store.flush().unwrap();
        drop(store);
        drop(FileStore::open_read_only("disk/db", &options(&disk)).unwrap());
        assert_eq!(disk.files(), before);
    }
}

/// The disk after a database was closed with a log that is sealed then, and how many calls there were
/// before. At the call of this number since then, the newest manifest is taken away, and the call fails.
fn closed_with_a_checkpoint(taken_at: Option<usize>) -> (SimVfs, usize) {
    let disk = SimVfs::new();
    let store = created(&disk, &options(&disk));
    store.apply(&(0..5_000).fold(Batch::new(), |batch, id| batch.upsert(record(id)))).unwrap();
    let before = disk.calls().len();
    if let Some(nth) = taken_at {
        let at = (before + nth) as u64 + 1;
        disk.set_fault(Some(Fault { at, kind: FaultKind::Eio, sticky: false }));
        disk.interfere_at(at, |files| {
            let is_manifest = |path: &&PathBuf| path.to_string_lossy().contains("manifest-");
            files.keys().rfind(is_manifest).map(|path| Outside::Remove(path.clone()))
        });
    }
    drop(store);
    (disk, before)
}

#[test]
fn a_mark_at_the_end_names_no_manifest_whose_name_is_unknown() {
    let (disk, before) = closed_with_a_checkpoint(None);
    let calls = disk.calls().split_off(before);
    let published = calls.iter().rposition(|call| *call == Call::SyncDir).unwrap();
    let look_up = calls[published..].iter().position(|call| *call == Call::Lookup).unwrap();
    let (disk, _) = closed_with_a_checkpoint(Some(published + look_up));
    assert_eq!(disk.faults_fired(), 1);
    assert!(disk.interfered().is_some());
    // The manifest before, and its log, have all there is.
    let store = FileStore::open("disk/db", &options(&disk)).unwrap();
    assert_eq!(store.len().unwrap(), 5_000);
}
