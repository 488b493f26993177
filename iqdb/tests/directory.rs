//! Databases in directories, through the handle.
#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

use iqdb::{
    Backend, Durability, ErrorKind, Field, FieldKind, Iqdb, Metric, Record, Schema, Vector,
};

#[test]
fn a_database_is_there_again() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    let schema = Schema::new(2, Metric::Euclidean).unwrap();
    let db = Iqdb::create(&dir, schema.clone()).unwrap();
    db.upsert_many((0..100_u64).map(|n| Record::new(n, [n as f32, 0.0]).unwrap())).unwrap();
    let other = db.clone();
    drop(db);
    assert_eq!(Iqdb::open(&dir).unwrap_err().kind(), ErrorKind::Locked);
    assert!(other.delete(3).unwrap());
    drop(other);

    let db = Iqdb::open_or_create(&dir, schema).unwrap();
    let near = |db: &Iqdb| {
        let hits = db.search([3.0, 0.0], 2).unwrap();
        hits.to_vec().into_iter().map(|hit| hit.id).collect::<Vec<_>>()
    };
    assert_eq!(near(&db), [2, 4]);
    db.compact().unwrap();
    assert_eq!(db.file_stats().unwrap().records, 99);
    let copy = home.path().join("copy");
    db.backup_to(&copy).unwrap();
    let mut seen = 0;
    let verified = db.verify(&mut |done: u64, _: u64| seen = done).unwrap();
    assert_eq!((verified.records, seen), (99, verified.bytes));
    drop(db);

    let relaxed = Iqdb::builder().durability(Durability::Relaxed);
    let copied = relaxed.open(&copy).unwrap();
    assert_eq!(near(&copied), [2, 4]);
    let readers = [Iqdb::open_read_only(&dir).unwrap(), Iqdb::open_read_only(&dir).unwrap()];
    for reader in &readers {
        assert_eq!(near(reader), near(&copied));
        assert_eq!(reader.delete(2).unwrap_err().kind(), ErrorKind::NotSupported);
    }
}

#[test]
fn a_field_is_added_beside_clones_and_is_there_again() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    let schema = Schema::new(2, Metric::Euclidean).unwrap();
    let terms = || Field::new("terms", FieldKind::Sparse { metric: Metric::Dot }).unwrap();
    let db = Iqdb::create(&dir, schema.clone()).unwrap();
    db.upsert(Record::new(1, [1.0, 0.0]).unwrap()).unwrap();
    let (before, clone) = (db.snapshot().unwrap(), db.clone());
    let version = clone.add_field(terms()).unwrap();
    assert_eq!((version, db.snapshot().unwrap().version()), (before.version().next(), version));
    let fields = [schema.fields()[0].clone(), terms()];
    assert_eq!((db.schema().fields(), before.schema()), (&fields[..], &schema));
    let vector = || Vector::sparse([3], [0.5]).unwrap();
    assert!(db.set_vectors(1, [("terms".into(), Some(vector()))]).unwrap());
    assert_eq!(db.add_field(terms()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    drop((db, clone, before));

    // A program that was written before the field was added goes on working.
    let db = Iqdb::open_or_create(&dir, schema).unwrap();
    assert_eq!(db.schema().fields(), fields);
    let found = db.query(vector()).on("terms").run().unwrap().to_vec();
    assert_eq!(found.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>(), [1]);
    drop(db);
    let reader = Iqdb::open_read_only(&dir).unwrap();
    assert_eq!(reader.add_field(terms()).unwrap_err().kind(), ErrorKind::NotSupported);
}

#[test]
fn what_needs_a_directory_says_so() {
    let schema = Schema::new(2, Metric::Euclidean).unwrap();
    let db = Iqdb::open_in_memory(schema.clone()).unwrap();
    let refused = [
        db.backup_to("nowhere").unwrap_err(),
        db.verify(&mut ()).unwrap_err(),
        db.file_stats().unwrap_err(),
        Iqdb::builder().backend(Backend::Arena).open("nowhere").unwrap_err(),
        Iqdb::builder().backend(Backend::File).open_in_memory(schema).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
    }
}
