//! `iqdb backup`: copies a database as it is at one moment.

use crate::args::BackupArgs;
use crate::count::counted;
use crate::database;
use crate::exit::Failure;
use crate::screen::Screen;

/// Copies the database.
///
/// # Errors
/// A target that is there already; those of the database and of the output.
pub(crate) fn run(args: &BackupArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open_read_only(&args.database)?;
    database::backup(&database, &args.to)?;
    let records = counted(database::open_read_only(&args.to)?.len()?, "record");
    writeln!(screen.out, "Copied {records} to {}.", args.to.display())?;
    Ok(())
}
