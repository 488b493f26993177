//! A log is one chain: what two histories of a database have written never makes one log, though they
//! have the same files, the same versions and frames of the same length.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use iqdb_core::{ErrorKind, Metric, Record, Result, Schema, Store, StoreExt};
use iqdb_file::reseal::landmarks;
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{Defect, FileOptions, FileStore};

type Files = BTreeMap<String, Vec<u8>>;

/// How many batches both histories have, and each has alone.
const SHARED: u64 = 2;
const OWN: u64 = 4;

fn record(id: u64, history: f32) -> Record {
    Record::new(id, [history, id as f32]).unwrap()
}

fn options(disk: &SimVfs, defect: Option<Defect>) -> FileOptions {
    let options = FileOptions::new().with_vfs(disk.clone()).with_seed(1).with_reserve_bytes(0);
    match defect {
        Some(defect) => options.with_defect(defect),
        None => options,
    }
}

/// The files of a database, without the trace of how far it was published.
fn files(disk: &SimVfs) -> Files {
    let files = disk.files().into_iter();
    let named =
        files.map(|(path, bytes)| (path.file_name().unwrap().to_str().unwrap().to_owned(), bytes));
    named.filter(|(name, _)| name != "lock").collect()
}

fn disk_of(files: &Files) -> SimVfs {
    let disk = SimVfs::new();
    files.iter().for_each(|(name, bytes)| disk.put(&Path::new("db").join(name), bytes).unwrap());
    disk
}

/// What a killed process leaves of one of two histories, and its log.
fn history(own: f32, compacts: bool, defect: Option<Defect>) -> (Files, String) {
    let disk = SimVfs::new();
    let schema = Schema::new(2, Metric::Euclidean).unwrap();
    let store = FileStore::create("db", schema, &options(&disk, defect)).unwrap();
    (0..SHARED).for_each(|id| _ = store.upsert(record(id, 0.0)).unwrap());
    store.upsert(record(SHARED, own)).unwrap();
    if compacts {
        store.compact().unwrap();
    }
    (1..OWN).for_each(|id| _ = store.upsert(record(SHARED + id, own)).unwrap());
    let files = files(&disk);
    let log = files.keys().find(|name| name.starts_with("log-")).unwrap().clone();
    (files, log)
}

/// How many records of the second history are there, where some of its frames took the places of those
/// of the first.
fn mixed(frames: std::ops::Range<u64>, defect: Option<Defect>) -> Result<u64> {
    let (mut files, log) = history(1.0, false, defect);
    let (others, _) = history(2.0, false, defect);
    let mut places = landmarks(&log, &files[&log]);
    places.push(files[&log].len());
    assert_eq!(places.len() as u64, SHARED + OWN + 1);
    let place = |frame: u64| places[usize::try_from(frame).unwrap()];
    let range = place(frames.start)..place(frames.end);
    files.get_mut(&log).unwrap()[range.clone()].copy_from_slice(&others[&log][range]);
    let store = FileStore::open("db", &options(&disk_of(&files), defect))?;
    let is_of_other = |id: &u64| store.get(&(*id).into()).unwrap() == Some(record(*id, 2.0));
    Ok((0..SHARED + OWN).filter(is_of_other).count() as u64)
}

#[test]
fn frames_of_another_history_in_their_places_are_damage() {
    let (shared, all) = (SHARED, SHARED + OWN);
    for start in shared..all {
        for end in start + 1..=all {
            if (start, end) == (shared, all) {
                continue;
            }
            let error = mixed(start..end, None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged);
            assert!(error.to_string().contains("of another history"), "{error}");
        }
    }
    assert_eq!(mixed(0..shared, None).unwrap(), 0, "those that both have in common");
    assert_eq!(mixed(shared..all, None).unwrap(), OWN, "a whole history");
    let blind = Some(Defect::ChainOfConstants);
    assert_eq!(mixed(shared + 1..shared + 2, blind).unwrap(), 1, "the planted defect is seen");
}

/// The logs have the same number, and nothing in them was written by both.
#[test]
fn a_log_behind_another_history_is_damage_also_if_it_is_empty() {
    let (mut files, log) = history(1.0, true, None);
    let (others, same) = history(2.0, true, None);
    assert_eq!(log, same);
    for len in [64, others[&log].len()] {
        files.insert(log.clone(), others[&log][..len].to_vec());
        let error = FileStore::open("db", &options(&disk_of(&files), None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        assert!(error.to_string().contains(&log), "{error}");
    }
}
