//! Where in a file something stands, in the words of its format.

use std::fmt;

use iqdb::Error;

/// A row of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A row of a binary file, counted from 0, as numpy does.
    Row(u64),
    /// A line of a text file, counted from 1, as editors do.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => write!(f, "row {row}"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

impl Place {
    /// The error, which then says that it was met here.
    pub(crate) fn of(self, name: &str, error: Error) -> Error {
        error.during(format!("reading {self} of {name}"))
    }

    /// The error, which then says that it was met in this column.
    pub(crate) fn column(self, column: &str, name: &str, error: Error) -> Error {
        error.during(format!("reading {self}, column {column}, of {name}"))
    }
}
