//! The indexed search: exact, unless a query gives up exactness and an index answers it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iqdb_core::{
    Accuracy, Blocks, Budget, Explain, FieldId, Hits, Plan, Progress, Query, Result, Scratch,
    Search, Snapshot, Verdict,
};

use crate::exact::{ExactSearch, push_hits};
use crate::ivf::{Answer, FieldIndex, IndexScratch, IndexStats, Kernels};
use crate::kernel::{Engine, Kernel};
use crate::subset::Subset;

/// A search that answers queries with [`Accuracy::Recall`] by an index, and all others by scanning, as
/// [`ExactSearch`] does. Cloning shares its threads.
///
/// It has an index of a field once [`build_index`](Search::build_index) was called, and
/// [`prepare`](Search::prepare) keeps one up to date, and builds one once a query has asked for a recall.
/// An index lies on the shelf of the store, and so serves all of its snapshots.
///
/// Such a query is answered exactly, and its [verdict](Hits::verdict) says so and
/// [explain](iqdb_core::Explain::reason) why, where there is no index
/// yet; where scanning is faster: of few rows ([`with_index_rows_min`](Self::with_index_rows_min)), of
/// few that match the filter, of fields of bits or with sparse vectors; for more than a hundred hits,
/// and for those within a distance; where the index wasn't
/// measured to reach the recall; and where the query's plan is the plain scan. The recall is the mean over
/// queries like the rows, without a filter. With one that few rows match, the codes of all of these are
/// compared; with another one the query looks farther, until what it finds is as near as without a filter.
///
/// An index needs about as many bytes a row as the row has components, and its build about 4 µs a row
/// for each thousand of clusters of 48 rows, on one thread.
///
/// ```
/// use iqdb_arena::ArenaStore;
/// use iqdb_core::{
///     Accuracy, Budget, Hits, Metric, Query, Record, Schema, Scratch, Search, Store, StoreExt,
///     VectorRef,
/// };
/// use iqdb_search::IndexedSearch;
///
/// let store = ArenaStore::new(Schema::new(2, Metric::Euclidean)?);
/// store.upsert(Record::new(1, [0.0, 0.0])?)?;
/// let (search, on) = (IndexedSearch::new(), store.snapshot()?);
/// search.build_index(&*on, Budget::new(), &mut ())?;
/// let query = Query::nearest(VectorRef::new(&[3.0, 3.0])?, 1).with_accuracy(Accuracy::Recall(0.9));
/// let mut hits = [Hits::new()];
/// search.search(&*on, &[query], &mut hits, &mut Scratch::new())?;
/// assert!(hits[0].verdict().is_exact(), "a scan of one row is faster");
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct IndexedSearch {
    exact: ExactSearch,
    kernel: Kernel,
    index_rows_min: usize,
    /// Whether a query has asked for a recall, so that an index is worth its while.
    is_wanted: Arc<AtomicBool>,
}

/// Below this, a scan takes about as long as a probe.
const INDEX_ROWS_MIN: usize = 5_000;

/// Parts of a field's build, as its progress counts them.
const PARTS: u64 = 100;

/// Room for the queries of a batch that are answered exactly.
#[derive(Debug, Default)]
struct ExactQueries(Subset);

impl Default for IndexedSearch {
    fn default() -> Self {
        Self {
            exact: ExactSearch::new(),
            kernel: Kernel::Auto,
            index_rows_min: INDEX_ROWS_MIN,
            is_wanted: Arc::default(),
        }
    }
}

impl IndexedSearch {
    /// With the fastest kernels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this kernel.
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.exact = self.exact.with_kernel(kernel);
        self.kernel = kernel;
        self
    }

    /// With this pool for exact queries that ask for more than one thread.
    #[must_use]
    pub fn with_pool(mut self, pool: Arc<rayon::ThreadPool>) -> Self {
        self.exact = self.exact.with_pool(pool);
        self
    }

    /// Indexes snapshots of at least this many rows; the default is 5,000. Fewer are scanned as fast.
    #[must_use]
    pub fn with_index_rows_min(mut self, rows: usize) -> Self {
        self.index_rows_min = rows;
        self
    }

    fn kernels(&self) -> (Kernels, Engine) {
        (Kernels::of(self.kernel), Engine::of(self.kernel))
    }

    /// Answers a query by the index of its field, or says why it is to be answered exactly.
    fn estimate(
        &self,
        on: &dyn Blocks,
        query: &Query<'_>,
        hits: &mut Hits,
        scratch: &mut Scratch,
        explain: &mut Explain,
    ) -> Result<Option<&'static str>> {
        let Accuracy::Recall(recall) = query.accuracy() else { return Ok(Some("")) };
        if query.accuracy().is_exact() {
            return Ok(Some(""));
        }
        if query.plan() == Plan::F32 {
            return Ok(Some("its plan is the plain scan"));
        }
        let field = query.field_in(on.schema())?;
        if !on.schema().kind(field).is_some_and(FieldIndex::serves) {
            return Ok(Some("fields of this kind have no index: a scan of them is fast"));
        }
        let Some(index) = FieldIndex::of(on, field) else {
            self.is_wanted.store(true, Ordering::Relaxed);
            return Ok(Some(match on.len() < self.index_rows_min as u64 {
                true => "a scan of few rows is faster than an index",
                false => "there is no index yet",
            }));
        };
        let mut done = Explain::of("clusters", self.kernels().0.name());
        let room = (scratch.of::<IndexScratch>(), &mut done);
        let (recall, epoch, found) = match index.answer(on, query, recall, self.kernels(), room)? {
            Answer::Exact(reason) => return Ok(Some(reason)),
            Answer::Estimated { recall, epoch, found } => (recall, Some(epoch), found),
        };
        push_hits(on, field, query, hits, found)?;
        hits.set_verdict(Verdict::Estimated { recall, epoch });
        explain.add(&done);
        Ok(None)
    }

    /// Answers each query by an index, or else exactly.
    fn answer(
        &self,
        on: &dyn Snapshot,
        blocks: &dyn Blocks,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        let mut explain = Explain::of("", "");
        let mut exact = Subset::take(&mut scratch.of::<ExactQueries>().0);
        let mut reasons = Explain::of("", "");
        for (n, (query, hits)) in queries.iter().zip(&mut *hits).enumerate() {
            if let Some(reason) = self.estimate(blocks, query, hits, scratch, &mut explain)? {
                hits.clear();
                exact.push(n);
                let mut why = Explain::of("", "");
                why.reason = reason;
                reasons.add(&why);
            }
        }
        let answer = match exact.len() {
            0 => Ok(None),
            len if len == queries.len() => self.exact.search(on, queries, hits, scratch).map(Some),
            _ => exact.answer((queries, hits), scratch, |queries, hits, scratch| {
                self.exact.search(on, queries, hits, scratch).map(Some)
            }),
        };
        scratch.of::<ExactQueries>().0 = exact;
        if let Some(mut answer) = answer? {
            answer.reason = reasons.reason;
            explain.add(&answer);
        }
        Ok(explain)
    }

    /// The fields that are worth an index in a snapshot.
    fn fields<'a>(&'a self, on: &'a dyn Blocks) -> impl Iterator<Item = FieldId> + 'a {
        let is_large = on.len() >= self.index_rows_min as u64;
        let fields = on
            .schema()
            .iter()
            .filter(move |(_, field)| is_large && FieldIndex::serves(field.kind()));
        fields.map(|(id, _)| id)
    }

    fn build(
        &self,
        on: &dyn Blocks,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        let of = self.fields(on).count() as u64 * PARTS;
        let mut before = 0;
        for field in self.fields(on) {
            let mut reported = None;
            let mut go_on = |share: f64| {
                // A share of a hundred parts.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let done = before + (share.clamp(0.0, 1.0) * PARTS as f64) as u64;
                if reported.is_none_or(|reported| reported < done) {
                    progress.report(done, of);
                    reported = Some(done);
                }
                budget.check().is_ok()
            };
            if !go_on(0.0)
                || !FieldIndex::build(on, field, &self.exact, self.kernels(), &mut go_on)?
            {
                return Ok(false);
            }
            before += PARTS;
        }
        progress.report(of, of);
        Ok(true)
    }
}

/// The index of a field that the store of a snapshot has, whichever search built it. One that was saved is
/// lent again, which reads and checks its bytes; else O(1).
#[must_use]
pub fn index_stats(on: &dyn Snapshot, field: FieldId) -> Option<IndexStats> {
    let blocks = on.blocks()?;
    if FieldIndex::of(blocks, field).is_none() {
        FieldIndex::load(blocks, field, Kernels::of(Kernel::Auto));
    }
    Some(FieldIndex::of(blocks, field)?.stats())
}

impl Search for IndexedSearch {
    /// As [`ExactSearch`]; of a query that an index answers, about the square root of the rows it
    /// would read. Such queries of a batch are answered one after the other on the calling thread.
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
        scratch: &mut Scratch,
    ) -> Result<Explain> {
        Query::check_batch(queries, hits, on.schema())?;
        let blocks =
            on.blocks().filter(|_| queries.iter().any(|query| !query.accuracy().is_exact()));
        let Some(blocks) = blocks else { return self.exact.search(on, queries, hits, scratch) };
        let answer = self.answer(on, blocks, queries, hits, scratch);
        if answer.is_err() {
            hits.iter_mut().for_each(Hits::clear);
        }
        answer.map_err(|error| error.during("search"))
    }

    /// What [`ExactSearch`] prepares, and an index where a query has asked for a recall, or there is one
    /// of an earlier version that lacks many rows by now. An index that was saved is lent again.
    fn prepare(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        let Some(blocks) = on.blocks() else { return self.exact.prepare(on, budget, progress) };
        for field in self.fields(blocks) {
            if FieldIndex::of(blocks, field).is_none() {
                FieldIndex::load(blocks, field, self.kernels().0);
            }
        }
        let has_index = self.fields(blocks).any(|field| FieldIndex::of(blocks, field).is_some());
        if !has_index && !self.is_wanted.load(Ordering::Relaxed) {
            return self.exact.prepare(on, budget, progress);
        }
        // Two halves, of one count of parts.
        let mut report = |half: u64, done: u64, of: u64| {
            progress.report(half * PARTS + done * PARTS / of.max(1), 2 * PARTS);
        };
        Ok(self.exact.prepare(on, budget, &mut |done, of| report(0, done, of))?
            && self.build(blocks, budget, &mut |done, of| report(1, done, of))?)
    }

    /// Builds the index of each field of numbers, of the sealed blocks of the snapshot, and measures the
    /// recall of each effort on up to 3,200 of the rows.
    fn build_index(
        &self,
        on: &dyn Snapshot,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        self.is_wanted.store(true, Ordering::Relaxed);
        let Some(blocks) = on.blocks() else { return Ok(true) };
        self.build(blocks, budget, progress).map_err(|error| error.during("build_index"))
    }
}
