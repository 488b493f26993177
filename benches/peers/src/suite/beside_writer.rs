//! How long readers wait when a writer commits: their p99 with one and without.

use super::{Bench, pause, turns};
use crate::Result;
use crate::engines::{IQDB, IQDB_FILE};
use crate::protocol::{self, Command, Writer};
use crate::record::BesideWriter;
use crate::stats::median;

/// Many short rounds: a machine that is slow for a second spoils one of them.
const SECONDS: f64 = 2.0;
const ROUNDS_MAX: usize = 7;

/// The engines that can be written to while they are read.
const ENGINES: [&str; 3] = [IQDB, IQDB_FILE, "upstream"];

#[derive(Debug, Default)]
struct Rounds {
    p50: Vec<f64>,
    p99: Vec<f64>,
    max: Vec<f64>,
    searches: Vec<f64>,
    upserts: Vec<f64>,
    wrong: u64,
}

/// Each of these numbers of readers, beside each of these writers; the first writer is the absent
/// one, with which the others are compared.
pub(crate) fn run(
    bench: &mut Bench<'_>,
    readers: &[usize],
    writers: &[Writer],
) -> Result<Vec<BesideWriter>> {
    let (set, settings) = (bench.set, bench.settings);
    let chosen: Vec<usize> =
        (0..bench.engines.len()).filter(|&i| ENGINES.contains(&bench.engines[i].name)).collect();
    let seconds = if settings.quick { SECONDS / 6.0 } else { SECONDS };
    let rounds = (2 * settings.rounds).min(ROUNDS_MAX);
    let mut entries: Vec<BesideWriter> = Vec::new();
    for &readers in readers {
        let rounds_of = |_| writers.iter().map(|_| Rounds::default()).collect();
        let mut cells: Vec<Vec<Rounds>> = chosen.iter().map(rounds_of).collect();
        for round in 0..rounds {
            let of = rounds - 1;
            eprintln!(
                "{}, {readers} readers beside a writer: round {round} of {of}",
                set.facts.set
            );
            for turn in turns(round, chosen.len()) {
                for (writer, cell) in writers.iter().zip(&mut cells[turn]) {
                    let ask = protocol::BesideWriter {
                        files: set.bare_files(),
                        k: settings.k,
                        readers,
                        writer: *writer,
                        seconds,
                    };
                    let worker = &mut bench.engines[chosen[turn]].worker;
                    cell.add(&worker.ask(&Command::BesideWriter(ask))?.numbers);
                    pause();
                }
            }
        }
        for (&i, cells) in chosen.iter().zip(cells) {
            let engine = bench.engines[i].name;
            let absent = cells[0].p99.clone();
            for (writer, cell) in writers.iter().zip(cells) {
                if [IQDB, IQDB_FILE].contains(&engine) && cell.wrong > 0 {
                    return Err(format!(
                        "{engine} gave {} wrong answers to {readers} readers, writer {writer}",
                        cell.wrong
                    ));
                }
                let entry = cell.entry(&set.facts.set, engine, readers, *writer);
                // Of each round by itself: both were measured one after the other.
                let pairs = entry.per_round_p99_ms.iter().zip(&absent);
                let ratios: Vec<f64> = pairs.map(|(with, without)| with / without).collect();
                entries.push(BesideWriter { p99_to_absent: median(&ratios), ..entry });
            }
        }
    }
    Ok(entries)
}

impl Rounds {
    fn add(&mut self, numbers: &std::collections::BTreeMap<String, f64>) {
        let number = |name: &str| numbers.get(name).copied().unwrap_or(f64::NAN);
        self.p50.push(number("p50_ns") / 1e6);
        self.p99.push(number("p99_ns") / 1e6);
        self.max.push(number("max_ns") / 1e6);
        self.searches.push(number("searches_per_s"));
        self.upserts.push(number("upserts_per_s"));
        self.wrong += number("wrong") as u64;
    }

    fn entry(self, set: &str, engine: &str, readers: usize, writer: Writer) -> BesideWriter {
        BesideWriter {
            set: set.to_owned(),
            engine: engine.to_owned(),
            readers,
            writer: writer.to_string(),
            p50_ms: median(&self.p50),
            p99_ms: median(&self.p99),
            max_ms: self.max.iter().copied().fold(0.0, f64::max),
            searches_per_s: median(&self.searches),
            upserts_per_s: median(&self.upserts),
            p99_to_absent: 1.0,
            wrong: self.wrong,
            per_round_p99_ms: self.p99,
        }
    }
}

impl std::fmt::Display for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::PerSecond(rate) => write!(f, "{rate}/s"),
            Self::FlatOut => f.write_str("flat out"),
        }
    }
}
