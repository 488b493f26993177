//! `cargo xtask bench durable`: what it takes to have written, by the package of `bench peers`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::peers;
use crate::workspace::Workspace;
use crate::{Result, Verdict};

const SCRIPT: &str = "benches/peers/python/durable.py";

/// What to write, and where to.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only these suites: catalogue, writes, reads.
    #[arg(long, value_delimiter = ',', value_name = "SUITES")]
    suite: Vec<String>,
    /// Less data and less time, to see that everything works; the record goes below target.
    #[arg(long)]
    quick: bool,
    /// Rounds that count.
    #[arg(long)]
    rounds: Option<u16>,
    /// A directory on the file system to measure; below target unless given.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Sets up, builds, measures what it takes to have written.
pub(super) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let folder = workspace.target.join("peers");
    let python = peers::environment(&workspace.root, &folder)?;
    peers::build(workspace)?;
    let dir = peers::absolute(options.dir.as_deref().unwrap_or(&folder.join("durable")))?;
    let commit = peers::commit(&workspace.root);
    peers::call(workspace, &arguments(options, &workspace.root, &folder, &python, &dir, &commit))
}

/// What `durable` is called with.
fn arguments(
    options: &Options,
    root: &Path,
    folder: &Path,
    python: &Path,
    dir: &Path,
    commit: &str,
) -> Vec<String> {
    let script = root.join(SCRIPT);
    let made = folder.join("made");
    let paths = [("--python", python), ("--script", &script), ("--made", &made), ("--dir", dir)];
    let mut args = vec!["durable".to_owned()];
    args.extend(peers::shared(&paths, root, folder, commit, options.quick));
    if !options.suite.is_empty() {
        args.extend(["--suite".to_owned(), options.suite.join(",")]);
    }
    if let Some(rounds) = options.rounds {
        args.extend(["--rounds".to_owned(), rounds.to_string()]);
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_is_passed_on() {
        let [root, folder, python, dir] = ["/w", "/w/target/peers", "/p", "/d"].map(Path::new);
        let options =
            Options { suite: vec!["writes".into()], quick: false, rounds: None, dir: None };
        assert_eq!(
            arguments(&options, root, folder, python, dir, "abc").join(" "),
            "durable --python /p --script /w/benches/peers/python/durable.py --made \
             /w/target/peers/made --dir /d --out \
             /w/benches/records --commit abc --suite writes"
        );
    }
}
