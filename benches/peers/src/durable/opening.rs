//! Opening a database in files whose process was killed, with its files out of memory.

use std::fs;
use std::path::Path;

use super::record::Opening;
use super::{forget, in_new_dir, settle};
use crate::Result;
use crate::engines::{self, IQDB_FILE, Places, start_bare};
use crate::protocol::Command;
use crate::record::Settings;
use crate::sets::Set;
use crate::stats::median;

/// Loads the set, kills the process, and opens what it left, once per round.
pub(super) fn run(places: &Places, set: &Set, settings: &Settings, dir: &Path) -> Result<Opening> {
    let mut rounds: Vec<std::collections::BTreeMap<String, f64>> = Vec::new();
    in_new_dir(dir, |dir| {
        let places = Places { dir: Some(dir.to_owned()), ..places.clone() };
        drop(engines::start_these(&[IQDB_FILE], &places, set)?);
        settle(dir)?;
        for round in 0..settings.rounds {
            eprintln!("opening: round {round} of {}", settings.rounds - 1);
            forget_all(dir)?;
            let id = (round * 7_919 % set.facts.rows) as u64;
            let mut worker = start_bare(IQDB_FILE, &places)?;
            rounds.push(worker.ask(&Command::Open { id })?.numbers);
        }
        Ok(())
    })?;
    let of = |name: &str| -> Vec<f64> {
        rounds.iter().map(|numbers| numbers.get(name).copied().unwrap_or(f64::NAN)).collect()
    };
    Ok(Opening {
        rows: set.facts.rows,
        dim: set.facts.dim,
        open_ms: median(&of("open_ms")),
        get_ms: median(&of("get_ms")),
        memory_mib: median(&of("memory_mib")),
        read_mib: median(&of("read_mib")),
        search_ms: median(&of("search_ms")),
        per_round_get_ms: of("get_ms"),
    })
}

/// Drops every file below this directory from memory.
fn forget_all(dir: &Path) -> Result<()> {
    let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { forget_all(&path)? } else { forget(&path)? }
    }
    Ok(())
}
