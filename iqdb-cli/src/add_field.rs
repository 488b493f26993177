//! `iqdb add-field`: one more field of vectors in a database that has records.

use crate::args::AddFieldArgs;
use crate::count::counted;
use crate::database;
use crate::exit::Failure;
use crate::screen::{Screen, printable};

/// Adds the field.
///
/// # Errors
/// A field whose name is there; those of the database and of the output.
pub(crate) fn run(args: &AddFieldArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open(&args.database)?;
    database.add_field(args.field.clone())?;
    let (name, kind) = (printable(args.field.name()), args.field.kind());
    let records = counted(database.len()?, "record");
    writeln!(screen.out, "Added {name}: {kind}. None of {records} has a vector of it yet.")?;
    Ok(())
}
