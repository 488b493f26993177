//! Files of records and of vectors: one reader per format, all behind two traits.
//!
//! Readers go through their file once (a table in text: twice), hold one record (or a portion of about a megabyte) of it at
//! a time, and trust nothing: memory grows with what is really there, and an error names the file,
//! the row and, where there is one, the column. They never write and never know a database.

pub(crate) mod csv;
mod format;
mod ids;
mod json;
mod jsonl;
mod lines;
mod matrix;
mod notes;
mod npy;
mod offset;
mod open;
mod paired;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use iqdb::{Field, Record, Result, Vector};

pub use self::csv::{CsvReader, Delimiter};
pub use self::format::Format;
pub use self::jsonl::{JsonlReader, VectorLines};
pub use self::lines::LINE_BYTES_MAX;
pub use self::matrix::{MatrixReader, RowHead};
pub use self::notes::Notes;
pub use self::npy::NpyVectors;
pub use self::offset::Offset;
pub(crate) use self::open::{one, some};
pub use self::open::{open, open_vectors};
pub use self::paired::Paired;
#[cfg(feature = "parquet")]
pub use self::parquet::ParquetReader;
pub use self::place::Place;
pub use self::rules::{Rules, Timestamps};

/// Records in the order of their file.
pub trait Reader {
    /// The next record, or `None` at the end. After an error there is nothing more to read.
    ///
    /// # Errors
    /// Those of the file; a record that can't be read is named by its row.
    fn next_record(&mut self) -> Result<Option<Record>>;

    /// Where the record stands that was read last.
    fn place(&self) -> Place;

    /// The file's name.
    fn name(&self) -> &str;

    /// How far the reading has come.
    fn progress(&self) -> Progress;

    /// Whether the file has ids. Without, those of its records are the row numbers from 0. Decided by the
    /// first record.
    fn has_ids(&self) -> bool;

    /// What there is to say about what has been read.
    fn notes(&self) -> Notes;
}

/// Vectors in the order of their file.
pub trait Vectors {
    /// The next vector, or `None` at the end. After an error there is nothing more to read.
    ///
    /// # Errors
    /// Those of the file; a vector that can't be read is named by its row.
    fn next_vector(&mut self) -> Result<Option<Vector>>;

    /// Where the vector stands that was read last.
    fn place(&self) -> Place;

    /// The file's name.
    fn name(&self) -> &str;

    /// How many vectors have been read, and how many there are.
    fn progress(&self) -> Progress;
}

impl<V: Vectors + ?Sized> Vectors for Box<V> {
    fn next_vector(&mut self) -> Result<Option<Vector>> {
        (**self).next_vector()
    }

    fn place(&self) -> Place {
        (**self).place()
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn progress(&self) -> Progress {
        (**self).progress()
    }
}

/// The record with this vector of the field.
fn with_vector(mut record: Record, field: &str, vector: Vector) -> Record {
    let name = match field {
        Field::DEFAULT => Cow::Borrowed(Field::DEFAULT),
        name => Cow::Owned(name.to_owned()),
    };
    record.set_vector(name, Some(vector));
    record
}

/// How far the reading of a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How much has been read.
    pub done: u64,
    /// How much there is.
    pub total: u64,
    /// Of what.
    pub unit: Unit,
}

/// What progress is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Rows, where their number is known before they are read.
    Rows,
    /// Bytes of the file.
    Bytes,
}
