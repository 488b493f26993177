//! Running the binary.

use std::path::Path;
use std::process::Command;

/// What a run brought.
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the binary in `directory`, so that file names in messages are the same everywhere.
pub(crate) fn iqdb_in(directory: &Path, args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_iqdb"))
        .args(args)
        .current_dir(directory)
        // Help would take the width from it.
        .env_remove("COLUMNS")
        .output()
        .unwrap();
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
