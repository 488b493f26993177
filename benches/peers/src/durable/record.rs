//! What a run of `bench durable` writes down.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::record::{BesideWriter, Searches, Settings};
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
    /// What was written to.
    pub(crate) file_system: String,
    pub(crate) settings: Settings,
    /// Versions, by engine.
    pub(crate) engines: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) catalogue: Vec<Writes>,
    pub(crate) unclosed: Vec<Unclosed>,
    pub(crate) writes: Vec<Writes>,
    pub(crate) sets: Vec<sets::Facts>,
    pub(crate) opening: Vec<Opening>,
    pub(crate) search: Vec<Searches>,
    pub(crate) beside_writer: Vec<BesideWriter>,
}

/// Rows into an empty database of one engine, each commit on disk before the next begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Writes {
    pub(crate) engine: String,
    pub(crate) dim: usize,
    /// Rows per commit.
    pub(crate) batch: usize,
    pub(crate) threads: usize,
    pub(crate) rows_per_s: f64,
    /// To the raw appends of the same rows in the same rounds.
    pub(crate) to_raw: f64,
    /// To the same engine on one thread.
    pub(crate) to_one_thread: Option<f64>,
    pub(crate) per_round_rows_per_s: Vec<f64>,
}

/// From files out of memory to the first answer, after a process was killed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Unclosed {
    /// What is opened.
    pub(crate) what: String,
    pub(crate) entries: u64,
    pub(crate) ms: f64,
    pub(crate) per_round_ms: Vec<f64>,
}

/// Opening a database of iqdb after its process was killed, with the files out of memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) open_ms: f64,
    /// Until the first record was there, opening included.
    pub(crate) get_ms: f64,
    /// By how much the resident memory had grown then, and what the disk had read.
    pub(crate) memory_mib: f64,
    pub(crate) read_mib: f64,
    /// The first search after that.
    pub(crate) search_ms: f64,
    pub(crate) per_round_get_ms: Vec<f64>,
}

impl Record {
    /// The file's name without its ending, by the date.
    pub(crate) fn stem(&self) -> String {
        let date: String = self.finished.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("durable-{date}")
    }
}
