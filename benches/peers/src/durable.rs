//! What it takes to have written: durable engines in turns on the same file system.
//!
//! Each engine gets a new directory in each round. The raw appends of the same rounds are what all
//! are held against.

mod engine;
mod record;
mod table;
mod unclosed;
mod writes;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rustix::fs::{Advice, fadvise};

use self::engine::Name;
pub(crate) use self::record::Record;
use self::record::Settings;
pub(crate) use self::unclosed::{Unclosed, leave_unclosed};
use crate::machine::{self, Machine};
use crate::sets::SEED;
use crate::Result;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Rows one by one, in batches, and from several threads.
    Writes,
    /// Opening after a process was killed.
    Unclosed,
}

/// What to measure, and where.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these suites.
    #[arg(long, value_delimiter = ',', default_values = ["writes", "unclosed"])]
    suite: Vec<Suite>,
    /// Only these engines, and the raw appends.
    #[arg(long, value_delimiter = ',')]
    engines: Vec<Name>,
    /// Less data and less time, to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Rounds after the first, which isn't counted; 5, or 2 when quick.
    #[arg(long)]
    rounds: Option<usize>,
    /// A directory on the file system to measure.
    #[arg(long)]
    dir: PathBuf,
    /// Where the record goes.
    #[arg(long)]
    out: PathBuf,
    /// The commit that is measured.
    #[arg(long, default_value = "unknown")]
    commit: String,
}

/// Measures, and writes the record.
pub(crate) fn run(options: &Options) -> Result<()> {
    fs::create_dir_all(&options.dir).map_err(|e| format!("{}: {e}", options.dir.display()))?;
    let default_rounds = if options.quick { 2 } else { 5 };
    let settings = Settings {
        quick: options.quick,
        rounds: options.rounds.unwrap_or(default_rounds).max(1),
        seed: SEED,
    };
    let mut record = Record {
        command: command(options),
        started: machine::now(),
        finished: String::new(),
        commit: options.commit.clone(),
        machine: Machine::here(),
        load_before: machine::load(),
        file_system: machine::file_system(&options.dir),
        settings,
        engines: BTreeMap::new(),
        writes: Vec::new(),
        unclosed: Vec::new(),
    };
    let wanted = |name: &Name| {
        options.engines.is_empty() || options.engines.contains(name) || *name == Name::Raw
    };
    let names: Vec<Name> = Name::value_variants().iter().copied().filter(wanted).collect();
    for suite in &options.suite {
        match suite {
            Suite::Writes => {
                record.writes = writes::run(&names, &record.settings, &options.dir)?;
            }
            Suite::Unclosed => {
                record.unclosed = unclosed::run(&record.settings, &options.dir)?;
            }
        }
    }
    record.finished = machine::now();
    let path = options.out.join(record.stem()).with_extension("json");
    record.write(&path)?;
    println!("{}", table::of(&record));
    println!("written to {}", path.display());
    Ok(())
}

/// What a person types to do the same.
fn command(options: &Options) -> String {
    let mut command = "cargo xtask bench durable".to_owned();
    if options.suite.len() < Suite::value_variants().len() {
        command += &format!(" --suite {}", crate::run::names(&options.suite));
    }
    if !options.engines.is_empty() {
        command += &format!(" --engines {}", crate::run::names(&options.engines));
    }
    if options.quick {
        command += " --quick";
    }
    if let Some(rounds) = options.rounds {
        command += &format!(" --rounds {rounds}");
    }
    command
}

/// Runs this in a new directory below `dir`, which is gone afterwards.
fn in_new_dir<T>(dir: &Path, work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let dir = dir.join(format!("durable-{}", std::process::id()));
    let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
    if dir.exists() {
        fs::remove_dir_all(&dir).map_err(failed)?;
    }
    fs::create_dir(&dir).map_err(failed)?;
    let done = work(&dir);
    fs::remove_dir_all(&dir).map_err(failed)?;
    // What is gone isn't written in the background of the next measurement.
    File::open(dir.parent().unwrap_or(&dir)).and_then(|file| file.sync_all()).map_err(failed)?;
    done
}

/// Asks the system to drop the pages of this file from memory.
fn forget(path: &Path) -> Result<()> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let file = File::open(path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fadvise(&file, 0, None, Advice::DontNeed).map_err(|e| failed(e.into()))
}
