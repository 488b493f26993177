//! A thousand queries per call: how much of the processor's arithmetic an engine uses.

use std::collections::BTreeMap;

use super::{Bench, Tally, ask_roof, checked_recall, pause, turns};
use crate::Result;
use crate::engines::Engine;
use crate::protocol::{Command, Search};
use crate::record::{Searches, iqdb_to};
use crate::stats::median;

const BATCH: usize = 1_000;

/// How long a round of an engine may take that answers one query after the other, and how many
/// queries it gets at least. Its speed doesn't depend on how many they are.
const SECONDS_PER_ROUND: f64 = 0.75;
const QUERIES_MIN: usize = 8;

/// An engine that has had this long on a set is left alone after a round that counts, so that one
/// slow engine doesn't make a run endless. The record says how many rounds it had.
const SECONDS_PER_ENGINE: f64 = 25.0;

/// How much faster another core type has to be for the slower one to be left alone after the first
/// round.
const CLEARLY: f64 = 1.5;

pub(crate) fn run(bench: &mut Bench<'_>, threads: usize) -> Result<Searches> {
    let (set, settings) = (bench.set, bench.settings);
    let batch = BATCH.min(set.queries.rows);
    let mut counts: Vec<usize> =
        bench.engines.iter().map(|e| if e.batches { batch } else { QUERIES_MIN }).collect();
    let mut tallies: Vec<Tally> = bench.engines.iter().map(|_| Tally::default()).collect();
    let mut goes_on = vec![true; bench.engines.len()];
    let mut spent = vec![0.0; bench.engines.len()];
    let mut roof = BTreeMap::new();
    for round in 0..=settings.rounds {
        let of = settings.rounds;
        eprintln!("{}, batch on {threads} threads: round {round} of {of}", set.facts.set);
        ask_roof(bench.roof, &Command::Fma { threads }, &mut roof)?;
        for i in turns(round, bench.engines.len()) {
            if !goes_on[i] {
                continue;
            }
            let engine = &mut bench.engines[i];
            let ask = Search {
                from: 0,
                to: counts[i],
                k: settings.k,
                threads,
                batch: true,
                filters: Vec::new(),
                prepared: true,
                ids: round == 0,
            };
            let (ns, found) = engine.search(ask)?;
            spent[i] += ns.iter().sum::<u64>() as f64 / 1e9;
            if round > 0 && spent[i] > SECONDS_PER_ENGINE {
                goes_on[i] = false;
            }
            if round <= 1 {
                // The warm-up counts only where nothing follows.
                tallies[i].queries_per_s.clear();
                tallies[i].p50_ms.clear();
            }
            tallies[i].add(counts[i], &ns);
            if round == 0 {
                tallies[i].recall = checked_recall(engine, set, settings.k, &found)?;
                if !engine.batches {
                    counts[i] = affordable(tallies[i].queries_per_s[0], batch, settings.quick);
                }
            }
            pause();
        }
        if round == 0 {
            leave_slower_core_types(bench.engines, &tallies, &mut goes_on);
        }
    }
    let roof: BTreeMap<String, f64> =
        roof.into_iter().map(|(name, numbers)| (name, median(&numbers))).collect();
    let gflop_per_s = roof.values().copied().fold(f64::NAN, f64::max);
    let work = 2.0 * set.base.items.len() as f64 / 1e9;
    let engines: Vec<_> = tallies
        .into_iter()
        .zip(&*bench.engines)
        .map(|(tally, engine)| tally.speed(engine, work, gflop_per_s))
        .collect();
    let iqdb_to = iqdb_to(&engines, false);
    Ok(Searches { set: set.facts.set.clone(), threads, roof, engines, iqdb_to })
}

/// How many queries fit into the time.
fn affordable(queries_per_s: f64, batch: usize, quick: bool) -> usize {
    let seconds = if quick { SECONDS_PER_ROUND / 5.0 } else { SECONDS_PER_ROUND };
    ((queries_per_s * seconds) as usize).clamp(QUERIES_MIN, batch)
}

fn leave_slower_core_types(engines: &[Engine], tallies: &[Tally], goes_on: &mut [bool]) {
    let first = |i: usize| tallies[i].queries_per_s.first().copied().unwrap_or_default();
    for i in 0..engines.len() {
        let is_beaten = (0..engines.len())
            .any(|j| engines[j].name == engines[i].name && first(j) > CLEARLY * first(i));
        goes_on[i] = !is_beaten;
    }
}
