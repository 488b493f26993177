//! The handle that users hold: a store and a search behind one type without parameters.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iqdb_core::{
    Budget, Error, ErrorKind, Explain, Field, Filter, Hits, Maintenance, Progress, Query, Record,
    RecordId, Result, Schema, Scratch, Search, Snapshot, Store, StoreExt, Verified, Version,
};

#[cfg(feature = "file")]
use iqdb_file::{FileStats, FileStore};

use iqdb_search::{IndexStats, index_stats};

use crate::background::{Background, BackgroundThread};

/// An open database. Cloning it gives another handle to the same one.
///
/// Every method may be called from many threads at once. A write is visible to every later read;
/// a read sees one consistent snapshot. An error means that nothing has changed.
///
#[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
#[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
/// use iqdb::{Iqdb, Metric, Record, Schema};
///
/// let db = Iqdb::open_in_memory(Schema::new(2, Metric::Euclidean)?)?;
/// db.upsert_many([
///     Record::new("near", [0.1, 0.0])?.with("lang", "en"),
///     Record::new("far", [9.0, 9.0])?.with("lang", "en"),
///     Record::new("other", [0.0, 0.0])?.with("lang", "de"),
/// ])?;
/// let hits = db.query([0.0, 0.0]).k(1).filter("lang = \"en\"").with_payload().run()?;
/// assert_eq!(hits.to_vec()[0].id, "near");
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Clone)]
pub struct Iqdb {
    store: Arc<dyn Store>,
    search: Arc<dyn Search>,
    background: Arc<BackgroundThread>,
    /// Whether the first search is to wake the thread that prepares.
    unprepared: Arc<AtomicBool>,
    /// Whether the first query that gives up exactness, and is answered exactly, is to wake it.
    unindexed: Arc<AtomicBool>,
    /// The store once more, where it is one in a directory.
    #[cfg(feature = "file")]
    file: Option<Arc<FileStore>>,
}

impl Iqdb {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        search: Arc<dyn Search>,
        background: Background,
    ) -> Self {
        let background = BackgroundThread::new(Arc::clone(&store), Arc::clone(&search), background);
        Self {
            store,
            search,
            background: Arc::new(background),
            unprepared: Arc::default(),
            unindexed: Arc::new(AtomicBool::new(true)),
            #[cfg(feature = "file")]
            file: None,
        }
    }

    #[cfg(feature = "file")]
    pub(crate) fn over_file(
        store: FileStore,
        search: Arc<dyn Search>,
        background: Background,
    ) -> Self {
        let file = Arc::new(store);
        let db = Self::new(Arc::clone(&file) as Arc<dyn Store>, search, background);
        // What was there before has no codes yet. The first search wakes the thread that reads it.
        db.unprepared.store(true, Ordering::Relaxed);
        Self { file: Some(file), ..db }
    }

    /// The schema as it is now. O(1).
    #[must_use]
    pub fn schema(&self) -> Schema {
        self.store.schema()
    }

    /// Appends a field to the schema, while the database goes on being read and written. Records that
    /// are there lack it, until [`set_vectors`](Self::set_vectors) or an upsert gives them a vector. A
    /// field never changes or goes. Returns the version that has it. With a budget and a progress, it is a
    /// method of [`Store`].
    ///
    #[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
    #[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
    /// use iqdb::{Element, Field, FieldKind, Iqdb, Metric, Record, Schema, Vector};
    ///
    /// let db = Iqdb::open_in_memory(Schema::new(2, Metric::Dot)?)?;
    /// db.upsert(Record::new(1, [1.0, 0.0])?)?;
    /// let kind = FieldKind::Dense { dim: 3, metric: Metric::Cosine, element: Element::F32 };
    /// db.add_field(Field::new("image", kind)?)?;
    /// db.set_vectors(1, [("image".into(), Some(Vector::try_from([1.0, 2.0, 3.0])?))])?;
    /// assert_eq!(db.query([1.0, 2.0, 3.0]).on("image").run()?.to_vec()[0].id, 1);
    /// # Ok::<(), iqdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists) when a field has the name; those
    /// of [`Store::add_field`].
    pub fn add_field(&self, field: Field) -> Result<Version> {
        self.add_field_within(field, Budget::new())
    }

    /// As [`add_field`](Self::add_field), until the budget ends; the field is not there then.
    ///
    /// # Errors
    /// Those of [`add_field`](Self::add_field) and of the budget.
    pub fn add_field_within(&self, field: Field, budget: Budget<'_>) -> Result<Version> {
        self.written(self.store.add_field(field, budget, &mut ()))
    }

    /// The store behind the handle.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Moves a database that is open to be read only on to the newest version that its writer has
    /// published, and returns the version that reads show from then on. Any other one is current.
    ///
    /// # Errors
    /// Those of [`Store::refresh`].
    pub fn refresh(&self) -> Result<Version> {
        self.refresh_within(Budget::new())
    }

    /// As [`refresh`](Self::refresh), until the budget ends; reads show what they did before then.
    ///
    /// # Errors
    /// Those of [`refresh`](Self::refresh) and of the budget.
    pub fn refresh_within(&self, budget: Budget<'_>) -> Result<Version> {
        self.written(self.store.refresh(budget))
    }

    /// A copy of the record of this id, as of now.
    ///
    /// # Errors
    /// Those of [`Store::get`].
    pub fn get(&self, id: impl Into<RecordId>) -> Result<Option<Record>> {
        self.store.get(&id.into())
    }

    /// The records of these ids, in their order, all from one snapshot.
    ///
    /// # Errors
    /// Those of [`StoreExt::get_many`].
    pub fn get_many<I: Into<RecordId>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<Vec<Option<Record>>> {
        let ids: Vec<RecordId> = ids.into_iter().map(Into::into).collect();
        self.store.get_many(&ids)
    }

    /// How many records there are.
    ///
    /// # Errors
    /// Those of [`Store::snapshot`].
    pub fn len(&self) -> Result<u64> {
        self.store.len()
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// Those of [`Store::snapshot`].
    pub fn is_empty(&self) -> Result<bool> {
        self.store.is_empty()
    }

    /// How many records match. O(rows).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter); those of
    /// [`Store::snapshot`].
    pub fn count(&self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Result<u64> {
        self.store.count(Some(&filter.try_into().map_err(Into::into)?))
    }

    /// The whole database as it is now, unchanging from here on.
    ///
    /// # Errors
    /// Those of [`Store::snapshot`].
    pub fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.store.snapshot()
    }

    /// Answers `queries[i]` into `hits[i]`, all over one snapshot. The buffers and the working memory
    /// are reused: once they have grown, a query on the calling thread and without payloads allocates
    /// nothing.
    ///
    /// # Errors
    /// Those of [`Search::search`] and [`Store::snapshot`]; every buffer is then empty.
    pub fn search_batch(
        &self,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        match self.store.snapshot() {
            Ok(snapshot) => self.search_on(&*snapshot, queries, hits, scratch),
            Err(error) => {
                hits.iter_mut().for_each(Hits::clear);
                Err(error)
            }
        }
    }

    /// Answers `queries[i]` into `hits[i]`, all over this snapshot.
    ///
    /// # Errors
    /// Those of [`Search::search`]; every buffer is then empty.
    pub fn search_on(
        &self,
        snapshot: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        if self.unprepared.load(Ordering::Relaxed) && self.unprepared.swap(false, Ordering::Relaxed)
        {
            self.background.wake();
        }
        let explain = self.search.search(snapshot, queries, hits, scratch)?;
        if self.unindexed.load(Ordering::Relaxed) && wants_index(queries, hits) {
            // The thread builds an index, or finds that none is worth its while.
            self.unindexed.store(false, Ordering::Relaxed);
            self.background.wake();
        }
        Ok(explain)
    }

    /// Makes now, on the calling thread, what searches keep with sealed blocks and what a thread of
    /// the database makes in the background otherwise: codes and norms. Answers are the same with
    /// and without them; with them they come sooner. O(rows × dim) for what is new.
    ///
    /// # Errors
    /// Those of [`Search::prepare`] and [`Store::snapshot`].
    pub fn prepare(&self) -> Result<()> {
        self.prepare_within(Budget::new()).map(drop)
    }

    /// As [`prepare`](Self::prepare), until the budget ends. Returns whether nothing is lacking any more;
    /// what was made before the budget ended is kept.
    ///
    /// # Errors
    /// Those of [`prepare`](Self::prepare); a budget that ends is none.
    pub fn prepare_within(&self, budget: Budget<'_>) -> Result<bool> {
        self.search.prepare(&*self.store.snapshot()?, budget, &mut ())
    }

    /// Builds the index that answers queries with [`Accuracy::Recall`](crate::Accuracy) sooner than a
    /// scan, on the calling thread, unless there is one that is as good. Without this call, a thread of
    /// the database builds it once such a query was asked. `progress` hears of hundredths. Returns whether
    /// nothing is lacking any more: not where the budget has ended.
    ///
    /// It serves queries for the nearest of up to 100 records in dense fields of numbers. Exact queries
    /// don't use it.
    ///
    #[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
    #[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
    /// use iqdb::{Accuracy, Budget, Iqdb, Metric, Record, Schema};
    ///
    /// let db = Iqdb::open_in_memory(Schema::new(2, Metric::Euclidean)?)?;
    /// db.upsert(Record::new(1, [0.1, 0.2])?)?;
    /// db.build_index(Budget::new(), &mut ())?;
    /// let hits = db.query([0.0, 0.0]).accuracy(Accuracy::Recall(0.95)).run()?;
    /// assert_eq!(hits.len(), 1);
    /// assert!(hits.verdict().is_exact(), "of so few records, a scan is as fast");
    /// # Ok::<(), iqdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Search::build_index`] and [`Store::snapshot`].
    pub fn build_index(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<bool> {
        self.search.build_index(&*self.store.snapshot()?, budget, progress)
    }

    /// The index of a field, if there is one: in memory, or saved in the directory.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`](crate::ErrorKind::UnknownField); those of [`Store::snapshot`].
    pub fn index_stats(&self, field: &str) -> Result<Option<IndexStats>> {
        let snapshot = self.store.snapshot()?;
        Ok(index_stats(&*snapshot, snapshot.schema().field(field)?))
    }

    /// Rewrites what holds dead records, so that the database shrinks to what is alive. Changes
    /// nothing that can be read. O(bytes rewritten). With a budget, it is a method of
    /// [`Store::maintenance`].
    ///
    /// # Errors
    /// Those of [`Maintenance::compact`]; [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported)
    /// where the backend has no maintenance, or the database is open to be read only.
    pub fn compact(&self) -> Result<()> {
        self.written(self.maintenance("compact")?.compact(Budget::new(), &mut ()))
    }

    /// Copies the database as it is now to a directory that has none, while it goes on being read
    /// and written. O(bytes).
    ///
    /// # Errors
    /// Those of [`Maintenance::backup_to`]; [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported)
    /// where the database is in no directory.
    pub fn backup_to(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
        self.maintenance("backup")?.backup_to(path.as_ref(), Budget::new(), &mut ())
    }

    /// Reads all files and checks every byte that matters. `progress` hears of bytes. O(bytes).
    ///
    /// # Errors
    /// Those of [`Maintenance::verify`]; [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported)
    /// where the database is in no directory.
    pub fn verify(&self, progress: &mut dyn Progress) -> Result<Verified> {
        self.maintenance("verify")?.verify(Budget::new(), progress)
    }

    fn maintenance(&self, operation: &'static str) -> Result<&dyn Maintenance> {
        self.store.maintenance().ok_or_else(|| {
            Error::new(ErrorKind::NotSupported, "the backend has no maintenance")
                .during(operation)
                .hint("open a database in a directory")
        })
    }

    /// How the files of the database are doing.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) where it is in no directory, or was
    /// opened by the process that this one was forked from.
    #[cfg(feature = "file")]
    pub fn file_stats(&self) -> Result<FileStats> {
        let file = self.file.as_deref().ok_or_else(|| {
            Error::new(ErrorKind::NotSupported, "the database is in no directory")
                .during("stats")
                .hint("open one with a path")
        })?;
        file.stats()
    }

    pub(crate) fn search_behind(&self) -> &dyn Search {
        &*self.search
    }

    pub(crate) fn written<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_ok() {
            self.background.wake();
        }
        result
    }

    /// Returns when every acknowledged write is as durable as the backend promises.
    ///
    /// # Errors
    /// Those of [`Store::flush`].
    pub fn flush(&self) -> Result<()> {
        self.store.flush()
    }
}

/// Whether a query gave up exactness in vain.
fn wants_index(queries: &[Query<'_>], hits: &[Hits]) -> bool {
    let in_vain = |(query, hits): (&Query<'_>, &Hits)| {
        !query.accuracy().is_exact() && hits.verdict().is_exact()
    };
    queries.iter().zip(hits).any(in_vain)
}

impl fmt::Debug for Iqdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iqdb({})", self.schema())
    }
}
