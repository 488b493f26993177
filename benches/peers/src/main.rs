//! iqdb beside its peers.
//!
//! `run` starts one worker process per engine, asks them in turns, checks their answers and writes a
//! record; `worker` is such a process; `table` and `plot` show a record. `cargo xtask bench peers`
//! calls it. It never judges a measurement, only an answer.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod durable;
mod engines;
mod machine;
mod npy;
mod plot;
mod process;
mod protocol;
mod record;
mod run;
mod sets;
mod stats;
mod suite;
mod table;
mod truth;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::record::Record;

/// An error is a sentence for a person. No code matches on it.
type Result<T> = std::result::Result<T, String>;

#[derive(Debug, Parser)]
#[command(name = "peers", about = "iqdb beside its peers")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure, check, and write a record with its plot.
    Run(run::Options),
    /// Measure what it takes to have written: durable engines in turns.
    Durable(durable::Options),
    /// Fill a database of `redb` and end without closing it.
    Unclosed(durable::Unclosed),
    /// Serve one engine: commands on standard input, answers on standard output.
    Worker {
        /// Which engine.
        engine: worker::Kind,
        /// The backend of iqdb; its default one unless given.
        #[arg(long)]
        backend: Option<String>,
        /// Where its files go.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Print a record as markdown.
    Table {
        /// The record.
        record: PathBuf,
        /// Only these suites.
        #[arg(long, value_delimiter = ',')]
        suite: Vec<suite::Suite>,
    },
    /// Draw a record as SVG, next to it.
    Plot {
        /// The record.
        record: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Durable(options) => durable::run(&options),
        Command::Unclosed(options) => durable::leave_unclosed(&options),
        Command::Worker { engine, backend, dir } => {
            worker::serve(engine, backend.as_deref(), dir.as_deref())
        }
        Command::Table { record, suite } => shown(&record, &suite).map(|text| println!("{text}")),
        Command::Plot { record } => record::read(&record).and_then(|read: Record| {
            let path = record.with_extension("svg");
            plot::write(&read, &path)?;
            println!("{}", path.display());
            Ok(())
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// A record of either kind as markdown.
fn shown(path: &Path, suites: &[suite::Suite]) -> Result<String> {
    if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("durable-")) {
        return record::read(path).map(|record| durable::table_of(&record));
    }
    record::read(path).map(|record: Record| table::of(&record, suites))
}
