//! `iqdb index`: builds the index that answers queries which give up exactness.

use indicatif::{DecimalBytes, HumanCount};
use iqdb::{Budget, FieldKind};

use crate::args::IndexArgs;
use crate::database;
use crate::exit::Failure;
use crate::progress;
use crate::screen::{Screen, printable};

/// Moves what is in the log to a segment, builds the index of each field, saves it, and says how large
/// it is.
///
/// # Errors
/// Those of the database and of the output.
pub(crate) fn run(args: &IndexArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open(&args.database)?;
    // Records of the log are in other blocks after the next opening.
    database::compact(&database)?;
    let bar = progress::bar(screen, "indexing", 0);
    database.build_index(Budget::new(), &mut |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    for field in database.schema().fields() {
        let FieldKind::Dense { .. } = field.kind() else { continue };
        let name = printable(field.name());
        match database.index_stats(field.name())? {
            Some(index) => writeln!(
                screen.out,
                "Indexed {} rows of {name} in {} clusters, {}.",
                HumanCount(index.rows),
                HumanCount(index.clusters),
                DecimalBytes(index.bytes)
            )?,
            None => writeln!(screen.out, "{name} has no index: a scan is as fast.")?,
        }
    }
    Ok(())
}
