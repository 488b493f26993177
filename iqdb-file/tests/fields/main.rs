//! Schemas of several fields, records that lack some, and every statement: over kills, checkpoints,
//! copies, flipped bits and forged checksums.

#![allow(clippy::unwrap_used)]

mod added;
mod damage;

use std::ops::Range;
use std::path::Path;

use fastrand::Rng;
use iqdb_conformance::{Model, check_same};
use iqdb_core::{
    Applied, Batch, Element, ErrorKind, Filter, Metric, NamedVector, Payload, Record, Schema,
    Store, StoreExt, Vector, VectorRef, f16,
};
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{FileOptions, FileStore, ReadMode};
use iqdb_search::ExactSearch;

const DIR: &str = "db";

/// Names of the fields of [`schema`].
const FIELDS: [&str; 5] = ["image", "half", "bytes", "bits", "terms"];

fn schema() -> Schema {
    let builder = Schema::builder()
        .dense("image", 17, Metric::Cosine)
        .dense("half", 5, Metric::Dot)
        .element(Element::F16)
        .dense("bytes", 3, Metric::Euclidean)
        .element(Element::I8)
        .dense("bits", 9, Metric::Jaccard)
        .element(Element::Binary);
    builder.sparse("terms", Metric::Dot).build().unwrap()
}

fn vector(field: &str, n: u64) -> Vector {
    let x = (n % 100) as f32;
    match field {
        "image" => vec![x + 1.0; 17].try_into().unwrap(),
        "half" => vec![f16::from_f32(-x); 5].try_into().unwrap(),
        "bytes" => vec![i8::try_from(n % 128).unwrap(); 3].try_into().unwrap(),
        "bits" => Vector::binary(9, [u8::try_from(n % 256).unwrap(), 0x80]).unwrap(),
        _ => Vector::sparse([u32::try_from(n % 7).unwrap(), 9], [x - 0.5, 1.0]).unwrap(),
    }
}

/// A record with the fields whose bits are set.
fn record(n: u64, fields: u8) -> Record {
    let mut record = Record::without_vector(n).with("n", n as i64);
    for (bit, field) in FIELDS.into_iter().enumerate() {
        if fields >> bit & 1 == 1 {
            record.set_vector(field, Some(vector(field, n)));
        }
    }
    record
}

fn options(disk: &SimVfs) -> FileOptions {
    FileOptions::new()
        .with_vfs(disk.clone())
        .with_seal_bounds(u64::MAX, u64::MAX, u64::MAX)
        .with_reserve_bytes(0)
}

/// The files as a killed process leaves them.
fn killed(disk: &SimVfs) -> SimVfs {
    with_files(disk.files().into_iter())
}

fn with_files(files: impl Iterator<Item = (std::path::PathBuf, Vec<u8>)>) -> SimVfs {
    let disk = SimVfs::new();
    for (path, bytes) in files {
        disk.put(&path, &bytes).unwrap();
    }
    disk
}

fn check(store: &FileStore, model: &Model) {
    check_same(store, model, &ExactSearch::new()).unwrap();
    assert_eq!(store.verify(&mut ()).unwrap().records, model.len() as u64);
}

/// Applies a batch to both, and compares what they say of it.
fn apply(store: &FileStore, model: &mut Model, batch: &Batch) -> Applied {
    let applied = store.apply(batch).unwrap();
    assert_eq!(applied, model.apply(batch).unwrap(), "{batch:?}");
    applied
}

fn image(n: u64) -> Vec<NamedVector> {
    vec![("image".into(), Some(vector("image", n)))]
}

#[test]
fn every_statement_is_counted_and_does_what_it_says() {
    let disk = SimVfs::new();
    let store = FileStore::create(DIR, schema(), &options(&disk)).unwrap();
    let mut model = Model::new(schema());
    let fill = (0..6).fold(Batch::new(), |batch, n| batch.upsert(record(n, 0b11111)));
    apply(&store, &mut model, &fill);
    store.compact().unwrap();
    // Some records are in a segment, and some are not.
    let fill = (6..9).fold(Batch::new(), |batch, n| batch.upsert(record(n, 0b00110)));
    apply(&store, &mut model, &fill);
    let version = store.snapshot().unwrap().version();

    let nothing = Batch::new().delete(99).set_vectors(99, image(1)).insert_if_absent(record(1, 0));
    let applied = apply(&store, &mut model, &nothing);
    assert_eq!((applied.absent, applied.kept, applied.version), (2, 1, version));

    let none = |field: &'static str| (field.into(), None);
    let batch = Batch::new()
        // Of records in the segment, and after other statements on the same record.
        .set_vectors(0, image(50))
        .set_payload(1, Payload::new())
        .set_vectors(1, [none("terms"), none("half")])
        .set_vectors(1, image(51))
        .upsert(record(2, 0))
        .set_vectors(2, image(52))
        .set_payload(2, Payload::new().with("n", 2_000))
        .set_vectors(2, [none("bits")])
        .merge_payload(2, Payload::new().with("more", true))
        .delete(3)
        .insert(record(3, 0b10000))
        .set_vectors(3, image(53))
        // Of records that the log has.
        .set_vectors(6, FIELDS.map(none))
        .set_payload(6, Payload::new().with("all", "gone"))
        .insert_if_absent(record(7, 0))
        .insert_if_absent(record(20, 0b1))
        .delete_where(Filter::ge("n", 4))
        .insert(record(4, 0b11111));
    let applied = apply(&store, &mut model, &batch);
    assert_eq!((applied.vectors_set, applied.payload_set), (7, 4));
    assert_eq!((applied.inserted, applied.replaced), (3, 1));
    assert_eq!((applied.kept, applied.absent, applied.version), (1, 0, version.next()));
    check(&store, &model);
    let again = killed(&disk);
    check(&FileStore::open(DIR, &options(&again)).unwrap(), &model);
    store.compact().unwrap();
    check(&store, &model);
}

#[test]
fn an_insert_of_an_id_that_is_there_leaves_nothing() {
    for is_sealed in [false, true] {
        let disk = SimVfs::new();
        let store = FileStore::create(DIR, schema(), &options(&disk)).unwrap();
        let mut model = Model::new(schema());
        apply(&store, &mut model, &Batch::new().upsert(record(1, 0b1)));
        if is_sealed {
            store.compact().unwrap();
        }
        let before = disk.files();
        for batch in [
            Batch::new().upsert(record(2, 0b1)).set_vectors(1, image(7)).insert(record(1, 0)),
            Batch::new().delete(1).insert(record(1, 0)).insert(record(1, 0)),
        ] {
            let error = store.apply(&batch).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            assert_eq!(disk.files(), before);
            check(&store, &model);
        }
        apply(&store, &mut model, &Batch::new().delete(1).insert(record(1, 0b10)));
        check(&store, &model);
    }
}

/// Schemas of one field of each kind, of none, and of several.
fn schemas() -> Vec<Schema> {
    let one = |element, metric| Schema::builder().dense("image", 9, metric).element(element);
    vec![
        Schema::builder().build().unwrap(),
        one(Element::F32, Metric::Cosine).build().unwrap(),
        one(Element::I8, Metric::Dot).build().unwrap(),
        one(Element::Binary, Metric::Hamming).build().unwrap(),
        Schema::builder().sparse("terms", Metric::Dot).build().unwrap(),
        schema(),
    ]
}

fn drawn(rng: &mut Rng, schema: &Schema, n: u64) -> Record {
    let mut record = Record::without_vector(n).with("n", rng.i64(..9));
    for field in schema.fields() {
        let x = rng.u8(1..100);
        let dim = field.kind().dim().unwrap_or(0);
        let vector = match field.kind().element() {
            None => Vector::sparse([u32::from(x)], [f32::from(x)]),
            Some(Element::F32) => vec![f32::from(x); dim].try_into(),
            Some(Element::F16) => vec![f16::from_f32(x.into()); dim].try_into(),
            Some(Element::I8) => vec![i8::try_from(x).unwrap(); dim].try_into(),
            _ => Vector::binary(dim, [x, 0]),
        };
        if rng.u8(..4) > 0 {
            record.set_vector(field.name().to_owned(), Some(vector.unwrap()));
        }
    }
    record
}

/// A batch of one to some changes; of upserts only, it may be placed.
fn drawn_batch(rng: &mut Rng, schema: &Schema) -> Batch {
    let count = [1, 3, 20][rng.usize(..3)];
    if rng.bool() {
        // Odd numbers of rows, of which all have vectors.
        let has_all = |record: &Record| record.vectors().count() == schema.fields().len();
        let records = (0..count).filter_map(|_| {
            let n = rng.u64(..40);
            Some(drawn(rng, schema, n)).filter(has_all)
        });
        return records.fold(Batch::new(), Batch::upsert);
    }
    (0..count).fold(Batch::new(), |batch, _| {
        let (n, like) = (rng.u64(..40), drawn(rng, schema, 0));
        let name = |name: &str| name.to_owned().into();
        let vectors = schema
            .fields()
            .iter()
            .map(|field| (name(field.name()), like.vector(field.name()).map(VectorRef::to_vector)));
        match rng.u8(..12) {
            0 => batch.delete(n),
            1 => batch.set_payload(n, like.payload.clone()),
            6 => batch.merge_payload(n, like.payload.clone()),
            2 | 3 => batch.set_vectors(n, vectors.collect::<Vec<_>>()),
            4 => batch.insert_if_absent(drawn(rng, schema, n)),
            5 if rng.u8(..4) == 0 => batch.delete_where(Filter::eq("n", 3)),
            _ => batch.upsert(drawn(rng, schema, n)),
        }
    })
}

#[test]
fn histories_outlive_kills_checkpoints_and_copies() {
    for (n, schema) in schemas().into_iter().enumerate() {
        for seed in 0..6_u64 {
            let mut rng = Rng::with_seed(seed << 8 | n as u64);
            let (placed, mode) =
                [(64, ReadMode::Map), (u64::MAX, ReadMode::Copy)][usize::from(seed % 2 == 0)];
            let bounds = [300, 2_000, u64::MAX][rng.usize(..3)];
            let mut disk = SimVfs::new();
            let options = |disk: &SimVfs| {
                options(disk)
                    .with_seal_bounds(bounds, u64::MAX, 4_000)
                    .with_placed_from_bytes(placed)
                    .with_read_mode(mode)
            };
            let mut store = FileStore::create(DIR, schema.clone(), &options(&disk)).unwrap();
            let mut model = Model::new(schema.clone());
            for _ in 0..30 {
                apply(&store, &mut model, &drawn_batch(&mut rng, &schema));
                match rng.u8(..10) {
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
                    _ => continue,
                }
                check(&store, &model);
            }
            store.backup_to("copy").unwrap();
            check(&FileStore::open_read_only("copy", &options(&disk)).unwrap(), &model);
            check(&store, &model);
        }
    }
}

#[test]
fn blocks_of_placed_vectors_with_and_without() {
    // 16 rows are a block: all with vectors, none, and some.
    let dim = 65_536;
    let of = |n: u64| match n {
        16..=31 | 33 | 35 => Record::without_vector(n),
        _ => Record::new(n, vec![n as f32; dim]).unwrap(),
    };
    let batch = |ids: Range<u64>| ids.fold(Batch::new(), |batch, n| batch.upsert(of(n)));
    let disk = SimVfs::new();
    let options = options(&disk).with_placed_from_bytes(1);
    let schema = Schema::new(dim, Metric::Euclidean).unwrap();
    let store = FileStore::create(DIR, schema, &options).unwrap();
    store.apply(&batch(0..7)).unwrap();
    store.apply(&batch(7..38)).unwrap();
    let check = |store: &FileStore| {
        for n in 0..38 {
            assert!(store.get(&n.into()).unwrap() == Some(of(n)), "record {n}");
        }
        assert_eq!(store.verify(&mut ()).unwrap().records, 38);
    };
    check(&store);
    drop(store);
    check(&FileStore::open(DIR, &options).unwrap());
    let store = FileStore::open(DIR, &options).unwrap();
    store.compact().unwrap();
    check(&store);
    store.backup_to("copy").unwrap();
    check(&FileStore::open(Path::new("copy"), &options).unwrap());
}
