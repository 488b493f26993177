//! Computed fields that are added where the power fails, and where calls fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iqdb_file::Defect;
use iqdb_file::vfs::sim::{Fault, FaultKind};

use super::*;

/// The states of a model by their versions, and how many changes of the disk were made when each was
/// acknowledged.
struct Past {
    states: Vec<Model>,
    acknowledged: Vec<usize>,
}

/// A database with segments to which two computed fields are added, between batches and compactions.
fn grown(disk: &SimVfs, options: &FileOptions) -> Result<Past> {
    let store = FileStore::create(DIR, schema(&[]), options)?;
    let mut past =
        Past { states: vec![Model::new(schema(&[]))], acknowledged: vec![disk.changes()] };
    let mut step = |change: &dyn Fn(&mut Model) -> Result<Version>| -> Result<()> {
        let mut model = past.states.last().unwrap().clone();
        let version = change(&mut model)?;
        assert_eq!(version.0, past.states.len() as u64);
        past.states.push(model);
        past.acknowledged.push(disk.changes());
        Ok(())
    };
    let add = |name: &str, model: &mut Model| {
        let version = store.add_field(lengths(name), Budget::new(), &mut ())?;
        assert_eq!(model.add_field(lengths(name), Limits::default())?, version);
        Ok(version)
    };
    let write = |batch: &Batch, model: &mut Model| {
        store.apply(batch)?;
        model.apply(batch).map(|applied| applied.version)
    };
    step(&|model| write(&batch(0..12), model))?;
    step(&|model| add("body", model))?;
    step(&|model| write(&batch(12..18).delete(2), model))?;
    step(&|model| add("title", model))?;
    step(&|model| write(&batch(20..23).set_payload(14, payload(4)).delete(3), model))?;
    store.compact()?;
    step(&|model| write(&batch(23..25).delete(1), model))?;
    Ok(past)
}

/// Looks at a disk as it may be found after this many changes.
fn holds(disk: &SimVfs, past: &Past, changes: usize) -> Result<(), String> {
    let told = |error: Error| error.to_string();
    let store = FileStore::open(DIR, &options(disk)).map_err(told)?;
    let version = store.snapshot().map_err(told)?.version().0;
    let acknowledged = past.acknowledged.iter().filter(|at| **at <= changes).count() as u64 - 1;
    if version < acknowledged {
        return Err(format!("version {version}, and {acknowledged} was acknowledged"));
    }
    let model = &past.states[usize::try_from(version).unwrap()];
    shows(&store, model).map_err(told)?;
    store.verify(&mut ()).map_err(told)?;
    // With the next mark, what no manifest names is gone. The torn head of a file may be a stranger's.
    store.delete(0).and(store.upsert(record(0))).map_err(told)?;
    let names = names(disk, "column").into_iter();
    let columns = names.filter(|name| files(disk)[name].starts_with(&head(disk))).count() as u64;
    let segments = store.stats().map_err(told)?.segments as u64;
    let verified = store.verify(&mut ()).map_err(told)?;
    // The manifest, the log, segments and columns.
    match verified.files == 2 + segments + columns {
        true => Ok(()),
        false => Err(format!("left over: {:?}", files(disk).keys())),
    }
}

/// The head of a column file of the database.
fn head(disk: &SimVfs) -> Vec<u8> {
    let lock = &files(disk)["lock"];
    [b"iqdb col", &lock[8..32]].concat()
}

/// What is found on disks as they may be after each change.
fn crashes(disk: &SimVfs, past: &Past, images: u64) -> Vec<String> {
    let mut found = Vec::new();
    for changes in past.acknowledged[0]..=disk.changes() {
        for image in 0..images {
            let mut rng = Rng::with_seed(changes as u64 * images + image);
            let crashed = disk.crash_at(changes, &mut rng);
            let look = std::panic::AssertUnwindSafe(|| holds(&crashed, past, changes));
            match std::panic::catch_unwind(look) {
                Ok(Ok(())) => {}
                Ok(Err(story)) => found.push(format!("after {changes} changes: {story}")),
                Err(_) => found.push(format!("after {changes} changes: a panic")),
            }
        }
    }
    found
}

#[test]
fn wherever_the_power_goes_a_computed_field_is_there_whole_or_not_at_all() {
    for placed in [u64::MAX, 64] {
        let disk = SimVfs::new();
        let past = grown(&disk, &options(&disk).with_placed_from_bytes(placed)).unwrap();
        assert_eq!(crashes(&disk, &past, 2), [""; 0]);
    }
}

#[test]
fn column_files_that_are_not_synced_or_removed_too_early_are_found() {
    for defect in [Defect::ColumnFileNotSynced, Defect::ColumnFilesRemovedEarly] {
        let disk = SimVfs::new();
        let past = grown(&disk, &options(&disk).with_defect(defect)).unwrap();
        assert_ne!(crashes(&disk, &past, 4), [""; 0], "{defect:?}");
    }
}

#[test]
fn a_computed_field_whose_files_fail_is_not_there_or_its_outcome_is_unknown() {
    let (mut failed, mut unknown) = (0, 0);
    for kind in [FaultKind::Eio, FaultKind::Enospc] {
        for at in 1.. {
            let disk = SimVfs::new();
            let store = FileStore::create(DIR, schema(&[]), &options(&disk)).unwrap();
            let mut model = Model::new(schema(&[]));
            apply(&store, &mut model, &batch(0..9));
            add(&store, &mut model, "title", &mut ());
            apply(&store, &mut model, &batch(9..12));
            let before = files(&disk);
            let at = disk.calls().len() as u64 + at;
            disk.set_fault(Some(Fault { at, kind, sticky: false }));
            let added = store.add_field(lengths("body"), Budget::new(), &mut ());
            let is_over = disk.faults_fired() == 0;
            disk.set_fault(None);
            let after: Vec<_> = files(&disk).into_keys().collect();
            match added.as_ref().map_err(Error::kind) {
                Ok(_) => _ = model.add_field(lengths("body"), Limits::default()).unwrap(),
                Err(ErrorKind::Io) => {
                    failed += 1;
                    // A call that fails once can be one that removes.
                    let more = after.len().saturating_sub(before.len());
                    assert!(more <= 1, "call {at}: {after:?}");
                }
                Err(ErrorKind::OutcomeUnknown) => unknown += 1,
                Err(kind) => panic!("call {at}: {kind}"),
            }
            shows(&store, &model).unwrap();
            drop(store);
            let store = FileStore::open(DIR, &options(&disk)).unwrap();
            if matches!(added.map_err(|error| error.kind()), Err(ErrorKind::OutcomeUnknown))
                && store.snapshot().unwrap().version() > model.version()
            {
                model.add_field(lengths("body"), Limits::default()).unwrap();
            }
            check(&store, &model);
            if is_over {
                break;
            }
        }
    }
    assert!(failed > 10 && unknown > 0, "{failed} failed, {unknown} unknown");
}

#[test]
fn a_field_that_is_cancelled_at_any_call_leaves_the_directory_as_it_was() {
    let (mut cancelled, mut in_checkpoint) = (0, 0);
    for at in 1.. {
        let disk = SimVfs::new();
        let store = FileStore::create(DIR, schema(&[]), &options(&disk)).unwrap();
        let mut model = Model::new(schema(&[]));
        apply(&store, &mut model, &batch(0..9));
        store.compact().unwrap();
        apply(&store, &mut model, &batch(5..12));
        let before = files(&disk);
        let first = disk.calls().len() as u64;
        let flag = Arc::new(AtomicBool::new(false));
        let sets = Arc::clone(&flag);
        disk.interfere_at(first + at, move |_| {
            sets.store(true, Ordering::Relaxed);
            None
        });
        let budget = Budget::new().with_cancel(&flag);
        let added = store.add_field(lengths("body"), budget, &mut ());
        let is_over = !flag.load(Ordering::Relaxed);
        match added {
            Ok(_) => _ = model.add_field(lengths("body"), Limits::default()).unwrap(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cancelled, "call {at}: {error}");
                cancelled += 1;
                let after = files(&disk);
                assert_eq!(
                    after.keys().collect::<Vec<_>>(),
                    before.keys().collect::<Vec<_>>(),
                    "call {at}"
                );
                // All but the marks.
                let same = after.iter().filter(|(name, bytes)| before[*name] == **bytes).count();
                assert!(same + 1 >= before.len(), "call {at}");
                in_checkpoint += u64::from(disk.calls().len() as u64 - first > 20);
            }
        }
        check(&store, &model);
        drop(store);
        check(&FileStore::open(DIR, &options(&disk)).unwrap(), &model);
        if is_over {
            break;
        }
    }
    assert!(cancelled > 10 && in_checkpoint > 2, "{cancelled}, {in_checkpoint}");
}
