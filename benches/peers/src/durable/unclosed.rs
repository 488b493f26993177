//! Opening what a killed process left: a catalogue of `redb`, and the log that would be replayed.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use super::engine::{fill_and_abort, open_after_abort, replay};
use super::in_new_dir;
use super::record;
use crate::Result;
use crate::record::Settings;
use crate::stats::median;

/// How much of a log there is before it is sealed.
const LOG_BYTES: usize = 8 << 20;

/// What the killed process does.
#[derive(Debug, Args)]
pub(crate) struct Unclosed {
    /// The directory of the database.
    dir: PathBuf,
    entries: u64,
    #[arg(long)]
    quick_repair: bool,
}

pub(crate) fn leave_unclosed(options: &Unclosed) -> Result<()> {
    fill_and_abort(&options.dir, options.entries, options.quick_repair)
}

pub(super) fn run(settings: &Settings, dir: &Path) -> Result<Vec<record::Unclosed>> {
    let entries = if settings.quick { 20_000 } else { 1_000_000 };
    let mut ms = [const { Vec::new() }; 3];
    for round in 0..=settings.rounds {
        eprintln!("unclosed: round {round} of {}", settings.rounds);
        for (quick_repair, ms) in [false, true].into_iter().zip(&mut ms) {
            let took = in_new_dir(dir, |dir| {
                fill(dir, entries, quick_repair)?;
                open_after_abort(dir, entries)
            })?;
            ms.push(took.as_secs_f64() * 1e3);
        }
        ms[2].push(in_new_dir(dir, |dir| replay(dir, LOG_BYTES))?.as_secs_f64() * 1e3);
    }
    let what = ["redb", "redb, quick repair", "replay of a log of 8 MiB"];
    let opening = |(what, ms): (&str, Vec<f64>)| record::Unclosed {
        what: what.into(),
        entries: if what.starts_with("redb") { entries } else { 0 },
        ms: median(&ms[1..]),
        per_round_ms: ms[1..].to_vec(),
    };
    Ok(what.into_iter().zip(ms).map(opening).collect())
}

/// Fills a database in a process that ends without closing it.
fn fill(dir: &Path, entries: u64, quick_repair: bool) -> Result<()> {
    let this = std::env::current_exe().map_err(|e| format!("where am I? {e}"))?;
    let mut process = Command::new(this);
    process.arg("unclosed").arg(dir).arg(entries.to_string());
    if quick_repair {
        process.arg("--quick-repair");
    }
    let status = process.status().map_err(|e| e.to_string())?;
    // It was to be killed, not to fail.
    if status.code().is_some() {
        return Err(format!("the process that was to be killed ended with {status}"));
    }
    Ok(())
}
