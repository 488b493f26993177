//! A database that is open while its files are taken away or replaced, and what must come of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iqdb_core::{Error, ErrorKind, Hits, Query, Scratch, Search, Snapshot, Store, StoreExt};
use iqdb_file::{FileOptions, FileStore};
use iqdb_search::ExactSearch;
use tempfile::TempDir;

use crate::database::{Law, bytes, holds, numbers, options, record, records, schema, tree};

/// How many records are acknowledged before anything happens: some in a segment, some in the log.
pub(crate) const WRITTEN: u64 = 60;
const SEALED: u64 = 50;

/// A database in `db`, with a segment and a log, and room for other things beside it.
pub(crate) struct Taken {
    pub(crate) home: TempDir,
    pub(crate) dir: PathBuf,
    pub(crate) store: FileStore,
    snapshot: Arc<dyn Snapshot>,
}

/// The directory after the database is closed.
pub(crate) struct Remains {
    pub(crate) home: TempDir,
    pub(crate) dir: PathBuf,
}

impl Taken {
    pub(crate) fn new(options: &FileOptions) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        let store = FileStore::create(&dir, schema(), options).unwrap();
        store.apply(&records(0..SEALED)).unwrap();
        store.compact().unwrap();
        store.apply(&records(SEALED..WRITTEN)).unwrap();
        let snapshot = store.snapshot().unwrap();
        Self { home, dir, store, snapshot }
    }

    /// The newest file of this kind.
    pub(crate) fn file(&self, kind: &str) -> PathBuf {
        self.dir.join(crate::database::newest(&self.dir, kind))
    }

    /// The first write is in doubt. Every later one is refused and says which file it is about, also
    /// what only seals or syncs. All that was acknowledged goes on being read, and closing writes
    /// nothing.
    pub(crate) fn notices(self, named: &str) -> Result<Remains, String> {
        let first = self.store.upsert(record(WRITTEN));
        is(first.map(drop), ErrorKind::OutcomeUnknown, named)?;
        for later in [
            self.store.upsert(record(WRITTEN + 1)).map(drop),
            self.store.apply(&records(0..3)).map(drop),
            self.store.delete(0).map(drop),
            self.store.flush(),
            self.store.compact(),
        ] {
            is(later, ErrorKind::Damaged, named)?;
        }
        self.reads_all()?;
        self.closes()
    }

    /// Everything that was acknowledged is read, by the snapshot from before as well.
    pub(crate) fn reads_all(&self) -> Law {
        let all = (0..WRITTEN).collect();
        holds(numbers(&self.store) == all, || "records are not read any more".to_owned())?;
        for snapshot in [&self.snapshot, &self.store.snapshot().unwrap()] {
            let record = record(7);
            let query = Query::nearest(record.only_vector().unwrap(), 3);
            let mut hits = [Hits::default()];
            ExactSearch::new()
                .search(&**snapshot, &[query], &mut hits, &mut Scratch::new())
                .unwrap();
            let nearest = hits[0].get(0).map(|hit| hit.id.to_id());
            holds(nearest == Some(7.into()), || format!("{nearest:?} is found"))?;
        }
        Ok(())
    }

    fn closes(self) -> Result<Remains, String> {
        let before = tree(self.home.path());
        let Self { home, dir, store, .. } = self;
        drop(store);
        holds(tree(home.path()) == before, || "closing has written something".to_owned())?;
        Ok(Remains { home, dir })
    }
}

/// Whether it is an error of this kind that names this.
pub(crate) fn is(result: Result<(), Error>, kind: ErrorKind, named: &str) -> Law {
    match result {
        Ok(()) => Err(format!("no error, but {kind} was expected")),
        Err(error) if error.kind() == kind && error.to_string().contains(named) => Ok(()),
        Err(error) => Err(format!("{kind} that names {named} was expected, and not {error:?}")),
    }
}

impl Remains {
    /// No way of opening it works, all say so and name this, and none changes anything.
    pub(crate) fn is_damaged(&self, named: &str) {
        opens_as_damaged(&self.dir, named);
    }

    /// It opens, with everything that was acknowledged and at most the write that was in doubt.
    pub(crate) fn has_all(&self) {
        opens_with_all(&self.dir, WRITTEN);
    }
}

pub(crate) fn opens_as_damaged(dir: &Path, named: &str) {
    let before = tree(dir);
    for opened in [
        FileStore::open(dir, &options()),
        FileStore::open_read_only(dir, &options()),
        FileStore::open_or_create(dir, schema(), &options()),
    ] {
        let text = format!("{opened:?}");
        assert_eq!(is(opened.map(drop), ErrorKind::Damaged, named), Ok(()), "{text}");
    }
    let created = FileStore::create(dir, schema(), &options()).unwrap_err();
    assert!(matches!(created.kind(), ErrorKind::Io | ErrorKind::Damaged), "{created:?}");
    assert_eq!(tree(dir), before, "opening what is damaged changes nothing");
}

pub(crate) fn opens_with_all(dir: &Path, written: u64) {
    let store = FileStore::open(dir, &options()).unwrap();
    let found = numbers(&store);
    assert!(found.is_superset(&(0..written).collect()), "{} records are there", found.len());
    assert!(found.is_subset(&(0..=written).collect()), "what was refused is there");
    store.verify(&mut ()).unwrap();
    store.upsert(record(written + 1)).unwrap();
    drop(store);
    assert!(FileStore::open(dir, &options()).unwrap().len().unwrap() > written);
}

/// Puts a file in place of another by a rename, as programs do that replace files.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("replacement");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, path).unwrap();
}

/// The bytes of one file.
pub(crate) fn bytes_of(path: &Path) -> Vec<u8> {
    bytes(path.parent().unwrap()).remove(path.file_name().unwrap().to_str().unwrap()).unwrap()
}
