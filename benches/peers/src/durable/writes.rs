//! Rows into empty databases: one by one, in batches, and from eight threads at once.

use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::engine::{DIM, Engine, Name};
use super::in_new_dir;
use super::record::{Settings, Writes};
use crate::Result;
use crate::stats::median;
use crate::suite::turns;

/// How rows come.
#[derive(Debug, Clone, Copy)]
struct Load {
    /// Rows per commit.
    batch: usize,
    threads: usize,
    /// Commits of each thread at most, and when none of them is begun any more, in one turn.
    commits: usize,
    within: Duration,
}

const LOADS: [Load; 3] = [
    Load { batch: 1, threads: 1, commits: 200, within: Duration::from_millis(100) },
    Load { batch: 1, threads: 8, commits: 200, within: Duration::from_millis(100) },
    Load { batch: 1_000, threads: 1, commits: 1, within: Duration::MAX },
];

/// Turns of each engine in a round: many and short, so that what else the device does meets all.
const TURNS: usize = 10;

pub(super) fn run(names: &[Name], settings: &Settings, dir: &Path) -> Result<Vec<Writes>> {
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let rows: Vec<f32> = (0..10_000 * DIM).map(|_| random.f32() - 0.5).collect();
    let mut writes: Vec<Writes> = Vec::new();
    for load in LOADS {
        let mut per_round = vec![Vec::new(); names.len()];
        for round in 0..=settings.rounds {
            eprintln!("{} × {}: round {round} of {}", load.threads, load.batch, settings.rounds);
            let rates = in_new_dir(dir, |dir| self::round(names, load, &rows, dir))?;
            if round > 0 {
                per_round.iter_mut().zip(rates).for_each(|(rates, rate)| rates.push(rate));
            }
        }
        let raw = names.iter().position(|name| *name == Name::Raw);
        let raw = raw.map_or(f64::NAN, |raw| median(&per_round[raw]));
        for (name, per_round) in names.iter().zip(per_round) {
            let (engine, rows_per_s) = (name.shown(), median(&per_round));
            let same = |w: &&Writes| w.engine == engine && w.batch == load.batch && w.threads == 1;
            let one = writes.iter().find(same).map(|one| rows_per_s / one.rows_per_s);
            writes.push(Writes {
                engine,
                dim: DIM,
                batch: load.batch,
                threads: load.threads,
                rows_per_s,
                to_raw: rows_per_s / raw,
                to_one_thread: one,
                per_round_rows_per_s: per_round,
            });
        }
    }
    Ok(writes)
}

/// The rows per second of each engine, in a new database.
fn round(names: &[Name], load: Load, rows: &[f32], dir: &Path) -> Result<Vec<f64>> {
    let mut engines = Vec::new();
    for name in names {
        let dir = dir.join(name.shown());
        std::fs::create_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        engines.push(name.create(&dir)?);
    }
    let mut tallies = vec![(0, Duration::ZERO); names.len()];
    for turn in 0..TURNS {
        for i in turns(turn, names.len()) {
            let (written, took) = &mut tallies[i];
            let (more, longer) = self::turn(&*engines[i], load, rows, *written)
                .map_err(|e| format!("{}: {e}", names[i].shown()))?;
            *written += more;
            *took += longer;
        }
    }
    let rate = |(written, took): (usize, Duration)| written as f64 / took.as_secs_f64();
    Ok(tallies.into_iter().map(rate).collect())
}

/// How many rows were written in how long, with ids that begin after `first`.
fn turn(engine: &dyn Engine, load: Load, rows: &[f32], first: usize) -> Result<(usize, Duration)> {
    let next = AtomicUsize::new(first);
    let started = Instant::now();
    let write = || -> Result<()> {
        for _ in 0..load.commits {
            let first = next.fetch_add(load.batch, Relaxed);
            let ids: Vec<u64> = (first as u64..(first + load.batch) as u64).collect();
            let at = first % (rows.len() / DIM - load.batch + 1);
            engine.upsert_many(&ids, &rows[at * DIM..(at + load.batch) * DIM])?;
            if started.elapsed() > load.within {
                break;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..load.threads).map(|_| scope.spawn(write)).collect();
        let panicked = |_| Err("a writer panicked".to_owned());
        writers.into_iter().try_for_each(|writer| writer.join().unwrap_or_else(panicked))
    })?;
    Ok((next.into_inner() - first, started.elapsed()))
}
