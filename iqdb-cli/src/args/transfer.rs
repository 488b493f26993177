//! The arguments of `iqdb import` and `iqdb export`.

use std::path::PathBuf;

use clap::Args;
use iqdb::Filter;

use super::values::{at_least_1, filter};
use crate::import::ids::IdSource;
use crate::input::{Offset, Rules, Timestamps};

const IMPORT_EXAMPLES: &str = "\
Examples:
  iqdb import words.iqdb words.jsonl
  iqdb import words.iqdb vectors.npy --payload words.jsonl
  iqdb import words.iqdb wordnet384/ --resume
  iqdb import shop.iqdb images.npy --field image";

const EXPORT_EXAMPLES: &str = "\
Examples:
  iqdb export words.iqdb words.jsonl
  iqdb export words.iqdb verbs.npy --payload verbs.jsonl --where 'pos = \"verb\"'";

/// What to read, and into what.
#[derive(Debug, Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub struct ImportArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// The file or folder to read
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The ids and payloads for a FILE of vectors alone, a line of JSON per row
    #[arg(long, value_name = "PAYLOAD")]
    pub payload: Option<PathBuf>,
    /// The field that the vectors are of, where FILE doesn't say it
    #[arg(long, value_name = "NAME")]
    pub field: Vec<String>,
    /// What the ids are made of where FILE has none: number-from=N, prefix=TEXT, or uuid. Without it they
    /// are the row numbers from 0, into an empty database only. A made id never replaces a record, and is
    /// the same when an import goes on
    #[arg(long, value_name = "SOURCE")]
    pub ids: Option<IdSource>,
    /// What becomes of timestamps, which are dates where none is finer than a microsecond
    #[arg(long, value_enum, value_name = "AS")]
    pub timestamps: Option<Timestamps>,
    /// The zone of times that have none: UTC, or an offset such as +02:00
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub assume_tz: Option<Offset>,
    /// The columns of texts that are dates, as RFC 3339 or Python writes them
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub dates: Vec<String>,
    /// The columns whose cells are texts, whatever they look like
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub text: Vec<String>,
    /// Go on where an import of the same file was interrupted
    #[arg(long)]
    pub resume: bool,
    /// How many records are written at once, as a whole or not at all
    #[arg(long, value_name = "N", default_value = "10000", value_parser = at_least_1)]
    pub batch: usize,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl ImportArgs {
    /// How values are read.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            timestamps: self.timestamps,
            assume_tz: self.assume_tz.clone(),
            dates: self.dates.clone(),
            texts: self.text.clone(),
        }
    }
}

/// What to write, and where to.
#[derive(Debug, Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub struct ExportArgs {
    /// The database
    #[arg(value_name = "DATABASE")]
    pub database: PathBuf,
    /// The file to write
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where ids and payloads go when FILE holds vectors alone
    #[arg(long, value_name = "PAYLOAD")]
    pub payload: Option<PathBuf>,
    /// The field whose vectors to write, where FILE hasn't room for all
    #[arg(long, value_name = "NAME")]
    pub field: Vec<String>,
    /// Only the records that match
    #[arg(long = "where", value_name = "FILTER", value_parser = filter)]
    pub filter: Option<Filter>,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}
