//! `iqdb bench`: how fast, how right and how large, on vectors from files.

mod figures;
mod input;
mod load;
mod measure;
mod memory;
mod recall;

use iqdb::Iqdb;

use crate::args::BenchArgs;
use crate::exit::Failure;
use crate::screen::Screen;
use figures::Figures;
use input::Input;

/// Loads the base, asks the queries and shows the figures.
///
/// # Errors
/// Those of the files, of the engine and of the output.
pub fn run(args: &BenchArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let mut input = Input::open(args)?;
    let database = Iqdb::builder().backend(args.backend).open_in_memory(input.schema)?;
    let build_time = load::load(&database, &mut input.base, input.rows, screen)?;
    let measured = measure::measure(&database, &input, args, screen)?;
    let recall = match &input.truth {
        Some(truth) => Some(recall::recall(&database, &input, truth, &measured.found)?),
        None => None,
    };
    let figures = Figures::of(args, &input, build_time, &measured, recall);
    if args.json { figures.json(screen) } else { figures.table(screen) }
}
