//! Computed fields that are added to a database with segments and a log.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// A database of several segments with dead rows, and a log with changes of each kind; where `placed`, the
/// log has placed rows.
fn full(disk: &SimVfs, placed: bool) -> (FileStore, Model) {
    let options = options(disk).with_placed_from_bytes(if placed { 64 } else { u64::MAX });
    let sealing = options.clone().with_seal_bounds(1, u64::MAX, u64::MAX);
    let store = FileStore::create(DIR, schema(&[]), &sealing).unwrap();
    let mut model = Model::new(schema(&[]));
    for ids in [0..300, 300..310, 310..500, 500..501] {
        apply(&store, &mut model, &batch(ids));
    }
    drop(store);
    let store = FileStore::open(DIR, &options).unwrap();
    let some = (0..40).fold(Batch::new(), |batch, n| batch.delete(3 * n).upsert(record(400 + n)));
    apply(&store, &mut model, &some);
    apply(&store, &mut model, &Batch::new().set_payload(302, payload(4)).delete(303));
    apply(&store, &mut model, &batch(600..620));
    assert!(store.stats().unwrap().segments >= 3);
    (store, model)
}

#[test]
fn an_added_field_has_the_rows_of_every_segment_and_of_the_log() {
    for placed in [false, true] {
        let disk = SimVfs::new();
        let (store, mut model) = full(&disk, placed);
        let segments = store.stats().unwrap().segments;
        let before = store.snapshot().unwrap();
        let mut heard = Vec::new();
        add(&store, &mut model, "body", &mut |done, of| heard.push((done, of)));
        assert!(heard.is_sorted() && heard.len() > segments, "{heard:?}");
        assert!(heard.last().is_some_and(|(done, of)| done == of));
        assert_eq!(before.schema().fields().len(), model.schema().fields().len() - 1);
        check(&store, &model);
        let columns = names(&disk, "column");
        assert_eq!(columns.len(), segments + 1, "{columns:?}");
        add(&store, &mut model, "title", &mut ());
        check(&store, &model);
        assert_eq!(names(&disk, "column").len(), 2 * columns.len());
        let bytes = files(&disk).into_iter().filter(|(name, _)| name != "lock");
        let bytes: usize = bytes.map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(store.stats().unwrap().bytes, bytes as u64);
        // Each segment, each column file, the log and the manifest.
        let all = 3 * columns.len() + 2;
        assert_eq!(store.verify(&mut ()).unwrap().files, all as u64);

        check(&FileStore::open(DIR, &options(&killed(&disk))).unwrap(), &model);
        check(&FileStore::open_read_only(DIR, &options(&killed(&disk))).unwrap(), &model);
        apply(&store, &mut model, &batch(620..640).delete(400));
        store.backup_to("copy").unwrap();
        let copy = FileStore::open("copy", &options(&disk)).unwrap();
        check(&copy, &model);
        drop(copy);
        drop(before);
        store.compact().unwrap();
        check(&store, &model);
        assert_eq!(names(&disk, "column"), [""; 0], "merged into the segments");
        drop(store);
        check(&FileStore::open(DIR, &options(&disk)).unwrap(), &model);
    }
}

#[test]
fn a_cancelled_or_refused_field_leaves_the_directory_as_it_was() {
    for placed in [false, true] {
        let disk = SimVfs::new();
        let (store, mut model) = full(&disk, placed);
        let before = files(&disk);
        for reports in 0.. {
            let cancel = AtomicBool::new(reports == 0);
            let mut heard = 0;
            let mut hears = |_: u64, _: u64| {
                heard += 1;
                cancel.store(heard >= reports, Ordering::Relaxed);
            };
            let budget = Budget::new().with_cancel(&cancel);
            let added = store.add_field(lengths("body"), budget, &mut hears);
            if added.is_ok() {
                assert!(reports > 3, "cancelled {reports} times");
                model.add_field(lengths("body"), Limits::default()).unwrap();
                break;
            }
            assert_eq!(added.unwrap_err().kind(), ErrorKind::Cancelled);
            assert_eq!(files(&disk), before, "cancelled after {reports} reports");
        }
        check(&store, &model);
        let before = files(&disk);
        let again = store.add_field(lengths("body"), Budget::new(), &mut ()).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.add_field(lengths("title"), Budget::new(), &mut |_, _| panic!("a caller's"))
        }));
        assert!(panics.is_err());
        assert_eq!(files(&disk), before);
        check(&store, &model);
    }
}

#[test]
fn writers_seal_and_compact_while_a_field_is_added() {
    for (seed, placed) in [(1, false), (2, true), (3, false), (4, true)] {
        let disk = SimVfs::new();
        let (store, mut model) = full(&disk, placed);
        let mut rng = Rng::with_seed(seed);
        let mut written = Vec::new();
        let mut reports = 0;
        // A progress hears of parts while no lock is held.
        add_beside(&store, &mut model, &mut |done, of| {
            reports += 1;
            if done == of || reports > 12 {
                return;
            }
            let batch = drawn(&mut rng);
            store.apply(&batch).unwrap();
            written.push(batch);
            if reports % 4 == 2 {
                store.compact().unwrap();
            }
        });
        assert!(reports > 4, "{reports}");
        let mut expected = full_model(&written, placed);
        expected.add_field(lengths("body"), Limits::default()).unwrap();
        check(&store, &expected);
        let columns = names(&disk, "column");
        drop(store);
        assert!(!columns.is_empty());
        let again = FileStore::open(DIR, &options(&disk)).unwrap();
        check(&again, &expected);
        assert_eq!(names(&disk, "column"), columns, "opening finds nothing that is left over");
        again.compact().unwrap();
        check(&again, &expected);
    }
}

fn add_beside(store: &FileStore, model: &mut Model, progress: &mut dyn Progress) {
    let version = store.add_field(lengths("body"), Budget::new(), progress).unwrap();
    assert!(version > model.version(), "{version:?}");
}

/// The model of [`full`], after these batches.
fn full_model(batches: &[Batch], placed: bool) -> Model {
    let (_, mut model) = full(&SimVfs::new(), placed);
    for batch in batches {
        model.apply(batch).unwrap();
    }
    model
}

#[test]
fn calls_that_add_fields_take_turns() {
    let disk = SimVfs::new();
    let (store, mut model) = full(&disk, false);
    let cancel = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let mut second = None;
        let store = &store;
        add(store, &mut model, "body", &mut |_, _| {
            let begin =
                || scope.spawn(|| store.add_field(lengths("title"), Budget::new(), &mut ()));
            second.get_or_insert_with(begin);
            // One that may not wait gives up.
            let budget = Budget::new().with_cancel(&cancel);
            let third = store.add_field(lengths("none"), budget, &mut ());
            assert_eq!(third.unwrap_err().kind(), ErrorKind::Cancelled);
        });
        let version = second.unwrap().join().unwrap().unwrap();
        assert_eq!(model.add_field(lengths("title"), Limits::default()).unwrap(), version);
    });
    check(&store, &model);
}

#[test]
fn a_name_that_another_program_has_taken_is_passed_over() {
    let disk = SimVfs::new();
    let (store, mut model) = full(&disk, false);
    let (path, bytes) = (std::path::Path::new("db/column-00000002"), b"of another program");
    disk.put(path, bytes).unwrap();
    add(&store, &mut model, "body", &mut ());
    check(&store, &model);
    drop(store);
    let store = FileStore::open(DIR, &options(&disk)).unwrap();
    check(&store, &model);
    store.compact().unwrap();
    assert_eq!(names(&disk, "column"), ["column-00000002"]);
    assert_eq!(files(&disk)["column-00000002"], bytes);
}
