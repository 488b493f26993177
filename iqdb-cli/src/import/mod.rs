//! `iqdb import`: the records of a file into a database, a batch at a time.

mod batches;
pub(crate) mod ids;
mod resume;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use indicatif::HumanCount;
use iqdb::{Change, Error, ErrorKind, Iqdb, Record, Result};
use serde::Serialize;

use crate::args::ImportArgs;
use crate::count::counted;
use crate::database;
use crate::duration::human;
use crate::exit::Failure;
use crate::input::{self, Notes, Reader};
use crate::progress;
use crate::screen::{Screen, printable};
use batches::Batches;
use ids::IdSource;

/// What an import has done. The fields are the keys of the JSON object, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Imported {
    /// Rows that were read and are now stored, those of the two below included.
    rows: u64,
    /// Records whose id was not there.
    inserted: u64,
    /// Records whose id was there, or came before in the file.
    replaced: u64,
    /// Rows that an interrupted import had stored already.
    resumed: u64,
}

/// Imports a file and says what came of it.
///
/// # Errors
/// Those of the file, of the database and of the output. What was written before an error stays,
/// and is told.
pub(crate) fn run(args: &ImportArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open(&args.database)?;
    let schema = database.schema();
    let payload = args.payload.as_deref();
    let mut reader = input::open(&args.file, payload, &schema, &args.field, &args.rules())?;
    let bar = progress::of_file(screen, "importing", reader.progress());
    let start = Instant::now();
    let mut imported = Imported::default();
    let options = Options { batch_rows: args.batch, resume: args.resume, ids: args.ids.clone() };
    let result = import(&database, &mut *reader, &options, &mut imported, &mut |reader| {
        bar.set_position(reader.progress().done);
    });
    bar.finish_and_clear();
    if result.is_ok() || imported.rows > 0 {
        let done = (&imported, &reader.notes());
        show(args, screen, done, start.elapsed(), database.len()?)?;
    }
    if result.is_err() && imported.rows > 0 && !args.json {
        writeln!(
            screen.out,
            "It stopped before the batch with the error; --resume goes on there."
        )?;
    }
    Ok(result?)
}

/// How to go about it.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// How many rows are a batch, at most.
    pub(crate) batch_rows: usize,
    /// Rows at the beginning that are stored as they are need not be written.
    pub(crate) resume: bool,
    /// What the ids are made of where the file has none.
    pub(crate) ids: Option<IdSource>,
}

/// Writes what `reader` has left, counting it in `imported`; `progress` is called after each batch.
///
/// # Errors
/// Those of reading and writing. Batches before the error are written, its own is not.
pub(crate) fn import(
    database: &Iqdb,
    reader: &mut dyn Reader,
    options: &Options,
    imported: &mut Imported,
    progress: &mut dyn FnMut(&dyn Reader),
) -> Result<()> {
    // What an interrupted import has stored is compared, and needs no empty database.
    let taken = if options.resume { 0 } else { database.len()? };
    let ids = options.ids.as_ref();
    let mut batches = Batches::new(reader, database.schema(), options.batch_rows, ids, taken);
    let mut resuming = options.resume;
    loop {
        let batch = batches.next_batch()?;
        if batch.is_empty() {
            return database.flush();
        }
        let rows = batch.len() as u64;
        if batches.reader().has_ids() {
            upsert(database, batch, &mut resuming, imported)?;
        } else {
            insert(database, batch, resuming, imported)?;
        }
        imported.rows += rows;
        progress(batches.reader());
    }
}

/// Writes records with ids of the file, which replace those that have their ids.
fn upsert(
    database: &Iqdb,
    mut batch: Vec<Record>,
    resuming: &mut bool,
    imported: &mut Imported,
) -> Result<()> {
    if *resuming {
        let stored = resume::stored_prefix(database, &batch)?;
        *resuming = stored == batch.len();
        imported.resumed += stored as u64;
        batch.drain(..stored);
    }
    if !batch.is_empty() {
        let applied = database.upsert_many(batch)?;
        imported.inserted += applied.inserted;
        imported.replaced += applied.replaced;
    }
    Ok(())
}

/// Writes records with made ids, which replace nothing.
fn insert(
    database: &Iqdb,
    mut batch: Vec<Record>,
    resuming: bool,
    imported: &mut Imported,
) -> Result<()> {
    let rows = batch.len();
    if resuming {
        batch = resume::absent(database, batch)?;
        imported.resumed += (rows - batch.len()) as u64;
    }
    if !batch.is_empty() {
        let applied = database.apply(&batch.into_iter().map(Change::Insert).collect());
        imported.inserted += applied.map_err(not_inserted)?.inserted;
    }
    Ok(())
}

/// The error, which names what helps here.
fn not_inserted(error: Error) -> Error {
    match (error.kind(), error.id()) {
        (ErrorKind::AlreadyExists, Some(id)) => ids::taken(id),
        _ => error,
    }
}

/// What a script wants to know.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    imported: &'a Imported,
    records: u64,
    seconds: f64,
    /// What there is to say about the file.
    notes: Vec<String>,
}

fn show(
    args: &ImportArgs,
    screen: &mut Screen<'_>,
    (imported, notes): (&Imported, &Notes),
    time: Duration,
    records: u64,
) -> Result<(), Failure> {
    let seconds = time.as_secs_f64();
    let notes = notes.sentences();
    if args.json {
        let line = Line { imported, records, seconds, notes };
        let line = serde_json::to_string(&line).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
        return Ok(());
    }
    let Imported { rows, inserted, replaced, resumed } = *imported;
    let count = HumanCount;
    let mut parts =
        vec![format!("{} new", count(inserted)), format!("{} replaced", count(replaced))];
    if args.resume {
        parts.insert(0, format!("{} there already", count(resumed)));
    }
    let (rows, time) = (counted(rows, "row"), human(time));
    writeln!(screen.out, "Imported {rows} in {time}: {}.", parts.join(", "))?;
    for note in &notes {
        writeln!(screen.out, "{}", printable(note))?;
    }
    writeln!(screen.out, "The database holds {}.", counted(records, "record"))?;
    Ok(())
}
