//! `iqdb create`: a new, empty database.

use iqdb::Schema;

use crate::args::CreateArgs;
use crate::database;
use crate::exit::Failure;
use crate::screen::Screen;

/// Makes the database.
///
/// # Errors
/// A schema that no database can have; a directory that is there already or can't be made.
pub(crate) fn run(args: &CreateArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let schema = Schema::new(args.dim, args.metric)?;
    database::create(&args.database, schema)?;
    writeln!(screen.out, "Created {}: {schema}.", args.database.display())?;
    Ok(())
}
