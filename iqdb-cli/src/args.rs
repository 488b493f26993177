//! What the command line may say. The comments here are the texts of `--help`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use iqdb::{Backend, Metric, Plan};

const EXAMPLES: &str = "\
Examples:
  iqdb demo ocean
  iqdb bench --base base.npy --queries queries.npy --truth truth.npy --metric cosine";

const EXAMPLES_AND_EXIT_CODES: &str = "\
Examples:
  iqdb demo ocean
  iqdb bench --base base.npy --queries queries.npy --truth truth.npy --metric cosine

Exit codes:
  0  done
  1  the answer is no, such as an unknown word
  2  the request can't be carried out: wrong arguments, files that are not there or don't fit
  3  damaged data: a file that is not what it claims to be, or numbers that no vector can have
  4  the database is locked by another process

Answers go to standard output, errors and progress to standard error. Colours appear on a
terminal only, and not where NO_COLOR is set.";

const DEMO_EXAMPLES: &str = "\
Examples:
  iqdb demo
  iqdb demo anger --pos adjective
  iqdb demo music -k 3 --json";

const BENCH_EXAMPLE: &str = "\
Example:
  iqdb bench --base base.npy --queries queries.npy --truth truth.npy --metric cosine";

const BENCH_EXAMPLE_AND_FIGURES: &str = "\
Example:
  iqdb bench --base base.npy --queries queries.npy --truth truth.npy --metric cosine

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
  build_s            time that inserting the vectors took, in seconds
  rss_mb             peak resident memory of the process, in 10^6 bytes; null except on Linux";

/// iqdb, an embedded vector database: see what it does, and measure it.
#[derive(Debug, Parser)]
#[command(
    name = "iqdb",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = EXAMPLES,
    after_long_help = EXAMPLES_AND_EXIT_CODES,
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[expect(clippy::doc_markdown, reason = "help shows these texts, and would show the backticks")]
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find the nearest meanings of an English word
    ///
    /// 4,000 meanings of common words from WordNet are loaded into memory, each a vector of 384
    /// components. The word's own vector is the query: once over all words, and once over one part
    /// of speech only. Everything the demo needs is inside the command.
    Demo(DemoArgs),
    /// Measure search on vectors from .npy files
    ///
    /// The rows of BASE are loaded with their row numbers as ids. All queries are asked once to
    /// warm up and then REPEAT times for the figures; only the calls into the engine are timed, not
    /// reading, loading or checking.
    ///
    /// The files are little-endian .npy arrays in C order: BASE and QUERIES rows × components of
    /// f32 or f16, TRUTH queries × t of int32, the row numbers of the t nearest, nearest first.
    Bench(BenchArgs),
}

/// What to look up, and how to show it.
#[derive(Debug, Args)]
#[command(after_help = DEMO_EXAMPLES)]
pub struct DemoArgs {
    /// The word; upper and lower case are the same
    #[arg(default_value = "ocean")]
    pub word: String,
    /// How many meanings to show
    #[arg(short, value_name = "N", default_value = "8", value_parser = at_least_1)]
    pub k: usize,
    /// The part of speech of the second search
    #[arg(long, value_enum, default_value_t = PartOfSpeech::Verb)]
    pub pos: PartOfSpeech,
    /// Print one JSON object per hit
    #[arg(long)]
    pub json: bool,
}

/// The parts of speech in the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartOfSpeech {
    /// A noun.
    #[value(help = None::<&str>)]
    Noun,
    /// A verb.
    #[value(help = None::<&str>)]
    Verb,
    /// An adjective.
    #[value(help = None::<&str>)]
    Adjective,
    /// An adverb.
    #[value(help = None::<&str>)]
    Adverb,
}

/// As the payloads of the demo spell it.
impl fmt::Display for PartOfSpeech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Noun => "noun",
            Self::Verb => "verb",
            Self::Adjective => "adjective",
            Self::Adverb => "adverb",
        })
    }
}

/// What to measure.
#[derive(Debug, Args)]
#[command(after_help = BENCH_EXAMPLE, after_long_help = BENCH_EXAMPLE_AND_FIGURES)]
pub struct BenchArgs {
    /// The vectors to search
    #[arg(long, value_name = "FILE")]
    pub base: PathBuf,
    /// The vectors to search for
    #[arg(long, value_name = "FILE")]
    pub queries: PathBuf,
    /// The true nearest rows of each query; without it, recall is not known
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// The metric
    #[arg(
        long,
        value_parser = PossibleValuesParser::new(Metric::ALL.map(Metric::as_str))
            .try_map(|name| Metric::from_str(&name)),
    )]
    pub metric: Metric,
    /// How many neighbours to ask for
    #[arg(short, value_name = "K", default_value = "10", value_parser = at_least_1)]
    pub k: usize,
    /// The backend to load the vectors into
    #[arg(
        long,
        value_name = "NAME",
        default_value = Backend::available().first().map(|fastest| fastest.as_str()),
        value_parser = PossibleValuesParser::new(Backend::available().iter().map(|b| b.as_str()))
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
    /// How often to ask all the queries
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_1)]
    pub repeat: usize,
    /// Load only the first rows of BASE, whose truth is then not known
    #[arg(long, value_name = "ROWS", value_parser = at_least_1, conflicts_with = "truth")]
    pub limit: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
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

fn at_least_1(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it has to be at least 1".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
