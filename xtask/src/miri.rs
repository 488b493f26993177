//! `cargo xtask miri`: runs the tests of unsafe code, and a small whole life of a store, in miri.
//!
//! It knows no backend: a package is looked at if it has the integration test of that small life,
//! which uses no foreign code.

use clap::Args;

use crate::cargo::Invocation;
use crate::workspace::{Package, Workspace};
use crate::{Result, Verdict, libtest, nightly, terminal};

/// The integration test that is small enough for tools that are slow, in plain Rust.
pub(crate) const SMALL_TEST: &str = "end_to_end_small";

/// The one module of a backend that may hold unsafe code; its tests run in miri.
const UNSAFE_MODULE: &str = "column::";

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
    let packages: Vec<&Package> =
        workspace.packages.iter().filter(|package| package.has_test(SMALL_TEST)).collect();
    if packages.is_empty() {
        return Err(format!("no package has an integration test called `{SMALL_TEST}`"));
    }
    let root = &workspace.root;
    if !nightly::has_miri(root) && (options.offline || !nightly::add(&COMPONENTS, root)) {
        return Err(nightly::absent("miri", &COMPONENTS));
    }
    let mut verdict = Verdict::Green;
    for package in packages {
        let [unit, _] = tests(workspace, package);
        let listed = unit.args(["--", "--list", "--format", "terse"]);
        let captured = listed.capture_stdout(root)?;
        if !captured.success || libtest::listed(&captured.stdout).is_empty() {
            return Err(format!("`{listed}` lists no test of unsafe code"));
        }
        for test in tests(workspace, package) {
            terminal::say(&format!("$ {test}"));
            if !test.pass_through(root)? {
                verdict = Verdict::Red;
            }
        }
    }
    Ok(verdict)
}

fn tests(workspace: &Workspace, package: &Package) -> [Invocation; 2] {
    [["--lib", UNSAFE_MODULE], ["--test", SMALL_TEST]].map(|what| {
        Invocation::new(["miri", "test", "--locked", "-p", &package.name])
            .args(what)
            .on_nightly()
            .env("CARGO_TARGET_DIR", workspace.target_for("miri"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fake;

    #[test]
    fn the_unsafe_module_and_the_small_life_are_run() {
        let workspace = fake::workspace(vec![fake::package("a", &[])]);
        let shown = tests(&workspace, &workspace.packages[0]).map(|test| test.to_string());
        assert_eq!(
            shown,
            [
                "CARGO_TARGET_DIR=target/miri cargo +nightly miri test --locked -p a --lib column::",
                "CARGO_TARGET_DIR=target/miri cargo +nightly miri test --locked -p a --test \
                 end_to_end_small"
            ]
        );
        assert!(run(&workspace, &Options { offline: true }).is_err(), "it has no such test");
    }
}
