//! Power cuts, failing disks, flipped bits and kills, and what iqdb-file makes of them.
//!
//! Each command prints what it did, with its seeds, what it found, each with a command that shows it
//! again, and which planted defects it caught. `cargo xtask crash` and its sisters run it.

mod bitflip;
mod crash;
mod deeds;
mod defects;
mod draw;
mod faults;
mod finding;
mod full;
mod kill9;
mod law;
mod past;
mod power;
mod run;
mod script;
mod tally;
mod terminal;
mod write;
mod writers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Faults for iqdb-file.
#[derive(Debug, Parser)]
#[command(name = "iqdb-faults", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Cut the power at every change of a simulated disk.
    Crash(crash::Options),
    /// Let every call fail in every way, and fill the disk.
    Faults(faults::Options),
    /// Flip bits of a database, cut its files, and open it in a process of its own.
    Bitflip(bitflip::Options),
    /// Look at the images that are named on standard input.
    #[command(hide = true)]
    BitflipChild(bitflip::ChildOptions),
    /// Kill processes that write, also while their databases are moved about.
    Kill9(kill9::Options),
    /// Cut the power of a real file system (Linux, root, a loop device).
    Power(power::Options),
    /// Write until killed.
    #[command(hide = true)]
    WriterChild(kill9::ChildOptions),
    /// Write until killed, while the database is moved about.
    #[cfg(unix)]
    #[command(hide = true)]
    MovedWriterChild(kill9::moved_writer::Options),
}

/// Whether everything was found in order. What was not has been printed.
type Verdict = bool;

/// An error is a sentence for a person; no code matches on it.
type Result<T, E = String> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Crash(options) => crash::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::Bitflip(options) => bitflip::run(&options),
        Command::BitflipChild(options) => bitflip::child(&options),
        Command::Kill9(options) => kill9::run(&options),
        Command::Power(options) => power::run(&options),
        Command::WriterChild(options) => kill9::child(&options),
        #[cfg(unix)]
        Command::MovedWriterChild(options) => kill9::moved_writer::child(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            terminal::complain(&message);
            ExitCode::FAILURE
        }
    }
}
