//! Computed fields: kept over kills, checkpoints, compactions and copies, and added to databases that are
//! full and written to.

#![allow(clippy::unwrap_used)]

mod added;
mod damage;
mod faults;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use fastrand::Rng;
use iqdb_conformance::{Model, check_same};
use iqdb_core::{
    Batch, Budget, Computation, Error, ErrorKind, Field, FieldKind, Limits, Metric, Payload,
    Progress, Record, Result, Schema, SnapshotExt, Store, StoreExt, Value, Version,
};
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{FileOptions, FileStore, ReadMode};
use iqdb_search::ExactSearch;

const DIR: &str = "db";

/// The dimension at which vectors may be placed.
const DIM: usize = 16;

fn lengths(name: &str) -> Field {
    Field::new(name, FieldKind::Computed(Computation::TextLengths)).unwrap()
}

/// A field of vectors, and computed ones.
fn schema(computed: &[&str]) -> Schema {
    let schema = Schema::new(DIM, Metric::Euclidean).unwrap();
    let add =
        |schema: Schema, name: &&str| Limits::default().add_field(&schema, lengths(name)).unwrap();
    computed.iter().fold(schema, add)
}

fn options(disk: &SimVfs) -> FileOptions {
    FileOptions::new()
        .with_vfs(disk.clone())
        .with_seal_bounds(u64::MAX, u64::MAX, u64::MAX)
        .with_reserve_bytes(0)
}

/// A payload whose texts differ from record to record; of some, the fields are lacking.
fn payload(n: u64) -> Payload {
    let payload = Payload::new().with("n", n as i64);
    let text = |n: u64| "x".repeat(usize::try_from(n % 50).unwrap());
    match n % 5 {
        0 => payload,
        1 => payload.with("body", n as i64),
        2 => payload.with("body", vec![text(n), "ab".into(), String::new()]),
        3 => payload.with("body", Value::List(iqdb_core::List::default())).with("title", text(n)),
        _ => payload.with("body", text(n)).with("title", vec![Value::Null, text(2 * n).into()]),
    }
}

fn record(n: u64) -> Record {
    Record::new(n, vec![n as f32 + 0.5; DIM]).unwrap().with_payload(payload(n))
}

fn batch(ids: Range<u64>) -> Batch {
    ids.fold(Batch::new(), |batch, n| batch.upsert(record(n)))
}

/// The files as a killed process leaves them.
fn killed(disk: &SimVfs) -> SimVfs {
    with_files(disk.files().into_iter())
}

fn with_files(files: impl Iterator<Item = (PathBuf, Vec<u8>)>) -> SimVfs {
    let disk = SimVfs::new();
    for (path, bytes) in files {
        disk.put(&path, &bytes).unwrap();
    }
    disk
}

/// The files of the database, by their names.
fn files(disk: &SimVfs) -> BTreeMap<String, Vec<u8>> {
    let own = disk
        .files()
        .into_iter()
        .filter(|(path, _)| path.parent().is_some_and(|dir| dir.ends_with(DIR)));
    own.map(|(path, bytes)| (path.file_name().unwrap().to_str().unwrap().to_owned(), bytes))
        .collect()
}

fn names(disk: &SimVfs, kind: &str) -> Vec<String> {
    files(disk).into_keys().filter(|name| name.starts_with(kind)).collect()
}

/// Compares everything that a store shows with the model: also that each record has the bytes that follow
/// from its payload, and no others.
fn shows(store: &FileStore, model: &Model) -> Result<()> {
    check_same(store, model, &ExactSearch::new())?;
    let snapshot = store.snapshot()?;
    let names = model.schema().fields().iter().filter(|field| field.kind().is_computed());
    let names: Vec<&str> = names.map(Field::name).collect();
    for record in snapshot.records(None) {
        let record = record?;
        let payload = record.payload()?.to_payload()?;
        for name in &names {
            let (found, expected) = (record.computed(name)?, by_hand(name, &payload));
            assert_eq!(found, expected.as_deref(), "{name} of {}", record.id()?.to_id());
        }
        assert_eq!(record.computed("none")?, None);
    }
    Ok(())
}

fn by_hand(key: &str, payload: &Payload) -> Option<Vec<u8>> {
    let len = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
    match payload.get(key)? {
        Value::Text(text) => Some(len(text).to_vec()),
        Value::List(list) => {
            let texts = list.iter().filter_map(|value| match value {
                Value::Text(text) => Some(len(text)),
                _ => None,
            });
            Some(texts.flatten().collect())
        }
        _ => None,
    }
}

fn check(store: &FileStore, model: &Model) {
    shows(store, model).unwrap();
    assert_eq!(store.verify(&mut ()).unwrap().records, model.len() as u64);
}

fn apply(store: &FileStore, model: &mut Model, batch: &Batch) {
    assert_eq!(store.apply(batch).unwrap(), model.apply(batch).unwrap(), "{batch:?}");
}

fn add(store: &FileStore, model: &mut Model, name: &str, progress: &mut dyn Progress) {
    let version = store.add_field(lengths(name), Budget::new(), progress).unwrap();
    assert_eq!(model.add_field(lengths(name), Limits::default()).unwrap(), version);
}

fn drawn(rng: &mut Rng) -> Batch {
    let count = [1, 4, 20][rng.usize(..3)];
    if rng.bool() {
        // May be placed, where the schema allows it.
        return (0..count).fold(Batch::new(), |batch, _| batch.upsert(record(rng.u64(..60))));
    }
    (0..count).fold(Batch::new(), |batch, _| {
        let n = rng.u64(..60);
        match rng.u8(..8) {
            0 | 1 => batch.delete(n),
            2 => batch.set_payload(n, payload(rng.u64(..99))),
            3 => batch.merge_payload(n, payload(rng.u64(..99))),
            4 => batch.set_vectors(n, [("vector".into(), None)]),
            _ => batch.upsert(record(n).with_payload(payload(rng.u64(..99)))),
        }
    })
}

#[test]
fn computed_fields_outlive_kills_checkpoints_compactions_and_copies() {
    for seed in 0..16_u64 {
        let mut rng = Rng::with_seed(seed);
        // Each begins with another number of computed fields, and the others are added.
        let all = ["body", "title", "none"];
        let first = schema(&all[..usize::try_from(seed % 4).unwrap()]);
        let mut later = all[usize::try_from(seed % 4).unwrap()..].iter();
        let mode = if rng.bool() { ReadMode::Map } else { ReadMode::Copy };
        let bounds = [300, 2_000, u64::MAX][rng.usize(..3)];
        let placed = [64, u64::MAX][rng.usize(..2)];
        let mut disk = SimVfs::new();
        let options = |disk: &SimVfs| {
            options(disk)
                .with_seal_bounds(bounds, u64::MAX, 4_000)
                .with_placed_from_bytes(placed)
                .with_read_mode(mode)
        };
        let mut store = FileStore::create(DIR, first.clone(), &options(&disk)).unwrap();
        let mut model = Model::new(first);
        for _ in 0..40 {
            apply(&store, &mut model, &drawn(&mut rng));
            match rng.u8(..14) {
                0 => store.compact().unwrap(),
                1 => {
                    let left = killed(&disk);
                    disk = left;
                    store = FileStore::open(DIR, &options(&disk)).unwrap();
                }
                2 => {
                    drop(store);
                    store = FileStore::open(DIR, &options(&disk)).unwrap();
                }
                3 => match later.next() {
                    Some(name) => add(&store, &mut model, name, &mut ()),
                    None => continue,
                },
                _ => continue,
            }
            check(&store, &model);
        }
        store.backup_to("copy").unwrap();
        check(&FileStore::open_read_only("copy", &options(&disk)).unwrap(), &model);
        check(&store, &model);
    }
}

#[test]
fn a_block_has_rows_of_any_length_and_more_than_a_piece() {
    let disk = SimVfs::new();
    let schema = schema(&["body"]);
    for mode in [ReadMode::Map, ReadMode::Copy] {
        let options = options(&disk).with_read_mode(mode);
        let path = format!("db-{mode:?}");
        let store = FileStore::create(&path, schema.clone(), &options).unwrap();
        let mut model = Model::new(schema.clone());
        // 40,000 bytes in one row, none in the next, and a row that lacks the field.
        let of = |n: u64| match n % 3 {
            0 => Payload::new().with("body", vec!["text"; 10_000]),
            1 => Payload::new().with("body", Value::List(iqdb_core::List::default())),
            _ => Payload::new(),
        };
        let many =
            (0..9).fold(Batch::new(), |batch, n| batch.upsert(record(n).with_payload(of(n))));
        apply(&store, &mut model, &many);
        store.compact().unwrap();
        drop(store);
        let store = FileStore::open(&path, &options).unwrap();
        check(&store, &model);
        let snapshot = store.snapshot().unwrap();
        let block = snapshot.blocks().unwrap().block(0).unwrap();
        let column = block.column(schema.field("body").unwrap()).unwrap().unwrap();
        assert_eq!((column.len(), column.rows_of()), (6, Some(&[0, 1, 3, 4, 6, 7][..])));
        let some = column.rows_some(1..6, &[1, 4]).unwrap();
        let iqdb_core::RowsRef::Bytes(rows) = some else { panic!("{some:?}") };
        assert_eq!((rows.row(1).len(), rows.row(4).len(), rows.len()), (40_000, 0, 5));
    }
}
