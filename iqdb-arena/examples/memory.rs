//! What a row takes in memory, on Linux.
//!
//! ```sh
//! cargo run --release -p iqdb-arena --example memory -- 1000000 128
//! cargo run --release -p iqdb-arena --example memory -- DIR/payload.jsonl 384
//! ```
//!
//! Rows are random vectors under the numbers from 0 on. Their payloads are a word and a year, or
//! those of a file, one JSON object per line. The same rows are stored once without payloads, by a
//! process of its own: the difference is what payloads take. Resident memory is what the system
//! tells, so it counts what the allocator has left over from writing; allocated memory doesn't, and
//! lacks what is mapped, which no payload is. What a search keeps with the rows is norms, which are
//! allocated, and codes, most of which are mapped: by how much resident memory grows with them, or, if
//! that is more, what was allocated for them. It is given by its share of the vector, too. The metric
//! is Euclidean, for which it keeps the most.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::hint::black_box;
use std::process::{Command, ExitCode};

use iqdb_arena::ArenaStore;
use iqdb_core::{
    Batch, Budget, Change, Error, ErrorKind, Metric, Payload, Record, Result, Schema, Search,
    Store, StoreExt,
};
use iqdb_search::ExactSearch;

const USAGE: &str = "usage: memory ROWS|FILE.jsonl DIM";

/// How many rows are written at once: few, so that what a batch takes is little.
const BATCH: usize = 1_000;

/// The third argument of the process that stores no payloads.
const BARE: &str = "--without-payloads";

/// The third argument of the process that does.
const FULL: &str = "--with-payloads";

/// The payloads, row by row.
enum Payloads {
    /// A word and a year, for this many rows.
    Made(usize),
    /// Lines of JSON.
    Read(String),
}

impl Payloads {
    fn new(source: &str) -> Result<Self> {
        if let Ok(rows) = source.parse() {
            return Ok(Self::Made(rows));
        }
        match std::fs::read_to_string(source) {
            Ok(text) => Ok(Self::Read(text)),
            Err(error) => Err(Error::new(ErrorKind::Io, format!("{source} can't be read"))
                .hint(USAGE)
                .caused_by(error)),
        }
    }

    /// Each payload, and how many bytes of JSON it is, its line's end not counted.
    fn iter(&self) -> Box<dyn Iterator<Item = Result<(Payload, usize)>> + '_> {
        match self {
            Self::Made(rows) => Box::new((0..*rows).map(|row| {
                let (lang, year) = (["en", "de", "fr", "ja"][row % 4], 2_000 + (row % 25) as i64);
                let payload = Payload::new().with("lang", lang).with("year", year);
                Ok((payload, format!(r#"{{"lang": "{lang}", "year": {year}}}"#).len()))
            })),
            Self::Read(text) => Box::new(text.lines().map(|line| {
                let payload = serde_json::from_str(line).map_err(|error| {
                    Error::new(ErrorKind::InvalidPayload, "a line is no payload").caused_by(error)
                })?;
                Ok((payload, line.len()))
            })),
        }
    }
}

/// Resident memory, in bytes.
fn resident() -> Result<u64> {
    let parsed = || {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1_024)
    };
    parsed().ok_or_else(|| {
        Error::new(ErrorKind::NotSupported, "this system does not tell what memory is resident")
    })
}

/// What was stored, and what that took; all but the first in bytes.
struct Stored {
    rows: u64,
    json: u64,
    resident_before_compaction: u64,
    resident: u64,
    allocated: u64,
    derived: u64,
}

/// Stores all rows, and looks at what memory that took.
fn store(payloads: &Payloads, dim: usize, with_payloads: bool) -> Result<Stored> {
    let start = resident()?;
    let mut stored = Ok((0, 0, 0));
    let mut kept = None;
    let cost = allocation_counter::measure(|| {
        stored = Schema::new(dim, Metric::Euclidean).and_then(|schema| {
            let store = kept.insert(ArenaStore::new(schema));
            let (rows, json) = fill(store, payloads, dim, with_payloads)?;
            let before = resident()?.saturating_sub(start);
            store.compact();
            Ok((rows, json, before))
        });
    });
    let (rows, json, resident_before_compaction) = stored?;
    let resident_after = resident()?.saturating_sub(start);
    let mut prepared = Ok(true);
    let derived = allocation_counter::measure(|| {
        if let Some(store) = &kept {
            prepared = store.snapshot().and_then(|snapshot| {
                ExactSearch::new().prepare(&*snapshot, Budget::new(), &mut ())
            });
        }
    });
    prepared?;
    let grown = resident()?.saturating_sub(start + resident_after);
    black_box(kept);
    let bytes =
        |cost: allocation_counter::AllocationInfo| u64::try_from(cost.bytes_current).unwrap_or(0);
    let (allocated, derived) = (bytes(cost), bytes(derived).max(grown));
    let resident = resident_after;
    Ok(Stored { rows, json, resident_before_compaction, resident, allocated, derived })
}

/// How many rows that were, and how many bytes their payloads as JSON.
fn fill(
    store: &ArenaStore,
    payloads: &Payloads,
    dim: usize,
    with_payloads: bool,
) -> Result<(u64, u64)> {
    let mut random = fastrand::Rng::with_seed(1);
    let (mut batch, mut rows, mut all_json) = (Batch::new(), 0, 0);
    for payload in payloads.iter() {
        let (payload, json) = payload?;
        let vector: Vec<f32> = (0..dim).map(|_| random.f32() - 0.5).collect();
        let record = Record::new(rows, vector)?;
        let record = if with_payloads { record.with_payload(payload) } else { record };
        batch.push(Change::Upsert(record));
        rows += 1;
        all_json += json as u64;
        if batch.changes().len() == BATCH {
            store.apply(&batch)?;
            batch = Batch::new();
        }
    }
    store.apply(&batch)?;
    Ok((rows, all_json))
}

/// The same by a process of its own.
fn stored_apart(source: &str, dim: &str, which: &str) -> Result<Stored> {
    let failed =
        |why: String| Error::new(ErrorKind::ContractViolation, format!("{which} failed: {why}"));
    let output = std::env::current_exe()
        .and_then(|program| Command::new(program).args([source, dim, which]).output())
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [rows, json, resident_before_compaction, resident, allocated, derived] = numbers[..] else {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    };
    Ok(Stored { rows, json, resident_before_compaction, resident, allocated, derived })
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || Error::new(ErrorKind::NotSupported, USAGE);
    let (source, dim, which) = match &arguments[..] {
        [source, dim] => (source, dim, None),
        [source, dim, which] => (source, dim, Some(which)),
        _ => return Err(usage()),
    };
    let components: usize = dim.parse().map_err(|_| usage())?;
    if let Some(which) = which {
        let s = store(&Payloads::new(source)?, components, which == FULL)?;
        let (before, after) = (s.resident_before_compaction, s.resident);
        println!("{} {} {before} {after} {} {}", s.rows, s.json, s.allocated, s.derived);
        return Ok(());
    }
    let (bare, full) = (stored_apart(source, dim, BARE)?, stored_apart(source, dim, FULL)?);
    let per_row = |bytes: u64| bytes as f64 / full.rows as f64;
    let vectors = (components * size_of::<f32>()) as f64;
    let payloads = per_row(full.allocated.saturating_sub(bare.allocated));
    println!("{} rows of {components} components; bytes per row:", full.rows);
    for (name, bytes) in [
        ("resident before compaction", per_row(full.resident_before_compaction)),
        ("resident after it", per_row(full.resident)),
        ("  vector", vectors),
        ("  payload", payloads),
        ("  everything else", per_row(full.resident) - vectors - payloads),
        ("payload as JSON", per_row(full.json)),
        ("codes and norms", per_row(full.derived)),
    ] {
        println!("{name:28}{bytes:>9.1}");
    }
    println!("{:28}{:>9.2}", "payload by its JSON", payloads / per_row(full.json));
    println!("{:28}{:>9.3}", "codes and norms by vector", per_row(full.derived) / vectors);
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
