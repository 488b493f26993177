//! The arguments of the commands on a database as a whole, and on single records.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use clap_complete::Shell;
use iqdb::{Field, Filter, Metric, RecordId};

use super::field::field;
use super::values::{at_least_1, filter, id, metrics};

const RM_EXAMPLES: &str = "\
Examples:
  iqdb rm words.iqdb n02711573 n12255452
  iqdb rm words.iqdb --where 'pos = \"verb\" and lexfile < 30' --dry-run
  iqdb rm words.iqdb --where 'pos = \"verb\" and lexfile < 30' --yes";

const CREATE_EXAMPLES: &str = "\
Examples:
  iqdb create words.iqdb --dim 384 --metric cosine
  iqdb create shop.iqdb --field title:384:cosine --field image:512:dot:f16
  iqdb create shop.iqdb --field bits:1024:hamming:binary --field terms:sparse:dot";

/// What to make.
#[derive(Debug, Args)]
#[command(
    after_help = CREATE_EXAMPLES,
    group = ArgGroup::new("fields").required(true).multiple(true).args(["dim", "field"]),
)]
pub struct CreateArgs {
    /// The directory to make
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// How many components the vectors have, those of the field `vector`
    #[arg(long, value_name = "N", requires = "metric", value_parser = at_least_1)]
    pub dim: Option<usize>,
    /// What makes two of them near
    #[arg(long, requires = "dim", value_parser = metrics())]
    pub metric: Option<Metric>,
    /// A field of vectors: NAME:DIM:METRIC for f32, NAME:DIM:METRIC:ELEMENT with an ELEMENT of f32,
    /// f16, bf16, i8 or binary, or NAME:sparse:dot; or of the words of texts, NAME:text:words for those
    /// at the key NAME of payloads, NAME:text:words:PATH for those elsewhere; `english` or `german` in
    /// place of `words` takes stems
    #[arg(long, value_name = "FIELD", value_parser = field)]
    pub field: Vec<Field>,
}

/// What to add.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  iqdb add-field shop.iqdb image:512:dot:f16\n  iqdb add-field shop.iqdb body:text:words"
)]
pub struct AddFieldArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// The field: NAME:DIM:METRIC for f32, NAME:DIM:METRIC:ELEMENT with an ELEMENT of f32, f16, bf16,
    /// i8 or binary, or NAME:sparse:dot; or of the words of texts, NAME:text:words for those at the key
    /// NAME of payloads, NAME:text:words:PATH for those elsewhere; `english` or `german` in place of
    /// `words` takes stems
    #[arg(value_name = "FIELD", value_parser = field)]
    pub field: Field,
}

/// What to describe.
#[derive(Debug, Args)]
pub struct InfoArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What to print.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iqdb get words.iqdb n02711573")]
pub struct GetArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// The ids; a string that looks like a number or a UUID stands in double quotes
    #[arg(value_name = "ID", required = true, value_parser = id)]
    pub ids: Vec<RecordId>,
    /// Leave out the vectors
    #[arg(long)]
    pub no_vector: bool,
}

/// What to delete.
#[derive(Debug, Args)]
#[command(
    after_help = RM_EXAMPLES,
    group = ArgGroup::new("what").required(true).args(["ids", "filter"]),
)]
pub struct RmArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// The ids of the records to delete
    #[arg(value_name = "ID", value_parser = id)]
    pub ids: Vec<RecordId>,
    /// Delete the records that match, after a question on a terminal
    #[arg(long = "where", value_name = "FILTER", value_parser = filter)]
    pub filter: Option<Filter>,
    /// Delete what matches without a question
    #[arg(long)]
    pub yes: bool,
    /// Say how many records would be deleted, and delete none
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
}

/// What to check.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
}

/// What to index.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
}

/// What to compact.
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
}

/// What to copy, and where to.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// The directory to make, which is not there yet
    #[arg(value_name = "TO")]
    pub to: PathBuf,
}

/// For which shell.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}
