//! The rows of a `.npy` matrix, one by one.

use std::fmt;
use std::io::Read;

use iqdb::{Error, Result, Vector};

use super::{Place, Progress, Unit, Vectors};
use crate::npy::{Element, NpyReader};

/// How many bytes of rows are held at once.
const PORTION_BYTES: usize = 1 << 20;

/// The vectors of a `.npy` file.
pub struct NpyVectors<T, R> {
    reader: NpyReader<T, R>,
    /// The vector of a row, for a field of this dimension.
    vector: fn(&[T], usize) -> Result<Vector>,
    dim: usize,
    portion: Vec<T>,
    /// Where in the portion the next row begins.
    next: usize,
    rows_read: u64,
}

impl<T: Element + fmt::Display, R: Read> NpyVectors<T, R> {
    /// The rows of this array, an item per component.
    pub fn new(reader: NpyReader<T, R>) -> Self
    where
        Vector: for<'a> TryFrom<&'a [T], Error = Error>,
    {
        Self::of(reader, 0, |row, _| row.try_into())
    }

    fn of(reader: NpyReader<T, R>, dim: usize, vector: fn(&[T], usize) -> Result<Vector>) -> Self {
        Self { reader, vector, dim, portion: Vec::new(), next: 0, rows_read: 0 }
    }
}

impl<R: Read> NpyVectors<u8, R> {
    /// The rows of this array, each of `dim` bits, 8 of them per item.
    pub fn bits(reader: NpyReader<u8, R>, dim: usize) -> Self {
        Self::of(reader, dim, |row, dim| Vector::binary(dim, row))
    }
}

impl<T: Element + fmt::Display, R: Read> Vectors for NpyVectors<T, R> {
    fn next_vector(&mut self) -> Result<Option<Vector>> {
        let columns = self.reader.columns();
        if self.next == self.portion.len() {
            let rows = (PORTION_BYTES / columns.saturating_mul(size_of::<T>())).max(1);
            self.next = 0;
            if self.reader.read_rows(rows, &mut self.portion)? == 0 {
                return Ok(None);
            }
        }
        self.rows_read += 1;
        let row = &self.portion[self.next..self.next + columns];
        self.next += columns;
        let vector = (self.vector)(row, self.dim);
        vector.map(Some).map_err(|error| self.place().of(self.reader.name(), error))
    }

    fn place(&self) -> Place {
        Place::Row(self.rows_read.saturating_sub(1))
    }

    fn name(&self) -> &str {
        self.reader.name()
    }

    fn progress(&self) -> Progress {
        Progress { done: self.rows_read, total: self.reader.rows() as u64, unit: Unit::Rows }
    }
}

impl<T, R> fmt::Debug for NpyVectors<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NpyVectors")
            .field("reader", &self.reader)
            .field("rows_read", &self.rows_read)
            .finish_non_exhaustive()
    }
}
