//! Reading the rows of an array, a portion at a time.

use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use iqdb::{Error, ErrorKind, Location, Result};

use super::element::Element;
use super::header::{Header, damaged, io_error};

/// How many bytes of data are read at once, so that the bytes are never in memory as a whole beside
/// the items. A whole number of items of every type.
const PORTION_BYTES: usize = 1 << 20;

/// The rows of a `.npy` file, in order, as items of type `T`.
///
/// ```
/// use iqdb_cli::npy::NpyReader;
///
/// let mut bytes = b"\x93NUMPY\x01\x00\x3e\x00".to_vec();
/// bytes.extend(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }  \n");
/// bytes.extend(0.5_f32.to_le_bytes());
/// bytes.extend(1.5_f32.to_le_bytes());
///
/// let mut reader = NpyReader::<f32, _>::new("base.npy", bytes.as_slice(), bytes.len() as u64)?;
/// let mut rows = Vec::new();
/// assert_eq!((reader.rows(), reader.columns()), (1, 2));
/// assert_eq!(reader.read_rows(100, &mut rows)?, 1);
/// assert_eq!(rows, [0.5, 1.5]);
/// # Ok::<(), iqdb::Error>(())
/// ```
pub struct NpyReader<T, R> {
    name: String,
    reader: R,
    header: Header,
    rows_read: usize,
    portion: Vec<u8>,
    element: PhantomData<T>,
}

impl<T: Element, R: Read> NpyReader<T, R> {
    /// Reads the header of an array that fills the `file_bytes` bytes of `reader`. The name is
    /// for errors only.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for bytes that are not a whole array and nothing else;
    /// [`ErrorKind::NotSupported`] for an array of another type, order or shape;
    /// [`ErrorKind::Io`].
    pub fn new(name: impl Into<String>, mut reader: R, file_bytes: u64) -> Result<Self> {
        let name = name.into();
        match Header::read::<T>(&mut reader, file_bytes) {
            Ok(header) => Ok(Self {
                name,
                reader,
                header,
                rows_read: 0,
                portion: Vec::new(),
                element: PhantomData,
            }),
            Err(error) => Err(error.during(reading(&name))),
        }
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rows the array has, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.header.rows
    }

    /// How many columns the array has, at least 1.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.header.columns
    }

    /// The byte of the file at which an item stands.
    #[must_use]
    pub fn byte_of(&self, row: usize, column: usize) -> u64 {
        // The header has proved that the whole array fits.
        let item = row as u64 * self.header.columns as u64 + column as u64;
        self.header.data_start + item * self.header.item.size_bytes()
    }

    /// Replaces what `into` holds by the next rows, at most `count`; returns how many there were,
    /// 0 at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when the data ends before the length that the file had;
    /// [`ErrorKind::InvalidVector`] for a number that is not finite, naming its row and column;
    /// [`ErrorKind::Io`].
    pub fn read_rows(&mut self, count: usize, into: &mut Vec<T>) -> Result<usize>
    where
        T: fmt::Display,
    {
        into.clear();
        let rows = count.min(self.header.rows - self.rows_read);
        let first_byte = self.byte_of(self.rows_read, 0);
        let end_byte = self.byte_of(self.rows_read + rows, 0);
        let mut byte = first_byte;
        while byte < end_byte {
            // Whatever the header claims, memory grows with what is really there.
            let portion = usize::try_from(end_byte - byte).unwrap_or(usize::MAX);
            self.read_portion(byte, portion.min(PORTION_BYTES))
                .map_err(|error| error.during(reading(&self.name)))?;
            T::decode(self.header.item, &self.portion, into);
            byte += self.portion.len() as u64;
        }
        if let Some(item) = into.iter().position(|item| !item.is_finite()) {
            return Err(self.not_finite(item, into[item]).during(reading(&self.name)));
        }
        self.rows_read += rows;
        Ok(rows)
    }

    /// Reads all rows that are left.
    ///
    /// # Errors
    /// Those of [`read_rows`](Self::read_rows).
    pub fn read_all(&mut self) -> Result<Vec<T>>
    where
        T: fmt::Display,
    {
        let mut items = Vec::new();
        self.read_rows(usize::MAX, &mut items)?;
        Ok(items)
    }

    fn read_portion(&mut self, byte: u64, bytes: usize) -> Result<()> {
        self.portion.clear();
        let read = self
            .reader
            .by_ref()
            .take(bytes as u64)
            .read_to_end(&mut self.portion)
            .map_err(|error| io_error(error).at(Location::Byte(byte)))?;
        if read < bytes {
            return Err(damaged("the array's data ends early")
                .at(Location::Byte(byte + read as u64))
                .expected(format_args!("{bytes} bytes from byte {byte} on"))
                .found(format_args!("{read} bytes"))
                .hint("is another program writing the file?"));
        }
        Ok(())
    }

    fn not_finite(&self, item: usize, value: T) -> Error
    where
        T: fmt::Display,
    {
        let row = self.rows_read + item / self.header.columns;
        let column = item % self.header.columns;
        Error::new(
            ErrorKind::InvalidVector,
            format!("row {row}, column {column} is not a finite number"),
        )
        .at(Location::Byte(self.byte_of(row, column)))
        .expected("finite components")
        .found(value)
        .hint("leave the row out, or repair it")
    }
}

fn reading(name: &str) -> String {
    format!("reading {name}")
}

impl<T, R> fmt::Debug for NpyReader<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NpyReader")
            .field("name", &self.name)
            .field("header", &self.header)
            .field("rows_read", &self.rows_read)
            .finish_non_exhaustive()
    }
}
