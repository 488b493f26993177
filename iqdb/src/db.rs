//! The handle that users hold: a store and a search behind one type without parameters.

use std::fmt;
use std::sync::Arc;

use iqdb_core::{
    Applied, Batch, Error, Explain, Filter, Hits, Payload, Query, Record, RecordId, Result, Schema,
    Search, Snapshot, Store, StoreExt, Vector,
};

use crate::background::Background;
use crate::{Builder, QueryBuilder, Scroll};

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
/// assert_eq!(hits.to_vec()[0].id, "near".into());
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Clone)]
pub struct Iqdb {
    store: Arc<dyn Store>,
    search: Arc<dyn Search>,
    background: Arc<Background>,
}

impl Iqdb {
    pub(crate) fn new(store: Arc<dyn Store>, search: Arc<dyn Search>) -> Self {
        let background = Background::new(Arc::clone(&store), Arc::clone(&search));
        Self { store, search, background: Arc::new(background) }
    }

    /// Opens a new, empty database in memory, on the fastest backend compiled in.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`](crate::ErrorKind::NotSupported) when none is.
    pub fn open_in_memory(schema: Schema) -> Result<Self> {
        Builder::default().open_in_memory(schema)
    }

    /// Opens a database with other choices than the default ones.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Opens a database over a store of one's own.
    #[must_use]
    pub fn with_store(store: impl Store) -> Self {
        Builder::default().over(Arc::new(store))
    }

    /// The schema, fixed when the database was made.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.store.schema()
    }

    /// The store behind the handle.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Applies a batch: all of it or nothing, as one version.
    ///
    /// # Errors
    /// Those of [`Store::apply`].
    pub fn apply(&self, batch: &Batch) -> Result<Applied> {
        self.written(self.store.apply(batch))
    }

    /// Inserts or replaces one record.
    ///
    /// # Errors
    /// Those of [`Store::apply`].
    pub fn upsert(&self, record: Record) -> Result<Applied> {
        self.written(self.store.upsert(record))
    }

    /// Inserts or replaces all records, as one batch.
    ///
    /// # Errors
    /// Those of [`Store::apply`].
    pub fn upsert_many(&self, records: impl IntoIterator<Item = Record>) -> Result<Applied> {
        self.written(self.store.upsert_many(records))
    }

    /// Deletes one record; returns whether it was there.
    ///
    /// # Errors
    /// Those of [`Store::apply`].
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
    /// Those of [`Store::apply`].
    pub fn set_payload(&self, id: impl Into<RecordId>, payload: Payload) -> Result<bool> {
        self.written(self.store.set_payload(id, payload))
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

    /// Records in the order of their ids, a page at a time.
    pub fn scroll(&self) -> Scroll<'_> {
        Scroll::new(self)
    }

    /// The `k` records nearest to `vector`, nearest first, without payloads.
    ///
    /// # Errors
    /// Those of [`QueryBuilder::run`].
    pub fn search(
        &self,
        vector: impl TryInto<Vector, Error: Into<Error>>,
        k: usize,
    ) -> Result<Hits> {
        self.query(vector).k(k).run()
    }

    /// A query with filters, payloads, threads and the rest.
    pub fn query(&self, vector: impl TryInto<Vector, Error: Into<Error>>) -> QueryBuilder<'_> {
        QueryBuilder::new(self, vector.try_into().map_err(Into::into))
    }

    /// Answers `queries[i]` into `hits[i]`, all over one snapshot. The buffers are reused: once
    /// they have grown, a query on the calling thread and without payloads allocates nothing.
    ///
    /// # Errors
    /// Those of [`Search::search`] and [`Store::snapshot`]; every buffer is then empty.
    pub fn search_batch(&self, queries: &[Query<'_>], hits: &mut [Hits]) -> Result<Explain> {
        match self.store.snapshot() {
            Ok(snapshot) => self.search_on(&*snapshot, queries, hits),
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
    ) -> Result<Explain> {
        self.search.search(snapshot, queries, hits)
    }

    /// Makes now, on the calling thread, what searches keep with sealed blocks and what a thread of
    /// the database makes in the background otherwise: codes and norms. Answers are the same with
    /// and without them; with them they come sooner. O(rows × dim) for what is new.
    ///
    /// # Errors
    /// Those of [`Search::prepare`] and [`Store::snapshot`].
    pub fn prepare(&self) -> Result<()> {
        self.search.prepare(&*self.store.snapshot()?, &mut || true).map(drop)
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

impl fmt::Debug for Iqdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iqdb({})", self.schema())
    }
}
