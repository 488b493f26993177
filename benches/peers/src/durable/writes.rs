//! Rows into empty databases: one by one, in batches, and from eight threads at once.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::engine::{DIM, Facts, Name};
use super::load::{Load, Written};
use super::record::Writes;
use super::remote::Python;
use super::{in_new_dir, settle};
use crate::Result;
use crate::npy::Matrix;
use crate::record::Settings;
use crate::stats::median;
use crate::suite::turns;

const LOADS: [Load; 3] = [
    Load { batch: 1, threads: 1, commits: 200, within: Duration::from_millis(100) },
    Load { batch: 1, threads: 8, commits: 200, within: Duration::from_millis(100) },
    Load { batch: 1_000, threads: 1, commits: 1, within: Duration::MAX },
];

/// Turns of each engine in a round: many and short, so that what else the device does meets all.
const TURNS: usize = 10;

/// What the rounds are made with.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) settings: &'a Settings,
    pub(super) dir: &'a Path,
    pub(super) rows: Arc<Matrix<f32>>,
    pub(super) python: Python,
}

/// Each load into each of these engines, of which the first is what the others are held against.
///
/// A round has every load in it, so that loads can be compared as well.
pub(super) fn run(
    place: &Place<'_>,
    names: &[Name],
    facts: &mut BTreeMap<String, Facts>,
) -> Result<Vec<Writes>> {
    let able = |load: &Load| -> Vec<Name> {
        names.iter().filter(|name| name.takes(load.batch, load.threads)).copied().collect()
    };
    let loads = LOADS.map(|load| (load, able(&load)));
    let mut rates = loads.each_ref().map(|(_, names)| vec![Vec::new(); names.len()]);
    for round in 0..=place.settings.rounds {
        for ((load, names), rates) in loads.iter().zip(&mut rates) {
            let Load { batch, threads, .. } = load;
            eprintln!("{threads} × {batch} rows: round {round} of {}", place.settings.rounds);
            let of = in_new_dir(place.dir, |dir| self::round(place, names, load, dir, facts))?;
            if round > 0 {
                rates.iter_mut().zip(of).for_each(|(rates, rate)| rates.push(rate));
            }
        }
    }
    let mut writes: Vec<Writes> = Vec::new();
    for ((load, names), rates) in loads.iter().zip(rates) {
        let raw = rates.first().map_or(f64::NAN, |raw| median(raw));
        for (name, per_round_rows_per_s) in names.iter().zip(rates) {
            let (engine, rows_per_s) = (name.shown(), median(&per_round_rows_per_s));
            let is_one = |w: &&Writes| w.engine == engine && w.batch == load.batch;
            let to_one_thread = writes.iter().find(is_one).map(|one| rows_per_s / one.rows_per_s);
            writes.push(Writes {
                engine,
                dim: DIM,
                batch: load.batch,
                threads: load.threads,
                rows_per_s,
                to_raw: rows_per_s / raw,
                to_one_thread,
                per_round_rows_per_s,
            });
        }
    }
    Ok(writes)
}

/// The rows per second of each engine, in a new database; all that was written has to be there.
fn round(
    place: &Place<'_>,
    names: &[Name],
    load: &Load,
    dir: &Path,
    facts: &mut BTreeMap<String, Facts>,
) -> Result<Vec<f64>> {
    let mut databases = Vec::new();
    for name in names {
        let dir = dir.join(name.shown());
        std::fs::create_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let (database, says) = name.create(&dir, &place.rows, &place.python)?;
        facts.insert(name.shown(), says);
        databases.push((name.shown(), database, Written::default()));
    }
    for turn in 0..TURNS {
        for i in turns(turn, databases.len()) {
            let (name, database, so_far) = &mut databases[i];
            let more = database.write(load, so_far.rows).map_err(|e| format!("{name}: {e}"))?;
            so_far.rows += more.rows;
            so_far.took += more.took;
            // Not every engine syncs what it writes; no other engine is to pay for that.
            settle(dir)?;
        }
    }
    let mut rates = Vec::new();
    for (name, mut database, Written { rows, took }) in databases {
        let found = database.rows().map_err(|e| format!("{name}: {e}"))?;
        if found != rows as u64 {
            return Err(format!("{name} acknowledged {rows} rows and has {found}"));
        }
        rates.push(rows as f64 / took.as_secs_f64());
    }
    Ok(rates)
}
