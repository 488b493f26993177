//! How xtask runs cargo: the cargo that runs xtask, or that of the nightly toolchain, from the
//! workspace root.
//!
//! It never interprets what cargo prints.

use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::Result;

/// One call of cargo, which can be shown as what a person would type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    nightly: bool,
    envs: Vec<(&'static str, String)>,
    args: Vec<String>,
}

/// What a captured call left behind.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Invocation {
    pub(crate) fn new<A: Into<String>>(args: impl IntoIterator<Item = A>) -> Self {
        Self { nightly: false, envs: Vec::new(), args: args.into_iter().map(Into::into).collect() }
    }

    /// The same by the nightly toolchain, as rustup's `cargo` finds it.
    pub(crate) fn on_nightly(mut self) -> Self {
        self.nightly = true;
        self
    }

    pub(crate) fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.envs.push((name, value.into()));
        self
    }

    /// With one more flag for rustc, after those that the caller's environment has.
    pub(crate) fn rustflags(self, flag: &str) -> Self {
        let flags = joined(std::env::var("RUSTFLAGS").ok().as_deref(), flag);
        self.env("RUSTFLAGS", flags)
    }

    /// Runs it with everything it prints passed through; returns whether it succeeded.
    pub(crate) fn pass_through(&self, root: &Path) -> Result<bool> {
        let status = self.command(root).status().map_err(|error| self.not_started(&error))?;
        Ok(status.success())
    }

    /// Runs it and keeps what it prints.
    pub(crate) fn capture(&self, root: &Path) -> Result<Captured> {
        self.collect(self.command(root).stderr(Stdio::piped()))
    }

    /// Runs it and keeps its standard output; progress and errors are passed through.
    pub(crate) fn capture_stdout(&self, root: &Path) -> Result<Captured> {
        self.collect(self.command(root).stderr(Stdio::inherit()))
    }

    /// Runs it and hands over each line of its standard error as it comes; returns whether it
    /// succeeded.
    pub(crate) fn stream_stderr(&self, root: &Path, mut line: impl FnMut(&str)) -> Result<bool> {
        let mut child = self
            .command(root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.not_started(&error))?;
        if let Some(stderr) = child.stderr.take() {
            let mut stderr = BufReader::new(stderr);
            let mut bytes = Vec::new();
            // What a fuzzer prints is not always UTF-8.
            while stderr.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
                line(String::from_utf8_lossy(&bytes).trim_end());
                bytes.clear();
            }
        }
        let status = child.wait().map_err(|error| self.not_started(&error))?;
        Ok(status.success())
    }

    fn command(&self, root: &Path) -> Command {
        let mut command = if self.nightly {
            let mut command = Command::new("cargo");
            // Set by the toolchain that runs xtask, for itself.
            command.arg("+nightly").env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
            command
        } else {
            Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
        };
        if std::env::var_os("CI").is_some() {
            // Nothing is built twice there, and what cargo keeps for a second build is gigabytes.
            command.env("CARGO_INCREMENTAL", "0");
        }
        command.args(&self.args).envs(self.envs.iter().cloned()).current_dir(root);
        command
    }

    fn collect(&self, command: &mut Command) -> Result<Captured> {
        let Output { status, stdout, stderr } = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .output()
            .map_err(|error| self.not_started(&error))?;
        Ok(Captured {
            success: status.success(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    fn not_started(&self, error: &std::io::Error) -> String {
        format!("`{self}` could not be started: {error}; is cargo on the PATH?")
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.envs {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(if self.nightly { "cargo +nightly" } else { "cargo" })?;
        for arg in &self.args {
            write!(f, " {}", quoted(arg))?;
        }
        Ok(())
    }
}

fn joined(before: Option<&str>, flag: &str) -> String {
    match before.map(str::trim).filter(|before| !before.is_empty()) {
        Some(before) => format!("{before} {flag}"),
        None => flag.to_owned(),
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("\"{word}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_as_a_person_would_type_it() {
        let docs = Invocation::new(["doc", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(docs.to_string(), "RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace");
    }

    #[test]
    fn flags_that_are_there_are_kept() {
        assert_eq!(joined(None, "--cfg loom"), "--cfg loom");
        assert_eq!(joined(Some(" "), "--cfg loom"), "--cfg loom");
        assert_eq!(joined(Some("-C debuginfo=0"), "--cfg x"), "-C debuginfo=0 --cfg x");
    }

    #[test]
    fn standard_error_is_handed_over_line_by_line() {
        let mut lines = Vec::new();
        let fails = Invocation::new(["no-such-command"]);
        let success = fails.stream_stderr(Path::new("."), |line| lines.push(line.to_owned()));
        assert_eq!(success, Ok(false));
        assert!(lines.iter().any(|line| line.contains("no-such-command")), "{lines:?}");
        assert_eq!(fails.on_nightly().to_string(), "cargo +nightly no-such-command");
    }

    #[test]
    fn a_failure_is_captured_not_raised() {
        let captured = Invocation::new(["no-such-command"]).capture(Path::new(".")).unwrap();
        assert!(!captured.success);
        assert!(captured.stderr.contains("no-such-command"), "{}", captured.stderr);
    }
}
