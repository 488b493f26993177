//! The `iqdb` command as a library, so that it can be tested and its readers fuzzed.
//!
//! `iqdb demo` shows what the database does, on real data; `iqdb bench` measures it; the others
//! work on a database on disk, each in a module of its name. Nothing here prints: a command writes
//! to the [`Screen`] it is handed. Only `database` knows which backend keeps a database.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::cast_possible_truncation))]

mod add_field;
pub mod args;
mod backup;
pub mod bench;
mod compact;
mod completions;
mod count;
mod create;
mod database;
pub mod demo;
mod duration;
pub mod exit;
mod export;
mod files;
mod filter_keys;
mod get;
mod import;
mod index;
mod info;
pub mod input;
pub mod npy;
mod progress;
mod rm;
pub mod screen;
mod search;
mod verify;

use std::ffi::OsString;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::exit::{Exit, Failure};
use crate::screen::Screen;

/// Runs the command with these arguments, the first of which is its own name.
pub fn run<I, T>(args: I, screen: &mut Screen<'_>) -> Exit
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return unparsed(&error, screen),
    };
    let result = match &cli.command {
        Command::Demo(options) => demo::run(options, screen),
        Command::Create(options) => create::run(options, screen),
        Command::AddField(options) => add_field::run(options, screen),
        Command::Import(options) => import::run(options, screen),
        Command::Export(options) => export::run(options, screen),
        Command::Info(options) => info::run(options, screen),
        Command::Get(options) => get::run(options, screen),
        Command::Rm(options) => rm::run(options, screen),
        Command::Search(options) => search::run(options, screen),
        Command::Verify(options) => verify::run(options, screen),
        Command::Index(options) => index::run(options, screen),
        Command::Compact(options) => compact::run(options, screen),
        Command::Backup(options) => backup::run(options, screen),
        Command::Bench(options) => bench::run(options, screen),
        Command::Completions(options) => completions::run(options, screen),
    };
    match result.and_then(|()| screen.out.flush().map_err(Failure::from)) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            // What was found before it failed is still an answer.
            let _ = screen.out.flush();
            if let Some(report) = failure.report() {
                screen.report(&report);
            }
            failure.exit()
        }
    }
}

/// Shows what clap has to say: help and the version are such errors, too.
fn unparsed(error: &clap::Error, screen: &mut Screen<'_>) -> Exit {
    let text = error.render();
    let (out, colour, exit) = if error.use_stderr() {
        (&mut *screen.err, screen.err_colour, Exit::Usage)
    } else {
        (&mut *screen.out, screen.out_colour, Exit::Done)
    };
    let written = if colour { write!(out, "{}", text.ansi()) } else { write!(out, "{text}") };
    match written.and_then(|()| out.flush()) {
        Ok(()) => exit,
        Err(error) => Failure::from(error).exit(),
    }
}
