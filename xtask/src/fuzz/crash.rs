//! What becomes of an input that fails: it is minimised and kept as a regression input, which the
//! stable test replays from then on.
//!
//! It never deletes an input, and it doesn't commit.

use std::fs;
use std::path::{Path, PathBuf};

use super::PACKAGE;
use crate::Result;
use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{terminal, workspace};

/// How long minimising may take.
const MINIMISE_SECONDS_MAX: u64 = 60;

/// Minimises the input and copies it among the regressions; returns what to tell.
pub(super) fn keep(workspace: &Workspace, target: &str, artifact: &Path) -> Result<String> {
    let smallest = minimise(workspace, target, artifact)?;
    let kept = regression(target, artifact);
    let path = workspace.root.join(&kept);
    let copied = fs::create_dir_all(path.parent().unwrap_or(&path))
        .and_then(|()| fs::copy(&smallest, &path));
    match copied {
        Ok(bytes) => Ok(report(target, artifact, &kept, bytes)),
        Err(error) => {
            Err(format!("the input {} can't be copied to {kept}: {error}", smallest.display()))
        }
    }
}

/// The smallest input that still fails, or the one there was.
fn minimise(workspace: &workspace::Workspace, target: &str, artifact: &Path) -> Result<PathBuf> {
    let name = file_name(artifact);
    // What hangs or eats memory takes too long to minimise.
    if !name.starts_with("crash-") {
        return Ok(artifact.to_owned());
    }
    let path = artifact.display().to_string();
    let seconds = format!("-max_total_time={MINIMISE_SECONDS_MAX}");
    let minimise = Invocation::new(["fuzz", "tmin", target, &path, "--", &seconds]).on_nightly();
    terminal::say(&format!("$ {minimise}"));
    let captured = minimise.capture(&workspace.root)?;
    let folder = artifact.parent().unwrap_or(Path::new("."));
    Ok(minimised(&captured.stderr)
        .map(|name| folder.join(name))
        .filter(|path| path.exists())
        .unwrap_or_else(|| artifact.to_owned()))
}

/// The last, and so the smallest, file that minimising says it has written.
fn minimised(lines: &str) -> Option<&str> {
    let mut names = lines.split_whitespace().filter_map(|word| {
        let word = word.trim_matches(['\'', '"', ';', ':']);
        let name = word.rsplit('/').next()?;
        name.starts_with("minimized-from-").then_some(name)
    });
    names.next_back()
}

/// Where the input is committed. The name is that of the input that was found.
fn regression(target: &str, artifact: &Path) -> String {
    const NAME_CHARS: usize = 20;
    let name: String = file_name(artifact).chars().take(NAME_CHARS).collect();
    format!("fuzz/regressions/{target}/{name}")
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn report(target: &str, artifact: &Path, kept: &str, bytes: u64) -> String {
    format!(
        "{target} FAILS\n\
         found:      {}\n\
         minimised:  {kept}, {bytes} bytes; commit it with the fix, and it is replayed for ever\n\
         replay:     cargo run -p {PACKAGE} -- replay {target} {kept}",
        artifact.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_input_is_the_last_one_that_was_written() {
        let lines = "CRASH_MIN: minimizing crash input: 'a/crash-0e' (40 bytes)\n\
            CRASH_MIN: 'a/minimized-from-0e' (12 bytes) caused a crash. Will try to minimize it \
            further\n\
            Minimized artifact:\n\n\tfuzz/artifacts/canary/minimized-from-77f1\n";
        assert_eq!(minimised(lines), Some("minimized-from-77f1"));
        assert_eq!(minimised("nothing of that kind"), None);
    }

    #[test]
    fn a_crash_is_told_with_the_line_that_replays_it() {
        let artifact = Path::new("/w/fuzz/artifacts/filter_text/crash-0eb8e4ed029b774d80f2b664");
        let kept = regression("filter_text", artifact);
        assert_eq!(kept, "fuzz/regressions/filter_text/crash-0eb8e4ed029b77");
        let report = report("filter_text", artifact, &kept, 12);
        assert!(report.ends_with(&format!("replay filter_text {kept}")), "{report}");
    }
}
