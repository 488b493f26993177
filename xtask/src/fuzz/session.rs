//! One target under libFuzzer for some time, with its progress printed as it comes.
//!
//! It judges nothing and keeps no input but the corpus that libFuzzer writes.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::status::{self, Status};
use super::{CANARY, table};
use crate::cargo::Invocation;
use crate::workspace::Workspace;
use crate::{Result, terminal};

/// How long the canary may take to be found. It takes about a second.
const CANARY_SECONDS_MAX: u64 = 60;

/// How often progress is printed, at most.
const PRINT_EVERY: Duration = Duration::from_secs(10);

/// Lines of a failure that are shown.
const LINES_SHOWN: usize = 20;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) target: String,
    seconds: u64,
    jobs: u16,
    /// Folders of inputs, from the workspace's root. New ones go into the first.
    inputs: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) target: String,
    pub(super) took: Duration,
    /// Once the inputs that were there have been read.
    pub(super) first: Status,
    pub(super) last: Status,
    /// The input that it failed on.
    pub(super) artifact: Option<PathBuf>,
}

impl Plan {
    /// From the grown corpus and everything that is committed.
    pub(super) fn of(target: &str, seconds: u64, jobs: u16) -> Self {
        let folders = ["corpus", "seeds", "regressions"];
        Self {
            target: target.to_owned(),
            seconds,
            jobs,
            inputs: folders.iter().map(|folder| format!("fuzz/{folder}/{target}")).collect(),
        }
    }

    /// The canary, from an empty corpus each time, or it would fail on what it found before.
    pub(super) fn canary(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.target.join("canary-corpus");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| not_made(&folder, &error))?;
        }
        let seeds = format!("fuzz/seeds/{CANARY}");
        Ok(Self {
            target: CANARY.to_owned(),
            seconds: CANARY_SECONDS_MAX,
            jobs: 1,
            inputs: vec![folder.display().to_string(), seeds],
        })
    }

    fn invocation(&self) -> Invocation {
        let jobs = self.jobs.to_string();
        let seconds = format!("-max_total_time={}", self.seconds);
        Invocation::new(["fuzz", "run", &self.target])
            .args(self.inputs.iter().map(String::as_str))
            .args(["--jobs", &jobs, "--", &seconds])
            .args(LIMITS)
            // What failed is saved and replayed with a trace; here it would hide the message.
            .env("RUST_BACKTRACE", "0")
            .on_nightly()
    }
}

/// A hang, an allocation or a process that is too large is a failure, too.
const LIMITS: [&str; 4] =
    ["-print_final_stats=1", "-timeout=20", "-malloc_limit_mb=256", "-rss_limit_mb=2048"];

/// Compiles a target or all of them, so that compiling takes nothing from the time for fuzzing.
pub(super) fn build(workspace: &Workspace, target: Option<&str>) -> Result<()> {
    let build = Invocation::new(["fuzz", "build"]).args(target).on_nightly();
    terminal::say(&format!("$ {build}"));
    match build.pass_through(&workspace.root)? {
        true => Ok(()),
        false => Err(format!("`{build}` failed")),
    }
}

/// Fuzzes until the time is up or an input fails.
pub(super) fn run(workspace: &Workspace, plan: &Plan) -> Result<Session> {
    for folder in &plan.inputs {
        let folder = workspace.root.join(folder);
        fs::create_dir_all(&folder).map_err(|error| not_made(&folder, &error))?;
    }
    let invocation = plan.invocation();
    terminal::say(&format!("$ {invocation}\n{}", table::where_crashes_go(&plan.target)));
    let started = Instant::now();
    let mut watch = Watch::default();
    let success = invocation.stream_stderr(&workspace.root, |line| {
        if let Some(progress) = watch.see(line, started.elapsed()) {
            terminal::say(&progress);
        }
    })?;
    let took = started.elapsed();
    if !success {
        terminal::say(&watch.shown.join("\n"));
    }
    if !success && watch.artifact.is_none() {
        return Err(format!("`{invocation}` failed and saved no input; see above"));
    }
    Ok(Session {
        target: plan.target.clone(),
        took,
        first: watch.first.unwrap_or_default(),
        last: watch.last,
        artifact: watch.artifact,
    })
}

fn not_made(folder: &std::path::Path, error: &std::io::Error) -> String {
    format!("the folder {} can't be made anew: {error}", folder.display())
}

/// What the lines so far have said.
#[derive(Debug, Default)]
struct Watch {
    first: Option<Status>,
    last: Status,
    printed: Option<Duration>,
    artifact: Option<PathBuf>,
    shown: Vec<String>,
}

impl Watch {
    /// Takes a line; returns what is to be printed about it.
    fn see(&mut self, line: &str, at: Duration) -> Option<String> {
        if let Some(path) = status::artifact(line) {
            self.artifact = Some(PathBuf::from(path));
        }
        if let Some(executions) = status::final_executions(line) {
            self.last.executions = self.last.executions.max(executions);
        }
        let Some(status) = status::status(line) else {
            if status::says_what_is_wrong(line) {
                self.shown.push(line.to_owned());
                // What comes first is what was wrong.
                self.shown.truncate(LINES_SHOWN);
            }
            return None;
        };
        // Before its inputs are read, a fuzzer has covered next to nothing.
        let first = match self.first {
            None if status.executions < 2 => return None,
            None => *self.first.insert(status),
            Some(first) => first,
        };
        self.last = status;
        let due = self.printed.is_none_or(|printed| at >= printed + PRINT_EVERY);
        due.then(|| {
            self.printed = Some(at);
            table::progress(at, &first, &status)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_what_a_person_would_type() {
        assert_eq!(
            Plan::of("filter_text", 60, 2).invocation().to_string(),
            "RUST_BACKTRACE=0 cargo +nightly fuzz run filter_text fuzz/corpus/filter_text fuzz/seeds/filter_text \
             fuzz/regressions/filter_text --jobs 2 -- -max_total_time=60 -print_final_stats=1 \
             -timeout=20 -malloc_limit_mb=256 -rss_limit_mb=2048"
        );
    }

    const LINES: [&str; 6] = [
        "INFO: Seed: 2697093166",
        "#11\tINITED cov: 300 ft: 600 corp: 9/400b exec/s: 0 rss: 45Mb",
        "#2193\tNEW    cov: 422 ft: 650 corp: 33/301b lim: 21 exec/s: 0 rss: 45Mb L: 21/21 MS: 1",
        "the canary sings",
        "artifact_prefix='a/'; Test unit written to a/crash-0eb8",
        "stat::number_of_executed_units: 3000",
    ];

    #[test]
    fn the_start_the_end_and_the_crash_are_kept() {
        let mut watch = Watch::default();
        for line in LINES {
            watch.see(line, Duration::from_secs(1));
        }
        assert_eq!(watch.first.unwrap().coverage, 300);
        assert_eq!((watch.last.coverage, watch.last.executions), (422, 3_000));
        assert_eq!(watch.artifact.unwrap(), PathBuf::from("a/crash-0eb8"));
        assert!(watch.shown.contains(&"the canary sings".to_owned()));
    }

    #[test]
    fn progress_is_printed_now_and_then() {
        let mut watch = Watch::default();
        let printed = |watch: &mut Watch, line: &str, second| {
            watch.see(line, Duration::from_secs(second)).is_some()
        };
        assert!(printed(&mut watch, LINES[1], 1));
        assert!(!printed(&mut watch, LINES[2], 2));
        assert!(printed(&mut watch, LINES[2], 11));
    }
}
