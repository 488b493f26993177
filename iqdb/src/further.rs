//! The questions of the query builder that go on with the hits of a query: groups, hits that differ, and hits
//! that are ranked by an expression.

use iqdb_core::{
    Diversity, Error, Expression, Group, Grouping, Hit, Path, Rerank, Result, ScoredHit, Scratch,
    SearchExt,
};

use crate::QueryBuilder;
use crate::asking::Asking;

impl QueryBuilder<'_> {
    /// Asks for groups instead: at most `groups` of the values at this path that the nearest records have,
    /// each with at most `per_group` of its nearest records ([`Grouping`] says what makes a group).
    /// [`k`](Self::k) has no part in it. Exactly the best groups: hits are read until they are certain.
    ///
    /// # Errors
    /// Those of [`run`](Self::run) and of [`SearchExt::group`].
    pub fn group_by(
        self,
        path: impl Into<Path>,
        groups: usize,
        per_group: usize,
    ) -> Result<Vec<Group>> {
        let (db, path) = (self.db, path.into());
        let by = Grouping { path: &path, groups, per_group };
        self.ask(|on, query| Ok(Asking(db).group(on, query, by, &mut Scratch::new())?.groups))
    }

    /// Asks for hits that also differ from each other, chosen from the `depth` nearest. A lambda of 1 is the
    /// query as it is, and 0 as different as possible ([`Diversity`]).
    ///
    /// # Errors
    /// Those of [`run`](Self::run) and of [`SearchExt::diversify`].
    pub fn diversify(self, lambda: f64, depth: usize) -> Result<Vec<Hit>> {
        let (db, by) = (self.db, Diversity { lambda, depth });
        self.ask(|on, query| Ok(Asking(db).diversify(on, query, by, &mut Scratch::new())?.hits))
    }

    /// Asks for the first `depth` hits, and ranks them anew by an [`Expression`], or the text of one, over
    /// their scores and the numbers and dates of their payloads.
    ///
    #[cfg_attr(any(feature = "arena", feature = "memory"), doc = "```")]
    #[cfg_attr(not(any(feature = "arena", feature = "memory")), doc = "```no_run")]
    /// use iqdb::{Iqdb, Metric, Record, Schema};
    ///
    /// let db = Iqdb::open_in_memory(Schema::new(2, Metric::Euclidean)?)?;
    /// db.upsert(Record::new(1, [1.0, 0.0])?.with("year", 1999))?;
    /// db.upsert(Record::new(2, [1.1, 0.0])?.with("year", 2024))?;
    ///
    /// let hits = db.query([0.0, 0.0]).rerank(100, "score + 0.5 * gauss(year, 2024, 10)")?;
    /// assert_eq!(hits[0].hit.id, 2);
    /// # Ok::<(), iqdb::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`run`](Self::run), of reading the text, and of [`SearchExt::rerank`].
    pub fn rerank(
        self,
        depth: usize,
        by: impl TryInto<Expression, Error: Into<Error>>,
    ) -> Result<Vec<ScoredHit>> {
        let by = by.try_into().map_err(Into::into)?;
        let (db, by) = (self.db, Rerank { depth, by: &by });
        self.ask(|on, query| Ok(Asking(db).rerank(on, query, by, &mut Scratch::new())?.hits))
    }
}
