//! `cargo xtask bench`: runs the criterion benches, the kernels against the machine, and iqdb beside
//! its peers.
//!
//! It never judges a measurement; `benches/roof` and `benches/peers` write records of their own.

mod durable;
mod peers;
mod turns;

use clap::{Args, Subcommand};

use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, fuzz, terminal};

pub(crate) use self::peers::MANIFEST as PEERS;

/// The package that holds the benches.
const PACKAGE: &str = "iqdb-benches";

/// The bench that is not criterion's.
const ROOF: &str = "roof";

/// What is passed through.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// Arguments for criterion: a name to filter by, --list, --save-baseline NAME, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure iqdb beside other engines on the same data (needs Python, a network, an idle machine).
    Peers(peers::Options),
    /// Measure what it takes to have written, iqdb beside other engines (the same needs).
    Durable(durable::Options),
    /// Hold the kernels against what the machine reads and multiplies (15 minutes on an idle machine).
    Roof(Dims),
    /// Write rows by columns into the arena, beside a copy of the same bytes (a minute, 2 GB).
    Bulk(Bulk),
    /// Run two builds of a program by turns, and print the ratio of their rates (an idle machine).
    Turns(turns::Options),
    /// Print a record of `bench peers` or `bench durable` as markdown.
    Table(peers::Show),
    /// Draw a record of `bench peers` as SVG, next to it.
    Plot(peers::Draw),
}

/// What `roof` measures.
#[derive(Debug, Args)]
struct Dims {
    /// Dimensions, all of them if none is given; and `--rounds N`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// What `bulk` measures.
#[derive(Debug, Args)]
struct Bulk {
    /// How many rows, a million if not given, and how many rounds.
    #[arg(value_name = "ROWS [ROUNDS]")]
    args: Vec<String>,
}

/// Runs the benches with the arguments of `options`.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    match &options.command {
        Some(Command::Peers(options)) => peers::run(workspace, options),
        Some(Command::Durable(options)) => durable::run(workspace, options),
        Some(Command::Bulk(options)) => here(workspace, &program("bulk", options.args.iter())),
        Some(Command::Turns(options)) => turns::run(options),
        Some(Command::Table(show)) => peers::show(workspace, show),
        Some(Command::Plot(draw)) => peers::draw(workspace, draw),
        Some(Command::Roof(options)) => {
            here(workspace, &roof(&options.args, &fuzz::now(), &fuzz::commit(workspace)))
        }
        None => here(workspace, &invocation(&options.args)),
    }
}

fn here(workspace: &Workspace, bench: &Invocation) -> Result<Verdict> {
    terminal::say(&format!("$ {bench}"));
    bench.pass_through(&workspace.root).map(Verdict::green_if)
}

/// The kernels against what the machine can do.
fn roof(args: &[String], date: &str, commit: &str) -> Invocation {
    program(ROOF, ["--date", date, "--commit", commit]).args(args)
}

/// A bench that is a program of its own.
fn program<S: Into<String>>(name: &str, args: impl IntoIterator<Item = S>) -> Invocation {
    let run = ["run", "--release", "--locked", "-p", PACKAGE, "--bin", name, "--"];
    Invocation::new(run).args(args)
}

fn invocation(args: &[String]) -> Invocation {
    Invocation::new(["bench", "--locked", "-p", PACKAGE, "--"]).args(args)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn parse(words: &str) -> std::result::Result<Options, clap::Error> {
        let words = std::iter::once("bench").chain(words.split_whitespace());
        Cli::try_parse_from(words).map(|cli| cli.options)
    }

    #[test]
    fn arguments_are_passed_through() {
        assert_eq!(
            invocation(&["scan".into(), "--list".into()]).to_string(),
            "cargo bench --locked -p iqdb-benches -- scan --list"
        );
    }

    #[test]
    fn the_roof_is_told_when_and_of_what() {
        assert_eq!(
            roof(&["768".into()], "2026-01-31T12:00Z", "abc").to_string(),
            "cargo run --release --locked -p iqdb-benches --bin roof -- \
             --date 2026-01-31T12:00Z --commit abc 768"
        );
    }

    #[test]
    fn bulk_takes_rows_and_rounds() {
        assert_eq!(
            program("bulk", ["1000", "3"]).to_string(),
            "cargo run --release --locked -p iqdb-benches --bin bulk -- 1000 3"
        );
        assert!(parse("bulk 1000 3").is_ok());
    }

    #[test]
    fn a_word_that_is_no_subcommand_is_for_criterion() {
        for words in ["scan", "--list", "--save-baseline before", "scan peers"] {
            let options = parse(words).unwrap();
            assert!(options.command.is_none(), "{words}");
            assert_eq!(options.args.join(" "), words);
        }
        assert!(matches!(
            parse("peers --data d --quick").unwrap().command,
            Some(Command::Peers(_))
        ));
        assert!(matches!(parse("durable --quick").unwrap().command, Some(Command::Durable(_))));
        assert!(matches!(parse("roof --rounds 3 768").unwrap().command, Some(Command::Roof(_))));
        assert!(matches!(parse("turns a b -- open 2").unwrap().command, Some(Command::Turns(_))));
        assert!(matches!(parse("table r.json").unwrap().command, Some(Command::Table(_))));
        for wrong in ["peers", "table", "peers --data d --fast"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
