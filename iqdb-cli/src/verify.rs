//! `iqdb verify`: checks every byte of a database.

use std::time::Instant;

use indicatif::DecimalBytes;

use crate::args::VerifyArgs;
use crate::count::counted;
use crate::database;
use crate::duration::human;
use crate::exit::Failure;
use crate::progress;
use crate::screen::Screen;

/// Checks the database.
///
/// # Errors
/// The first damage; those of the database and of the output.
pub(crate) fn run(args: &VerifyArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let start = Instant::now();
    let database = database::open_read_only(&args.database)?;
    let total = database::stats(&database)?.bytes;
    let bar = progress::of_bytes(screen, "verifying", total);
    let verified = database::verify(&database, &mut |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let (bytes, files) = (DecimalBytes(verified.bytes), counted(verified.files, "file"));
    let (records, time) = (counted(verified.records, "record"), human(start.elapsed()));
    writeln!(screen.out, "Whole: {bytes} in {files} with {records}, checked in {time}.")?;
    Ok(())
}
