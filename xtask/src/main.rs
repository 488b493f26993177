//! `cargo xtask`: the commands that develop iqdb.
//!
//! It reads the checkout and runs cargo. It depends on no other package of the workspace, knows no
//! backend by name, and never changes a file outside `target`, but for what `fuzz` finds, which it
//! keeps below `fuzz`, and what `bench peers`, `bench durable` and `bench roof` record below
//! `benches/records`.

#![forbid(unsafe_code)]

mod bench;
mod canonical;
mod cargo;
mod ci;
mod cli;
mod conformance;
mod cross;
mod faults;
mod futex;
mod fuzz;
mod libtest;
mod miri;
mod models;
mod mutants;
mod nightly;
mod python;
mod sanitize;
mod terminal;
mod tidy;
mod venv;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, Command};
use crate::workspace::Workspace;

/// What a command returns. An error is a sentence for a person: what was attempted, what was
/// found, what to do. No code matches on it.
type Result<T> = std::result::Result<T, String>;

/// Whether a command found everything in order. What it found otherwise, it has printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing to complain about.
    Green,
    /// Something has to be mended.
    Red,
}

impl Verdict {
    fn green_if(fine: bool) -> Self {
        if fine { Self::Green } else { Self::Red }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(Verdict::Green) => ExitCode::SUCCESS,
        Ok(Verdict::Red) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<Verdict> {
    let Some(command) = cli.command else {
        terminal::say(&Cli::command().render_help().to_string());
        return Ok(Verdict::Green);
    };
    let workspace = Workspace::load()?;
    match command {
        Command::Ci(options) => ci::run(&workspace, &options),
        Command::Crash(options) => faults::run(&workspace, "crash", &options),
        Command::Faults(options) => faults::run(&workspace, "faults", &options),
        Command::Bitflip(options) => faults::run(&workspace, "bitflip", &options),
        Command::Kill9(options) => faults::run(&workspace, "kill9", &options),
        Command::Power(options) => faults::run(&workspace, "power", &options),
        Command::Canonical(options) => canonical::run(&workspace, &options),
        Command::Conformance(options) => conformance::run(&workspace, &options),
        Command::Futex(options) => futex::run(&workspace, &options),
        Command::Fuzz(options) => fuzz::run(&workspace, &options),
        Command::Python(options) => python::run(&workspace, &options),
        Command::Miri(options) => miri::run(&workspace, &options),
        Command::Sanitize(options) => sanitize::run(&workspace, &options),
        Command::Models(options) => models::run(&workspace, &options),
        Command::Tidy(options) => tidy::run(&workspace, &options),
        Command::Mutants(options) => mutants::run(&workspace, &options),
        Command::Cross(options) => cross::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
    }
}
