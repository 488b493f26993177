//! How the command ends: its exit codes, and what it says about a failure.

use std::fmt;
use std::io;
use std::process::ExitCode;

use iqdb::ErrorKind;

/// What ended a command early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The engine or a file.
    #[error(transparent)]
    Engine(#[from] iqdb::Error),
    /// Standard output.
    #[error("standard output can't be written")]
    Output(#[from] io::Error),
    /// The honest answer is no.
    #[error(transparent)]
    Negative(#[from] Negative),
}

/// A negative answer: nothing is broken, but what was asked for does not exist.
#[derive(Debug, thiserror::Error)]
#[error("{answer}")]
pub struct Negative {
    /// The answer in a line.
    pub answer: String,
    /// What to try instead.
    pub hint: String,
}

/// The exit codes. They are listed in `iqdb --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A negative answer.
    Negative = 1,
    /// The request can't be carried out as it was made.
    Usage = 2,
    /// Data that can't be trusted.
    Damaged = 3,
    /// Another process holds the database.
    Locked = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Failure {
    /// The exit code that says this to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            // `iqdb … | head` has got what it wanted.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Usage,
            Self::Negative(_) => Exit::Negative,
            Self::Engine(error) => match error.kind() {
                // An invalid vector can only have come from a file: no command takes one.
                ErrorKind::Damaged | ErrorKind::InvalidVector | ErrorKind::ContractViolation => {
                    Exit::Damaged
                }
                ErrorKind::Locked => Exit::Locked,
                _ => Exit::Usage,
            },
        }
    }

    /// What a person should read after `error: `, or nothing when there is no reader left.
    #[must_use]
    pub fn report(&self) -> Option<String> {
        match self {
            _ if self.exit() == Exit::Done => None,
            Self::Engine(error) => Some(format!("{error:?}")),
            Self::Output(error) => Some(lines(self, "because:", error)),
            Self::Negative(negative) => Some(lines(self, "hint:", &negative.hint)),
        }
    }
}

/// The layout of the engine's own errors.
fn lines(what: &Failure, name: &str, text: &dyn fmt::Display) -> String {
    format!("{what}\n  {name:<10} {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_exit_code() {
        for (kind, exit) in [
            (ErrorKind::Damaged, Exit::Damaged),
            (ErrorKind::InvalidVector, Exit::Damaged),
            (ErrorKind::ContractViolation, Exit::Damaged),
            (ErrorKind::Locked, Exit::Locked),
            (ErrorKind::Io, Exit::Usage),
            (ErrorKind::NotSupported, Exit::Usage),
            (ErrorKind::DimensionMismatch, Exit::Usage),
            (ErrorKind::InvalidQuery, Exit::Usage),
        ] {
            assert_eq!(Failure::from(iqdb::Error::new(kind, "a defect")).exit(), exit, "{kind}");
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
        let closed = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((closed.exit(), closed.report()), (Exit::Done, None));
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.exit(), Exit::Usage);
        insta::assert_snapshot!(full.report().unwrap_or_default(), @r"
        standard output can't be written
          because:   no storage space
        ");
    }
}
