//! `cargo xtask futex`: counts the futex calls of a reader beside a busy writer (Linux, strace).
//!
//! A reader that waits for no other thread makes as many at 2N rounds of reads as at N. A planted
//! lock has to show as growth, or the count proves nothing.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::{Package, Workspace};
use crate::{Result, Verdict, terminal};

/// The example program that reads beside a writer and prints which thread the reader is.
const EXAMPLE: &str = "read_only_loop";

/// How many more calls there may be at 2N: what a thread does once, at its start and end, may or
/// may not have to wait in a given run. A lock in the loop costs far more.
const SLACK: usize = 4;

/// How much to read.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds of the shorter run; the longer has twice as many.
    #[arg(long, default_value_t = 20_000)]
    rounds: u64,
}

/// What one run showed.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    reader_calls: usize,
    commits: u64,
}

/// Counts at N and 2N, with and without the planted lock.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    if Command::new("strace").arg("--version").output().is_err() {
        terminal::say(
            "futex: skipped: strace is not installed (it needs Linux); apt install strace",
        );
        return Ok(Verdict::Green);
    }
    let packages: Vec<&Package> =
        workspace.packages.iter().filter(|package| package.has_example(EXAMPLE)).collect();
    if packages.is_empty() {
        return Err(format!("no package has an example called `{EXAMPLE}`"));
    }
    let mut green = true;
    for package in packages {
        let build = Invocation::new(["build", "--release", "--locked", "-p", &package.name])
            .args(["--example", EXAMPLE]);
        terminal::say(&format!("$ {build}"));
        if !build.pass_through(&workspace.root)? {
            return Ok(Verdict::Red);
        }
        let program = workspace.target.join("release/examples").join(EXAMPLE);
        for planted in [false, true] {
            let once = trace(workspace, &program, options.rounds, planted)?;
            let twice = trace(workspace, &program, 2 * options.rounds, planted)?;
            let grows = twice.reader_calls > once.reader_calls + SLACK;
            green &= grows == planted;
            terminal::say(&format!(
                "{}, {}: {} futex calls of the reader in {} rounds beside {} commits, {} in {} \
                 beside {}: {}",
                package.name,
                if planted { "with a planted lock" } else { "as it is" },
                once.reader_calls,
                options.rounds,
                once.commits,
                twice.reader_calls,
                2 * options.rounds,
                twice.commits,
                match (grows, planted) {
                    (false, false) => "ok, it waits for nobody",
                    (true, true) => "ok, the planted lock shows",
                    (true, false) => "FAILED, readers wait",
                    (false, true) => "FAILED, the planted lock does not show",
                }
            ));
        }
    }
    Ok(Verdict::green_if(green))
}

fn trace(workspace: &Workspace, program: &Path, rounds: u64, planted: bool) -> Result<Seen> {
    let folder = workspace.target.join("xtask");
    let log = folder.join(format!("futex-{}.txt", std::process::id()));
    let failed = |error: &dyn std::fmt::Display| format!("strace {}: {error}", program.display());
    std::fs::create_dir_all(&folder).map_err(|error| failed(&error))?;
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=futex", "-o"])
        .arg(&log)
        .arg(program)
        .arg(rounds.to_string())
        .args(planted.then_some("--planted-lock"))
        .output()
        .map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    let calls = std::fs::read_to_string(&log).map_err(|error| failed(&error))?;
    // It has been read; a leftover in target would do no harm.
    let _ = std::fs::remove_file(&log);
    seen(&String::from_utf8_lossy(&output.stdout), &calls)
        .ok_or_else(|| failed(&"it did not say which thread reads, or nobody wrote beside it"))
}

/// The calls of the thread that the program calls its reader. `None` where there was no writer.
fn seen(report: &str, calls: &str) -> Option<Seen> {
    let of = |name: &str| {
        report.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok())
    };
    let (reader, commits) = (of("reader ")?.to_string(), of("commits ").filter(|n| *n > 3)?);
    // A call that another thread interrupts is logged twice, and begins once.
    let begins = |line: &&str| {
        let mut words = line.split_whitespace();
        words.next() == Some(&*reader)
            && words.next().is_some_and(|word| word.starts_with("futex("))
    };
    Some(Seen { reader_calls: calls.lines().filter(begins).count(), commits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_of_the_reader_are_counted_once_each() {
        let calls = "12  futex(0x1, FUTEX_WAIT, 2, NULL <unfinished ...>\n\
                     123 futex(0x1, FUTEX_WAKE, 1) = 0\n\
                     12  <... futex resumed>) = 0\n12  futex(0x1, FUTEX_WAKE, 1) = 1\n12  +++ exited\n";
        let found = seen("reader 12\ncommits 40\n", calls);
        assert_eq!(found, Some(Seen { reader_calls: 2, commits: 40 }));
        assert_eq!(seen("reader unknown\ncommits 40\n", calls), None);
        assert_eq!(seen("reader 12\ncommits 3\n", calls), None);
    }
}
