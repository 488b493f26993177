//! `cargo xtask miri`: runs the tests of unsafe code, and a small whole life of a store, in miri.
//!
//! It knows no package: one is looked at if it has a module in a file of its own that allows itself
//! unsafe code, or the integration test of that small life, which uses no foreign code. The kernels are
//! in folders, and left out: miri doesn't know their instructions, and their own tests run in it.

use std::path::Path;

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::{Package, Workspace};
use crate::{Result, Verdict, libtest, nightly, terminal};

/// The integration test that is small enough for tools that are slow, in plain Rust.
pub(crate) const SMALL_TEST: &str = "end_to_end_small";

/// What a module says at its head that holds unsafe code.
const ALLOWS_UNSAFE: &str = "#![allow(unsafe_code)]";

/// What miri and the standard library that it interprets come in.
const COMPONENTS: [&str; 2] = ["miri", "rust-src"];

/// What to do where it is absent.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fail where miri is absent, instead of having rustup add it.
    #[arg(long)]
    offline: bool,
}

/// Runs miri, which rustup adds first if it is absent.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let units: Vec<Invocation> =
        workspace.packages.iter().flat_map(|package| units(workspace, package)).collect();
    let with_lives = workspace.packages.iter().filter(|package| package.has_test(SMALL_TEST));
    let lives: Vec<Invocation> =
        with_lives.map(|package| test(workspace, package, &["--test", SMALL_TEST])).collect();
    if units.is_empty() || lives.is_empty() {
        return Err(format!(
            "no package has an integration test called `{SMALL_TEST}`, or none has a module with \
             `{ALLOWS_UNSAFE}`"
        ));
    }
    let root = &workspace.root;
    if !nightly::has_miri(root) && (options.offline || !nightly::add(&COMPONENTS, root)) {
        return Err(nightly::absent("miri", &COMPONENTS));
    }
    let mut verdict = Verdict::Green;
    for unit in &units {
        let listed = unit.clone().args(["--", "--list", "--format", "terse"]);
        let captured = listed.capture_stdout(root)?;
        if !captured.success || libtest::listed(&captured.stdout).is_empty() {
            return Err(format!("`{listed}` lists no test of unsafe code"));
        }
    }
    for test in units.iter().chain(&lives) {
        terminal::say(&format!("$ {test}"));
        if !test.pass_through(root)? {
            verdict = Verdict::Red;
        }
    }
    Ok(verdict)
}

/// Those of the tests of a package's unsafe modules.
fn units(workspace: &Workspace, package: &Package) -> Vec<Invocation> {
    let sources = std::fs::read_dir(package.manifest_path.with_file_name("src"));
    let mut modules: Vec<String> = sources
        .into_iter()
        .flatten()
        .filter_map(|file| unsafe_module(&file.ok()?.path()))
        .collect();
    modules.sort_unstable();
    modules
        .iter()
        .map(|module| test(workspace, package, &["--lib", &format!("{module}::")]))
        .collect()
}

/// The name of the module in this file, if it may hold unsafe code.
fn unsafe_module(file: &Path) -> Option<String> {
    let module = file.file_stem()?.to_str()?;
    let is_rust = file.extension().is_some_and(|extension| extension == "rs");
    let source = is_rust.then(|| std::fs::read_to_string(file).ok()).flatten()?;
    let allows = source.lines().any(|line| line == ALLOWS_UNSAFE);
    (allows && module != "lib").then(|| module.to_owned())
}

fn test(workspace: &Workspace, package: &Package, what: &[&str]) -> Invocation {
    Invocation::new(["miri", "test", "--locked", "-p", &package.name])
        .args(what.iter().copied())
        .on_nightly()
        .env("CARGO_TARGET_DIR", workspace.target_for("miri"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fake;

    #[test]
    fn unsafe_modules_are_found_and_the_small_life_is_run() {
        let mut package = fake::package("a", &[]);
        let workspace = fake::workspace(vec![package.clone()]);
        assert_eq!(
            test(&workspace, &package, &["--test", SMALL_TEST]).to_string(),
            "CARGO_TARGET_DIR=target/miri cargo +nightly miri test --locked -p a --test \
             end_to_end_small"
        );
        assert!(units(&workspace, &package).is_empty());
        assert!(run(&workspace, &Options { offline: true }).is_err(), "there is nothing to run");

        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("src")).unwrap();
        let allows = format!("//! Pages.\n{ALLOWS_UNSAFE}\n");
        std::fs::write(home.path().join("src/pages.rs"), &allows).unwrap();
        std::fs::write(home.path().join("src/pages.txt"), &allows).unwrap();
        std::fs::write(home.path().join("src/column.rs"), "//! Nothing unsafe.\n").unwrap();
        package.manifest_path = home.path().join("Cargo.toml");
        let shown: Vec<_> = units(&workspace, &package).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["CARGO_TARGET_DIR=target/miri cargo +nightly miri test --locked -p a --lib pages::"]
        );
    }
}
