//! `iqdb import`: the records of a file into a database, a batch at a time.

mod batches;
mod resume;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use indicatif::HumanCount;
use iqdb::{Iqdb, Result};
use serde::Serialize;

use crate::args::ImportArgs;
use crate::count::counted;
use crate::database;
use crate::duration::human;
use crate::exit::Failure;
use crate::input::{self, Reader};
use crate::progress;
use crate::screen::Screen;
use batches::Batches;

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
    let mut reader = input::open(&args.file, args.payload.as_deref(), &schema, &args.field)?;
    let bar = progress::of_file(screen, "importing", reader.progress());
    let start = Instant::now();
    let mut imported = Imported::default();
    let options = Options { batch_rows: args.batch, resume: args.resume };
    let result = import(&database, &mut *reader, &options, &mut imported, &mut |reader| {
        bar.set_position(reader.progress().done);
    });
    bar.finish_and_clear();
    if result.is_ok() || imported.rows > 0 {
        show(args, screen, &imported, start.elapsed(), database.len()?)?;
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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// How many rows are a batch, at most.
    pub(crate) batch_rows: usize,
    /// Rows at the beginning that are stored as they are need not be written.
    pub(crate) resume: bool,
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
    let mut batches = Batches::new(reader, database.schema(), options.batch_rows);
    let mut resuming = options.resume;
    loop {
        let mut batch = batches.next_batch()?;
        if batch.is_empty() {
            return database.flush();
        }
        let rows = batch.len() as u64;
        if resuming {
            let stored = resume::stored_prefix(database, &batch)?;
            resuming = stored == batch.len();
            imported.resumed += stored as u64;
            batch.drain(..stored);
        }
        if !batch.is_empty() {
            let applied = database.upsert_many(batch)?;
            imported.inserted += applied.inserted;
            imported.replaced += applied.replaced;
        }
        imported.rows += rows;
        progress(batches.reader());
    }
}

/// What a script wants to know.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    imported: &'a Imported,
    records: u64,
    seconds: f64,
}

fn show(
    args: &ImportArgs,
    screen: &mut Screen<'_>,
    imported: &Imported,
    time: Duration,
    records: u64,
) -> Result<(), Failure> {
    let seconds = time.as_secs_f64();
    if args.json {
        let line = Line { imported, records, seconds };
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
    writeln!(screen.out, "The database holds {}.", counted(records, "record"))?;
    Ok(())
}
