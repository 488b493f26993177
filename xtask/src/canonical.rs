//! `cargo xtask canonical`: checks the transcript of the canonical distance in Python, and that the
//! cases which the tests read are its own.
//!
//! It never writes the cases; the script does, with `--write`.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;

use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

const SCRIPT: &str = "iqdb-core/tests/canonical/transcript.py";

/// What is said where there is no Python.
pub(crate) const ABSENT: &str =
    "python3 is not on the PATH; install Python 3.8 or later (on Debian: apt install python3)";

/// Nothing to choose.
#[derive(Debug, Default, Args)]
pub(crate) struct Options {}

/// Runs the script, or says what is missing.
pub(crate) fn run(workspace: &Workspace, Options {}: &Options) -> Result<Verdict> {
    if !has_python() {
        terminal::say(&format!("SKIPPED, nothing was run: {ABSENT}"));
        return Ok(Verdict::Green);
    }
    let green = check(&workspace.root.join(SCRIPT))?;
    if !green {
        terminal::say(&format!("where the cases are meant to change: python3 {SCRIPT} --write"));
    }
    Ok(Verdict::green_if(green))
}

/// Whether there is a Python 3.
pub(crate) fn has_python() -> bool {
    let mut python = Command::new("python3");
    let quiet = python.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Whether every distance is within its bound, and the cases beside the script are as it makes them.
fn check(script: &Path) -> Result<bool> {
    let status = Command::new("python3").arg(script).arg("--check").status();
    let status = status.map_err(|error| format!("python3 could not be started: {error}"))?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_case_that_differs_from_the_transcript_is_red() {
        if !has_python() {
            eprintln!("skipped: {ABSENT}");
            return;
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let (from, to) = (root.join(SCRIPT), tempfile::tempdir().unwrap());
        for name in ["transcript.py", "vectors.py", "cases.txt"] {
            fs::copy(from.with_file_name(name), to.path().join(name)).unwrap();
        }
        let (script, cases) = (to.path().join("transcript.py"), to.path().join("cases.txt"));
        assert_eq!(check(&script), Ok(true));
        let text = fs::read_to_string(&cases).unwrap();
        let (rest, last) = text.trim_end().rsplit_once('\n').unwrap();
        fs::write(&cases, format!("{rest}\n{}\n", last.replacen('0', "1", 1))).unwrap();
        assert_eq!(check(&script), Ok(false));
    }
}
