//! Hybrid queries: several questions to one snapshot, whose answers are fused.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use iqdb_core::text::Bm25;
use iqdb_core::{
    Accuracy, Budget, Error, ErrorKind, Expression, Filter, Fused, FusedHit, Fusion, Query,
    RecordId, Rerank, Result, Scratch, SearchExt, Snapshot, Vector,
};

use crate::Iqdb;
use crate::asking::Asking;
use crate::condition::Condition;
use crate::query::{Asked, Ready};

/// How many hits a fused answer has unless it says otherwise.
const DEFAULT_K: usize = 10;

/// How many hits of a part are fused unless it says otherwise.
const DEFAULT_DEPTH: usize = 100;

/// A query of several parts in the making; [`run`](Self::run) asks them all of one snapshot, and fuses the
/// hits. A part begins with [`dense`](Self::dense), [`sparse`](Self::sparse) or [`text`](Self::text);
/// [`depth`](Self::depth), [`part_filter`](Self::part_filter), [`accuracy`](Self::accuracy) and
/// [`bm25`](Self::bm25) behind it are about this part alone.
///
#[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
#[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
/// use iqdb::{Analyzer, Iqdb, Metric, Record, Schema};
///
/// let schema = Schema::builder().dense("vector", 2, Metric::Cosine).text("body", Analyzer::words());
/// let db = Iqdb::open_in_memory(schema.build()?)?;
/// db.upsert(Record::new(1, [1.0, 0.0])?.with("body", "a red fox").with("year", 2024))?;
/// db.upsert(Record::new(2, [0.9, 0.1])?.with("body", "a lazy dog").with("year", 2023))?;
/// db.upsert(Record::new(3, [0.9, 0.1])?.with("body", "a blue fox").with("year", 1999))?;
///
/// let hybrid = db.hybrid().dense("vector", [1.0, 0.1]).depth(50).text("body", "fox");
/// let hits = hybrid.filter("year >= 2000").k(5).run()?;
/// assert_eq!((hits.len(), &hits[0].id), (2, &1.into()));
/// assert!(hits[1].parts[1].is_none(), "the dog is found by its vector alone");
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a query does nothing until it is run"]
pub struct HybridBuilder<'a> {
    db: &'a Iqdb,
    at: Option<&'a dyn Snapshot>,
    parts: Vec<Part<'a>>,
    /// The first call about a part that came before all parts.
    misplaced: Option<&'static str>,
    condition: Condition,
    fusion: Fusion,
    /// How many of the fused hits are ranked anew, and by what.
    rerank: Option<(usize, Result<Expression>)>,
    k: usize,
    payload: bool,
    budget: Budget<'a>,
    threads: usize,
}

/// One of the questions, as it was given.
#[derive(Debug)]
struct Part<'a> {
    field: &'a str,
    input: Asked<'a>,
    condition: Condition,
    depth: Option<usize>,
    accuracy: Accuracy,
}

impl Iqdb {
    /// A query of several parts, vectors and words, whose hits are fused to one ranking.
    pub fn hybrid(&self) -> HybridBuilder<'_> {
        HybridBuilder {
            db: self,
            at: None,
            parts: Vec::new(),
            misplaced: None,
            condition: Condition::none(),
            fusion: Fusion::default(),
            rerank: None,
            k: DEFAULT_K,
            payload: false,
            budget: Budget::new(),
            threads: 1,
        }
    }
}

impl<'a> HybridBuilder<'a> {
    fn part(mut self, field: &'a str, input: Asked<'a>) -> Self {
        let (condition, accuracy) = (Condition::none(), Accuracy::Exact);
        self.parts.push(Part { field, input, condition, depth: None, accuracy });
        self
    }

    /// A part: what is near a dense vector.
    pub fn dense(self, field: &'a str, vector: impl TryInto<Vector, Error: Into<Error>>) -> Self {
        self.part(field, Asked::Vector(vector.try_into().map_err(Into::into)))
    }

    /// A part: what is near a sparse vector.
    pub fn sparse(self, field: &'a str, vector: impl TryInto<Vector, Error: Into<Error>>) -> Self {
        self.dense(field, vector)
    }

    /// A part: which texts have these words, as [`Iqdb::query_text`] reads them.
    pub fn text(self, field: &'a str, words: &'a str) -> Self {
        self.part(field, Asked::Text(words, Bm25::default()))
    }

    /// A part: what is near the vector of a record, which itself is no hit of this part.
    pub fn like(self, field: &'a str, id: impl Into<RecordId>) -> Self {
        self.part(field, Asked::Like(id.into()))
    }

    /// Changes the last part.
    fn last(mut self, call: &'static str, change: impl FnOnce(&mut Part<'a>)) -> Self {
        match self.parts.last_mut() {
            Some(part) => change(part),
            None => self.misplaced = self.misplaced.or(Some(call)),
        }
        self
    }

    /// How many hits of the last part are fused at most. The default is 100, or `k` or the depth of
    /// [`rerank`](Self::rerank) if that is more.
    pub fn depth(self, depth: usize) -> Self {
        self.last("depth", |part| part.depth = Some(depth))
    }

    /// Only records that match, for the last part. Called again, both have to match.
    pub fn part_filter(self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Self {
        self.last("part_filter", |part| {
            let condition = std::mem::replace(&mut part.condition, Condition::none());
            part.condition = condition.and(filter);
        })
    }

    /// How exact the answer of the last part has to be. The default is exact.
    pub fn accuracy(self, accuracy: Accuracy) -> Self {
        self.last("accuracy", |part| part.accuracy = accuracy)
    }

    /// The parameters of the ranking of the last part, if that is of text.
    pub fn bm25(self, bm25: Bm25) -> Self {
        self.last("bm25", |part| {
            if let Asked::Text(_, parameters) = &mut part.input {
                *parameters = bm25;
            }
        })
    }

    /// Only records that match, for all parts. Called again, both have to match.
    pub fn filter(mut self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Self {
        self.condition = self.condition.and(filter);
        self
    }

    /// How the hits are fused. The default is reciprocal rank fusion with a `k` of 60.
    pub fn fuse(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Ranks the first `depth` of the fused hits anew, by an [`Expression`], or the text of one, in which
    /// `score` is the fused score. The hits have the new scores.
    pub fn rerank(
        mut self,
        depth: usize,
        by: impl TryInto<Expression, Error: Into<Error>>,
    ) -> Self {
        self.rerank = Some((depth, by.try_into().map_err(Into::into)));
        self
    }

    /// At most `k` hits, the best. The default is 10.
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// Hits carry a copy of their payload.
    pub fn with_payload(mut self) -> Self {
        self.payload = true;
        self
    }

    /// Asks this snapshot instead of the database as it is now.
    pub fn at(mut self, snapshot: &'a dyn Snapshot) -> Self {
        self.at = Some(snapshot);
        self
    }

    /// At most this many threads may work on it. The default is 1: the calling thread alone.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Until when the search may work. After that it ends with
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded).
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.budget = self.budget.with_deadline(deadline);
        self
    }

    /// Ends the search with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) once another thread has set
    /// this flag.
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.budget = self.budget.with_cancel(flag);
        self
    }

    /// Asks, and returns the hits, best first.
    ///
    /// # Errors
    /// What could not be converted on the way; [`ErrorKind::InvalidQuery`](crate::ErrorKind::InvalidQuery)
    /// for a call about a part before the first; those of [`SearchExt::fuse`], of [`Rerank::fused`] and of
    /// [`Store::snapshot`](crate::Store::snapshot).
    pub fn run(self) -> Result<Vec<FusedHit>> {
        self.explain().map(|fused| fused.hits)
    }

    /// Asks, and returns the hits with how exact each part is and what was done to find them.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn explain(self) -> Result<Fused> {
        let Self { db, at, parts, condition, fusion, k, payload, budget, threads, .. } = self;
        if let Some(call) = self.misplaced {
            return Err(Error::new(ErrorKind::InvalidQuery, "there is no part yet")
                .during("fuse")
                .expected("a part before what is about it")
                .found(call));
        }
        let common = condition.read()?;
        let rerank = self.rerank.map(|(depth, by)| by.map(|by| (depth, by))).transpose()?;
        let rerank = rerank.as_ref().map(|(depth, by)| Rerank { depth: *depth, by });
        rerank.map_or(Ok(()), Rerank::check).map_err(|error| error.during("rerank"))?;
        let taken;
        let on = match at {
            Some(snapshot) => snapshot,
            None => {
                taken = db.snapshot()?;
                &*taken
            }
        };
        let most = rerank.map_or(k, |rerank| k.max(rerank.depth));
        let read = parts.into_iter().map(|part| part.read(db, on, common.as_ref(), most));
        let read = read.collect::<Result<Vec<_>>>()?;
        let queries: Vec<Query<'_>> = read
            .iter()
            .map(|part| {
                let is_read = payload || rerank.is_some();
                part.query().with_payload(is_read).with_budget(budget).with_threads(threads)
            })
            .collect();
        let Some(rerank) = rerank else {
            return Asking(db).fuse(on, &queries, &fusion, k, &mut Scratch::new());
        };
        let mut fused =
            Asking(db).fuse(on, &queries, &fusion, rerank.depth, &mut Scratch::new())?;
        fused.hits = rerank.fused(fused.hits, k)?;
        if !payload {
            fused.hits.iter_mut().for_each(|hit| hit.payload = None);
        }
        Ok(fused)
    }
}

/// A part whose words and filters have been read.
struct ReadPart<'a> {
    field: &'a str,
    ready: Ready,
    filter: Option<Filter>,
    depth: usize,
    accuracy: Accuracy,
}

impl<'a> Part<'a> {
    fn read(
        self,
        db: &Iqdb,
        on: &dyn Snapshot,
        common: Option<&Filter>,
        k: usize,
    ) -> Result<ReadPart<'a>> {
        let Self { field, input, condition, depth, accuracy } = self;
        let depth = depth.unwrap_or(DEFAULT_DEPTH.max(k));
        let (ready, others) = input.read(db, on, Some(field))?;
        let filters = [condition.read()?, common.cloned(), others];
        let filter = filters.into_iter().flatten().reduce(Filter::and);
        Ok(ReadPart { field, ready, filter, depth, accuracy })
    }
}

impl ReadPart<'_> {
    fn query(&self) -> Query<'_> {
        let query = Query::nearest(self.ready.input(), self.depth).with_field(self.field);
        let query = query.with_accuracy(self.accuracy);
        self.filter.as_ref().map_or(query, |filter| query.with_filter(filter))
    }
}
