//! What a run writes down: where, when, with what, and what came of it.
//!
//! A number in a document comes from such a record, by `table` or `plot`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::machine::Machine;
use crate::sets;

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) command: String,
    pub(crate) started: String,
    pub(crate) finished: String,
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    /// Tasks running on average in the minute before the start: near zero on an idle machine.
    pub(crate) load_before: Option<f64>,
    pub(crate) settings: Settings,
    /// Versions, core types and kernels, by engine.
    pub(crate) engines: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) sets: Vec<sets::Facts>,
    pub(crate) single: Vec<Searches>,
    pub(crate) batch: Vec<Searches>,
    pub(crate) filter: Vec<Filtered>,
    pub(crate) beside_writer: Vec<BesideWriter>,
    pub(crate) ingest: Vec<Ingest>,
}

/// How it was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// A smoke test: less data, less time, nothing to quote.
    pub(crate) quick: bool,
    pub(crate) k: usize,
    /// Rounds after one to warm up and to check the answers. Every number is a median over them.
    pub(crate) rounds: usize,
    pub(crate) seed: u64,
}

/// Several engines on the same queries, in turns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Searches {
    pub(crate) set: String,
    pub(crate) threads: usize,
    /// What the machine could do in the same rounds, by name and unit.
    pub(crate) roof: BTreeMap<String, f64>,
    pub(crate) engines: Vec<Speed>,
    /// How many times as fast as the other iqdb is, with the other at its best core type.
    pub(crate) iqdb_to: BTreeMap<String, f64>,
}

/// One engine's speed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Speed {
    pub(crate) engine: String,
    /// The kernels that its `OpenBLAS` used.
    pub(crate) core_type: Option<String>,
    /// Queries per round. An engine that answers a batch one by one was asked fewer.
    pub(crate) queries: usize,
    /// Fewer than in the settings when it was too slow; 1 when only the warm-up was kept, since
    /// another core type was faster.
    pub(crate) rounds: usize,
    pub(crate) queries_per_s: f64,
    /// The median time of a call, in a median round.
    pub(crate) p50_ms: f64,
    /// GB/s that one query reads, GFLOP/s that a batch computes, by the shape of the set.
    pub(crate) rate: f64,
    /// The rate in percent of the roof's.
    pub(crate) roof_percent: f64,
    /// Against the truth in double precision.
    pub(crate) recall: f64,
    pub(crate) per_round_queries_per_s: Vec<f64>,
}

/// Searches with a filter that matches some rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Filtered {
    pub(crate) set: String,
    pub(crate) matching_percent: f64,
    /// Whether the same filter is asked over and over and was built outside of the time; else each
    /// query has one of its own, and building it counts.
    pub(crate) prepared: bool,
    pub(crate) engines: Vec<Speed>,
    pub(crate) iqdb_to: BTreeMap<String, f64>,
}

/// Readers beside a writer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BesideWriter {
    pub(crate) set: String,
    pub(crate) engine: String,
    pub(crate) readers: usize,
    /// `absent`, upserts per second, or `flat out`.
    pub(crate) writer: String,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    pub(crate) searches_per_s: f64,
    pub(crate) upserts_per_s: f64,
    /// This p99 to that of as many readers without a writer.
    pub(crate) p99_to_absent: f64,
    /// Answers that differed from those without a writer; the data is the same all the time.
    pub(crate) wrong: u64,
    pub(crate) per_round_p99_ms: Vec<f64>,
}

/// Loading rows with ids and small payloads on one thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ingest {
    pub(crate) engine: String,
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) batch: usize,
    /// Building the records counted.
    pub(crate) rows_per_s: f64,
    /// Applying them alone.
    pub(crate) applied_rows_per_s: f64,
    /// The vectors' bytes applied per second, in percent of those that a plain copy moves.
    pub(crate) copy_percent: f64,
    /// The same, of a copy into memory that the process never had.
    pub(crate) fresh_copy_percent: f64,
    pub(crate) per_round_rows_per_s: Vec<f64>,
}

impl Record {
    /// The file's name without its ending, by the date.
    pub(crate) fn stem(&self) -> String {
        let date: String = self.finished.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("peers-{date}")
    }
}

/// Reads a record of any kind.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let failed = |e: &dyn std::fmt::Display| format!("{} is no record: {e}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    serde_json::from_str(&text).map_err(|error| failed(&error))
}

/// Writes a record of any kind as JSON.
pub(crate) fn write(record: &impl Serialize, path: &Path) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let json = serde_json::to_string_pretty(record).map_err(|error| failed(&error))?;
    std::fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| std::fs::write(path, format!("{json}\n")))
        .map_err(|error| failed(&error))
}

/// The best row of each engine: that of the core type with the shortest median call.
pub(crate) fn best(engines: &[Speed]) -> Vec<&Speed> {
    let mut best: Vec<&Speed> = Vec::new();
    for speed in engines {
        match best.iter_mut().find(|other| other.engine == speed.engine) {
            Some(other) if other.p50_ms <= speed.p50_ms => {}
            Some(other) => *other = speed,
            None => best.push(speed),
        }
    }
    best
}

/// How many times as fast as each of the others iqdb is, by the median time of a call where calls
/// are alike, else by queries per second.
pub(crate) fn iqdb_to(engines: &[Speed], by_call: bool) -> BTreeMap<String, f64> {
    let best = best(engines);
    let speed = |of: &Speed| if by_call { 1.0 / of.p50_ms } else { of.queries_per_s };
    let Some(own) = best.iter().find(|speed| speed.engine == "iqdb").map(|own| speed(own)) else {
        return BTreeMap::new();
    };
    best.iter()
        .filter(|other| other.engine != "iqdb")
        .map(|other| (other.engine.clone(), (own / speed(other) * 1e3).round() / 1e3))
        .collect()
}

#[cfg(test)]
pub(crate) mod fake {
    //! Records that tests make up.

    use super::*;
    use crate::protocol::Metric;

    pub(crate) fn record() -> Record {
        let searches = |threads, roof: (&str, f64), speeds: [f64; 2]| {
            let engines = vec![
                speed("iqdb", None, speeds[0]),
                speed("faiss", Some("Zen"), speeds[1] / 4.0),
                speed("faiss", Some("SkylakeX"), speeds[1]),
            ];
            let roof = [(roof.0.to_owned(), roof.1)].into();
            let iqdb_to = iqdb_to(&engines, true);
            Searches { set: "line".into(), threads, roof, engines, iqdb_to }
        };
        Record {
            command: "cargo xtask bench peers --data DIR --quick".into(),
            started: "2026-01-31T12:00Z".into(),
            finished: "2026-01-31T12:10Z".into(),
            commit: "abc".into(),
            machine: Machine::here(),
            load_before: Some(0.1),
            settings: Settings { quick: true, k: 10, rounds: 5, seed: 1 },
            engines: BTreeMap::new(),
            sets: vec![sets::Facts {
                set: "line".into(),
                rows: 1_000,
                dim: 8,
                metric: Metric::Cosine,
                origin: "made up".into(),
                queries: 1_000,
                queries_with_truth: 50,
            }],
            single: vec![searches(1, ("read_gb_per_s", 38.0), [400.0, 200.0])],
            batch: vec![
                searches(1, ("fma_gflop_per_s", 240.0), [800.0, 700.0]),
                searches(2, ("fma_gflop_per_s", 470.0), [1_500.0, 1_400.0]),
            ],
            filter: Vec::new(),
            beside_writer: Vec::new(),
            ingest: Vec::new(),
        }
    }

    pub(crate) fn speed(engine: &str, core_type: Option<&str>, queries_per_s: f64) -> Speed {
        Speed {
            engine: engine.into(),
            core_type: core_type.map(str::to_owned),
            queries: 100,
            rounds: 5,
            queries_per_s,
            p50_ms: 1e3 / queries_per_s,
            rate: queries_per_s / 10.0,
            roof_percent: 50.0,
            recall: 1.0,
            per_round_queries_per_s: vec![queries_per_s; 5],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fake::speed;
    use super::*;

    #[test]
    fn iqdb_is_held_against_the_best_core_type() {
        let engines = [
            speed("iqdb", None, 400.0),
            speed("faiss", Some("Zen"), 50.0),
            speed("faiss", Some("SkylakeX"), 200.0),
            speed("numpy", None, 100.0),
        ];
        let expected = [("faiss".to_owned(), 2.0), ("numpy".to_owned(), 4.0)].into();
        assert_eq!(iqdb_to(&engines, false), expected);
        assert_eq!(iqdb_to(&engines, true), expected);
        assert_eq!(best(&engines)[1].core_type.as_deref(), Some("SkylakeX"));
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let path = std::env::temp_dir().join(format!("peers-record-{}.json", std::process::id()));
        let record = fake::record();
        write(&record, &path).unwrap();
        let again = read::<Record>(&path);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(format!("{:?}", again.unwrap()), format!("{record:?}"));
        assert_eq!(record.stem(), "peers-20260131T1210Z");
    }

    #[test]
    fn without_iqdb_there_is_nothing_to_compare() {
        assert!(iqdb_to(&[speed("faiss", None, 1.0)], true).is_empty());
    }
}
