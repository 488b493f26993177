//! The query builder: one question, asked in words.

use iqdb_core::{Error, Explain, Filter, Goal, Hits, Plan, Query, Result, Vector};

use crate::Iqdb;

/// A query in the making; [`run`](Self::run) asks it.
///
/// What can't be converted on the way, such as a filter's text, is reported when it is run, so
/// that the calls chain.
///
/// ```
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
    db: &'a Iqdb,
    vector: Result<Vector>,
    filter: Result<Option<Filter>>,
    k: usize,
    within: Option<f64>,
    payload: bool,
    threads: usize,
    plan: Plan,
}

/// How many hits a query has unless it says otherwise.
const DEFAULT_K: usize = 10;

impl<'a> QueryBuilder<'a> {
    pub(crate) fn new(db: &'a Iqdb, vector: Result<Vector>) -> Self {
        Self {
            db,
            vector,
            filter: Ok(None),
            k: DEFAULT_K,
            within: None,
            payload: false,
            threads: 1,
            plan: Plan::Auto,
        }
    }

    /// At most `k` hits, the nearest. The default is 10.
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// Only records at `distance` or less.
    pub fn within(mut self, distance: f64) -> Self {
        self.within = Some(distance);
        self
    }

    /// Only records that match: a [`Filter`] or its [text](crate::filter#text). Called again, both
    /// have to match.
    pub fn filter(mut self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Self {
        self.filter = self.filter.and_then(|earlier| {
            let filter = filter.try_into().map_err(Into::into)?;
            Ok(Some(match earlier {
                Some(earlier) => earlier.and(filter),
                None => filter,
            }))
        });
        self
    }

    /// Hits carry a copy of their payload.
    pub fn with_payload(mut self) -> Self {
        self.payload = true;
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

    /// Asks, and returns the hits, nearest first.
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
        let (vector, filter) = (self.vector?, self.filter?);
        let goal = match self.within {
            Some(distance) => Goal::Within {
                distance,
                limit: self.k,
            },
            None => Goal::Nearest { k: self.k },
        };
        let mut query = Query::new(vector.as_ref(), goal)
            .payload(self.payload)
            .threads(self.threads)
            .plan(self.plan);
        if let Some(filter) = &filter {
            query = query.filter(filter);
        }
        let mut hits = Hits::new();
        let explain = self
            .db
            .search_batch(&[query], std::slice::from_mut(&mut hits))?;
        Ok((hits, explain))
    }
}
