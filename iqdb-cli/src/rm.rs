//! `iqdb rm`: deletes records, as one batch.

use iqdb::Change;

use crate::args::RmArgs;
use crate::count::counted;
use crate::database;
use crate::exit::Failure;
use crate::get::not_there;
use crate::screen::Screen;

/// Deletes the records and says how many there were.
///
/// # Errors
/// [`Failure::Negative`] when a record that was named is not there, after the others have been
/// deleted; those of the database and of the output.
pub(crate) fn run(args: &RmArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open(&args.database)?;
    let (deleted, absent) = match &args.filter {
        Some(filter) => (database.delete_where(filter)?, None),
        None => {
            let there = database.get_many(&args.ids)?;
            let mut absent = args
                .ids
                .iter()
                .zip(&there)
                .filter(|(_, record)| record.is_none())
                .map(|(id, _)| id);
            let first = absent.next();
            let absent = first.map(|first| not_there(first, absent.count() + 1, args.ids.len()));
            let batch = args.ids.iter().cloned().map(Change::Delete).collect();
            (database.apply(&batch)?.deleted, absent)
        }
    };
    database.flush()?;
    let left = counted(database.len()?, "record");
    writeln!(screen.out, "Deleted {}; {left} left.", counted(deleted, "record"))?;
    match absent {
        Some(absent) => Err(absent.into()),
        None => Ok(()),
    }
}
