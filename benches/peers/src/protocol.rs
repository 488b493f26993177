//! What the orchestrator says to a worker and what it hears: one JSON object per line each way.
//!
//! Times are nanoseconds, measured in the worker around the engine's own call. `python/worker.py`
//! speaks the same language.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Metric {
    Cosine,
    Euclidean,
}

/// The files of a set, all of them `.npy` but for the payload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Files {
    pub(crate) base: PathBuf,
    pub(crate) queries: PathBuf,
    /// One line of JSON per row.
    pub(crate) payload: Option<PathBuf>,
    /// An integer from 0 to 999 per row, each for one row in a thousand: the field to filter by.
    pub(crate) permille: Option<PathBuf>,
}

/// A filter: the field `permille` is in `from..to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Permille {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// One command to a worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command {
    /// Load this set; answers with `facts`.
    Load { files: Files, metric: Metric },
    /// Answer the queries `from..to`; `ns` has one time per call.
    Search(Search),
    /// Load `rows` rows of `base` into a new database; `ns` has two times per batch: building the
    /// records, and applying them.
    Ingest { base: PathBuf, rows: usize, batch: usize },
    /// Let readers search beside a writer; answers with `numbers`.
    BesideWriter(BesideWriter),
    /// Open the database in the worker's directory, get the record `id`, and search; answers with
    /// `numbers`.
    Open { id: u64 },
    /// Read `bytes` bytes of memory in one pass; `numbers` has GB/s on small and on huge pages.
    Read { bytes: usize, threads: usize },
    /// Multiply and add in registers; `numbers` has GFLOP/s.
    Fma { threads: usize },
    /// Copy `bytes` bytes; `numbers` has GB/s into touched and into fresh memory.
    Copy { bytes: usize },
}

/// The queries `from..to`, the `k` nearest each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Search {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) k: usize,
    pub(crate) threads: usize,
    /// All of them in one call, or one call each.
    pub(crate) batch: bool,
    /// A filter for each query, or none at all.
    pub(crate) filters: Vec<Permille>,
    /// Whether building the filter is left out of the time.
    pub(crate) prepared: bool,
    /// Whether to answer with `ids`.
    pub(crate) ids: bool,
}

/// Readers beside a writer, on the loaded set. The writer replaces records by equal ones, so that
/// every answer stays what it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BesideWriter {
    pub(crate) files: Files,
    pub(crate) k: usize,
    pub(crate) readers: usize,
    pub(crate) writer: Writer,
    pub(crate) seconds: f64,
}

/// How fast the writer goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Writer {
    Absent,
    /// This many upserts per second, one commit each, in bursts of a millisecond.
    PerSecond(u32),
    FlatOut,
}

/// The answer to one command.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    /// Why there is no answer.
    pub(crate) error: Option<String>,
    pub(crate) ns: Vec<u64>,
    /// Row numbers per query, nearest first.
    pub(crate) ids: Vec<Vec<u64>>,
    /// What the engine says of itself: versions, core types, kernels.
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) numbers: BTreeMap<String, f64>,
}

impl Answer {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { error: Some(message.into()), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_line_that_python_understands() {
        let search = Command::Search(Search {
            from: 0,
            to: 2,
            k: 10,
            threads: 1,
            batch: false,
            filters: vec![Permille { from: 3, to: 4 }],
            prepared: true,
            ids: true,
        });
        assert_eq!(
            serde_json::to_string(&search).unwrap(),
            r#"{"do":"search","from":0,"to":2,"k":10,"threads":1,"batch":false,"filters":[{"from":3,"to":4}],"prepared":true,"ids":true}"#
        );
    }

    #[test]
    fn an_answer_may_leave_out_what_it_has_not() {
        let answer: Answer = serde_json::from_str(r#"{"ns":[12]}"#).unwrap();
        assert!(answer.ns == [12] && answer.error.is_none() && answer.ids.is_empty());
    }
}
