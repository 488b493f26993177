//! Readers beside a writer, on one database that they share.
//!
//! The writer replaces records by equal ones, so that an answer that differs from the one given
//! before there was a writer is a wrong one. Answers are compared by their distances, since rows at
//! the same distance may change places.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::data::Data;
use super::nanoseconds;
use crate::Result;
use crate::protocol::{Answer, BesideWriter, Metric, Writer};
use crate::stats::percentile;

/// Asks the query of this number, and leaves the bits of the distances where that is wanted.
pub(super) trait Reader: FnMut(usize, Option<&mut Vec<u64>>) -> Result<()> {}

impl<F: FnMut(usize, Option<&mut Vec<u64>>) -> Result<()>> Reader for F {}

/// A database that threads share.
pub(super) trait Shared: Sync {
    /// One reader, with buffers of its own.
    fn reader(&self, k: usize) -> Box<dyn Reader + '_>;

    /// Replaces the record of `row` by an equal one, in a commit of its own.
    fn upsert(&self, data: &Data, row: usize) -> Result<()>;
}

/// How many different queries the readers ask.
const QUERIES: usize = 100;

/// The rows are written in steps of this prime, so that neighbours are not replaced together.
const STEP: usize = 7_919;

/// What one reader saw.
#[derive(Default)]
struct Seen {
    ns: Vec<u64>,
    wrong: u64,
}

/// Lets them go for the given time and answers with the readers' percentiles, the writer's rate,
/// and how many answers were wrong.
pub(super) fn run(db: &dyn Shared, ask: &BesideWriter) -> Result<Answer> {
    let data = Data::read(&ask.files, Metric::Cosine)?;
    let mut expected = vec![Vec::new(); QUERIES.min(data.queries.rows)];
    let mut first = db.reader(ask.k);
    for (i, distances) in expected.iter_mut().enumerate() {
        first(i, Some(distances))?;
    }
    drop(first);

    let (go_on, started) = (AtomicBool::new(true), Instant::now());
    let (readers, upserts) = std::thread::scope(|scope| {
        let (go_on, expected, data) = (&go_on, &expected, &data);
        let writer = scope.spawn(move || write(db, data, ask.writer, go_on));
        let readers: Vec<_> = (0..ask.readers)
            .map(|reader| scope.spawn(move || read(db, ask.k, reader, expected, go_on)))
            .collect();
        std::thread::sleep(Duration::from_secs_f64(ask.seconds));
        go_on.store(false, Ordering::Relaxed);
        let crashed = || "a thread panicked".to_owned();
        let readers: Result<Vec<Seen>> =
            readers.into_iter().map(|reader| reader.join().map_err(|_| crashed())?).collect();
        (readers, writer.join().map_err(|_| crashed()).flatten())
    });
    let (seconds, readers, upserts) = (started.elapsed().as_secs_f64(), readers?, upserts?);

    let ns: Vec<u64> = readers.iter().flat_map(|seen| &seen.ns).copied().collect();
    let wrong: u64 = readers.iter().map(|seen| seen.wrong).sum();
    let numbers = [
        ("p50_ns", percentile(&ns, 50.0) as f64),
        ("p99_ns", percentile(&ns, 99.0) as f64),
        ("max_ns", percentile(&ns, 100.0) as f64),
        ("searches", ns.len() as f64),
        ("searches_per_s", ns.len() as f64 / seconds),
        ("upserts_per_s", upserts as f64 / seconds),
        ("wrong", wrong as f64),
    ];
    let numbers = numbers.map(|(name, number)| (name.to_owned(), number)).into();
    Ok(Answer { numbers, ..Answer::default() })
}

fn read(
    db: &dyn Shared,
    k: usize,
    reader: usize,
    expected: &[Vec<u64>],
    go_on: &AtomicBool,
) -> Result<Seen> {
    let (mut ask, mut distances, mut seen) = (db.reader(k), Vec::new(), Seen::default());
    let mut i = reader * 37;
    while go_on.load(Ordering::Relaxed) {
        let query = i % expected.len();
        let started = Instant::now();
        ask(query, Some(&mut distances))?;
        seen.ns.push(nanoseconds(started));
        seen.wrong += u64::from(distances != expected[query]);
        i += 1;
    }
    Ok(seen)
}

/// How many upserts it made.
fn write(db: &dyn Shared, data: &Data, writer: Writer, go_on: &AtomicBool) -> Result<u64> {
    const TICK: Duration = Duration::from_millis(1);
    let (burst, tick) = match writer {
        Writer::Absent => return Ok(0),
        Writer::PerSecond(rate) => (u64::from(rate / 1_000), TICK),
        Writer::FlatOut => (20, Duration::ZERO),
    };
    let (mut upserts, mut row, mut due) = (0, 0, Instant::now());
    while go_on.load(Ordering::Relaxed) {
        for _ in 0..burst {
            db.upsert(data, row)?;
            row = (row + STEP) % data.base.rows;
            upserts += 1;
        }
        due += tick;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(upserts)
}
