//! One query per call on one thread: how much of the memory's bandwidth an engine uses.

use std::collections::BTreeMap;

use super::{Bench, Tally, ask_roof, checked_recall, pause, turns};
use crate::Result;
use crate::protocol::{Command, Search};
use crate::record::{Searches, iqdb_to};
use crate::stats::median;

/// How many bytes an engine that reads all of them reads in a turn: some tenths of a second.
const BYTES_PER_TURN: usize = 5_000_000_000;

/// Turns in a round. The shorter they are and the more, the less it matters whose turn it is when
/// the machine is slow for a while.
const TURNS: usize = 4;

pub(crate) fn run(bench: &mut Bench<'_>) -> Result<Searches> {
    let (set, settings) = (bench.set, bench.settings);
    let budget = if settings.quick { BYTES_PER_TURN / 5 } else { BYTES_PER_TURN };
    let count = (budget / set.bytes()).clamp(5, 200).min(set.queries.rows);
    let mut tallies: Vec<Tally> = bench.engines.iter().map(|_| Tally::default()).collect();
    let mut roof = BTreeMap::new();
    let rounds = TURNS * settings.rounds;
    for round in 0..=rounds {
        eprintln!("{}, single: round {round} of {rounds}", set.facts.set);
        ask_roof(bench.roof, &Command::Read { bytes: set.bytes(), threads: 1 }, &mut roof)?;
        let from = round * count % (set.queries.rows - count + 1);
        for i in turns(round, bench.engines.len()) {
            let engine = &mut bench.engines[i];
            let ask = Search {
                from,
                to: from + count,
                k: settings.k,
                threads: 1,
                batch: false,
                filters: Vec::new(),
                prepared: true,
                ids: round == 0,
            };
            let (ns, found) = engine.search(ask)?;
            if round == 0 {
                tallies[i].recall = checked_recall(engine, set, settings.k, &found)?;
            } else {
                tallies[i].add(count, &ns);
            }
            pause();
        }
    }
    let roof: BTreeMap<String, f64> =
        roof.into_iter().map(|(name, numbers)| (name, median(&numbers))).collect();
    let gb_per_s = roof.values().copied().fold(f64::NAN, f64::max);
    let work = set.bytes() as f64 / 1e9;
    let engines: Vec<_> = tallies
        .into_iter()
        .zip(&*bench.engines)
        .map(|(tally, engine)| {
            let mut speed = tally.speed(engine, work, gb_per_s);
            // By the median call: a pause of the machine is not the engine's.
            speed.rate = work / speed.p50_ms * 1e3;
            speed.roof_percent = speed.rate / gb_per_s * 100.0;
            speed
        })
        .collect();
    let iqdb_to = iqdb_to(&engines, true);
    Ok(Searches { set: set.facts.set.clone(), threads: 1, roof, engines, iqdb_to })
}
