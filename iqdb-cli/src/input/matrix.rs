//! `.fvecs` and `.fbin`: little-endian `f32` with next to nothing around them.
//!
//! Both are held against the file's length before anything is read: it has to be that of whole rows
//! of one dimension.

use std::io::Read;

use iqdb::limits::DIM_MAX;
use iqdb::{Error, ErrorKind, Location, Result, Vector};

use super::{Place, Progress, Unit, Vectors};

/// How a file says its dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowHead {
    /// `.fvecs`: an `int32` before the components of each row.
    Dimension,
    /// `.fbin`: two `uint32` at the beginning, the number of rows and the dimension.
    Nothing,
}

/// The vectors of an `.fvecs` or `.fbin` file.
#[derive(Debug)]
pub struct MatrixReader<R> {
    name: String,
    reader: R,
    head: RowHead,
    dim: usize,
    rows: u64,
    rows_read: u64,
    /// The dimension of the first row of an `.fvecs` file has been read already.
    in_row: bool,
    row: Vec<u8>,
}

impl<R: Read> MatrixReader<R> {
    /// Reads the beginning of a file of `file_bytes` bytes. The name is for errors only.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for a dimension that no vector has, or a length that is not that of
    /// whole rows; [`ErrorKind::NotSupported`] for no rows; [`ErrorKind::Io`].
    pub fn new(name: impl Into<String>, reader: R, head: RowHead, file_bytes: u64) -> Result<Self> {
        let (rows, rows_read, row) = (0, 0, Vec::new());
        let name = name.into();
        let mut matrix = Self { name, reader, head, dim: 0, rows, rows_read, in_row: false, row };
        match matrix.read_head(file_bytes) {
            Ok(()) => Ok(matrix),
            Err(error) => Err(error.during(format!("reading {}", matrix.name))),
        }
    }

    fn read_head(&mut self, file_bytes: u64) -> Result<()> {
        if file_bytes == 0 && self.head == RowHead::Dimension {
            return Err(empty());
        }
        let rows = match self.head {
            RowHead::Dimension => None,
            RowHead::Nothing => Some(u64::from(self.number(0)?)),
        };
        self.dim = dimension(self.number(if rows.is_some() { 4 } else { 0 })?)?;
        let components_bytes = self.dim as u64 * size_of::<f32>() as u64;
        // Below 2^32 rows of below 2^17 components.
        let whole_bytes = rows.map(|rows| 8 + rows * components_bytes);
        let row_bytes = components_bytes + 4;
        let is_whole = match whole_bytes {
            Some(whole_bytes) => file_bytes == whole_bytes,
            None => file_bytes.is_multiple_of(row_bytes),
        };
        if !is_whole {
            let error = Error::new(ErrorKind::Damaged, "the file does not end with a whole row")
                .at(Location::Byte(whole_bytes.unwrap_or(file_bytes).min(file_bytes)))
                .found(format_args!("{file_bytes} bytes"))
                .hint("copy or write the file again");
            return Err(match (rows, whole_bytes) {
                (Some(rows), Some(bytes)) => {
                    error.expected(format_args!("{bytes} bytes for {rows} × {} items", self.dim))
                }
                _ => {
                    error.expected(format_args!("a multiple of {row_bytes} bytes, those of a row"))
                }
            });
        }
        self.in_row = rows.is_none();
        self.rows = rows.unwrap_or(file_bytes / row_bytes);
        if self.rows == 0 {
            return Err(empty());
        }
        Ok(())
    }

    /// The next four bytes as a number.
    fn number(&mut self, byte: u64) -> Result<u32> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, byte)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn fill(&mut self, bytes: &mut [u8], byte: u64) -> Result<()> {
        self.reader.read_exact(bytes).map_err(|error| {
            if error.kind() == std::io::ErrorKind::UnexpectedEof {
                Error::new(ErrorKind::Damaged, "the file ends early")
                    .at(Location::Byte(byte))
                    .expected(format_args!("{} more bytes", bytes.len()))
                    .found("fewer")
            } else {
                Error::new(ErrorKind::Io, "the file can't be read")
                    .at(Location::Byte(byte))
                    .caused_by(error)
            }
        })
    }

    /// The byte at which a row begins, what is before its components included.
    fn byte_of(&self, row: u64) -> u64 {
        let components_bytes = self.dim as u64 * size_of::<f32>() as u64;
        match self.head {
            RowHead::Dimension => row * (components_bytes + 4),
            RowHead::Nothing => 8 + row * components_bytes,
        }
    }

    fn read_row(&mut self) -> Result<Vector> {
        let mut byte = self.byte_of(self.rows_read);
        if self.head == RowHead::Dimension {
            if !self.in_row {
                let found = self.number(byte)?;
                if found as usize != self.dim {
                    return Err(Error::new(ErrorKind::Damaged, "the row has another dimension")
                        .at(Location::Byte(byte))
                        .expected(format_args!("{}, as in row 0", self.dim))
                        .found(found.cast_signed()));
                }
            }
            self.in_row = false;
            byte += 4;
        }
        // Taken for the call, so that its memory is used for every row.
        let mut row = std::mem::take(&mut self.row);
        row.resize(self.dim * size_of::<f32>(), 0);
        let filled = self.fill(&mut row, byte);
        let (components, _) = row.as_chunks();
        let components: Vec<_> = components.iter().map(|x| f32::from_le_bytes(*x)).collect();
        self.row = row;
        filled?;
        if let Some(column) = components.iter().position(|component| !component.is_finite()) {
            return Err(Error::new(
                ErrorKind::InvalidVector,
                format!("column {column} is not a finite number"),
            )
            .at(Location::Byte(byte + 4 * column as u64))
            .expected("finite components")
            .found(components[column])
            .hint("leave the row out, or repair it"));
        }
        Vector::try_from(components)
    }
}

fn dimension(number: u32) -> Result<usize> {
    let dim = number as usize;
    if dim == 0 || dim > DIM_MAX {
        return Err(Error::new(ErrorKind::Damaged, "no vector has the file's dimension")
            .expected(format_args!("1 to {DIM_MAX}"))
            .found(number.cast_signed())
            .hint("is the file of another format?"));
    }
    Ok(dim)
}

fn empty() -> Error {
    Error::new(ErrorKind::NotSupported, "the file is empty")
        .expected("at least one row")
        .found("none")
}

impl<R: Read> Vectors for MatrixReader<R> {
    fn next_vector(&mut self) -> Result<Option<Vector>> {
        if self.rows_read == self.rows {
            return Ok(None);
        }
        let vector = self.read_row();
        self.rows_read += 1;
        vector.map(Some).map_err(|error| self.place().of(&self.name, error))
    }

    fn place(&self) -> Place {
        Place::Row(self.rows_read.saturating_sub(1))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn progress(&self) -> Progress {
        Progress { done: self.rows_read, total: self.rows, unit: Unit::Rows }
    }
}
