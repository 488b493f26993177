//! What was measured, as it is printed and as it is written to a file.

use std::fmt;
use std::path::PathBuf;

use iqdb_core::Metric;
use serde::Serialize;

use crate::plans::Plans;

/// What the command line asks for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    command: String,
    /// When and of which commit, for the record; without a date, none is written.
    date: Option<String>,
    commit: Option<String>,
    dims: Vec<usize>,
    pub(crate) rounds: usize,
}

impl Options {
    /// Reads `--date`, `--commit`, `--rounds` and dimensions.
    ///
    /// # Panics
    /// When it can't.
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Self {
        let mut options = Self { rounds: 9, ..Self::default() };
        let mut args = args.peekable();
        let mut shown = vec!["cargo xtask bench roof".to_owned()];
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--date" => options.date = args.next(),
                "--commit" => options.commit = args.next(),
                "--rounds" => {
                    let rounds = args.next().expect("--rounds takes a number");
                    options.rounds = rounds.parse().expect("--rounds takes a number");
                    shown.extend([arg, rounds]);
                }
                dim => {
                    options.dims.push(dim.parse().expect("a dimension is a number"));
                    shown.push(arg);
                }
            }
        }
        options.command = shown.join(" ");
        options
    }

    pub(crate) fn wants(&self, dim: usize) -> bool {
        self.dims.is_empty() || self.dims.contains(&dim)
    }
}

/// A run.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    command: String,
    date: Option<String>,
    commit: Option<String>,
    machine: Machine,
    iqdb: &'static str,
    simsimd: &'static str,
    rounds: usize,
    lines: Vec<Line>,
    threads: Vec<Threads>,
    plans: Vec<Plans>,
}

/// One query over `bytes` bytes of rows, on one thread and on two.
#[derive(Debug, Serialize)]
pub(crate) struct Threads {
    bytes: usize,
    one_thread_us: f64,
    two_threads_us: f64,
}

impl Threads {
    /// Of searches per second.
    pub(crate) fn new(bytes: usize, speeds: &[(&'static str, f64)]) -> Self {
        let us = |n: usize| rounded(1e6 / speeds[n].1);
        Self { bytes, one_thread_us: us(0), two_threads_us: us(1) }
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, one_thread_us, two_threads_us } = self;
        let kilobytes = bytes >> 10;
        write!(f, "{kilobytes:6} KiB: one thread {one_thread_us} us, two {two_threads_us} us")
    }
}

#[derive(Debug, Serialize)]
struct Machine {
    arch: &'static str,
    os: &'static str,
    cpu: String,
    cores: usize,
}

/// All contenders on one matrix. A single query is measured in GB/s of rows, a batch in GFLOP/s.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    metric: Metric,
    place: &'static str,
    dim: usize,
    queries: usize,
    unit: &'static str,
    read_gb_per_second: f64,
    fma_gflop_per_second: f64,
    kernels: Vec<Kernel>,
}

#[derive(Debug, Serialize)]
struct Kernel {
    kernel: &'static str,
    speed: f64,
    /// Of what the machine reads, or multiplies and adds.
    percent_of_roof: f64,
    /// Of what simsimd does.
    times_simsimd: f64,
}

impl Line {
    /// Of contenders that are the read, the multiply-adds and then the kernels.
    pub(crate) fn new(
        metric: Metric,
        place: &'static str,
        dim: usize,
        queries: usize,
        speeds: &[(&'static str, f64)],
    ) -> Self {
        let speed = |name: &str| {
            let found = speeds.iter().find(|(contender, _)| *contender == name);
            found.map_or(f64::NAN, |(_, speed)| speed / 1e9)
        };
        let (read, fma, simsimd) = (speed("read"), speed("fma"), speed("simsimd"));
        let (unit, roof) = if queries == 1 { ("GB/s", read) } else { ("GFLOP/s", fma) };
        let kernels = speeds
            .iter()
            .filter(|(name, _)| !["read", "fma"].contains(name))
            .map(|(name, _)| Kernel {
                kernel: name,
                speed: rounded(speed(name)),
                percent_of_roof: rounded(100.0 * speed(name) / roof),
                times_simsimd: rounded(speed(name) / simsimd),
            })
            .collect();
        Self {
            metric,
            place,
            dim,
            queries,
            unit,
            read_gb_per_second: rounded(read),
            fma_gflop_per_second: rounded(fma),
            kernels,
        }
    }
}

pub(crate) fn rounded(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, place, dim, queries, unit, .. } = self;
        write!(f, "{metric:9} {place} {dim:5} × {queries:3}: ")?;
        write!(f, "read {:.1} GB/s, ", self.read_gb_per_second)?;
        write!(f, "fma {:.0} GFLOP/s; {unit}:", self.fma_gflop_per_second)?;
        for Kernel { kernel, speed, percent_of_roof, times_simsimd } in &self.kernels {
            write!(f, " {kernel} {speed:.1} ({percent_of_roof:.0} %, {times_simsimd:.2} ×)")?;
        }
        Ok(())
    }
}

/// The version that the lock file names.
fn version_of(package: &str) -> &'static str {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let mut after = LOCK.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    after.nth(1).and_then(|line| line.split('"').nth(1)).unwrap_or("unknown")
}

impl Record {
    pub(crate) fn new(
        options: &Options,
        lines: Vec<Line>,
        threads: Vec<Threads>,
        plans: Vec<Plans>,
    ) -> Self {
        // Linux says what the processor is called; elsewhere the record does without.
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        Self {
            command: options.command.clone(),
            date: options.date.clone(),
            commit: options.commit.clone(),
            machine: Machine {
                arch: std::env::consts::ARCH,
                os: std::env::consts::OS,
                cpu: cpu.unwrap_or_default().trim_matches([' ', '\t', ':']).to_owned(),
                cores: std::thread::available_parallelism().map_or(1, usize::from),
            },
            iqdb: env!("CARGO_PKG_VERSION"),
            simsimd: version_of("simsimd"),
            rounds: options.rounds,
            lines,
            threads,
            plans,
        }
    }

    /// Writes the record next to the benches, if it has a date.
    pub(crate) fn write(&self) -> std::io::Result<()> {
        let Some(date) = &self.date else { return Ok(()) };
        let name: String = date.chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("records");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("roof-{name}.json"));
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        std::fs::write(&path, text + "\n")?;
        println!("written to {}", path.display());
        Ok(())
    }
}
