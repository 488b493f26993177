//! `iqdb export`: the records of a database into a file that `iqdb import` reads.

mod csv;
mod file;
mod jsonl;
mod matrix;
mod writer;

use std::time::Instant;

use iqdb::{Error, ErrorKind, Field, Filter, Result, Snapshot, SnapshotExt};

use crate::args::ExportArgs;
use crate::count::counted;
use crate::duration::human;
use crate::exit::Failure;
use crate::input::{self, Format};
use crate::progress;
use crate::screen::{Screen, printable};
use crate::{database, filter_keys};
use file::NewFile;
use writer::Writer;

pub(crate) use jsonl::Line;

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
    let fields = fields(args, format, &*snapshot)?;
    filter_keys::say_unknown(args.filter.as_ref(), &*snapshot, screen)?;
    let start = Instant::now();
    let count = snapshot.count(args.filter.as_ref())?;
    let bar = progress::of_rows(screen, "exporting", count);
    let mut writer = new_writer(args, format, &*snapshot, &fields)?;
    let (mut written, mut left_out) = (0, 0);
    for record in snapshot.records(args.filter.as_ref()) {
        let is_written = writer.write(&record?)?;
        *if is_written { &mut written } else { &mut left_out } += 1;
        bar.set_position(written + left_out);
    }
    writer.finish()?;
    bar.finish_and_clear();
    let (written, time) = (counted(written, "record"), human(start.elapsed()));
    writeln!(screen.out, "Exported {written} in {time}.")?;
    if left_out > 0 {
        writeln!(screen.out, "Left out {} without a vector.", counted(left_out, "record"))?;
    }
    if format.is_vectors() && args.payload.is_none() {
        writeln!(screen.out, "Only their vectors: ids and payloads go to a file with --payload.")?;
    }
    if fields.len() < snapshot.schema().fields().len() {
        let names: Vec<_> = fields.iter().map(Field::name).collect();
        let names = printable(&names.join(", "));
        writeln!(screen.out, "Only the vectors of {names}: a .jsonl file has all fields.")?;
    }
    Ok(())
}

/// The fields of which the file has vectors.
fn fields(args: &ExportArgs, format: Format, snapshot: &dyn Snapshot) -> Result<Vec<Field>> {
    let schema = snapshot.schema();
    match format {
        Format::Jsonl | Format::Parquet if args.field.is_empty() => Ok(schema.fields().to_vec()),
        Format::Jsonl | Format::Parquet => {
            Err(Error::new(ErrorKind::NotSupported, "the file holds the vectors of all fields")
                .during(format!("writing {}", args.file.display()))
                .expected("a file of vectors or a .csv file beside --field")
                .hint("leave out --field"))
        }
        Format::Csv | Format::Tsv => input::some(schema, &args.field),
        Format::Npy | Format::Fvecs | Format::Fbin => {
            input::one(schema, &args.field).map(|field| vec![field])
        }
    }
}

fn new_writer(
    args: &ExportArgs,
    format: Format,
    snapshot: &dyn Snapshot,
    fields: &[Field],
) -> Result<Box<dyn Writer>> {
    let file = NewFile::create(&args.file, args.force)?;
    let filter = args.filter.as_ref();
    let payload = |path| NewFile::create(path, args.force);
    let payload = args.payload.as_deref().map(payload).transpose()?;
    Ok(match (format, fields) {
        (Format::Jsonl, _) => Box::new(jsonl::JsonlWriter::new(file)),
        (Format::Csv, _) => {
            Box::new(csv::CsvWriter::new(file, fields.to_vec(), csv::keys::of(snapshot, filter)?)?)
        }
        (Format::Npy, [field]) => {
            let rows = holding(snapshot, filter, field)?;
            Box::new(matrix::MatrixWriter::npy(file, payload, field, rows)?)
        }
        (Format::Fvecs, [field]) => Box::new(matrix::MatrixWriter::fvecs(file, payload, field)?),
        (Format::Fbin, [field]) => {
            let rows = holding(snapshot, filter, field)?;
            Box::new(matrix::MatrixWriter::fbin(file, payload, field, rows)?)
        }
        _ => {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "files of this format are not written",
            )
            .during(format!("writing {}", args.file.display()))
            .expected(".jsonl, .csv, .npy, .fvecs or .fbin"));
        }
    })
}

/// How many of the records that match have a vector of the field.
fn holding(snapshot: &dyn Snapshot, filter: Option<&Filter>, field: &Field) -> Result<u64> {
    let has = Filter::has(field.name());
    snapshot.count(Some(&filter.map_or(has.clone(), |filter| has.and(filter.clone()))))
}
