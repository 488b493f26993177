//! `iqdb bench`: how fast, how right and how large, on a database or on vectors from files.

mod figures;
mod input;
mod load;
mod measure;
mod memory;
mod recall;

use std::time::Duration;

use iqdb::{Field, Iqdb};

use crate::args::BenchArgs;
use crate::database;
use crate::exit::Failure;
use crate::screen::Screen;
use figures::Figures;
use input::Input;

/// Opens the database or loads the base, asks the queries and shows the figures.
///
/// # Errors
/// Those of the files, of the engine and of the output.
pub fn run(args: &BenchArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let opened = args.database.as_deref().map(database::open_read_only).transpose()?;
    let mut input = Input::open(args, opened.as_ref())?;
    let (database, build_time) = match (opened, &mut input.base) {
        (Some(database), _) => (database, None),
        (None, base) => {
            let database =
                Iqdb::builder().backend(args.backend).open_in_memory(input.schema.clone())?;
            let build_time = match base {
                Some(base) => load::load(&database, base, input.rows, screen)?,
                None => Duration::ZERO,
            };
            (database, Some(build_time))
        }
    };
    let measured = measure::measure(&database, &input, args, screen)?;
    let recall = match &input.truth {
        Some(truth) => Some(recall::recall(&database, &input, truth, &measured.found)?),
        None => None,
    };
    let stats = database.index_stats(Field::DEFAULT)?;
    let figures = Figures::of(args, &input, build_time, &measured, recall, stats);
    if args.json { figures.json(screen) } else { figures.table(screen) }
}
