//! The steps of ci, in their order, with their exact commands.
//!
//! It never runs anything: a plan is data, and `--list` shows what will run.

use std::fmt;
use std::path::Path;

use super::feature_sets::{self, FeatureSet};
use crate::cargo::Invocation;
use crate::workspace::{Package, Workspace};
use crate::{Result, bench, canonical, faults, fuzz, python};

/// The crates that stand for a stranger's backends; they are outside the workspace.
const OWN_BACKENDS: [&str; 2] =
    ["examples/own-backend/Cargo.toml", "examples/durable-backend/Cargo.toml"];

/// The crate of shims that cargo-fuzz builds; it is outside the workspace, too.
const FUZZ: &str = "fuzz/Cargo.toml";

/// One thing that has to be green.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) parts: Vec<Part>,
    /// A tool beside a stable toolchain; without it the step is skipped.
    pub(crate) tool: Option<Tool>,
}

/// One command of a step.
#[derive(Debug)]
pub(crate) enum Part {
    Cargo(Invocation),
    Tidy,
    Canonical,
    Conformance,
    Models,
    Python,
}

/// A tool that may be absent.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) probe: Probe,
    /// What is said where it is not installed.
    pub(crate) absent: &'static str,
}

/// A command that succeeds where a tool is installed.
#[derive(Debug)]
pub(crate) enum Probe {
    Cargo(Invocation),
    Python,
    /// One that can build the package and make a virtual environment.
    PythonForPackage,
}

impl Probe {
    pub(crate) fn works(&self, root: &Path) -> bool {
        match self {
            Self::Cargo(probe) => probe.capture(root).is_ok_and(|captured| captured.success),
            Self::Python => canonical::has_python(),
            Self::PythonForPackage => python::is_there(),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cargo(probe) => probe.fmt(f),
            Self::Python => f.write_str("python3 --version"),
            Self::PythonForPackage => f.write_str("python3, of 3.11 or later with venv,"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cargo(invocation) => invocation.fmt(f),
            Self::Tidy => f.write_str("cargo xtask tidy"),
            Self::Canonical => f.write_str("cargo xtask canonical"),
            Self::Conformance => f.write_str("cargo xtask conformance"),
            Self::Models => f.write_str("cargo xtask models"),
            Self::Python => f.write_str("cargo xtask python test"),
        }
    }
}

/// All steps for this workspace.
pub(crate) fn plan(workspace: &Workspace) -> Vec<Step> {
    vec![
        step("fmt", "the code is formatted", [cargo("fmt --all --check")]),
        step(
            "clippy",
            "no lint fires",
            [cargo("clippy --locked --workspace --all-targets --all-features").args(DENY_WARNINGS)],
        ),
        step(
            "features",
            "every feature set compiles without a warning, and no default is needed for the tests",
            workspace.packages.iter().flat_map(check_features),
        ),
        step(
            "test",
            "unit, integration and documentation tests pass",
            // A snapshot that differs is a failure here; it never leaves a file to review.
            [cargo("test --locked --workspace --all-features").env("INSTA_UPDATE", "no")],
        ),
        step("own-backend", "backends outside the workspace pass", own_backends(workspace)),
        step(
            "docs",
            "the documentation builds without a warning",
            [cargo("doc --locked --workspace --no-deps --all-features")
                .env("RUSTDOCFLAGS", "-D warnings")],
        ),
        Step {
            tool: Some(Tool {
                probe: Probe::Cargo(cargo("deny --version")),
                absent: "cargo-deny is not installed; cargo install cargo-deny",
            }),
            ..step("deny", "dependencies are safe and permissively licensed", [cargo("deny check")])
        },
        Step { parts: vec![Part::Tidy], ..step("tidy", "style, documents and contract agree", []) },
        Step {
            parts: vec![Part::Canonical],
            tool: Some(Tool { probe: Probe::Python, absent: canonical::ABSENT }),
            ..step("canonical", "the distances are those of a transcript in another language", [])
        },
        Step {
            parts: vec![Part::Conformance],
            ..step("conformance", "every backend keeps the contract", [])
        },
        Step {
            parts: vec![Part::Models],
            ..step("models", "the protocol holds in every order of its steps", [])
        },
        step(
            "faults",
            "nothing acknowledged is lost, whatever fails",
            ["crash", "faults", "bitflip", "kill9"].map(faults::invocation),
        ),
        step("fuzz", "no input that fuzzing has found fails again", fuzz()),
        step("peers", "the comparison with peers is formatted and locked", peers()),
        Step {
            parts: python::checks(workspace)
                .map(Part::Cargo)
                .into_iter()
                .chain([Part::Python])
                .collect(),
            tool: Some(Tool { probe: Probe::PythonForPackage, absent: python::ABSENT }),
            ..step("python", "the Python package passes its tests and those of others", [])
        },
    ]
}

/// The steps called `only`, in the plan's order; all of them when nothing is named.
pub(crate) fn choose(steps: Vec<Step>, only: &[String]) -> Result<Vec<Step>> {
    if let Some(unknown) = only.iter().find(|name| steps.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = steps.iter().map(|step| step.name).collect();
        return Err(format!("there is no step `{unknown}`; the steps are {}", known.join(", ")));
    }
    let chosen = |step: &Step| only.is_empty() || only.iter().any(|name| name == step.name);
    Ok(steps.into_iter().filter(chosen).collect())
}

const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

fn step(
    name: &'static str,
    purpose: &'static str,
    parts: impl IntoIterator<Item = Invocation>,
) -> Step {
    Step { name, purpose, parts: parts.into_iter().map(Part::Cargo).collect(), tool: None }
}

fn cargo(words: &str) -> Invocation {
    Invocation::new(words.split_whitespace())
}

/// Clippy rather than check: it compiles the same, and a warning fails without a `RUSTFLAGS` that
/// would rebuild every dependency. Of the tests, which are slower to build, one set is run: without
/// the features that every other step has.
fn check_features(package: &Package) -> Vec<Invocation> {
    let name = package.name.as_str();
    let without_default = package.features.contains_key("default").then(|| {
        cargo("test --locked -p").args([name, "--no-default-features"]).env("INSTA_UPDATE", "no")
    });
    feature_sets::of(&package.features)
        .into_iter()
        .map(|set| {
            let clippy = cargo("clippy --locked -p").args([name]);
            let clippy = match set {
                FeatureSet::Default => clippy,
                FeatureSet::Exactly(features) if features.is_empty() => {
                    clippy.args(["--no-default-features"])
                }
                FeatureSet::Exactly(features) => {
                    clippy.args(["--no-default-features", "--features", &features.join(",")])
                }
            };
            clippy.args(DENY_WARNINGS)
        })
        .chain(without_default)
        .collect()
}

/// The shims are not compiled, which takes a nightly toolchain; their format and their lock file
/// can be checked without one.
fn fuzz() -> [Invocation; 3] {
    let at = |command: &str| cargo(command).args(["--manifest-path", FUZZ]);
    [fuzz::replay(), at("fmt").args(["--check"]), at("tree --locked --depth 0")]
}

/// It is not compiled, which takes the peers themselves, and nothing is measured in ci.
fn peers() -> [Invocation; 2] {
    let at = |command: &str| cargo(command).args(["--manifest-path", bench::PEERS]);
    [at("fmt").args(["--check"]), at("tree --locked --depth 0")]
}

/// They share a target folder, and so what they both depend on.
fn own_backends(workspace: &Workspace) -> Vec<Invocation> {
    let target = workspace.target_for("own-backend");
    let commands = |manifest| {
        let at = |command: &str| cargo(command).args(["--manifest-path", manifest]);
        [
            at("fmt").args(["--check"]),
            at("clippy --locked --all-targets")
                .args(DENY_WARNINGS)
                .env("CARGO_TARGET_DIR", target.as_str()),
            at("test --locked").env("CARGO_TARGET_DIR", target.as_str()),
        ]
    };
    OWN_BACKENDS.into_iter().flat_map(commands).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fake;

    fn sample() -> Vec<Step> {
        let mut package = fake::package("iqdb", &[]);
        package.features.insert("default".into(), vec!["memory".into()]);
        package.features.insert("memory".into(), vec![]);
        plan(&fake::workspace(vec![package]))
    }

    #[test]
    fn the_plan_is_this() {
        insta::assert_snapshot!(super::super::summary::list(&sample()), @r#"
        fmt: the code is formatted
            cargo fmt --all --check
        clippy: no lint fires
            cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
        features: every feature set compiles without a warning, and no default is needed for the tests
            cargo clippy --locked -p iqdb --no-default-features -- -D warnings
            cargo clippy --locked -p iqdb --no-default-features --features memory -- -D warnings
            cargo clippy --locked -p iqdb -- -D warnings
            INSTA_UPDATE=no cargo test --locked -p iqdb --no-default-features
        test: unit, integration and documentation tests pass
            INSTA_UPDATE=no cargo test --locked --workspace --all-features
        own-backend: backends outside the workspace pass
            cargo fmt --manifest-path examples/own-backend/Cargo.toml --check
            CARGO_TARGET_DIR=target/own-backend cargo clippy --locked --all-targets --manifest-path examples/own-backend/Cargo.toml -- -D warnings
            CARGO_TARGET_DIR=target/own-backend cargo test --locked --manifest-path examples/own-backend/Cargo.toml
            cargo fmt --manifest-path examples/durable-backend/Cargo.toml --check
            CARGO_TARGET_DIR=target/own-backend cargo clippy --locked --all-targets --manifest-path examples/durable-backend/Cargo.toml -- -D warnings
            CARGO_TARGET_DIR=target/own-backend cargo test --locked --manifest-path examples/durable-backend/Cargo.toml
        docs: the documentation builds without a warning
            RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --all-features
        deny: dependencies are safe and permissively licensed
            only where `cargo deny --version` works
            cargo deny check
        tidy: style, documents and contract agree
            cargo xtask tidy
        canonical: the distances are those of a transcript in another language
            only where `python3 --version` works
            cargo xtask canonical
        conformance: every backend keeps the contract
            cargo xtask conformance
        models: the protocol holds in every order of its steps
            cargo xtask models
        faults: nothing acknowledged is lost, whatever fails
            cargo run --quiet --release --locked -p iqdb-faults -- crash
            cargo run --quiet --release --locked -p iqdb-faults -- faults
            cargo run --quiet --release --locked -p iqdb-faults -- bitflip
            cargo run --quiet --release --locked -p iqdb-faults -- kill9
        fuzz: no input that fuzzing has found fails again
            cargo test --locked -p iqdb-fuzz-targets --test replay
            cargo fmt --manifest-path fuzz/Cargo.toml --check
            cargo tree --locked --depth 0 --manifest-path fuzz/Cargo.toml
        peers: the comparison with peers is formatted and locked
            cargo fmt --manifest-path benches/peers/Cargo.toml --check
            cargo tree --locked --depth 0 --manifest-path benches/peers/Cargo.toml
        python: the Python package passes its tests and those of others
            only where `python3, of 3.11 or later with venv,` works
            cargo fmt --all --manifest-path iqdb-python/Cargo.toml --check
            CARGO_TARGET_DIR=target/python/build cargo clippy --locked --workspace --manifest-path iqdb-python/Cargo.toml -- -D warnings
            cargo xtask python test
        "#);
    }

    #[test]
    fn only_keeps_the_order_of_the_plan() {
        let chosen = choose(sample(), &["tidy".into(), "fmt".into()]).unwrap();
        assert_eq!(chosen.iter().map(|step| step.name).collect::<Vec<_>>(), ["fmt", "tidy"]);
    }

    #[test]
    fn an_unknown_step_names_the_known_ones() {
        let error = choose(sample(), &["lint".into()]).unwrap_err();
        assert!(error.contains("`lint`") && error.contains("fmt, clippy"), "{error}");
    }

    #[test]
    fn cargo_keeps_the_committed_lock_file() {
        for step in sample() {
            for part in &step.parts {
                let shown = part.to_string();
                let resolves = ["clippy", "check", "test", "run", "doc ", "tree"]
                    .iter()
                    .any(|command| shown.contains(&format!("cargo {command}")));
                assert_eq!(resolves, shown.contains("--locked"), "{shown}");
            }
        }
    }
}
