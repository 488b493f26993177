//! Why columns are refused, and the limit of their keys.

use std::fmt;

/// The most keys that the rows of one [`Columns`](crate::Columns) may have between them.
pub const KEYS_MAX: usize = 128;

/// Why parts make no columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invalid {
    /// There are more than [`KEYS_MAX`] keys.
    Keys,
    /// A key's name is empty, too long, or not after the name before it.
    Name,
    /// A value can't be stored, or doesn't come after the value before it.
    Value,
    /// The strings of a key are of more than 4 GiB.
    Texts,
    /// The codes are wider or narrower than it takes to number the values.
    Width,
    /// There isn't a code for each row, or there are more values than rows.
    Rows,
    /// The code of this row, counted from 0, is the number of no value.
    Code(usize),
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys => write!(f, "there are more than {KEYS_MAX} keys"),
            Self::Name => f.write_str("a key's name is invalid or not after the one before it"),
            Self::Value => f.write_str("a value is invalid or not after the one before it"),
            Self::Texts => f.write_str("the strings of a key are of more than 4 GiB"),
            Self::Width => f.write_str("the codes don't have the width that the values take"),
            Self::Rows => f.write_str("there isn't a code for each row and a row for each value"),
            Self::Code(row) => write!(f, "the code of row {row} is the number of no value"),
        }
    }
}

impl std::error::Error for Invalid {}
