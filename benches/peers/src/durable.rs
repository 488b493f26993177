//! What it takes to have written: durable engines in turns on the same file system.
//!
//! Each engine gets a new directory in each round. The raw appends of the same rounds are what all
//! are held against.

mod engine;
mod load;
mod opening;
mod reads;
mod record;
mod remote;
mod table;
mod unclosed;
mod writes;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use rustix::fs::{Advice, fadvise, syncfs};

use self::engine::{DIM, Name};
use self::record::Record;
use self::remote::Python;
pub(crate) use self::table::of as table_of;
pub(crate) use self::unclosed::{Unclosed, leave_unclosed};
use self::writes::Place;
use crate::Result;
use crate::engines::Places;
use crate::machine::{self, Machine};
use crate::npy::{self, Matrix};
use crate::record::Settings;
use crate::sets::SEED;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// What a catalogue could be made of: the writes below, and opening after a process was killed.
    Catalogue,
    /// Rows one by one, in batches, and from several threads, into iqdb and others.
    Writes,
    /// Opening, searches, and a reader beside a writer.
    Reads,
}

/// What to measure, and where.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these suites.
    #[arg(long, value_delimiter = ',', default_values = ["writes", "reads"])]
    suite: Vec<Suite>,
    /// Less data and less time, to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Rounds after the first, which isn't counted; 5, or 2 when quick.
    #[arg(long)]
    rounds: Option<usize>,
    /// The interpreter of an environment with python/requirements.txt.
    #[arg(long)]
    python: PathBuf,
    /// The Python part.
    #[arg(long)]
    script: PathBuf,
    /// Where what is generated is kept.
    #[arg(long)]
    made: PathBuf,
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

/// How many nearest rows are asked for.
const K: usize = 10;

/// Measures, and writes the record.
pub(crate) fn run(options: &Options) -> Result<()> {
    fs::create_dir_all(&options.dir).map_err(|e| format!("{}: {e}", options.dir.display()))?;
    let default_rounds = if options.quick { 2 } else { 5 };
    let settings = Settings {
        quick: options.quick,
        rounds: options.rounds.unwrap_or(default_rounds).max(1),
        k: K,
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
        settings: settings.clone(),
        engines: BTreeMap::new(),
        catalogue: Vec::new(),
        unclosed: Vec::new(),
        writes: Vec::new(),
        sets: Vec::new(),
        opening: Vec::new(),
        search: Vec::new(),
        beside_writer: Vec::new(),
    };
    let rows = Arc::new(rows(settings.seed));
    let python = Python {
        interpreter: options.python.clone(),
        script: options.script.clone(),
        rows: options.dir.join("rows.npy"),
    };
    npy::write(&python.rows, &rows)?;
    let place = Place { settings: &settings, dir: &options.dir, rows, python };
    for suite in &options.suite {
        let engines = &mut record.engines;
        match suite {
            Suite::Catalogue => {
                record.catalogue = writes::run(&place, &Name::CATALOGUES, engines)?;
                record.unclosed = unclosed::run(&settings, &options.dir)?;
            }
            Suite::Writes => record.writes = writes::run(&place, &Name::DATABASES, engines)?,
            Suite::Reads => {
                let (python, script) = (options.python.clone(), options.script.clone());
                let places = Places { python, script, backend: None, dir: None };
                reads::run(&places, &options.made, &options.dir, &mut record)?;
            }
        }
    }
    record.finished = machine::now();
    let path = options.out.join(record.stem()).with_extension("json");
    crate::record::write(&record, &path)?;
    println!("{}", table::of(&record));
    println!("written to {}", path.display());
    Ok(())
}

/// What a person types to do the same.
fn command(options: &Options) -> String {
    let mut command = "cargo xtask bench durable".to_owned();
    command += &format!(" --suite {}", crate::run::names(&options.suite));
    if options.quick {
        command += " --quick";
    }
    if let Some(rounds) = options.rounds {
        command += &format!(" --rounds {rounds}");
    }
    command
}

/// What is written, again and again.
fn rows(seed: u64) -> Matrix<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let items = (0..10_000 * DIM).map(|_| random.f32() - 0.5).collect();
    Matrix { rows: 10_000, dim: DIM, items }
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
    settle(dir.parent().unwrap_or(&dir))?;
    done
}

/// Waits until the file system of this directory has nothing left to write.
fn settle(dir: &Path) -> Result<()> {
    let failed = |e: std::io::Error| format!("{}: {e}", dir.display());
    let dir = File::open(dir).map_err(failed)?;
    syncfs(&dir).map_err(|e| failed(e.into()))
}

/// Asks the system to drop the pages of this file from memory.
fn forget(path: &Path) -> Result<()> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let file = File::open(path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fadvise(&file, 0, None, Advice::DontNeed).map_err(|e| failed(e.into()))
}
