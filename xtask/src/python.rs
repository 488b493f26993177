//! `cargo xtask python`: builds the Python package, and tests it in a virtual environment.
//!
//! What it needs is pinned in `iqdb-python/requirements.txt` and installed below `target`; it changes
//! nothing anywhere else.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, Subcommand};

use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, Verdict, terminal, venv};

/// The package is a workspace of its own.
const FOLDER: &str = "iqdb-python";
const MANIFEST: &str = "iqdb-python/Cargo.toml";
const ORACLE: &str = "iqdb-python-oracle";
const REQUIREMENTS: &str = "iqdb-python/requirements.txt";
const REQUIREMENTS_LONG: &str = "iqdb-python/requirements-long.txt";
/// What a wheel is built with that is to be given away.
const REQUIREMENTS_BUILD: &str = "iqdb-python/requirements-build.txt";
/// What the wheel is tested with under other versions of Python.
const REQUIREMENTS_OTHERS: &str = "iqdb-python/requirements-others.txt";
/// Linked by zig, the wheel runs on every Linux of the last ten years.
const FOR_OLD_SYSTEMS: [&str; 4] = ["--release", "--zig", "--compatibility", "manylinux_2_17"];
const OTHERS: [&str; 3] = ["python3.12", "python3.13", "python3.14"];

/// What is said where there is no Python that could build it.
pub(crate) const ABSENT: &str = "python3 of 3.11 or later with its venv module is not on the PATH \
                                 (on Debian: apt install python3 python3-venv python3-pip)";

/// What to do.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build a wheel and a source distribution below target/python.
    Build,
    /// Build the package and run its tests and those of `LangChain` and Haystack.
    Test {
        /// Also the tests that take minutes, pyright, and the wheel under other versions of Python.
        #[arg(long)]
        long: bool,
    },
    /// Measure what a call costs beside the same call in Rust; the machine should be idle.
    Bench {
        /// What `benches/overhead.py` is told: parts to measure, and `--record FILE`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// Runs what is asked for, or says what is missing.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<Verdict> {
    if !is_there() {
        terminal::say(&format!("SKIPPED, nothing was run: {ABSENT}"));
        return Ok(Verdict::Green);
    }
    match &options.command {
        Task::Build => build(workspace),
        Task::Test { long } => test(workspace, *long),
        Task::Bench { args } => bench(workspace, args),
    }
}

/// Whether there is a Python that can build the package and make a virtual environment.
pub(crate) fn is_there() -> bool {
    const NEW_ENOUGH: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    venv::succeeds(Command::new(venv::PYTHON).args(["-c", NEW_ENOUGH]))
}

/// What cargo checks of the package.
pub(crate) fn checks(workspace: &Workspace) -> [Invocation; 2] {
    let at = |command: &str| {
        Invocation::new(command.split_whitespace()).args(["--manifest-path", MANIFEST])
    };
    [
        at("fmt --all").args(["--check"]),
        at("clippy --locked --workspace")
            .args(["--", "-D", "warnings"])
            .env("CARGO_TARGET_DIR", workspace.target_for("python/build")),
    ]
}

/// The package's tests, in a virtual environment that has it as a wheel.
pub(crate) fn test(workspace: &Workspace, long: bool) -> Result<Verdict> {
    let setup = match long {
        true => Setup::of(workspace, "venv-long", &[REQUIREMENTS, REQUIREMENTS_LONG]),
        false => Setup::of(workspace, "venv", &[REQUIREMENTS]),
    }?;
    // The profile of the tests: a thorough optimiser takes longer than they do.
    let wheel = setup.wheel(&["--profile", "dev"], "dev")?;
    setup.install(&setup.python, &wheel)?;
    let answers = setup.oracle("answers", &[])?;
    let mut green = setup.pytest(&setup.python, if long { &["--long"] } else { &[] }, &answers)?;
    green &= setup.python("mypy", &["-m", "mypy"])?;
    if long {
        let python = setup.python.display().to_string();
        green &= setup.python("pyright", &["-m", "pyright", "--pythonpath", &python])?;
        for other in OTHERS {
            green &= setup.test_with(other, &wheel, &answers)?;
        }
    }
    Ok(Verdict::green_if(green))
}

/// The wheel and the source distribution.
fn build(workspace: &Workspace) -> Result<Verdict> {
    let setup = Setup::of(workspace, "venv-build", &[REQUIREMENTS_BUILD])?;
    let wheel = setup.wheel(&FOR_OLD_SYSTEMS, "release").or_else(|error| {
        terminal::say(&format!("{error}: the wheel is for this system, and those like it"));
        setup.wheel(&["--release"], "release")
    })?;
    let source = setup.folder.join("dist");
    let mut maturin = setup.maturin("sdist");
    let green = run_shown(maturin.arg("--out").arg(&source))?;
    terminal::say(&format!("{}\n{}", wheel.display(), source.display()));
    Ok(Verdict::green_if(green))
}

fn bench(workspace: &Workspace, args: &[String]) -> Result<Verdict> {
    let setup = Setup::of(workspace, "venv", &[REQUIREMENTS])?;
    let wheel = setup.wheel(&["--release"], "release")?;
    setup.install(&setup.python, &wheel)?;
    let rates = setup.oracle("rates", &["--release"])?;
    let mut bench = Command::new(&setup.python);
    bench.arg("benches/overhead.py").args(args).current_dir(&setup.package);
    bench.env("IQDB_RATES", rates);
    run_shown(&mut bench).map(Verdict::green_if)
}

/// Where everything is.
struct Setup {
    /// The package's folder in the checkout.
    package: PathBuf,
    root: PathBuf,
    /// Below `target`.
    folder: PathBuf,
    /// The interpreter of the virtual environment.
    python: PathBuf,
}

impl Setup {
    /// The virtual environment of this name, with what these files pin.
    fn of(workspace: &Workspace, name: &str, requirements: &[&str]) -> Result<Self> {
        let folder = workspace.target.join("python");
        let root = workspace.root.clone();
        let python = venv::environment(venv::PYTHON, &root, &folder.join(name), requirements)?;
        Ok(Self { package: root.join(FOLDER), root, folder, python })
    }

    /// A call of maturin, which builds below `target`.
    fn maturin(&self, task: &str) -> Command {
        let mut maturin = Command::new(&self.python);
        maturin.args(["-m", "maturin", task, "--manifest-path"]).arg(self.root.join(MANIFEST));
        maturin.env("CARGO_TARGET_DIR", self.folder.join("build")).current_dir(&self.package);
        // It looks for zig among what the first Python on the PATH has installed.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.python.parent().map(Path::to_path_buf).into_iter();
        if let Ok(path) = std::env::join_paths(folders.chain(std::env::split_paths(&path))) {
            maturin.env("PATH", path);
        }
        maturin
    }

    /// The wheel that maturin builds with these options.
    fn wheel(&self, options: &[&str], name: &str) -> Result<PathBuf> {
        let wheels = self.folder.join("wheels").join(name);
        // The wheel of an earlier version would be there beside the new one.
        if wheels.exists() {
            fs::remove_dir_all(&wheels).map_err(|e| format!("{}: {e}", wheels.display()))?;
        }
        let mut maturin = self.maturin("build");
        maturin.args(options).args(["--locked", "--interpreter"]).arg(&self.python);
        if !run_shown(maturin.arg("--out").arg(&wheels))? {
            return Err("maturin could not build the package".to_owned());
        }
        let found = fs::read_dir(&wheels).map_err(|e| format!("{}: {e}", wheels.display()))?;
        let mut paths = found.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        paths
            .find(|path| path.extension() == Some(OsStr::new("whl")))
            .ok_or_else(|| format!("maturin left no wheel in {}", wheels.display()))
    }

    fn install(&self, python: &Path, wheel: &Path) -> Result<()> {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--force-reinstall", "--no-deps"]);
        match run_shown(pip.arg(wheel))? {
            true => Ok(()),
            false => Err(format!("pip could not install {}", wheel.display())),
        }
    }

    /// The program in Rust of this name, which the tests or the bench hold Python against.
    fn oracle(&self, name: &str, options: &[&str]) -> Result<PathBuf> {
        let target = self.folder.join("build");
        let build = Invocation::new(["build", "--quiet", "--locked", "--package", ORACLE])
            .args(["--bin", name, "--manifest-path", MANIFEST])
            .args(options.iter().copied())
            .env("CARGO_TARGET_DIR", target.display().to_string());
        if !build.pass_through(&self.root)? {
            return Err(format!("`{build}` failed"));
        }
        let profile = if options.contains(&"--release") { "release" } else { "debug" };
        Ok(target.join(profile).join(name))
    }

    fn pytest(&self, python: &Path, options: &[&str], answers: &Path) -> Result<bool> {
        let mut pytest = Command::new(python);
        pytest.args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]).args(options);
        pytest.env("PYTHONDONTWRITEBYTECODE", "1").env("IQDB_ANSWERS", answers);
        run_shown(pytest.current_dir(&self.package))
    }

    /// Runs the interpreter in the package's folder; returns whether it was content.
    fn python(&self, what: &str, args: &[&str]) -> Result<bool> {
        terminal::say(&format!("{what}:"));
        let mut python = Command::new(&self.python);
        run_shown(python.args(args).current_dir(&self.package))
    }

    /// The tests that need numpy and pytest alone, of the same wheel under another Python.
    fn test_with(&self, other: &str, wheel: &Path, answers: &Path) -> Result<bool> {
        if !venv::succeeds(Command::new(other).arg("--version")) {
            terminal::say(&format!("SKIPPED: {other} is not on the PATH"));
            return Ok(true);
        }
        let folder = self.folder.join(other);
        let python = venv::environment(other, &self.root, &folder, &[REQUIREMENTS_OTHERS])?;
        self.install(&python, wheel)?;
        terminal::say(&format!("{other}:"));
        self.pytest(&python, &[], answers)
    }
}

/// Runs a command with everything it prints passed through; returns whether it succeeded.
fn run_shown(command: &mut Command) -> Result<bool> {
    let status = command.status();
    let program = command.get_program().to_string_lossy();
    status
        .map(|status| status.success())
        .map_err(|e| format!("{program} could not be started: {e}"))
}
