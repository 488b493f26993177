//! The arguments of `iqdb search`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use iqdb::{Expression, Filter, RecordId};

use super::values::{at_least_1, expression, filter, id};

const EXAMPLES: &str = "\
Examples:
  iqdb search words.iqdb --like n02711573
  iqdb search words.iqdb --vector queries.npy -k 3 --json
  iqdb search shop.iqdb --field image --like 7
  iqdb search shop.iqdb --text '\"red shoes\" +leather -kids'
  iqdb search shop.iqdb --like 7 --hybrid 'red leather' --explain
  iqdb search shop.iqdb --like 7 --group-by brand -k 5 --per-group 2
  iqdb search shop.iqdb --like 7 --diversify 0.5
  iqdb search shop.iqdb --like 7 --rerank 'score + 0.2 * gauss(price, 20, 5)'
  echo '[0.1, 0.2, 0.3]' | iqdb search small.iqdb --stdin --where 'lang = \"en\"'";

/// What to search for, in what, and how to show it.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    group = ArgGroup::new("what").required(true).args(["vector", "like", "stdin", "text"]),
    group = ArgGroup::new("deep").args(["diversify", "rerank"]),
)]
pub struct SearchArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// The file with the vectors to search for
    #[arg(long, value_name = "FILE")]
    pub vector: Option<PathBuf>,
    /// The record whose vector to search for
    #[arg(long, value_name = "ID", value_parser = id)]
    pub like: Option<RecordId>,
    /// Read the vectors to search for from standard input
    #[arg(long)]
    pub stdin: bool,
    /// The words to search texts for: any of them; "in quotes" as they stand; after + they must be there,
    /// after - they must not
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// The field to search; without it, the one named `vector`, and for words the only text field
    #[arg(long, value_name = "NAME")]
    pub field: Option<String>,
    /// Search texts for these words besides what is near the vector, and fuse the hits of both by their ranks
    /// (1 / (60 + rank), summed)
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, conflicts_with = "text")]
    pub hybrid: Option<String>,
    /// The text field of --hybrid; without it, the only one
    #[arg(long, value_name = "NAME", requires = "hybrid")]
    pub text_field: Option<String>,
    /// Find the groups of the nearest records instead: K values of this path of the payloads
    #[arg(long, value_name = "PATH", conflicts_with_all = ["hybrid", "diversify"])]
    pub group_by: Option<String>,
    /// How many records of a group to find
    #[arg(long, value_name = "N", default_value = "3", value_parser = at_least_1, requires = "group_by")]
    pub per_group: usize,
    /// Find records that also differ from each other: 0 as much as possible, 1 not at all
    #[arg(long, value_name = "LAMBDA", conflicts_with_all = ["hybrid", "text"])]
    pub diversify: Option<f64>,
    /// Rank the first records by a sum of weighted terms instead: score (0 minus the distance, or the fused
    /// score), numbers, paths of payloads, and gauss, exp or linear(PATH, ORIGIN, SCALE), which are 1 where the
    /// value at the path is the origin and 1/2 at the scale from it
    #[arg(long, value_name = "SUM", allow_hyphen_values = true, value_parser = expression, conflicts_with_all = ["group_by", "explain"])]
    pub rerank: Option<Expression>,
    /// Of how many of the nearest records those that differ are chosen, or how many are ranked by a sum
    #[arg(long, value_name = "N", default_value = "100", value_parser = at_least_1, requires = "deep")]
    pub depth: usize,
    /// How many records to find
    #[arg(short, value_name = "K", default_value = "10", value_parser = at_least_1)]
    pub k: usize,
    /// Only records that match
    #[arg(long = "where", value_name = "FILTER", value_parser = filter)]
    pub filter: Option<Filter>,
    /// How many threads a search may use
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_1)]
    pub threads: usize,
    /// Say on standard error what was done to answer
    #[arg(long, conflicts_with_all = ["group_by", "diversify"])]
    pub explain: bool,
    /// Print one JSON object per hit
    #[arg(long)]
    pub json: bool,
}
