//! A reader that does N rounds of reads, beside a writer, for a tool that counts its system calls.
//!
//! Run by `cargo xtask futex`. It prints the number of the reader's thread, and what the writer did.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Batch, Budget, Hits, Metric, Query, Record, RecordId, Result, Schema, Scratch, Search, Store,
    StoreExt, VectorRef,
};
use iqdb_search::ExactSearch;

const USAGE: &str = "usage: read_only_loop ROUNDS [--planted-lock]";

/// How many records there are.
const RECORDS: u64 = 200;

/// How long the planted lock is held by the writer, once per commit.
const HELD: Duration = Duration::from_micros(200);

/// What the two threads share.
struct Shared {
    store: ArenaStore,
    /// A planted defect: a lock that the writer holds now and then, and the reader takes.
    lock: Option<Mutex<()>>,
    commits: AtomicU64,
    done: AtomicBool,
}

impl Shared {
    fn with_lock(&self, run: impl FnOnce()) {
        if let Some(lock) = &self.lock {
            let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
            run();
        }
    }

    /// Writes flat out until the reader is done.
    fn write(&self) -> Result<()> {
        for round in 0.. {
            if self.done.load(Ordering::Relaxed) {
                break;
            }
            let start = round * 7 % RECORDS;
            self.store.apply(&upserts(start, 10, round)?)?;
            // Codes for the reader's searches.
            ExactSearch::new().prepare(&*self.store.snapshot()?, Budget::new(), &mut ())?;
            // Spinning: a thread that sleeps writes nothing.
            self.with_lock(|| {
                let started = Instant::now();
                while started.elapsed() < HELD {
                    std::hint::spin_loop();
                }
            });
            self.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Takes a snapshot, asks for records, and searches, `rounds` times.
    fn read(&self, rounds: u64) -> Result<()> {
        let (search, mut hits, mut scratch) = (ExactSearch::new(), [Hits::new()], Scratch::new());
        let ids = [id(3), id(RECORDS + 3)];
        let vector = [1.0, 2.0, 3.0, 4.0];
        // As long as it takes the writer to get going.
        while self.commits.load(Ordering::Relaxed) < 3 {
            std::hint::spin_loop();
        }
        for _ in 0..rounds {
            self.with_lock(|| ());
            let snapshot = self.store.snapshot()?;
            for id in &ids {
                black_box(snapshot.get(id)?.is_some());
            }
            let query = Query::nearest(VectorRef::new(&vector)?, 10);
            search.search(&*snapshot, &[query], &mut hits, &mut scratch)?;
            black_box(hits[0].len());
        }
        Ok(())
    }
}

fn id(n: u64) -> RecordId {
    format!("record {n}").into()
}

fn upserts(start: u64, count: u64, round: u64) -> Result<Batch> {
    (start..start + count).try_fold(Batch::new(), |batch, n| {
        let n = n % RECORDS;
        let component = |i: u64| ((n * 3 + round + i) % 17) as f32 - 8.5;
        let record = Record::new(id(n), [0, 1, 2, 3].map(component))?;
        Ok(batch.upsert(record.with("lang", "de").with("long", n > 100)))
    })
}

/// The number that the system gives this thread.
fn thread_number() -> String {
    let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    link.file_name().map_or_else(|| "unknown".to_owned(), |name| name.to_string_lossy().into())
}

fn run(rounds: u64, is_planted: bool) -> Result<String> {
    let options = ArenaOptions::new().with_chunk_rows(8, 64).with_dead_bytes_min(0);
    let shared = Shared {
        store: ArenaStore::with_options(Schema::new(4, Metric::Euclidean)?, options),
        lock: is_planted.then(Mutex::default),
        commits: AtomicU64::new(0),
        done: AtomicBool::new(false),
    };
    shared.store.apply(&upserts(0, RECORDS, 0)?)?;
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| shared.write());
        let reader = scope.spawn(|| {
            let read = shared.read(rounds);
            shared.done.store(true, Ordering::Relaxed);
            read.map(|()| thread_number())
        });
        let reader = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(format!("reader {}\ncommits {}\n", reader?, shared.commits.load(Ordering::Relaxed)))
    })
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [rounds] => rounds.parse().ok().map(|rounds| (rounds, false)),
        [rounds, "--planted-lock"] => rounds.parse().ok().map(|rounds| (rounds, true)),
        _ => None,
    };
    let report = match parsed {
        Some((rounds, is_planted)) => {
            run(rounds, is_planted).map_err(|error| format!("error: {error}"))
        }
        None => Err(USAGE.to_owned()),
    };
    match report {
        Ok(report) => {
            // The process that asked for the report reads it.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
