//! The rows of a `.npy` matrix, one by one.

use std::io::Read;

use iqdb::{Result, Vector};

use super::{Place, Progress, Unit, Vectors};
use crate::npy::NpyReader;

/// How many bytes of rows are held at once.
const PORTION_BYTES: usize = 1 << 20;

/// The vectors of a `.npy` file.
#[derive(Debug)]
pub struct NpyVectors<R> {
    reader: NpyReader<f32, R>,
    portion: Vec<f32>,
    /// Where in the portion the next row begins.
    next: usize,
    rows_read: u64,
}

impl<R: Read> NpyVectors<R> {
    /// The rows of this array.
    pub fn new(reader: NpyReader<f32, R>) -> Self {
        Self { reader, portion: Vec::new(), next: 0, rows_read: 0 }
    }
}

impl<R: Read> Vectors for NpyVectors<R> {
    fn next_vector(&mut self) -> Result<Option<Vector>> {
        let columns = self.reader.columns();
        if self.next == self.portion.len() {
            let rows = (PORTION_BYTES / (columns * size_of::<f32>())).max(1);
            self.next = 0;
            if self.reader.read_rows(rows, &mut self.portion)? == 0 {
                return Ok(None);
            }
        }
        self.rows_read += 1;
        let row = &self.portion[self.next..self.next + columns];
        self.next += columns;
        Vector::try_from(row).map(Some).map_err(|error| self.place().of(self.reader.name(), error))
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
