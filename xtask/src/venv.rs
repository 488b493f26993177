//! Virtual environments of Python below `target`, with exactly the pinned packages in them.
//!
//! It installs nothing anywhere else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Result, terminal};

/// The program that is looked for.
pub(crate) const PYTHON: &str = "python3";

/// The interpreter of the virtual environment in `folder`, made by `python` with what the files
/// `requirements` pin, unless it is there already.
pub(crate) fn environment(
    python: &str,
    root: &Path,
    folder: &Path,
    requirements: &[&str],
) -> Result<PathBuf> {
    let interpreter = folder.join("bin").join("python");
    let installed = folder.join("installed.txt");
    let mut wanted = String::new();
    for file in requirements {
        wanted += &fs::read_to_string(root.join(file)).map_err(|e| format!("{file}: {e}"))?;
    }
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(interpreter);
    }
    if !succeeds(Command::new(python).arg("--version")) {
        return Err(missing("python3"));
    }
    let files = requirements.join(" and ");
    terminal::say(&format!("installing {files} into {}", folder.display()));
    if !succeeds(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder)) {
        return Err(missing("python3-venv"));
    }
    if !succeeds(Command::new(&interpreter).args(["-m", "pip", "--version"])) {
        return Err(missing("pip"));
    }
    let mut pip = Command::new(&interpreter);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    for file in requirements {
        pip.arg("--requirement").arg(root.join(file));
    }
    let status = pip.status().map_err(|error| format!("pip: {error}"))?;
    if !status.success() {
        return Err(format!(
            "pip could not install what {files} pins; is there a network, and a wheel of each for \
             this Python?"
        ));
    }
    fs::write(&installed, wanted).map_err(|e| format!("{}: {e}", installed.display()))?;
    Ok(interpreter)
}

fn missing(what: &str) -> String {
    let install = match what {
        "pip" => "the virtual environment has no pip; install Python's ensurepip",
        "python3-venv" => "python3 can't make a virtual environment; install its venv module",
        _ => "python3 is not on the PATH; install Python 3.11 or later",
    };
    format!(
        "this needs Python: {install} (on Debian: apt install python3 python3-venv python3-pip)"
    )
}

/// Whether it runs and is content; what it says is of no interest.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        for what in ["python3", "python3-venv", "pip"] {
            assert!(missing(what).contains("apt install python3 python3-venv python3-pip"));
        }
        assert!(missing("python3").contains("python3 is not on the PATH"));
    }

    #[test]
    fn what_pins_nothing_is_named() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let error = environment("no-such-python", root, root, &["no-such-file"]).unwrap_err();
        assert!(error.starts_with("no-such-file: "), "{error}");
        let error = environment("no-such-python", root, root, &["Cargo.toml"]).unwrap_err();
        assert!(error.contains("python3 is not on the PATH"), "{error}");
    }
}
