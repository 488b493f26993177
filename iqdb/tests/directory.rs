//! Databases in directories, through the handle.
#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

use iqdb::{Backend, Durability, ErrorKind, Iqdb, Metric, Record, Schema};

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
