//! Loading rows of 128 components in batches of 10,000 on one thread, with ids and small payloads.

use std::path::Path;

use super::{ask_roof, pause, turns};
use crate::Result;
use crate::engines::{IQDB, Places, start_bare};
use crate::process::Worker;
use crate::protocol::Command;
use crate::record::{Ingest, Settings};
use crate::stats::median;

const BATCH: usize = 10_000;
const ENGINES: [&str; 2] = [IQDB, "upstream"];

/// Rows of `base`, into each engine; a copy of as many bytes beside it.
pub(crate) fn run(
    places: &Places,
    settings: &Settings,
    roof: &mut Worker,
    base: &Path,
    (rows, dim): (usize, usize),
) -> Result<Vec<Ingest>> {
    let bytes = rows * dim * size_of::<f32>();
    let mut workers: Vec<Worker> =
        ENGINES.iter().map(|name| start_bare(name, places)).collect::<Result<_>>()?;
    let (mut built, mut applied) = ([const { Vec::new() }; 2], [const { Vec::new() }; 2]);
    let mut copies = std::collections::BTreeMap::new();
    for round in 0..=settings.rounds {
        eprintln!("ingest: round {round} of {}", settings.rounds);
        ask_roof(roof, &Command::Copy { bytes }, &mut copies)?;
        for i in turns(round, workers.len()) {
            let ingest = Command::Ingest { base: base.to_owned(), rows, batch: BATCH };
            let ns = workers[i].ask(&ingest)?.ns;
            let both: u64 = ns.iter().sum();
            let apply: u64 = ns.iter().skip(1).step_by(2).sum();
            if round > 0 {
                built[i].push(rows as f64 / both as f64 * 1e9);
                applied[i].push(rows as f64 / apply as f64 * 1e9);
            }
            pause();
        }
    }
    let copy = |name: &str| copies.get(name).map_or(f64::NAN, |numbers| median(numbers));
    let entry = |((name, per_round), applied): ((&&str, Vec<f64>), Vec<f64>)| {
        let applied = median(&applied);
        let gb_per_s = applied * (dim * size_of::<f32>()) as f64 / 1e9;
        Ingest {
            engine: (*name).to_owned(),
            rows,
            dim,
            batch: BATCH,
            rows_per_s: median(&per_round),
            applied_rows_per_s: applied,
            copy_percent: gb_per_s / copy("copy_gb_per_s") * 100.0,
            fresh_copy_percent: gb_per_s / copy("copy_fresh_gb_per_s") * 100.0,
            per_round_rows_per_s: per_round,
        }
    };
    Ok(ENGINES.iter().zip(built).zip(applied).map(entry).collect())
}
