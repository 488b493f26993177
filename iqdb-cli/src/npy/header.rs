//! Headers: everything about an array that is known, and checked, before its data is touched.

use std::io::Read;

use iqdb::{Error, ErrorKind, Location, Result};

use super::element::{Element, Item};
use super::literal::{self, Fields, Located};

/// The longest header text that is read, in bytes. `numpy.load` has the same limit.
pub const HEADER_BYTES_MAX: usize = 10_000;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// A matrix whose data fills its file to the last byte.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) item: Item,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The byte at which the data begins.
    pub(super) data_start: u64,
}

impl Header {
    /// Reads and checks the header of a file of `file_bytes` bytes, for items read as `T`.
    pub(super) fn read<T: Element>(reader: &mut impl Read, file_bytes: u64) -> Result<Self> {
        let mut source = Source { reader, read: 0, file_bytes };
        source.magic()?;
        let text_bytes = source.text_bytes()?;
        let text_start = source.read;
        let text = source.take(text_bytes, "the whole header")?;
        let fields = literal::parse(&text, text_start)?;
        Self::of_fields::<T>(&fields, source.read, file_bytes)
    }

    fn of_fields<T: Element>(
        fields: &Fields<'_>,
        data_start: u64,
        file_bytes: u64,
    ) -> Result<Self> {
        let item = item_for::<T>(&fields.descr)?;
        if fields.fortran_order.value {
            return Err(unsupported("the array is in Fortran order")
                .at(Location::Byte(fields.fortran_order.byte))
                .expected("C order, row after row")
                .found("column after column")
                .hint("save it with numpy.ascontiguousarray"));
        }
        let at_shape = |error: Error| {
            error.at(Location::Byte(fields.shape.byte)).found(shape_text(&fields.shape.value))
        };
        let &[rows, columns] = fields.shape.value.as_slice() else {
            return Err(at_shape(unsupported("the array is not a matrix"))
                .expected("two dimensions, rows and columns"));
        };
        if rows == 0 || columns == 0 {
            return Err(at_shape(unsupported("the array is empty"))
                .expected("at least one row and one column"));
        }
        let fits = || {
            let data_bytes = rows.checked_mul(columns)?.checked_mul(item.size_bytes())?;
            let file_end = data_start.checked_add(data_bytes)?;
            Some((usize::try_from(rows).ok()?, usize::try_from(columns).ok()?, file_end))
        };
        let Some((rows, columns, file_end)) = fits() else {
            return Err(at_shape(damaged("the array's shape is larger than any file"))
                .expected("fewer than 2^64 bytes of data"));
        };
        if file_bytes != file_end {
            let (message, byte) = if file_bytes < file_end {
                ("the array's data is cut short", file_bytes)
            } else {
                ("bytes follow the array's data", file_end)
            };
            return Err(damaged(message)
                .at(Location::Byte(byte))
                .expected(format_args!(
                    "a file of {file_end} bytes for the shape {}",
                    shape_text(&fields.shape.value),
                ))
                .found(format_args!("{file_bytes} bytes"))
                .hint("copy or write the file again"));
        }
        Ok(Self { item, rows, columns, data_start })
    }
}

fn item_for<T: Element>(descr: &Located<&str>) -> Result<Item> {
    if let Some(item) = Item::from_descr(descr.value).filter(|item| T::reads(*item)) {
        return Ok(item);
    }
    let message = if descr.value.starts_with('>') {
        "the array is big-endian"
    } else {
        "the array has another item type"
    };
    Err(unsupported(message)
        .at(Location::Byte(descr.byte))
        .expected(T::WANTED)
        .found(format_args!("'{}'", shortened(descr.value)))
        .hint("convert it with numpy's astype and save it again"))
}

/// The bytes of a file as far as they have been read.
struct Source<'a, R> {
    reader: &'a mut R,
    read: u64,
    file_bytes: u64,
}

impl<R: Read> Source<'_, R> {
    fn magic(&mut self) -> Result<()> {
        // A file that is too short may still show that it never was an array.
        let shown = (MAGIC.len() as u64).min(self.file_bytes);
        let found = self.take(usize::try_from(shown).unwrap_or(MAGIC.len()), "the magic")?;
        if found == MAGIC {
            return Ok(());
        }
        let found = match found.as_slice() {
            [] => "an empty file".to_owned(),
            bytes => format!("\"{}\"", bytes.escape_ascii()),
        };
        Err(damaged("the file is not a NumPy array")
            .at(Location::Byte(0))
            .expected(format_args!("the magic \"{}\"", MAGIC.escape_ascii()))
            .found(found)
            .hint("write it with numpy.save"))
    }

    /// The length of the header's text, which depends on the version.
    fn text_bytes(&mut self) -> Result<usize> {
        let version = self.take(2, "the version")?;
        let text_bytes = match version.as_slice() {
            [1, 0] => self.take(2, "the header's length")?,
            [2 | 3, 0] => self.take(4, "the header's length")?,
            other => {
                let found = other.iter().map(u8::to_string).collect::<Vec<_>>().join(".");
                return Err(damaged("the array's format has an unknown version")
                    .at(Location::Byte(MAGIC.len() as u64))
                    .expected("1.0, 2.0 or 3.0")
                    .found(found));
            }
        };
        let at = self.read - text_bytes.len() as u64;
        let text_bytes =
            text_bytes.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        if text_bytes > HEADER_BYTES_MAX {
            return Err(damaged("the array's header is too long")
                .at(Location::Byte(at))
                .expected(format_args!("at most {HEADER_BYTES_MAX} bytes"))
                .found(format_args!("{text_bytes} bytes")));
        }
        Ok(text_bytes)
    }

    /// The next `count` bytes, all of them inside the file.
    fn take(&mut self, count: usize, what: &'static str) -> Result<Vec<u8>> {
        let left = self.file_bytes - self.read;
        let mut bytes = Vec::new();
        self.reader
            .by_ref()
            .take(left.min(count as u64))
            .read_to_end(&mut bytes)
            .map_err(|error| io_error(error).at(Location::Byte(self.read)))?;
        if bytes.len() < count {
            return Err(damaged("the array's header is cut short")
                .at(Location::Byte(self.read))
                .expected(format_args!("{what}, {count} bytes"))
                .found(format_args!("{} of them", bytes.len()))
                .hint("copy or write the file again"));
        }
        self.read += count as u64;
        Ok(bytes)
    }
}

pub(super) fn damaged(message: &'static str) -> Error {
    Error::new(ErrorKind::Damaged, message)
}

pub(super) fn io_error(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the file can't be read").caused_by(error)
}

fn unsupported(message: &'static str) -> Error {
    Error::new(ErrorKind::NotSupported, message)
}

fn shape_text(shape: &[u64]) -> String {
    const SHOWN: usize = 6;
    let mut text: Vec<_> = shape.iter().take(SHOWN).map(u64::to_string).collect();
    if shape.len() > SHOWN {
        text.push("…".into());
    }
    match text.as_slice() {
        [one] => format!("({one},)"),
        _ => format!("({})", text.join(", ")),
    }
}

/// A file's own words, fit for a line on a terminal.
fn shortened(text: &str) -> String {
    const SHOWN_CHARS: usize = 24;
    text.chars().take(SHOWN_CHARS).collect::<String>().escape_debug().to_string()
}
