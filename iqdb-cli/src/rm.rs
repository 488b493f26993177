//! `iqdb rm`: deletes records, as one batch; by a filter, after it has said how many.

use std::collections::BTreeSet;

use iqdb::{Change, Error, ErrorKind, Filter, Iqdb, RecordId, SnapshotExt};

use crate::args::RmArgs;
use crate::count::counted;
use crate::exit::{Failure, Negative};
use crate::get::not_there;
use crate::screen::Screen;
use crate::{database, filter_keys};

/// Deletes the records and says how many there were.
///
/// # Errors
/// [`Failure::Negative`] when a record that was named is not there, after the others have been
/// deleted, and when the user answers no; [`ErrorKind::NotSupported`] for a filter without `--yes`
/// where no user can be asked; those of the database and of the output.
pub(crate) fn run(args: &RmArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    if args.dry_run {
        return dry_run(args, screen);
    }
    let database = database::open(&args.database)?;
    let (deleted, absent) = match &args.filter {
        Some(filter) => {
            confirm(&database, filter, args.yes, screen)?;
            (database.delete_where(filter)?, None)
        }
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

/// Says how many records would be deleted, and deletes none.
fn dry_run(args: &RmArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open_read_only(&args.database)?;
    let snapshot = database.snapshot()?;
    filter_keys::say_unknown(args.filter.as_ref(), &*snapshot, screen)?;
    let count = match &args.filter {
        Some(filter) => snapshot.count(Some(filter))?,
        None => {
            let ids: BTreeSet<&RecordId> = args.ids.iter().collect();
            let there = database.get_many(ids)?;
            there.iter().flatten().count() as u64
        }
    };
    let matching = counted(count, "record");
    let all = counted(snapshot.len(), "record");
    writeln!(screen.out, "Would delete {matching} of {all}.")?;
    Ok(())
}

/// Asks whether to delete what the filter matches, unless that is nothing or the answer is known.
fn confirm(
    database: &Iqdb,
    filter: &Filter,
    yes: bool,
    screen: &mut Screen<'_>,
) -> Result<(), Failure> {
    let snapshot = database.snapshot()?;
    filter_keys::say_unknown(Some(filter), &*snapshot, screen)?;
    let count = snapshot.count(Some(filter))?;
    if yes || count == 0 {
        return Ok(());
    }
    let (matching, all) = (counted(count, "record"), counted(snapshot.len(), "record"));
    match screen.ask(&format!("Delete {matching} of {all}?"))? {
        Some(true) => Ok(()),
        Some(false) => Err(Negative {
            answer: "nothing is deleted".into(),
            hint: "answer y, or look at the records with iqdb export --where".into(),
        }
        .into()),
        None => Err(Error::new(ErrorKind::NotSupported, "deleting by a filter is not confirmed")
            .expected("--yes, or a terminal to ask on")
            .found(format_args!("a filter that matches {matching} of {all}"))
            .hint("see how many with --dry-run, and delete them with --yes")
            .into()),
    }
}
