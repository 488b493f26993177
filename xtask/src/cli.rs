//! The command line: which commands there are and what they take.
//!
//! It never runs anything. `tidy` parses the commands in the documentation with it.

use clap::{Parser, Subcommand};

use crate::{
    bench, canonical, ci, conformance, cross, faults, futex, fuzz, miri, models, mutants, python,
    sanitize, tidy,
};

/// The commands that develop iqdb.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything that has to be green.
    Ci(ci::Options),
    /// Run the conformance suite on every backend and print a table case × backend.
    Conformance(conformance::Options),
    /// Check the canonical distances by a transcript of their definition in Python.
    Canonical(canonical::Options),
    /// Cut the power of a simulated disk at every change, and open the database that is on it then.
    Crash(faults::Options),
    /// Let every call to a simulated disk fail in every way, and fill it.
    Faults(faults::Options),
    /// Flip bits of a database, cut its files, and open it.
    Bitflip(faults::Options),
    /// Kill a process that writes to a database, over and over.
    Kill9(faults::Options),
    /// Cut the power of a real file system (Linux, root, a loop device).
    Power(faults::Options),
    /// Fuzz one target or all of them, or replay what fuzzing has found; --list names the targets.
    Fuzz(fuzz::Options),
    /// Count the futex calls of a reader beside a writer (Linux with strace).
    Futex(futex::Options),
    /// Run the models of the protocol under loom and shuttle.
    Models(models::Options),
    /// Run the tests of unsafe code and a small store in miri (needs a nightly toolchain).
    Miri(miri::Options),
    /// Run a backend's tests under the address sanitizer, or the thread sanitizer as advice.
    Sanitize(sanitize::Options),
    /// Build the Python package, or test it in a virtual environment (needs Python 3.11 or later).
    Python(python::Options),
    /// Check what a machine can check of the style, the documents and the contract.
    Tidy(tidy::Options),
    /// Plant small defects and see whether the tests find them (needs cargo-mutants; slow).
    Mutants(mutants::Options),
    /// Build and run the tests of the kernels for another architecture, under an emulator.
    Cross(cross::Options),
    /// Run the benchmarks, with arguments passed through, or iqdb beside its peers; --list names them.
    Bench(bench::Options),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_line_in_the_help() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no line", command.get_name());
        }
    }

    #[test]
    fn bench_takes_any_argument() {
        let cli = Cli::try_parse_from(["cargo xtask", "bench", "--list", "scan"]).unwrap();
        let Some(Command::Bench(options)) = cli.command else { panic!("another command") };
        assert_eq!(options.args, ["--list", "scan"]);
    }
}
