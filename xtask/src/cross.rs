//! `cargo xtask cross`: builds and runs the tests of the kernels for another architecture, under an
//! emulator.
//!
//! What that takes is what rustup and the distribution offer; where some of it is missing, it says
//! what to install, and that nothing was run.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};

use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal};

/// The package with the kernels.
const PACKAGE: &str = "iqdb-search";

/// For which machine.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The architecture.
    architecture: Architecture,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Architecture {
    /// 64-bit Arm, with NEON.
    Aarch64,
}

/// Something that has to be there.
#[derive(Debug, PartialEq, Eq)]
struct Need {
    what: &'static str,
    install: &'static str,
}

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";
/// Where the distribution keeps the libraries of that architecture.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

const STANDARD_LIBRARY: Need = Need {
    what: "the standard library for aarch64",
    install: "rustup target add aarch64-unknown-linux-gnu",
};
const CROSS_COMPILER: Need = Need {
    what: "a C compiler and C library for aarch64",
    install: "apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
};
const USER_EMULATOR: Need =
    Need { what: "an emulator of aarch64", install: "apt install qemu-user" };

/// Runs the tests, or says what is missing.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let Architecture::Aarch64 = options.architecture;
    let missing = missing();
    if !missing.is_empty() {
        terminal::say(&skipped(&missing));
        return Ok(Verdict::Green);
    }
    let tests = invocation();
    terminal::say(&format!("$ {tests}"));
    tests.pass_through(&workspace.root).map(Verdict::green_if)
}

fn invocation() -> Invocation {
    Invocation::new(["test", "--locked", "-p", PACKAGE, "--target", TARGET])
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER)
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", format!("{EMULATOR} -L {LIBRARIES}"))
        .env("CC_aarch64_unknown_linux_gnu", LINKER)
        // Fewer instructions to emulate, with the checks of the profile all the same.
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "3")
        // Tests that would take hours have fewer rows then.
        .env("IQDB_EMULATED", "1")
}

fn missing() -> Vec<Need> {
    let mut missing = Vec::new();
    let library = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if !library {
        missing.push(STANDARD_LIBRARY);
    }
    if !(starts(LINKER) && Path::new(LIBRARIES).is_dir()) {
        missing.push(CROSS_COMPILER);
    }
    if !starts(EMULATOR) {
        missing.push(USER_EMULATOR);
    }
    missing
}

fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    let quiet = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn skipped(missing: &[Need]) -> String {
    let lines = missing.iter().map(|need| format!("  {}: {}\n", need.what, need.install));
    format!(
        "SKIPPED, nothing was run. What is missing, and how to get it:\n{}",
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_how_to_get_it() {
        let text = skipped(&[STANDARD_LIBRARY, USER_EMULATOR]);
        assert!(text.starts_with("SKIPPED"));
        assert!(text.contains("rustup target add") && text.contains("apt install qemu-user"));
        assert!(!text.contains("gcc"));
    }

    #[test]
    fn the_tests_run_under_the_emulator() {
        let shown = invocation().to_string();
        let tests = "cargo test --locked -p iqdb-search --target aarch64-unknown-linux-gnu";
        assert!(shown.contains(tests), "{shown}");
    }
}
