//! Aggregates of the records that match a filter.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Sorted, for_each_row, for_each_strip, values_at};
use crate::{Block, Budget, Filter, Path, PayloadRef, Result, Value};

/// What to compute over the records that match.
///
/// Values are those that a path leads to. Of a list each different element counts once for its record;
/// null, maps, and lists in lists don't count. Equal numbers are one value, shown as an integer where
/// that is exact. Values are in their [order](crate::ValueRef::sort_order).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Aggregate<'a> {
    /// How many records.
    Count,
    /// The least and the greatest value.
    MinMax(&'a Path),
    /// The different values, the least `limit` of them.
    Distinct {
        /// Where they are.
        path: &'a Path,
        /// The most values.
        limit: usize,
    },
    /// The most frequent `limit` values, each with its number of records; equally frequent ones in the
    /// order of the values.
    Facet {
        /// Where they are.
        path: &'a Path,
        /// The most values.
        limit: usize,
    },
}

/// What an [`Aggregate`] came to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Aggregated {
    /// How many records.
    Count(u64),
    /// The least and the greatest value, if there is one.
    MinMax(Option<(Value, Value)>),
    /// The different values, in their order.
    Distinct(Vec<Value>),
    /// Values with the number of records of each, the most frequent first.
    Facet(Vec<(Value, u64)>),
}

/// Computes the aggregates over the records of some blocks. O(rows), and O(values log values) for
/// paths.
pub(crate) fn aggregate<'a>(
    blocks: impl Iterator<Item = Result<Block<'a>>>,
    wanted: &[Aggregate<'_>],
    filter: Option<&Filter>,
    budget: Budget<'_>,
) -> Result<Vec<Aggregated>> {
    let mut tallies = wanted.iter().map(Tally::new).collect::<Result<Vec<_>>>()?;
    if tallies.iter().all(|tally| tally.path.is_none()) {
        let mut count = 0;
        for_each_strip(blocks, filter, budget, |_, mask| {
            count += mask.count() as u64;
            Ok(())
        })?;
        tallies.iter_mut().for_each(|tally| tally.records = count);
    } else {
        for_each_row(blocks, filter, budget, |block, row| {
            let payload = block.payload(row)?;
            tallies.iter_mut().try_for_each(|tally| tally.count(&payload))
        })?;
    }
    Ok(wanted.iter().zip(tallies).map(|(wanted, tally)| tally.finish(wanted)).collect())
}

/// What has been counted for one aggregate.
struct Tally<'a> {
    path: Option<&'a Path>,
    /// How many of the least values decide what comes out.
    least: usize,
    /// Whether the greatest one does, too.
    greatest: bool,
    records: u64,
    values: BTreeMap<Sorted, u64>,
    /// The values of one record.
    seen: Vec<Sorted>,
}

impl<'a> Tally<'a> {
    fn new(wanted: &Aggregate<'a>) -> Result<Self> {
        let (path, least, greatest) = match *wanted {
            Aggregate::Count => (None, 0, false),
            Aggregate::MinMax(path) => (Some(path), 1, true),
            Aggregate::Distinct { path, limit } => (Some(path), limit, false),
            Aggregate::Facet { path, .. } => (Some(path), usize::MAX, false),
        };
        path.map_or(Ok(()), Path::check)?;
        let (values, seen) = (BTreeMap::new(), Vec::new());
        Ok(Self { path, least, greatest, records: 0, values, seen })
    }

    fn count(&mut self, payload: &PayloadRef<'_>) -> Result<()> {
        self.records += 1;
        let Some(path) = self.path else { return Ok(()) };
        values_at(path, payload, &mut self.seen)?;
        for value in self.seen.drain(..) {
            *self.values.entry(value).or_default() += 1;
        }
        self.trim();
        Ok(())
    }

    /// Forgets the values that decide nothing any more.
    fn trim(&mut self) {
        let kept = self.least.saturating_add(usize::from(self.greatest));
        while self.values.len() > kept {
            let greatest = if self.greatest { self.values.pop_last() } else { None };
            self.values.pop_last();
            self.values.extend(greatest);
        }
    }

    fn finish(mut self, wanted: &Aggregate<'_>) -> Aggregated {
        match wanted {
            Aggregate::Count => Aggregated::Count(self.records),
            Aggregate::MinMax(_) => {
                let least = self.values.pop_first().map(|(Sorted(value), _)| value);
                Aggregated::MinMax(least.map(|least| {
                    let greatest = self.values.pop_last().map(|(Sorted(value), _)| value);
                    let greatest = greatest.unwrap_or_else(|| least.clone());
                    (least, greatest)
                }))
            }
            Aggregate::Distinct { limit, .. } => {
                let values = self.values.into_keys().take(*limit);
                Aggregated::Distinct(values.map(|Sorted(value)| value).collect())
            }
            Aggregate::Facet { limit, .. } => {
                let values = self.values.into_iter().map(|(Sorted(value), count)| (value, count));
                let mut values: Vec<_> = values.collect();
                // Stable: equally frequent ones stay in the order of the values.
                values.sort_by_key(|(_, count)| Reverse(*count));
                values.truncate(*limit);
                Aggregated::Facet(values)
            }
        }
    }
}
