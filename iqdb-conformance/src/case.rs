//! A case, and how it is run: on a thread of its own, with a time limit, into a verdict.
//!
//! This module knows no particular case.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use iqdb_core::Result;

use crate::Harness;
use crate::catch::panic_message;

/// One statement of the contract, and the function that puts it to the test.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The group it belongs to, such as `apply`.
    pub family: &'static str,
    /// The statement's name in iqdb-core, such as `upsert_inserts_a_new_record`.
    pub name: &'static str,
    /// Family and name, such as `apply::upsert_inserts_a_new_record`.
    pub full_name: &'static str,
    /// The function that checks the statement. It panics or returns an error where the backend
    /// breaks it. Most callers want [`check`](Self::check), which catches both and has a time
    /// limit.
    pub run: fn(&Harness) -> Result<Outcome>,
}

/// The result of a case that found no violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The backend keeps the statement.
    Kept,
    /// The backend keeps the statement for the schemas within its limits. This many shapes of
    /// schemas, of those that the case is about, are beyond them and so not promised.
    KeptWithinLimits {
        /// How many shapes.
        beyond: usize,
    },
    /// The backend doesn't promise what the statement is about, for this reason.
    NotPromised(&'static str),
}

/// A statement of the contract that a backend breaks.
#[derive(Debug, Clone)]
pub struct Failure {
    backend: String,
    case: &'static str,
    message: String,
}

impl Failure {
    /// What was expected, and what was found.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, case, message } = self;
        write!(f, "{backend} breaks `{case}`: {message}")
    }
}

impl std::error::Error for Failure {}

impl Case {
    /// Runs the case. Panics, errors and hanging are all failures.
    ///
    /// # Errors
    /// How the backend breaks the statement.
    ///
    /// # Panics
    /// When the operating system refuses a thread.
    pub fn check(&self, harness: &Harness) -> Result<Outcome, Failure> {
        let (tell, told) = mpsc::channel();
        let run = self.run;
        let owned_harness = harness.clone();
        // Only another thread can give up on a case that hangs.
        let thread = thread::Builder::new()
            .name(self.full_name.to_owned())
            .spawn(move || {
                // The send fails when the time was up, because `check` has dropped the receiver.
                let _ = tell.send(catch_unwind(AssertUnwindSafe(|| run(&owned_harness))));
            })
            .expect("a thread to run the case on");
        let message = match told.recv_timeout(harness.time_limit()) {
            Ok(ended) => {
                // The thread ends right after it has sent. After the join its stores are closed.
                let _ = thread.join();
                match ended {
                    Ok(Ok(outcome)) => return Ok(outcome),
                    Ok(Err(error)) => format!("expected success, found the error {error:?}"),
                    Err(panic) => panic_message(&*panic),
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => format!(
                "expected an end within {:?}, found it still running: a deadlock, or a time \
                 limit that is too short for this machine (Harness::with_time_limit)",
                harness.time_limit()
            ),
        };
        Err(Failure { backend: harness.name().to_owned(), case: self.full_name, message })
    }
}
