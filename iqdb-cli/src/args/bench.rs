//! The arguments of `iqdb bench`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use iqdb::{Backend, Metric, Plan};

use super::values::{at_least_1, metrics};

const BENCH_EXAMPLE: &str = "\
Examples:
  iqdb bench --base base.npy --queries queries.npy --truth truth.npy --metric cosine
  iqdb bench words.iqdb --queries queries.npy";

const BENCH_EXAMPLE_AND_FIGURES: &str = "\
Examples:
  iqdb bench --base base.npy --queries queries.npy --truth truth.npy --metric cosine
  iqdb bench words.iqdb --queries queries.npy

Figures, in the order of the JSON object:
  backend, plan      what ran; `auto` becomes the plan that it chose
  metric, n, dim     what was searched: n vectors of dim components
  k, threads, batch  what was asked for
  recall             share of the true k nearest that were found: whatever is as near as the true
                     k-th counts as found, a missing hit does not; null without TRUTH
  qps                queries per second: all queries by the sum of all call times
  p50_us, p99_us     median and 99th percentile of the time of one call, in microseconds; a call
                     holds BATCH queries, so only with a batch of 1 is it the time of a query
  gbs                bytes of rows read per second, in 10^9 bytes
  build_s            time that inserting the vectors took, in seconds; null for a DATABASE
  rss_mb             peak resident memory of the process, in 10^6 bytes; null except on Linux

With RECALL there are also:
  target_recall      what was asked for
  estimated_recall   the mean of what the answers said that they reach; 1 for exact ones
  exact_share        the share of the queries that the exact scan answered
  index_build_s      time that building the index took, in seconds
  index_bytes        what the index takes beside the rows; null where there is none
  epoch              what its answers depend on besides the rows; null where there is none";

/// What to measure.
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLE, after_long_help = BENCH_EXAMPLE_AND_FIGURES)]
pub struct BenchArgs {
    /// The database to search, instead of loading BASE
    #[arg(value_name = "DATABASE")]
    pub database: Option<PathBuf>,
    /// The vectors to search
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "database",
        conflicts_with = "database"
    )]
    pub base: Option<PathBuf>,
    /// The vectors to search for
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// The true nearest rows of each query; without it, recall is not known
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// The metric; a DATABASE has its own
    #[arg(
        long,
        required_unless_present = "database",
        conflicts_with = "database",
        value_parser = metrics(),
    )]
    pub metric: Option<Metric>,
    /// How many neighbours to ask for
    #[arg(short, value_name = "K", default_value = "10", value_parser = at_least_1)]
    pub k: usize,
    /// The backend to load the vectors into
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "database",
        default_value = in_memory().next().map(Backend::as_str),
        value_parser = PossibleValuesParser::new(in_memory().map(Backend::as_str))
            .try_map(|name| Backend::from_str(&name)),
    )]
    pub backend: Backend,
    /// How to search: the fastest plan that applies, or the plain scan
    #[arg(long, value_enum, default_value_t = PlanName::Auto)]
    pub plan: PlanName,
    /// How many threads one call may use
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_1)]
    pub threads: usize,
    /// How many queries to hand over in one call
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_1)]
    pub batch: usize,
    /// Give up exactness: build an index, and ask for this recall, above 0 and below 1
    #[arg(long, value_name = "R", value_parser = recall)]
    pub recall: Option<f32>,
    /// How often to ask all the queries
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_1)]
    pub repeat: usize,
    /// Load only the first rows of BASE, whose truth is then not known
    #[arg(
        long,
        value_name = "ROWS",
        value_parser = at_least_1,
        conflicts_with_all = ["truth", "database"],
    )]
    pub limit: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A recall that gives up exactness.
fn recall(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(recall) if recall > 0.0 && recall < 1.0 => Ok(recall),
        _ => Err("a recall is above 0 and below 1".into()),
    }
}

/// The backends that files can be loaded into, fastest first.
fn in_memory() -> impl Iterator<Item = Backend> {
    Backend::available().iter().copied().filter(|backend| *backend != Backend::File)
}

/// The plans of `--plan`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanName {
    /// The fastest plan that applies: the certified scan, where rows have codes and they pay.
    #[value(help = None::<&str>, alias = "certified")]
    Auto,
    /// The plain scan.
    #[value(help = None::<&str>)]
    F32,
}

impl From<PlanName> for Plan {
    fn from(name: PlanName) -> Self {
        match name {
            PlanName::Auto => Self::Auto,
            PlanName::F32 => Self::F32,
        }
    }
}
