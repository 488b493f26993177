//! Filters that match few rows or many, one query per call on one thread.

use super::{Bench, Tally, check, pause, turns};
use crate::Result;
use crate::protocol::{Permille, Search};
use crate::record::{Filtered, iqdb_to};
use crate::truth::recall_filtered;

/// How many of the thousand values of `permille` match.
const WIDTHS: [i64; 4] = [1, 10, 100, 500];

const QUERIES: usize = 40;

/// One entry per width, first with a filter of its own for each query, then with one that was
/// prepared.
pub(crate) fn run(bench: &mut Bench<'_>) -> Result<Vec<Filtered>> {
    let mut entries = Vec::new();
    for width in WIDTHS {
        for prepared in [false, true] {
            entries.push(at(bench, width, prepared)?);
        }
    }
    Ok(entries)
}

fn at(bench: &mut Bench<'_>, width: i64, prepared: bool) -> Result<Filtered> {
    let (set, settings) = (bench.set, bench.settings);
    let count = if settings.quick { QUERIES / 4 } else { QUERIES }.min(set.queries.rows);
    let matching_percent = width as f64 / 10.0;
    let what = format!("{}, {matching_percent} % matching", set.facts.set);
    let chosen = one_of_each(bench);
    let mut tallies: Vec<Tally> = chosen.iter().map(|_| Tally::default()).collect();
    for round in 0..=settings.rounds {
        let kind = if prepared { "prepared" } else { "built" };
        eprintln!("{what}, {kind}: round {round} of {}", settings.rounds);
        let filters: Vec<Permille> = (0..count)
            .map(|i| filter(width, if prepared { 0 } else { round * count + i }))
            .collect();
        for turn in turns(round, chosen.len()) {
            let engine = &mut bench.engines[chosen[turn]];
            let ask = Search {
                from: 0,
                to: count,
                k: settings.k,
                threads: 1,
                batch: false,
                filters: filters.clone(),
                prepared,
                ids: round == 0,
            };
            let (ns, found) = engine.search(ask)?;
            if round == 0 {
                let recall = recall_filtered(set, settings.k, &filters, &found);
                tallies[turn].recall = check(engine, recall, &what)?;
            } else {
                tallies[turn].add(count, &ns);
            }
            pause();
        }
    }
    let engines: Vec<_> = tallies
        .into_iter()
        .zip(chosen)
        // What part of the rows is read is the engine's affair, so there is no roof.
        .map(|(tally, i)| tally.speed(&bench.engines[i], 0.0, 1.0))
        .collect();
    let iqdb_to = iqdb_to(&engines, true);
    Ok(Filtered { set: set.facts.set.clone(), matching_percent, prepared, engines, iqdb_to })
}

/// The core type makes no difference here, so the first does.
fn one_of_each(bench: &Bench<'_>) -> Vec<usize> {
    let engines = &bench.engines;
    let is_first = |&i: &usize| engines[..i].iter().all(|other| other.name != engines[i].name);
    (0..engines.len()).filter(|&i| engines[i].filters).filter(is_first).collect()
}

/// Another filter of the same width for each number, as far as there are any: 37 has no factor in
/// common with how many there are.
fn filter(width: i64, number: usize) -> Permille {
    let from = (number as i64 * 37) % (1_001 - width);
    Permille { from, to: from + width }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_distinct_and_of_their_width() {
        for width in WIDTHS {
            let mut all: Vec<i64> = (0..240).map(|number| filter(width, number).from).collect();
            assert!(all.iter().all(|&from| from >= 0 && from + width <= 1_000));
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 240, "{width}");
        }
    }
}
