//! Aggregates through the handle: one by one, or several over the records that match.

use iqdb_core::{Aggregate, Aggregated, Budget, Error, ErrorKind, Filter, Path, Result, Value};

use crate::Iqdb;

impl Iqdb {
    /// Computes aggregates over the records that match: how many, the least and the greatest value at
    /// a path, the different values, the most frequent ones. O(rows).
    ///
    /// # Errors
    /// Those of [`Snapshot::aggregate`](crate::Snapshot::aggregate) and [`Store::snapshot`](crate::Store::snapshot).
    pub fn aggregate(
        &self,
        wanted: &[Aggregate<'_>],
        filter: Option<&Filter>,
    ) -> Result<Vec<Aggregated>> {
        self.store().snapshot()?.aggregate(wanted, filter, Budget::new())
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
}

/// What is said of a snapshot that answers with another aggregate than the one wanted.
fn other_aggregate() -> Error {
    Error::new(
        ErrorKind::ContractViolation,
        "a snapshot computed other aggregates than those wanted",
    )
    .during("aggregate")
}
