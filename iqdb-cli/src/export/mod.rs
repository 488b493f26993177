//! `iqdb export`: the records of a database into a file that `iqdb import` reads.

mod csv;
mod file;
mod jsonl;
mod matrix;

use std::time::Instant;

use iqdb::{Error, ErrorKind, Filter, RecordRef, Result, Snapshot, SnapshotExt};

use crate::args::ExportArgs;
use crate::count::counted;
use crate::database;
use crate::duration::human;
use crate::exit::Failure;
use crate::input::Format;
use crate::progress;
use crate::screen::Screen;
use file::NewFile;

pub(crate) use jsonl::Line;

/// Takes records one by one and puts them into files.
trait Writer {
    fn write(&mut self, record: &RecordRef<'_>) -> Result<()>;

    /// Completes the files; before that there are none.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Exports the records and says how many there were.
///
/// # Errors
/// [`ErrorKind::NotSupported`] for a format that is not written or can't hold the records; those of
/// the files, of the database and of the output.
pub(crate) fn run(args: &ExportArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let format = Format::of(&args.file)?;
    if args.payload.is_some() && !format.is_vectors() {
        return Err(Error::new(ErrorKind::NotSupported, "the file holds the payloads itself")
            .during(format!("writing {}", args.file.display()))
            .expected("a file of vectors alone beside --payload: .npy, .fvecs or .fbin")
            .hint("leave out --payload")
            .into());
    }
    let database = database::open_read_only(&args.database)?;
    let snapshot = database.snapshot()?;
    let start = Instant::now();
    let count = snapshot.count(args.filter.as_ref())?;
    let bar = progress::of_rows(screen, "exporting", count);
    let mut writer = writer(args, format, &*snapshot, count)?;
    let mut written = 0;
    for record in snapshot.records(args.filter.as_ref()) {
        writer.write(&record?)?;
        written += 1;
        bar.set_position(written);
    }
    writer.finish()?;
    bar.finish_and_clear();
    let (written, time) = (counted(written, "record"), human(start.elapsed()));
    writeln!(screen.out, "Exported {written} in {time}.")?;
    if format.is_vectors() && args.payload.is_none() {
        writeln!(screen.out, "Only their vectors: ids and payloads go to a file with --payload.")?;
    }
    Ok(())
}

fn writer(
    args: &ExportArgs,
    format: Format,
    snapshot: &dyn Snapshot,
    count: u64,
) -> Result<Box<dyn Writer>> {
    let file = NewFile::create(&args.file, args.force)?;
    let dim = snapshot.schema().dim();
    let payload = |path| NewFile::create(path, args.force);
    let payload = args.payload.as_deref().map(payload).transpose()?;
    Ok(match format {
        Format::Jsonl => Box::new(jsonl::JsonlWriter::new(file)),
        Format::Csv => {
            Box::new(csv::CsvWriter::new(file, dim, keys(snapshot, args.filter.as_ref())?)?)
        }
        Format::Npy => Box::new(matrix::MatrixWriter::npy(file, payload, dim, count)?),
        Format::Fvecs => Box::new(matrix::MatrixWriter::fvecs(file, payload, dim)?),
        Format::Fbin => Box::new(matrix::MatrixWriter::fbin(file, payload, dim, count)?),
        Format::Parquet => {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "files of this format are not written",
            )
            .during(format!("writing {}", args.file.display()))
            .expected(".jsonl, .csv, .npy, .fvecs or .fbin"));
        }
    })
}

/// The keys of all payloads, in their order.
fn keys(snapshot: &dyn Snapshot, filter: Option<&Filter>) -> Result<Vec<String>> {
    let mut keys = std::collections::BTreeSet::new();
    for row in snapshot.live_rows(filter) {
        for (key, _) in row?.payload()?.to_payload()?.iter() {
            if !keys.contains(key) {
                keys.insert(key.to_owned());
            }
        }
    }
    Ok(keys.into_iter().collect())
}
