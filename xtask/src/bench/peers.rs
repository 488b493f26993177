//! `cargo xtask bench peers`: sets up what the comparison needs, builds it and calls it.
//!
//! What is measured, and how, is written in `benches/peers`. It installs Python packages into a
//! virtual environment below `target`, and nothing anywhere else.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, venv};

/// The comparison is a workspace of its own.
pub(crate) const MANIFEST: &str = "benches/peers/Cargo.toml";
const SCRIPT: &str = "benches/peers/python/worker.py";
const REQUIREMENTS: &str = "benches/peers/python/requirements.txt";
const RECORDS: &str = "benches/records";

/// What to measure; the comparison itself knows the names and the defaults.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder with the sets of real vectors: wordnet384 and cifar784.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only these sets: wordnet384, cifar784, generated768, generated128, grown384.
    #[arg(long, value_delimiter = ',', value_name = "SETS")]
    sets: Vec<String>,
    /// Only these suites: single, batch, filter, beside-writer, ingest.
    #[arg(long, value_delimiter = ',', value_name = "SUITES")]
    suite: Vec<String>,
    /// Less data and less time, to see that everything works; the record goes below target.
    #[arg(long)]
    quick: bool,
    /// Rounds that count.
    #[arg(long)]
    rounds: Option<u16>,
    /// What iqdb keeps its records in; its default unless given.
    #[arg(long)]
    backend: Option<String>,
}

/// A record to draw.
#[derive(Debug, Args)]
pub(super) struct Draw {
    /// The record, such as one below benches/records.
    record: PathBuf,
}

/// A record to show.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The record, such as one below benches/records.
    record: PathBuf,
    /// Only these suites.
    #[arg(long, value_delimiter = ',', value_name = "SUITES")]
    suite: Vec<String>,
}

/// Sets up, builds, measures.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let folder = workspace.target.join("peers");
    let data = absolute(&options.data)?;
    let python = environment(&workspace.root, &folder)?;
    build(workspace)?;
    let commit = commit(&workspace.root);
    call(workspace, &arguments(options, &data, &workspace.root, &folder, &python, &commit))
}

/// Draws a record next to it.
pub(super) fn draw(workspace: &Workspace, draw: &Draw) -> Result<Verdict> {
    build(workspace)?;
    call(workspace, &["plot".to_owned(), absolute(&draw.record)?.display().to_string()])
}

/// Prints a record.
pub(super) fn show(workspace: &Workspace, show: &Show) -> Result<Verdict> {
    build(workspace)?;
    let mut args = vec!["table".to_owned(), absolute(&show.record)?.display().to_string()];
    if !show.suite.is_empty() {
        args.extend(["--suite".to_owned(), show.suite.join(",")]);
    }
    call(workspace, &args)
}

/// What the comparison is called with.
fn arguments(
    options: &Options,
    data: &Path,
    root: &Path,
    folder: &Path,
    python: &Path,
    commit: &str,
) -> Vec<String> {
    let made = folder.join("made");
    let script = root.join(SCRIPT);
    let paths = [("--data", data), ("--python", python), ("--script", &script), ("--made", &made)];
    let mut args = vec!["run".to_owned()];
    args.extend(shared(&paths, root, folder, commit, options.quick));
    args.extend(listed("--sets", &options.sets).into_iter().flatten());
    args.extend(listed("--suite", &options.suite).into_iter().flatten());
    if let Some(rounds) = options.rounds {
        args.extend(["--rounds".to_owned(), rounds.to_string()]);
    }
    if let Some(backend) = &options.backend {
        args.extend(["--backend".to_owned(), backend.clone()]);
    }
    args
}

/// What both take: these paths, where the record goes, what is measured and whether in earnest.
pub(super) fn shared(
    paths: &[(&str, &Path)],
    root: &Path,
    folder: &Path,
    commit: &str,
    quick: bool,
) -> Vec<String> {
    let out = if quick { folder.join("records") } else { root.join(RECORDS) };
    let out = ("--out", out.as_path());
    let paths = paths.iter().chain([&out]);
    let mut args: Vec<String> =
        paths.flat_map(|(name, path)| [(*name).to_owned(), path.display().to_string()]).collect();
    args.extend(["--commit".to_owned(), commit.to_owned()]);
    if quick {
        args.push("--quick".to_owned());
    }
    args
}

fn listed(name: &str, values: &[String]) -> Option<[String; 2]> {
    (!values.is_empty()).then(|| [name.to_owned(), values.join(",")])
}

/// The release build has a target folder of its own, since the two workspaces share no lock file.
fn invocation(workspace: &Workspace, words: &str) -> Invocation {
    let target = workspace.target.join("peers").join("build").display().to_string();
    Invocation::new(words.split_whitespace())
        .args(["--release", "--locked", "--manifest-path", MANIFEST])
        .env("CARGO_TARGET_DIR", target)
}

pub(super) fn build(workspace: &Workspace) -> Result<()> {
    let build = invocation(workspace, "build --quiet");
    match build.pass_through(&workspace.root)? {
        true => Ok(()),
        false => Err(format!("`{build}` failed")),
    }
}

pub(super) fn call(workspace: &Workspace, args: &[String]) -> Result<Verdict> {
    let run = invocation(workspace, "run --quiet").args(["--"]).args(args.iter().cloned());
    run.pass_through(&workspace.root).map(Verdict::green_if)
}

/// The interpreter of a virtual environment with exactly the pinned packages in it.
pub(super) fn environment(root: &Path, folder: &Path) -> Result<PathBuf> {
    venv::environment(venv::PYTHON, root, &folder.join("venv"), &[REQUIREMENTS])
}

/// The commit that is checked out, and whether there is more in the files.
pub(super) fn commit(root: &Path) -> String {
    let described = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .current_dir(root)
        .output();
    match described {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            data: "d".into(),
            sets: vec!["wordnet384".into(), "cifar784".into()],
            suite: Vec::new(),
            quick: false,
            rounds: Some(3),
            backend: None,
        }
    }

    fn shown(options: &Options) -> String {
        let [data, root, folder, python] = ["/d", "/w", "/w/target/peers", "/p"].map(Path::new);
        arguments(options, data, root, folder, python, "abc").join(" ")
    }

    #[test]
    fn what_is_asked_for_is_passed_on() {
        assert_eq!(
            shown(&options()),
            "run --data /d --python /p --script /w/benches/peers/python/worker.py --made \
             /w/target/peers/made --out /w/benches/records --commit abc --sets wordnet384,cifar784 \
             --rounds 3"
        );
    }

    #[test]
    fn a_quick_run_leaves_no_record_to_commit() {
        let shown = shown(&Options { quick: true, ..options() });
        assert!(shown.contains("--out /w/target/peers/records") && shown.contains(" --quick "));
    }
}
