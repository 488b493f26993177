//! `iqdb compact`: gives back the room of deleted and replaced records.

use indicatif::DecimalBytes;

use crate::args::CompactArgs;
use crate::database;
use crate::exit::Failure;
use crate::screen::Screen;

/// Compacts the database and says how large it was and is.
///
/// # Errors
/// Those of the database and of the output.
pub(crate) fn run(args: &CompactArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open(&args.database)?;
    let before = database::stats(&database)?.bytes;
    database::compact(&database)?;
    let after = database::stats(&database)?.bytes;
    writeln!(screen.out, "Compacted {} to {}.", DecimalBytes(before), DecimalBytes(after))?;
    Ok(())
}
