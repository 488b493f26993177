//! What the command line may say. The comments here are the texts of `--help`.

mod bench;
mod database;
mod field;
mod search;
mod transfer;
mod values;

use std::fmt;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use bench::{BenchArgs, PlanName};
pub use database::{
    AddFieldArgs, BackupArgs, CompactArgs, CompletionsArgs, CreateArgs, GetArgs, IndexArgs,
    InfoArgs, RmArgs, VerifyArgs,
};
pub use search::SearchArgs;
pub use transfer::{ExportArgs, ImportArgs};
use values::at_least_1;

const EXAMPLES: &str = "\
Examples:
  iqdb demo ocean
  iqdb create words.iqdb --dim 384 --metric cosine
  iqdb import words.iqdb vectors.npy --payload words.jsonl
  iqdb search words.iqdb --like n02711573 -k 5";

const EXAMPLES_AND_EXIT_CODES: &str = "\
Examples:
  iqdb demo ocean
  iqdb create words.iqdb --dim 384 --metric cosine
  iqdb import words.iqdb vectors.npy --payload words.jsonl
  iqdb search words.iqdb --like n02711573 -k 5

Exit codes:
  0  done
  1  the answer is no, such as an unknown word or a record that is not there
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

/// iqdb, an embedded vector database: fill one, search it, measure it.
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
    /// Make a new, empty database
    Create(CreateArgs),
    /// Add a field of vectors to a database
    ///
    /// Records that are there lack it; `iqdb import` and programs give them vectors of it. A field
    /// never changes or goes. Processes that have the database open see it when they open it again.
    AddField(AddFieldArgs),
    /// Write the records of a file into a database
    ///
    /// What can be read, by the file's name:
    ///   .npy     a little-endian matrix in C order, one vector per row, of the field's element: f32 (or
    ///            f16, which is widened), f16, int8, and for bits uint8 as numpy.packbits makes it
    ///   .fvecs   per row the dimension as int32, then the components as f32, little-endian
    ///   .fbin    the number of rows and the dimension as uint32, then the components as f32
    ///   .jsonl   one JSON object per line: {"id": 7, "vector": [0.1, …], "payload": {"lang": "en"}};
    ///            without "payload", all other fields are the payload. Objects are maps, and {"$date":
    ///            "2025-01-31T10:00:00Z"} is a date. "vectors" has those of other fields by name:
    ///            {"image": {"i8": [1, 2]}, "terms": {"sparse": {"indices": [3, 8], "weights": [0.5, 2]}}}
    ///   .csv     columns by name: `id`, the vector as a JSON list in `vector` or its components in
    ///            `v0`, `v1`, …, and the payload in the others. A column has one type, decided over
    ///            all of it: booleans, integers, floats, values of JSON (strings in quotes, lists,
    ///            objects), and otherwise texts; 007 is a text. An empty cell, nan and NaT are nothing
    ///   .tsv     the same, separated by tabs
    ///   .parquet columns by name: `id`, `vector`, and the payload in the others: structs are maps,
    ///            timestamps and days are dates, null and NaN no value; in builds with the feature
    ///            parquet. Vectors are lists, and of bits binaries of a fixed size
    ///   a folder with base.npy and, where there are ids and payloads, payload.jsonl
    ///
    /// The first three hold vectors alone; ids and payloads come from PAYLOAD, a line per row: {"id":
    /// "a", "lang": "en"} or {"id": "a", "payload": {"lang": "en"}}. Where the first record has no
    /// id, none has one: the ids are the row numbers from 0 in an empty database, or what --ids makes.
    /// An id with a type keeps it: in JSON and .parquet, "7" is a string. One without a type, in a cell
    /// of .csv or on the command line, is a number if it is digits without zeros before them, a UUID in
    /// its hyphenated form, and otherwise a string, as is anything in double quotes.
    ///
    /// No number is rounded: an integer that does not fit 64 bits is an error, which says what to do.
    /// A time becomes a date only with its zone, or the one of --assume-tz.
    ///
    /// The vectors of files other than .jsonl are of the field `vector`, or of the one that --field
    /// names. In .csv and .parquet their column has the field's name, and there may be several.
    ///
    /// A record whose id is there already is replaced, unless the id was made here: then it is an
    /// error. Each batch is written as a whole: a row that can't be read or stored is reported, and
    /// nothing of its batch is written.
    ///
    /// With --resume, rows are compared with what is stored from the first one on, and as soon as one
    /// is absent or differs, it and all that follow are written. The database then is as after a
    /// whole import, wherever that was interrupted and whatever was deleted or changed since. Records
    /// with made ids are compared one by one, and those that are stored are left out.
    #[command(verbatim_doc_comment)]
    Import(ImportArgs),
    /// Write the records of a database into a file
    ///
    /// What can be written, by the file's name: .jsonl and .csv hold whole records; .npy, .fvecs and
    /// .fbin hold vectors alone, and ids and payloads go to PAYLOAD, a line of JSON per row. `iqdb
    /// import` reads all of them back, bit for bit. Without --field, all but .jsonl have the vectors of
    /// the field `vector` alone. The records are those of one moment, in no
    /// promised order. The file appears when it is complete, or not at all.
    Export(ExportArgs),
    /// Say what a database is and how large
    Info(InfoArgs),
    /// Print records as JSON, one per line
    ///
    /// The lines are those of `iqdb export` to .jsonl. A record that is not there makes the exit code
    /// 1; the others are printed.
    Get(GetArgs),
    /// Delete records, by id or by filter, as one batch
    ///
    /// An id that is not there makes the exit code 1; the others are deleted. A filter that matches
    /// nothing deletes nothing, and that is no failure. Before records are deleted by a filter, their
    /// number is shown and confirmed on the terminal; without one, --yes is needed.
    Rm(RmArgs),
    /// Find the records nearest to a vector
    ///
    /// The answer is exact. What to search for is one of: the vectors of a FILE (.npy, .fvecs, .fbin,
    /// or .jsonl with a vector or an object with a "vector" per line), the vector of a stored record,
    /// which is then not among the hits, or the vectors that arrive at standard input, lines as those
    /// of .jsonl, each answered when it is read. A vector of other elements than f32 is an object there,
    /// such as {"i8": [1, 2]}.
    Search(SearchArgs),
    /// Check every byte of a database
    ///
    /// Damage is an error that names the file and where in it the first damaged bytes are, with exit
    /// code 3.
    Verify(VerifyArgs),
    /// Build the index that answers queries which give up exactness
    ///
    /// It is saved in the database, and lent again when it is opened. Exact queries don't use it. An
    /// index that has most of the records is left as it is.
    Index(IndexArgs),
    /// Give back the room of deleted and replaced records
    Compact(CompactArgs),
    /// Copy a database as it is at one moment
    ///
    /// The copy is a database of its own. The one that is copied may be in use by this process; other
    /// processes have to be through with writing.
    Backup(BackupArgs),
    /// Measure search on a database, or on vectors from .npy files
    ///
    /// Without a DATABASE, the rows of BASE are loaded into memory with their row numbers as ids. All
    /// queries are asked once to warm up and then REPEAT times for the figures; only the calls into
    /// the engine are timed, not reading, loading or checking.
    ///
    /// The files are little-endian .npy arrays in C order: BASE and QUERIES rows × components of
    /// f32 or f16, TRUTH queries × t of int32, the row numbers of the t nearest, nearest first. For a
    /// DATABASE the row numbers are its ids.
    Bench(BenchArgs),
    /// Print a script that completes commands and options in a shell
    ///
    /// For bash: iqdb completions bash > ~/.local/share/bash-completion/completions/iqdb
    Completions(CompletionsArgs),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
