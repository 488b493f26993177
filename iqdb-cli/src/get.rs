//! `iqdb get`: records by their ids.

use iqdb::RecordId;

use crate::args::GetArgs;
use crate::count::counted;
use crate::database;
use crate::exit::{Failure, Negative};
use crate::export::Line;
use crate::screen::Screen;

/// Prints the records as JSON, one per line.
///
/// # Errors
/// [`Failure::Negative`] when a record is not there, after the others have been printed; those of
/// the database and of the output.
pub(crate) fn run(args: &GetArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open_read_only(&args.database)?;
    let mut absent = Vec::new();
    for (id, record) in args.ids.iter().zip(database.get_many(&args.ids)?) {
        let Some(record) = record else {
            absent.push(id);
            continue;
        };
        let line = match args.no_vector {
            true => Line::without_vectors(&record.id, &record.payload),
            false => Line::new(&record),
        };
        let line = serde_json::to_string(&line).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
    }
    match absent.first() {
        None => Ok(()),
        Some(first) => Err(not_there(first, absent.len(), args.ids.len()).into()),
    }
}

/// Says that `absent` of `asked` records are not there, the first of them this one.
pub(crate) fn not_there(first: &RecordId, absent: usize, asked: usize) -> Negative {
    let answer = match asked {
        1 => format!("there is no record {first}"),
        _ => format!(
            "{absent} of {} are not there, such as {first}",
            counted(asked as u64, "record")
        ),
    };
    let hint = "an id is digits, a UUID or a string; a string of digits stands in double quotes";
    Negative { answer, hint: hint.into() }
}
