//! The query builder: one question, asked in words.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use iqdb_core::text::{Bm25, TextQuery};
use iqdb_core::{
    Accuracy, Budget, Error, ErrorKind, Examples, Explain, Filter, Goal, Hits, Input, Plan, Query,
    RecordId, Result, Scratch, SearchExt, Snapshot, Vector,
};

use crate::Iqdb;
use crate::asking::Asking;
use crate::condition::Condition;

/// A query in the making; [`run`](Self::run) asks it.
///
/// What can't be converted on the way, such as a filter's text, is reported when it is run, so
/// that the calls chain.
///
#[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
#[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
/// use iqdb::{Iqdb, Metric, Record, Schema};
///
/// let db = Iqdb::open_in_memory(Schema::new(2, Metric::Euclidean)?)?;
/// db.upsert(Record::new(1, [1.0, 0.0])?.with("year", 2024))?;
/// db.upsert(Record::new(2, [0.0, 2.0])?.with("year", 1999))?;
///
/// let hits = db.query([0.0, 0.0]).within(1.5).filter("year >= 2000").with_payload().run()?;
/// assert_eq!(hits.len(), 1);
/// # Ok::<(), iqdb::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a query does nothing until it is run"]
pub struct QueryBuilder<'a> {
    pub(crate) db: &'a Iqdb,
    at: Option<&'a dyn Snapshot>,
    field: Option<&'a str>,
    input: Asked<'a>,
    condition: Condition,
    k: Option<usize>,
    within: Option<f64>,
    payload: bool,
    vector_of_hits: bool,
    accuracy: Accuracy,
    budget: Budget<'a>,
    threads: usize,
    plan: Plan,
}

/// What a query is about, as it was given.
#[derive(Debug)]
pub(crate) enum Asked<'a> {
    Vector(Result<Vector>),
    Text(&'a str, Bm25),
    /// The vector of a record.
    Like(RecordId),
    /// What is like the first records and unlike the others.
    Examples(Vec<RecordId>, Vec<RecordId>),
}

/// What a query is about, read for a schema.
#[derive(Debug)]
pub(crate) enum Ready {
    Vector(Vector),
    Text(TextQuery),
}

impl Asked<'_> {
    /// A vector that could be converted or that records have, or words that the analyzer of the field has
    /// read; and a condition that leaves out the records that were named.
    pub(crate) fn read(
        self,
        db: &Iqdb,
        on: &dyn Snapshot,
        field: Option<&str>,
    ) -> Result<(Ready, Option<Filter>)> {
        let all_but = |ids: Vec<RecordId>| Some(Filter::id_in(ids).not());
        Ok(match self {
            Self::Vector(given) => (Ready::Vector(given?), None),
            Self::Text(words, bm25) => {
                (Ready::Text(TextQuery::of(on.schema(), field, words)?.with_bm25(bm25)), None)
            }
            Self::Like(id) => (Ready::Vector(vector_of(on, field, &id)?), all_but(vec![id])),
            Self::Examples(positive, negative) => {
                let examples = Examples { positive: &positive, negative: &negative };
                let mean = Asking(db).mean_of(on, field, examples)?;
                (Ready::Vector(mean), all_but([positive, negative].concat()))
            }
        })
    }
}

/// A copy of the vector of a record.
fn vector_of(on: &dyn Snapshot, field: Option<&str>, id: &RecordId) -> Result<Vector> {
    let schema = on.schema();
    let field = field.map_or_else(|| schema.default_field(), |name| schema.field(name))?;
    let name = schema.fields()[field.index()].name();
    let lacks = |message: &'static str| {
        Error::new(ErrorKind::InvalidQuery, message).during("search").with_field(name).with_id(id)
    };
    let record = on.get(id)?.ok_or_else(|| lacks("the record to search for is not there"))?;
    let vector = record.vector(name)?;
    Ok(vector.ok_or_else(|| lacks("the record has no vector of the field"))?.to_vector())
}

impl Ready {
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::Vector(vector) => vector.as_ref().into(),
            Self::Text(text) => text.into(),
        }
    }
}

impl Iqdb {
    /// The records whose texts say `text`, best first: any of the words, `"phrases"`, what they must have
    /// after `+`, and what they must not after `-`; [`TextQuery`] says it all. A hit's distance is 0 minus its
    /// score, that of BM25 ([`ranking`](crate::text::ranking)).
    ///
    #[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
    #[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
    /// use iqdb::{Analyzer, Iqdb, Record, Schema};
    ///
    /// let schema = Schema::builder().text("body", Analyzer::words()).build()?;
    /// let db = Iqdb::open_in_memory(schema)?;
    /// db.upsert(Record::without_vector(1).with("body", "The quick brown fox"))?;
    /// db.upsert(Record::without_vector(2).with("body", "A lazy dog, and a fox"))?;
    ///
    /// let hits = db.query_text("body", "brown fox -lazy").k(3).run()?;
    /// assert_eq!(hits.len(), 1);
    /// # Ok::<(), iqdb::Error>(())
    /// ```
    pub fn query_text<'a>(&'a self, field: &'a str, text: &'a str) -> QueryBuilder<'a> {
        QueryBuilder::new(self, Asked::Text(text, Bm25::default())).on(field)
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

    /// What is near the vector of a record, of the field that is asked; the record itself is no hit.
    ///
    #[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
    #[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
    /// use iqdb::{Iqdb, Metric, Record, Schema};
    ///
    /// let db = Iqdb::open_in_memory(Schema::new(2, Metric::Euclidean)?)?;
    /// db.upsert_many([
    ///     Record::new(1, [0.0, 0.0])?.with("author", "ann"),
    ///     Record::new(2, [1.0, 0.0])?.with("author", "ann"),
    ///     Record::new(3, [1.0, 0.1])?.with("author", "bob"),
    ///     Record::new(4, [5.0, 5.0])?.with("author", "cid"),
    /// ])?;
    /// assert_eq!(db.like(1).k(1).run()?.to_vec()[0].id, 2);
    /// assert_eq!(db.recommend([1, 2], [4]).k(1).run()?.to_vec()[0].id, 3);
    /// let groups = db.like(1).group_by("author", 2, 1)?;
    /// assert!(groups[0].hits[0].id == 2 && groups[1].hits[0].id == 3);
    /// let different = db.query([0.0, 0.0]).k(2).diversify(0.3, 100)?;
    /// assert_eq!(different[1].id, 4);
    /// # Ok::<(), iqdb::Error>(())
    /// ```
    pub fn like(&self, id: impl Into<RecordId>) -> QueryBuilder<'_> {
        QueryBuilder::new(self, Asked::Like(id.into()))
    }

    /// What is like the positive records and unlike the negative ones: near the mean of the first, or beyond
    /// it as seen from the mean of the others ([`SearchExt::mean_of`]). The records themselves are no hits.
    pub fn recommend<I: Into<RecordId>>(
        &self,
        positive: impl IntoIterator<Item = I>,
        negative: impl IntoIterator<Item = I>,
    ) -> QueryBuilder<'_> {
        let positive = positive.into_iter().map(Into::into).collect();
        let negative = negative.into_iter().map(Into::into).collect();
        QueryBuilder::new(self, Asked::Examples(positive, negative))
    }

    /// A query with filters, payloads, threads and the rest.
    pub fn query(&self, vector: impl TryInto<Vector, Error: Into<Error>>) -> QueryBuilder<'_> {
        QueryBuilder::new(self, Asked::Vector(vector.try_into().map_err(Into::into)))
    }
}

/// How many hits a query has unless it says otherwise.
const DEFAULT_K: usize = 10;

impl<'a> QueryBuilder<'a> {
    fn new(db: &'a Iqdb, input: Asked<'a>) -> Self {
        Self {
            db,
            at: None,
            field: None,
            input,
            condition: Condition::none(),
            k: None,
            within: None,
            payload: false,
            vector_of_hits: false,
            accuracy: Accuracy::Exact,
            budget: Budget::new(),
            threads: 1,
            plan: Plan::Auto,
        }
    }

    /// At most `k` hits, the nearest. The default is 10, or all of them with
    /// [`within`](Self::within).
    pub fn k(mut self, k: usize) -> Self {
        self.k = Some(k);
        self
    }

    /// Only records at `distance` or less.
    pub fn within(mut self, distance: f64) -> Self {
        self.within = Some(distance);
        self
    }

    /// Only records with at least this score: those at minus it or less, of a query for text.
    pub fn min_score(self, score: f64) -> Self {
        self.within(0.0 - score)
    }

    /// The parameters of the ranking of a query for text. Another query has none, and takes no notice.
    pub fn bm25(mut self, bm25: Bm25) -> Self {
        if let Asked::Text(_, parameters) = &mut self.input {
            *parameters = bm25;
        }
        self
    }

    /// Only records that match: a [`Filter`] or its [text](crate::filter#text). Called again, both
    /// have to match.
    pub fn filter(mut self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Self {
        self.condition = self.condition.and(filter);
        self
    }

    /// Looks in this field. Without it, a query looks in the field named
    /// [`Field::DEFAULT`](crate::Field::DEFAULT). Records that lack the field are never hits.
    pub fn on(mut self, field: &'a str) -> Self {
        self.field = Some(field);
        self
    }

    /// Asks this snapshot instead of the database as it is now.
    pub fn at(mut self, snapshot: &'a dyn Snapshot) -> Self {
        self.at = Some(snapshot);
        self
    }

    /// Hits carry a copy of their payload.
    pub fn with_payload(mut self) -> Self {
        self.payload = true;
        self
    }

    /// Hits carry a copy of their vector.
    pub fn with_vector(mut self) -> Self {
        self.vector_of_hits = true;
        self
    }

    /// How exact the answer has to be. The default is exact; an answer says how exact it is by
    /// [`Hits::verdict`].
    pub fn accuracy(mut self, accuracy: Accuracy) -> Self {
        self.accuracy = accuracy;
        self
    }

    /// Until when the search may work. After that it ends with
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded).
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.budget = self.budget.with_deadline(deadline);
        self
    }

    /// Ends the search with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) once another
    /// thread has set this flag.
    pub fn cancel(mut self, flag: &'a AtomicBool) -> Self {
        self.budget = self.budget.with_cancel(flag);
        self
    }

    /// At most this many threads may work on it. The default is 1: the calling thread alone.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How to go about it. Never changes an answer.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// Asks, and returns the hits, nearest first. The working memory is made for this query alone.
    ///
    /// # Errors
    /// What could not be converted on the way; those of [`Query::check`], of
    /// [`Store::snapshot`](crate::Store::snapshot) and of [`Search::search`](crate::Search).
    pub fn run(self) -> Result<Hits> {
        self.explain().map(|(hits, _)| hits)
    }

    /// Asks, and returns the hits with what was done to find them.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn explain(self) -> Result<(Hits, Explain)> {
        let mut hits = Hits::new();
        let explain = self.run_into(&mut hits, &mut Scratch::new())?;
        Ok((hits, explain))
    }

    /// Asks, and writes the hits into a buffer that the caller reuses, nearest first. Once the buffer
    /// and the working memory have grown, a search without payloads allocates nothing.
    ///
    /// # Errors
    /// Those of [`run`](Self::run); the buffer is then empty.
    pub fn run_into(self, hits: &mut Hits, scratch: &mut Scratch) -> Result<Explain> {
        hits.clear();
        let db = self.db;
        self.ask(|on, query| db.search_on(on, &[*query], std::slice::from_mut(hits), scratch))
    }

    /// Reads what was given, and has it answered.
    pub(crate) fn ask<T>(
        self,
        answer: impl FnOnce(&dyn Snapshot, &Query<'_>) -> Result<T>,
    ) -> Result<T> {
        let condition = self.condition.read()?;
        let taken;
        let on = match self.at {
            Some(snapshot) => snapshot,
            None => {
                taken = self.db.snapshot()?;
                &*taken
            }
        };
        let (ready, others) = self.input.read(self.db, on, self.field)?;
        let filter = [condition, others].into_iter().flatten().reduce(Filter::and);
        let goal = match self.within {
            Some(distance) => Goal::Within { distance, limit: self.k.unwrap_or(usize::MAX) },
            None => Goal::Nearest { k: self.k.unwrap_or(DEFAULT_K) },
        };
        let mut query = Query::new(ready.input(), goal)
            .with_payload(self.payload)
            .with_vector(self.vector_of_hits)
            .with_accuracy(self.accuracy)
            .with_budget(self.budget)
            .with_threads(self.threads)
            .with_plan(self.plan);
        if let Some(field) = self.field {
            query = query.with_field(field);
        }
        if let Some(filter) = &filter {
            query = query.with_filter(filter);
        }
        answer(on, &query)
    }
}
