//! What is measured. Each suite asks the engines in turns, round by round, and checks their answers
//! in the first round, which is not counted.

pub(crate) mod batch;
pub(crate) mod beside_writer;
pub(crate) mod filter;
pub(crate) mod ingest;
pub(crate) mod single;

use std::time::Duration;

use clap::ValueEnum;

use crate::engines::{Engine, IQDB, IQDB_F32, IQDB_FILE};
use crate::process::Worker;
use crate::protocol::Command;
use crate::record::{Settings, Speed};
use crate::sets::Set;
use crate::stats::{median, percentile};
use crate::{Result, truth};

/// A suite by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// One query per call, one thread.
    Single,
    /// A thousand queries per call, one thread and two.
    Batch,
    /// Filters that match from 0.1 % to 50 % of the rows.
    Filter,
    /// Readers' latency beside a writer.
    BesideWriter,
    /// Loading rows.
    Ingest,
}

/// The engines with a set in them, and the machine.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    pub(crate) set: &'a Set,
    pub(crate) engines: &'a mut [Engine],
    pub(crate) roof: &'a mut Worker,
    pub(crate) settings: &'a Settings,
}

/// What the rounds of one engine have shown so far.
#[derive(Debug, Default)]
struct Tally {
    queries: usize,
    p50_ms: Vec<f64>,
    queries_per_s: Vec<f64>,
    recall: f64,
}

impl Tally {
    /// Adds a round in which `queries` queries took these times, call by call.
    fn add(&mut self, queries: usize, ns: &[u64]) {
        self.queries = queries;
        self.p50_ms.push(percentile(ns, 50.0) as f64 / 1e6);
        self.queries_per_s.push(queries as f64 / ns.iter().sum::<u64>() as f64 * 1e9);
    }

    /// The medians. `work` is what a query takes in billions of bytes or operations, and `roof` how
    /// many of them per second the machine can do.
    fn speed(self, engine: &Engine, work: f64, roof: f64) -> Speed {
        let queries_per_s = median(&self.queries_per_s);
        let rate = work * queries_per_s;
        Speed {
            queries: self.queries,
            rounds: self.queries_per_s.len(),
            queries_per_s,
            p50_ms: median(&self.p50_ms),
            rate,
            roof_percent: rate / roof * 100.0,
            recall: self.recall,
            per_round_queries_per_s: self.queries_per_s,
            ..engine.speed()
        }
    }
}

/// The least recall that a peer may have: ties and single precision excuse that much. A peer that
/// finds less does something else than exact search, and its speed means nothing.
const RECALL_MIN: f64 = 0.99;

/// Fails where the answers are not those of an exact search; iqdb may not miss a single row.
fn check(engine: &Engine, recall: f64, what: &str) -> Result<f64> {
    let least = if [IQDB, IQDB_F32, IQDB_FILE].contains(&engine.name) { 1.0 } else { RECALL_MIN };
    if recall >= least {
        return Ok(recall);
    }
    Err(format!("{} on {what}: recall {recall}, expected at least {least}", engine.key()))
}

/// The recall of these answers to the first queries, checked.
fn checked_recall(engine: &Engine, set: &Set, k: usize, found: &[Vec<u64>]) -> Result<f64> {
    check(engine, truth::recall(set, k, found), &set.facts.set)
}

/// The engines' order in a round: each comes first once, so that none always follows the same.
pub(crate) fn turns(round: usize, engines: usize) -> impl Iterator<Item = usize> {
    (0..engines).map(move |i| (i + round) % engines.max(1))
}

/// Lets the threads of the engine that was asked last fall asleep.
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Asks the roof and adds its numbers to those of earlier rounds.
fn ask_roof(
    roof: &mut Worker,
    command: &Command,
    numbers: &mut std::collections::BTreeMap<String, Vec<f64>>,
) -> Result<()> {
    for (name, number) in roof.ask(command)?.numbers {
        numbers.entry(name).or_default().push(number);
    }
    pause();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_its_turn_and_is_first_once() {
        assert_eq!(turns(0, 3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(turns(1, 3).collect::<Vec<_>>(), [1, 2, 0]);
        assert_eq!(turns(5, 3).collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!(turns(5, 0).count(), 0);
    }

    #[test]
    fn a_round_counts_queries_not_calls() {
        let mut tally = Tally::default();
        tally.add(1_000, &[500_000_000]);
        tally.add(2, &[1_000_000, 3_000_000]);
        assert_eq!(tally.queries_per_s, [2_000.0, 500.0]);
        assert_eq!(tally.p50_ms, [500.0, 1.0]);
    }
}
