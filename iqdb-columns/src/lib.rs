//! Payloads by column: per key one code per row, and a dictionary of the distinct values.
//!
//! [`Columns`] hold the payloads of a number of rows and never change. The values of a key are
//! sorted, so that most conditions of a filter are a range of codes and cost one comparison per row.
//! `iqdb-arena` makes columns of each full chunk with [`KeyColumn::from_unsorted`]. `iqdb-file` makes
//! them of each block of a segment with [`Columns::from_payloads`], writes their parts to the file,
//! and builds them from the parts of a file with [`KeyColumn::new`] and [`Columns::new`].
//!
//! Nothing in this crate changes while several threads use it. Columns that grow while they are read
//! are part of `iqdb-arena`, with the other memory that its model checkers watch.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod build;
mod codes;
mod columns;
mod dictionary;
mod exact;
mod invalid;
mod key_column;
mod select;

pub use codes::{Codes, retain_codes};
pub use columns::Columns;
pub use dictionary::Dictionary;
pub use exact::ExactValue;
pub use invalid::{Invalid, KEYS_MAX};
pub use key_column::KeyColumn;

#[cfg(test)]
mod tests;
