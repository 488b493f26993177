//! Running the binary.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run brought.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the binary in `directory`, so that file names in messages are the same everywhere.
pub(crate) fn iqdb_in(directory: &Path, args: &[&str]) -> Ran {
    iqdb_given(directory, args, "")
}

/// The binary with these arguments, in `directory`.
pub(crate) fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iqdb"));
    // Help would take the width from it.
    command.args(args).current_dir(directory).env_remove("COLUMNS");
    command
}

/// Runs the binary with this on its standard input.
pub(crate) fn iqdb_given(directory: &Path, args: &[&str], input: &str) -> Ran {
    let mut child = command(directory, args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Most commands never read it, and may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        exit: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn iqdb(args: &[&str]) -> Ran {
    iqdb_in(Path::new("."), args)
}

/// A whole run as one text. Times are redacted: they are the only thing that may differ.
#[track_caller]
pub(crate) fn snapshot(name: &str, ran: &Ran) {
    let Ran { exit, out, err } = ran;
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d+(\.\d+)? (µs|ms|s)\b", "[time]");
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::assert_snapshot!(
            name,
            format!("exit {exit}\n── standard output ──\n{out}── standard error ──\n{err}")
        );
    });
}

/// The value of a key of a JSON object without nesting.
pub(crate) fn json(line: &str, key: &str) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(line).unwrap()[key].clone()
}
