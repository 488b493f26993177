//! `cargo xtask sanitize`: runs a backend's tests under a sanitizer of the nightly toolchain.
//!
//! The address sanitizer judges. The thread sanitizer only advises: it does not understand fences,
//! which `Arc` and the publication cell use, so it may report races that are none. The models and
//! miri are what proves their absence.

use clap::{Args, ValueEnum};

use crate::cargo::Invocation;
use crate::miri::SMALL_TEST;
use crate::workspace::{Package, Workspace};
use crate::{Result, Verdict, nightly, terminal};

/// The conformance suite on small chunks, which is run too where it is.
const CONFORMANCE_TEST: &str = "conformance_small";

/// How long the suite's random histories are here, where everything is slower.
const OPERATIONS: &str = "5000";

/// Which sanitizer.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(value_enum, default_value_t = Sanitizer::Address)]
    sanitizer: Sanitizer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sanitizer {
    /// Memory that is used after it is freed, out of bounds, or never freed.
    Address,
    /// Races, as advice; needs rust-src of the nightly toolchain.
    Thread,
}

impl Sanitizer {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Thread => "thread",
        }
    }
}

/// Runs the tests of every package that has the small one.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    let root = &workspace.root;
    let host = nightly::host(root)?;
    if options.sanitizer == Sanitizer::Thread && !nightly::has_rust_src(root) {
        return Err(nightly::absent(
            "the thread sanitizer, which needs a standard library built for it,",
            &["rust-src"],
        ));
    }
    let packages: Vec<&Package> =
        workspace.packages.iter().filter(|package| package.has_test(SMALL_TEST)).collect();
    if packages.is_empty() {
        return Err(format!("no package has an integration test called `{SMALL_TEST}`"));
    }
    let mut green = true;
    for package in packages {
        let test = invocation(workspace, package, options.sanitizer, &host);
        terminal::say(&format!("$ {test}"));
        green &= test.pass_through(root)?;
    }
    Ok(match options.sanitizer {
        Sanitizer::Thread if !green => {
            terminal::say(
                "advice: look at the reports above. This sanitizer does not understand fences, so \
                 a report is no proof of a race, and this is no failure",
            );
            Verdict::Green
        }
        _ => Verdict::green_if(green),
    })
}

fn invocation(
    workspace: &Workspace,
    package: &Package,
    sanitizer: Sanitizer,
    host: &str,
) -> Invocation {
    let name = sanitizer.name();
    // With a target named, build scripts and macros are left without the sanitizer.
    let mut test = Invocation::new(["test", "--locked", "-p", &package.name, "--target", host])
        .args(["--no-fail-fast", "--lib", "--test", SMALL_TEST]);
    if package.has_test(CONFORMANCE_TEST) {
        test = test.args(["--test", CONFORMANCE_TEST]);
    }
    if sanitizer == Sanitizer::Thread {
        test = test.args(["-Zbuild-std"]);
    }
    test.on_nightly()
        .rustflags(&format!("-Zsanitizer={name}"))
        .env("CARGO_TARGET_DIR", workspace.target_for(&format!("sanitize-{name}")))
        .env("IQDB_CONFORMANCE_OPERATIONS", OPERATIONS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fake;

    #[test]
    fn what_a_package_has_is_run_for_the_host() {
        let mut package = fake::package("a", &[]);
        let of = |sanitizer, package: &Package| {
            invocation(&fake::workspace(vec![]), package, sanitizer, "x-y").to_string()
        };
        let address = of(Sanitizer::Address, &package);
        assert!(address.contains("-Zsanitizer=address"), "{address}");
        let end = "cargo +nightly test --locked -p a --target x-y --no-fail-fast --lib --test \
                   end_to_end_small";
        assert!(address.ends_with(end), "{address}");
        package.targets =
            vec![fake::target("conformance_small", "test", "tests/conformance_small.rs")];
        let thread = of(Sanitizer::Thread, &package);
        assert!(thread.ends_with(" --test conformance_small -Zbuild-std"), "{thread}");
        assert!(thread.contains("CARGO_TARGET_DIR=target/sanitize-thread "), "{thread}");
    }
}
