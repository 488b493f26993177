//! Checks that the commands in the documents exist, and that ci's script runs the documented one.
//!
//! Pure: it reads the commands and never runs them.

use clap::Parser;
use clap::error::ErrorKind;

use super::finding::Finding;
use super::known::{Known, TOOL};
use super::markdown;
use super::sources::{Source, Sources};
use crate::cli::Cli;

/// The languages of fenced blocks that hold commands.
const SHELLS: [&str; 4] = ["sh", "bash", "shell", "console"];

/// The command that runs every check, here and in the README.
const CI_COMMAND: &str = "cargo xtask ci";
const CI_SCRIPT: &str = ".ci/run";
const README: &str = "README.md";

/// A command and the line that it begins on.
type Command = (usize, Vec<String>);

/// How many cargo commands were checked, and those that can't work.
pub(crate) fn check(documents: &[&Source], known: &Known) -> (usize, Vec<Finding>) {
    let (mut checked, mut findings) = (0, Vec::new());
    for document in documents {
        for (line, words) in commands(&document.text) {
            if words[0] != "cargo" {
                continue;
            }
            checked += 1;
            if let Some((problem, remedy)) = wrong(&words, known) {
                findings.push(Finding::new(&document.path, line, problem, remedy));
            }
        }
    }
    (checked, findings)
}

/// Checks that the script runs the README's command, and nothing else.
pub(crate) fn check_ci_script(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    let documented = sources.get(README).is_some_and(|readme| {
        commands(&readme.text).iter().any(|(_, words)| words.join(" ") == CI_COMMAND)
    });
    if !documented {
        let problem = format!("no sh block has the command `{CI_COMMAND}`");
        findings.push(Finding::new(README, 1, problem, "say how the tests are run"));
    }
    let Some(script) = sources.get(CI_SCRIPT) else {
        let problem = "the file is missing";
        findings.push(Finding::new(CI_SCRIPT, 1, problem, format!("let it run `{CI_COMMAND}`")));
        return findings;
    };
    let mut runs = 0;
    for (i, line) in script.text.lines().enumerate() {
        let line = line.trim();
        let is_setting = line.is_empty()
            || line.starts_with('#')
            || line == "set -euo pipefail"
            || (line.starts_with("cd ") && !line.contains([';', '&', '|']));
        if line == CI_COMMAND {
            runs += 1;
        } else if !is_setting {
            let problem = format!("`{line}` is something other than `{CI_COMMAND}`");
            let remedy = "make it a step of ci, so that everybody runs it";
            findings.push(Finding::new(CI_SCRIPT, i + 1, problem, remedy));
        }
    }
    if runs != 1 {
        let problem = format!("`{CI_COMMAND}` is run {runs} times");
        findings.push(Finding::new(CI_SCRIPT, 1, problem, "run it once"));
    }
    findings
}

/// What is wrong with a cargo command, and what to do.
fn wrong(words: &[String], known: &Known) -> Option<(String, String)> {
    if words.get(1).is_some_and(|word| word == "xtask") {
        return wrong_xtask(&words[1..]);
    }
    let (own, passed) = split(words);
    // Another manifest may have other packages.
    if own.iter().any(|word| word.starts_with("--manifest-path")) {
        return None;
    }
    let package = package(own)?;
    if !known.packages.iter().any(|name| name == package) {
        let problem = format!("there is no package `{package}`");
        return Some((problem, format!("name one of {}", known.packages.join(", "))));
    }
    let command = passed.first().filter(|word| !word.starts_with('-'))?;
    let runs_tool = own.get(1).is_some_and(|word| word == "run" || word == "r") && package == TOOL;
    if runs_tool && !known.tool_commands.contains(command) {
        let problem = format!("`{command}` is no subcommand of {TOOL}");
        return Some((problem, format!("name one of {}", known.tool_commands.join(", "))));
    }
    None
}

fn wrong_xtask(words: &[String]) -> Option<(String, String)> {
    let error = Cli::try_parse_from(words).err()?;
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return None;
    }
    let reason = error.to_string();
    let reason = reason.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let problem = format!("`cargo {}` does not work: {reason}", words.join(" "));
    Some((problem, "see `cargo xtask`".to_owned()))
}

/// The words before and after `--`.
fn split(words: &[String]) -> (&[String], &[String]) {
    match words.iter().position(|word| word == "--") {
        Some(at) => (&words[..at], &words[at + 1..]),
        None => (words, &[]),
    }
}

/// What `-p` or `--package` names.
fn package(words: &[String]) -> Option<&str> {
    let at = words.iter().position(|word| word == "-p" || word.starts_with("--package"))?;
    match words[at].split_once('=') {
        Some((_, name)) => Some(name),
        None => words.get(at + 1).map(String::as_str),
    }
}

/// The commands in the shell blocks of `text`, none of them empty.
fn commands(text: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut continued: Option<(usize, String)> = None;
    for line in markdown::lines(text) {
        if !line.language.is_some_and(|language| SHELLS.contains(&language)) {
            continue;
        }
        let own = line.text.trim().trim_start_matches("$ ");
        let (number, whole) = match continued.take() {
            Some((number, before)) => (number, format!("{before} {own}")),
            None => (line.number, own.to_owned()),
        };
        if let Some(open) = whole.strip_suffix('\\') {
            continued = Some((number, open.to_owned()));
        } else {
            commands.extend(words(&whole).into_iter().map(|words| (number, words)));
        }
    }
    commands
}

/// The commands of one line, split at `&&`, `||`, `|` and `;`, without variables in front.
fn words(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    for word in line.split_whitespace().take_while(|word| !word.starts_with('#')) {
        if matches!(word, "&&" | "||" | "|" | ";") {
            commands.push(Vec::new());
            continue;
        }
        let command = commands.last_mut().filter(|c| !c.is_empty() || !word.contains('='));
        if let Some(command) = command {
            command.push(word.trim_matches(['"', '\'']).trim_end_matches(';').to_owned());
        }
        if word.ends_with(';') {
            commands.push(Vec::new());
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            packages: vec!["iqdb".into(), "iqdb-cli".into()],
            tool_commands: vec!["demo".into(), "bench".into()],
        }
    }

    fn found(block: &str) -> (usize, Vec<String>) {
        let document = Source::new("README.md", &format!("# Title\n```sh\n{block}\n```\n"));
        let (checked, findings) = check(&[&document], &known());
        (checked, findings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn commands_that_exist_are_fine() {
        let block = "$ cargo xtask ci --only fmt  # quick\ncargo xtask\ncargo xtask --help\n\
            RUST_LOG=x cargo run --release -p iqdb-cli -- demo --k 5 | head\n\
            cargo run --package=iqdb-cli -- \\\n    bench\ncargo test -p iqdb && cargo xtask tidy\n\
            cargo run -p iqdb-cli -- --help\ncargo test --manifest-path x/Cargo.toml -p other\nls -p x";
        assert_eq!(found(block), (9, vec![]));
    }

    #[test]
    fn commands_that_cannot_work_are_found() {
        for (block, part) in [
            ("cargo xtask fuzz", "`cargo xtask fuzz` does not work"),
            ("cargo xtask ci --fast", "unexpected argument"),
            ("true && cargo xtask lint", "does not work"),
            ("cargo run -p iqdb-tool -- demo", "no package `iqdb-tool`"),
            ("cargo test --package gone", "no package `gone`"),
            ("cargo run -p iqdb-cli -- serve", "`serve` is no subcommand of iqdb-cli"),
            ("cargo run -p iqdb-cli \\\n -- serve", "`serve` is no subcommand of iqdb-cli"),
        ] {
            let (_, found) = found(block);
            assert!(found.len() == 1 && found[0].contains(part), "{block}: {found:?}");
            assert!(found[0].starts_with("README.md:3: "), "{found:?}");
        }
    }

    #[test]
    fn blocks_of_other_languages_are_left_alone() {
        let document = Source::new("README.md", "```text\ncargo xtask fuzz\n```\n");
        assert_eq!(check(&[&document], &known()), (0, vec![]));
    }

    fn script(readme: &str, run: &str) -> Vec<String> {
        let sources = Sources::new(&[("README.md", readme), (".ci/run", run)]);
        check_ci_script(&sources).iter().map(ToString::to_string).collect()
    }

    const GOOD_README: &str = "```sh\ncargo xtask ci\n```\n";
    const GOOD_SCRIPT: &str = "#!/usr/bin/env bash\n# Why.\nset -euo pipefail\ncd \"$(dirname \"$0\")/..\"\ncargo xtask ci\n";

    #[test]
    fn the_script_runs_the_documented_command() {
        assert_eq!(script(GOOD_README, GOOD_SCRIPT), [""; 0]);
    }

    #[test]
    fn a_script_that_does_anything_else_is_found() {
        let more = script(GOOD_README, &format!("{GOOD_SCRIPT}cargo audit\n"));
        assert!(more.len() == 1 && more[0].starts_with(".ci/run:6: `cargo audit`"), "{more:?}");
        let less = script(GOOD_README, "set -euo pipefail\n");
        assert!(less.len() == 1 && less[0].contains("run 0 times"), "{less:?}");
        let hidden = script(GOOD_README, &GOOD_SCRIPT.replace("/..\"", "/..\"; ls"));
        assert!(hidden.len() == 1 && hidden[0].contains(".ci/run:4"), "{hidden:?}");
    }

    #[test]
    fn a_missing_script_or_an_undocumented_command_is_found() {
        let undocumented = script("`cargo xtask ci`\n", GOOD_SCRIPT);
        assert!(undocumented.len() == 1 && undocumented[0].starts_with("README.md:1:"));
        assert_eq!(check_ci_script(&Sources::default()).len(), 2);
    }
}
