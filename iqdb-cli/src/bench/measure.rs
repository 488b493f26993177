//! Asking the queries: one pass to warm up, then the passes that count.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use iqdb::{Accuracy, Budget, Hits, IdRef, Iqdb, Query, Result, Scratch, VectorRef, Verdict};

use super::input::Input;
use crate::args::BenchArgs;
use crate::progress;
use crate::screen::Screen;

/// What the passes took and what they brought.
#[derive(Debug)]
pub(super) struct Measured {
    /// The time of each call, shortest first.
    pub(super) call_times: Vec<Duration>,
    /// How many queries were answered in these calls.
    pub(super) queries: u64,
    /// The plans that ran; one, as a rule.
    pub(super) plans: BTreeSet<&'static str>,
    /// Bytes of rows that were read.
    pub(super) bytes_read: u64,
    /// The rows that each query found, in the first pass that counts.
    pub(super) found: Vec<Vec<u64>>,
    /// The recall that each answer said that it reaches; `None` for exact ones.
    pub(super) estimates: Vec<Option<f32>>,
    /// The time that the index took.
    pub(super) index_time: Option<Duration>,
}

/// Asks all queries as often as `args` says, in calls of `args.batch` queries.
pub(super) fn measure(
    database: &Iqdb,
    input: &Input,
    args: &BenchArgs,
    screen: &Screen<'_>,
) -> Result<Measured> {
    let queries = input
        .queries()
        .map(|vector| {
            let vector = VectorRef::new(vector)?;
            Ok(Query::nearest(vector, input.k)
                .with_accuracy(args.recall.map_or(Accuracy::Exact, Accuracy::Recall))
                .with_threads(args.threads)
                .with_plan(args.plan.into()))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut buffers = vec![Hits::new(); args.batch.min(queries.len())];
    let mut scratch = Scratch::new();
    // What would be made in the background meanwhile.
    database.prepare()?;
    let index_time = match args.recall {
        Some(_) => Some(build_index(database, screen)?),
        None => None,
    };

    let passes = args.repeat.saturating_add(1);
    let bar = progress::bar(screen, "searching", queries.len().saturating_mul(passes));
    for queries in queries.chunks(args.batch) {
        database.search_batch(queries, &mut buffers[..queries.len()], &mut scratch)?;
        bar.inc(queries.len() as u64);
    }
    let mut measured = Measured {
        call_times: Vec::new(),
        queries: 0,
        plans: BTreeSet::new(),
        bytes_read: 0,
        found: Vec::with_capacity(queries.len()),
        estimates: Vec::with_capacity(queries.len()),
        index_time,
    };
    for pass in 0..args.repeat {
        for queries in queries.chunks(args.batch) {
            let buffers = &mut buffers[..queries.len()];
            let start = Instant::now();
            let explain = database.search_batch(queries, buffers, &mut scratch)?;
            measured.call_times.push(start.elapsed());

            measured.queries += queries.len() as u64;
            measured.plans.insert(explain.plan);
            measured.bytes_read += explain.bytes_read;
            if pass == 0 {
                measured.found.extend(buffers.iter().map(rows));
                measured.estimates.extend(buffers.iter().map(estimate));
            }
            bar.inc(queries.len() as u64);
        }
    }
    measured.call_times.sort_unstable();
    Ok(measured)
}

/// Builds the index, and returns the time it took.
fn build_index(database: &Iqdb, screen: &Screen<'_>) -> Result<Duration> {
    let bar = progress::bar(screen, "indexing", 0);
    let start = Instant::now();
    database.build_index(Budget::new(), &mut |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    })?;
    Ok(start.elapsed())
}

/// The recall that an answer says that it reaches.
fn estimate(hits: &Hits) -> Option<f32> {
    match hits.verdict() {
        Verdict::Estimated { recall, .. } => Some(recall),
        _ => None,
    }
}

/// The row numbers found. An id that is none was not loaded and so is no row.
fn rows(hits: &Hits) -> Vec<u64> {
    hits.iter()
        .filter_map(|hit| match hit.id {
            IdRef::Number(row) => Some(row),
            IdRef::Uuid(_) | IdRef::Text(_) => None,
        })
        .collect()
}

impl Measured {
    /// The sum of all call times.
    pub(super) fn total(&self) -> Duration {
        self.call_times.iter().sum()
    }

    /// The shortest time that `percent` percent of the calls did not exceed.
    pub(super) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.call_times.len() * percent).div_ceil(100).max(1);
        self.call_times.get(rank - 1).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let of = |calls: u64, percent| {
            let measured = Measured {
                call_times: (1..=calls).map(Duration::from_micros).collect(),
                queries: calls,
                plans: BTreeSet::new(),
                bytes_read: 0,
                found: Vec::new(),
                estimates: Vec::new(),
                index_time: None,
            };
            measured.percentile(percent).as_micros()
        };
        assert_eq!([of(1_000, 50), of(1_000, 99)], [500, 990]);
        assert_eq!([of(3, 50), of(3, 99)], [2, 3]);
        assert_eq!([of(1, 50), of(1, 99)], [1, 1]);
        assert_eq!([of(0, 50), of(0, 99)], [0, 0]);
    }
}
