//! The nightly toolchain: whether it is there, what it has, and how to get more of it.
//!
//! It installs nothing by itself but a component, and that only where a command asks for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::cargo::Invocation;

/// What installs the toolchain.
const INSTALL: &str = "rustup toolchain install nightly";

/// The host's target triple, as the nightly toolchain calls it; an error says how to install one.
pub(crate) fn host(root: &Path) -> Result<String> {
    let version = Invocation::new(["--version", "--verbose"]).on_nightly();
    let captured = version.capture(root).ok().filter(|captured| captured.success);
    captured
        .and_then(|captured| host_in(&captured.stdout).map(str::to_owned))
        .ok_or_else(|| format!("this needs a nightly toolchain; install it:\n    {INSTALL}"))
}

fn host_in(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("host: "))
}

/// Whether the toolchain has miri.
pub(crate) fn has_miri(root: &Path) -> bool {
    let version = Invocation::new(["miri", "--version"]).on_nightly();
    version.capture(root).is_ok_and(|captured| captured.success)
}

/// Whether the toolchain has the sources of the standard library, to build it anew.
pub(crate) fn has_rust_src(root: &Path) -> bool {
    let sysroot = Command::new("rustc")
        .args(["+nightly", "--print", "sysroot"])
        .env_remove("RUSTUP_TOOLCHAIN")
        .current_dir(root)
        .output();
    sysroot.is_ok_and(|output| {
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        output.status.success() && sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").exists()
    })
}

/// Has rustup add components; returns whether it could.
pub(crate) fn add(components: &[&str], root: &Path) -> bool {
    let status = Command::new("rustup")
        .args(["component", "add", "--toolchain", "nightly"])
        .args(components)
        .env_remove("RUSTUP_TOOLCHAIN")
        .current_dir(root)
        .status();
    status.is_ok_and(|status| status.success())
}

/// What to say where these components are absent.
pub(crate) fn absent(what_for: &str, components: &[&str]) -> String {
    let components = components.join(" ");
    format!(
        "{what_for} needs {components} of the nightly toolchain; install what is missing:\n    \
         {INSTALL}\n    rustup component add --toolchain nightly {components}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_read() {
        let version =
            "cargo 1.99.0-nightly (abc 2026-01-01)\nrelease: 1.99.0\nhost: a-b-c\nos: x\n";
        assert_eq!(host_in(version), Some("a-b-c"));
        assert_eq!(host_in("cargo 1.99.0"), None);
    }

    #[test]
    fn what_is_absent_is_named_with_its_command() {
        let message = absent("miri", &["miri", "rust-src"]);
        assert!(message.ends_with("\n    rustup component add --toolchain nightly miri rust-src"));
        assert!(message.contains("\n    rustup toolchain install nightly\n"), "{message}");
    }
}
