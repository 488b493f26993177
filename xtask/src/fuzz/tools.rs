//! What fuzzing needs beyond a stable toolchain: a nightly one, and cargo-fuzz.
//!
//! It installs nothing.

use std::path::Path;

use crate::Result;
use crate::cargo::Invocation;

/// The version of each tool, as a record names them.
#[derive(Debug, Clone)]
pub(super) struct Versions {
    pub(super) cargo: String,
    pub(super) cargo_fuzz: String,
}

/// Fails, saying what to install, unless everything is there.
pub(super) fn check(root: &Path) -> Result<()> {
    let versions = [nightly(), cargo_fuzz()].map(|probe| answer(&probe, root).is_some());
    match missing(versions[0], versions[1]) {
        Some(message) => Err(message),
        None => Ok(()),
    }
}

/// What the tools say of themselves.
pub(super) fn versions(root: &Path) -> Versions {
    let of = |probe: &Invocation| answer(probe, root).unwrap_or_else(|| "unknown".to_owned());
    Versions { cargo: of(&nightly()), cargo_fuzz: of(&cargo_fuzz()) }
}

fn nightly() -> Invocation {
    Invocation::new(["--version"]).on_nightly()
}

fn cargo_fuzz() -> Invocation {
    Invocation::new(["fuzz", "--version"]).on_nightly()
}

fn answer(probe: &Invocation, root: &Path) -> Option<String> {
    let captured = probe.capture(root).ok().filter(|captured| captured.success)?;
    captured.stdout.lines().next().map(str::to_owned)
}

fn missing(has_nightly: bool, has_cargo_fuzz: bool) -> Option<String> {
    let mut commands = Vec::new();
    if !has_nightly {
        commands.push("rustup toolchain install nightly");
    }
    if !has_cargo_fuzz {
        commands.push("cargo install cargo-fuzz");
    }
    (!commands.is_empty()).then(|| {
        format!(
            "fuzzing needs a nightly toolchain and cargo-fuzz; install what is missing:\n    {}\n\
             `cargo xtask fuzz smoke` replays what was found before without them",
            commands.join("\n    ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_command() {
        assert_eq!(missing(true, true), None);
        let both = missing(false, false).unwrap();
        assert!(
            both.contains("\n    rustup toolchain install nightly\n    cargo install"),
            "{both}"
        );
        let one = missing(true, false).unwrap();
        assert!(one.contains("cargo install cargo-fuzz") && !one.contains("rustup"), "{one}");
    }
}
