//! The targets without libFuzzer: what there are, their seeds, and one input again.
//!
//! `cargo xtask fuzz` runs it. It never fuzzes.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use iqdb_fuzz_targets::{TARGETS, seeds, target};

/// The fuzz targets on a stable toolchain.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print each target and what it is about, with a tab between.
    List,
    /// Write the seeds of every target where they are committed.
    Seeds,
    /// Run a target on these files; it panics where iqdb is wrong.
    Replay {
        /// The name of the target.
        target: String,
        /// Inputs, one per file.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match command {
        Command::List => {
            for target in TARGETS {
                writeln!(out, "{}\t{}", target.name, target.story)?;
            }
        }
        Command::Seeds => {
            for target in TARGETS {
                let written = seeds::write(target)?;
                writeln!(out, "{}: {} seeds", target.name, written.len())?;
            }
        }
        Command::Replay { target: name, files } => {
            let target = target(name)
                .ok_or_else(|| io::Error::other(format!("there is no target `{name}`")))?;
            for file in files {
                let input = std::fs::read(file)
                    .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
                writeln!(out, "{name} on {}, {} bytes", file.display(), input.len())?;
                (target.run)(&input);
            }
            writeln!(out, "{} inputs, nothing wrong", files.len())?;
        }
    }
    Ok(())
}
