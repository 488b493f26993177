//! A process that writes and its tracer, or why there is none.

use std::fmt::Display;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use iqdb_core::{Error, ErrorKind, Result};

use super::tracer::{Refused, Tracer};
use super::writing::Writing;
use crate::catch::{panic_message, silence_panics};
use crate::{Harness, Outcome};

/// The sizes of the batches that are written: one change, several, and more bytes than a page.
pub(super) const SIZES: [usize; 7] = [3, 1, 20, 2, 60, 1, 8];

/// Starts the process of a case.
///
/// # Errors
/// Those of [`Writing::start`], and any error of the system.
pub(super) fn start(
    harness: &Harness,
    case: &str,
) -> Result<std::result::Result<(Writing, Tracer), Outcome>> {
    let command = harness.process_of(case).expect("the case has asked for one");
    let writing = Writing::start(command, &SIZES)?;
    match Tracer::attach(writing.id()) {
        Ok(tracer) => Ok(Ok((writing, tracer))),
        Err(Refused::NotPermitted) => Ok(Err(Outcome::NotPromised(
            "the system does not permit that a process is traced (ptrace)",
        ))),
        Err(Refused::Failed(error)) => Err(failed(error)),
    }
}

pub(super) fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, "the test can't trace a process").caused_by(error)
}

/// Runs a check. A failure says which crash came before.
///
/// # Panics
/// When the check does, or returns an error.
pub(super) fn after(crash: impl Display, check: impl FnOnce() -> Result<()>) {
    let message = match silence_panics(|| catch_unwind(AssertUnwindSafe(check))) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("expected success, found the error {error:?}"),
        Err(panic) => panic_message(&*panic),
    };
    panic!("{crash}: {message}");
}
