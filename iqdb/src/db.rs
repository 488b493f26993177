//! The handle that users hold: a store and a search behind one type without parameters.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iqdb_core::{
    Aggregate, Aggregated, Applied, Batch, Budget, Error, ErrorKind, Explain, Field, Filter, Hits,
    Maintenance, NamedVector, Path, Payload, Progress, Query, Record, RecordId, Result, Rows,
    Schema, Scratch, Search, Snapshot, Store, StoreExt, Value, Verified, Version,
};

#[cfg(feature = "file")]
use iqdb_file::{FileStats, FileStore};

use crate::background::Background;

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
    background: Arc<Background>,
    /// Whether the first search is to wake the thread that prepares.
    unprepared: Arc<AtomicBool>,
    /// The store once more, where it is one in a directory.
    #[cfg(feature = "file")]
    file: Option<Arc<FileStore>>,
}

impl Iqdb {
    pub(crate) fn new(store: Arc<dyn Store>, search: Arc<dyn Search>) -> Self {
        let background = Background::new(Arc::clone(&store), Arc::clone(&search));
        Self {
            store,
            search,
            background: Arc::new(background),
            unprepared: Arc::default(),
            #[cfg(feature = "file")]
            file: None,
        }
    }

    #[cfg(feature = "file")]
    pub(crate) fn over_file(store: FileStore, search: Arc<dyn Search>) -> Self {
        let file = Arc::new(store);
        let db = Self::new(Arc::clone(&file) as Arc<dyn Store>, search);
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
        self.written(self.store.add_field(field, Budget::new(), &mut ()))
    }

    /// The store behind the handle.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Applies a batch: all of it or nothing, as one version.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn apply(&self, batch: &Batch) -> Result<Applied> {
        self.apply_within(batch, Budget::new())
    }

    /// Applies a batch, unless its budget is over before it is decided.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.written(self.store.apply_within(batch, budget))
    }

    /// Inserts or replaces one record.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn upsert(&self, record: Record) -> Result<Applied> {
        self.written(self.store.upsert(record))
    }

    /// Inserts or replaces all records, as one batch.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn upsert_many(&self, records: impl IntoIterator<Item = Record>) -> Result<Applied> {
        self.written(self.store.upsert_many(records))
    }

    /// Inserts or replaces the record of each row, as one batch. Of two rows of one id the later one
    /// wins.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn upsert_rows(&self, rows: Rows) -> Result<Applied> {
        self.apply(&Batch::new().upsert_rows(rows))
    }

    /// Inserts one record.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists) when its id is there already;
    /// those of [`Store::apply_within`].
    pub fn insert(&self, record: Record) -> Result<Applied> {
        self.apply(&Batch::new().insert(record))
    }

    /// Inserts one record, unless its id is there already; returns whether it did.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn insert_if_absent(&self, record: Record) -> Result<bool> {
        let applied = self.apply(&Batch::new().insert_if_absent(record))?;
        Ok(applied.inserted == 1)
    }

    /// Deletes the records that match and then inserts or replaces these, as one batch: all of it or
    /// nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter); those of [`Store::apply_within`].
    pub fn replace_where(
        &self,
        filter: impl TryInto<Filter, Error: Into<Error>>,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Applied> {
        let batch = Batch::new().delete_where(filter.try_into().map_err(Into::into)?);
        self.apply(&records.into_iter().fold(batch, Batch::upsert))
    }

    /// Merges a patch into the payload of one record, as JSON Merge Patch does (RFC 7396): maps merge
    /// deeply, null removes a key, anything else replaces it. Returns whether the record was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn merge_payload(&self, id: impl Into<RecordId>, patch: Payload) -> Result<bool> {
        let applied = self.apply(&Batch::new().merge_payload(id, patch))?;
        Ok(applied.payload_set == 1)
    }

    /// Sets or removes the vectors of the named fields of one record, and keeps the rest of it;
    /// returns whether the record was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn set_vectors(
        &self,
        id: impl Into<RecordId>,
        vectors: impl Into<Vec<NamedVector>>,
    ) -> Result<bool> {
        let applied = self.apply(&Batch::new().set_vectors(id, vectors))?;
        Ok(applied.vectors_set == 1)
    }

    /// Deletes one record; returns whether it was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn delete(&self, id: impl Into<RecordId>) -> Result<bool> {
        self.written(self.store.delete(id))
    }

    /// Deletes the records that match, as one batch; returns how many there were.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter); those of
    /// [`StoreExt::delete_where`].
    pub fn delete_where(&self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Result<u64> {
        self.written(self.store.delete_where(&filter.try_into().map_err(Into::into)?))
    }

    /// Replaces the payload of one record; returns whether it was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`].
    pub fn set_payload(&self, id: impl Into<RecordId>, payload: Payload) -> Result<bool> {
        self.written(self.store.set_payload(id, payload))
    }

    /// Moves a database that is open to be read only on to the newest version that its writer has
    /// published, and returns the version that reads show from then on. Any other one is current.
    ///
    /// # Errors
    /// Those of [`Store::refresh`].
    pub fn refresh(&self) -> Result<Version> {
        self.written(self.store.refresh(Budget::new()))
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

    /// Computes aggregates over the records that match: how many, the least and the greatest value at
    /// a path, the different values, the most frequent ones. O(rows).
    ///
    /// # Errors
    /// Those of [`Snapshot::aggregate`] and [`Store::snapshot`].
    pub fn aggregate(
        &self,
        wanted: &[Aggregate<'_>],
        filter: Option<&Filter>,
    ) -> Result<Vec<Aggregated>> {
        self.store.snapshot()?.aggregate(wanted, filter, Budget::new())
    }

    /// The least and the greatest value at a path, if there is one. O(rows).
    ///
    /// # Errors
    /// Those of [`aggregate`](Self::aggregate).
    pub fn min_max(&self, path: impl Into<Path>) -> Result<Option<(Value, Value)>> {
        match self.one_aggregate(Aggregate::MinMax(&path.into()))? {
            Aggregated::MinMax(found) => Ok(found),
            _ => Err(other_aggregate()),
        }
    }

    /// The least `limit` different values at a path, in their order. O(rows).
    ///
    /// # Errors
    /// Those of [`aggregate`](Self::aggregate).
    pub fn distinct(&self, path: impl Into<Path>, limit: usize) -> Result<Vec<Value>> {
        match self.one_aggregate(Aggregate::Distinct { path: &path.into(), limit })? {
            Aggregated::Distinct(found) => Ok(found),
            _ => Err(other_aggregate()),
        }
    }

    /// The most frequent `limit` values at a path, each with its number of records. O(rows).
    ///
    /// # Errors
    /// Those of [`aggregate`](Self::aggregate).
    pub fn facet(&self, path: impl Into<Path>, limit: usize) -> Result<Vec<(Value, u64)>> {
        match self.one_aggregate(Aggregate::Facet { path: &path.into(), limit })? {
            Aggregated::Facet(found) => Ok(found),
            _ => Err(other_aggregate()),
        }
    }

    fn one_aggregate(&self, wanted: Aggregate<'_>) -> Result<Aggregated> {
        self.aggregate(&[wanted], None)?.pop().ok_or_else(other_aggregate)
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
        self.search.search(snapshot, queries, hits, scratch)
    }

    /// Makes now, on the calling thread, what searches keep with sealed blocks and what a thread of
    /// the database makes in the background otherwise: codes and norms. Answers are the same with
    /// and without them; with them they come sooner. O(rows × dim) for what is new.
    ///
    /// # Errors
    /// Those of [`Search::prepare`] and [`Store::snapshot`].
    pub fn prepare(&self) -> Result<()> {
        self.search.prepare(&*self.store.snapshot()?, Budget::new(), &mut ()).map(drop)
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

    fn written<T>(&self, result: Result<T>) -> Result<T> {
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

/// What is said of a snapshot that answers with another aggregate than the one wanted.
fn other_aggregate() -> Error {
    Error::new(
        ErrorKind::ContractViolation,
        "a snapshot computed other aggregates than those wanted",
    )
    .during("aggregate")
}

impl fmt::Debug for Iqdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iqdb({})", self.schema())
    }
}
