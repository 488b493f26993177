//! The rows of a table in text, one at a time and of bounded length.

use std::cell::Cell;
use std::io::{self, Read, Seek};
use std::rc::Rc;

use csv::{ErrorKind as CsvErrorKind, StringRecord};
use iqdb::{Error, ErrorKind, Location, Result};

use super::delimiter::Delimiter;
use super::quoting::{QuoteError, Quoted};
use crate::input::LINE_BYTES_MAX;

#[derive(Debug)]
pub(super) struct Rows<R> {
    /// Absent only while it is made again.
    reader: Option<csv::Reader<Quoted<Bounded<R>>>>,
    delimiter: Delimiter,
    /// How many bytes a row may still take, so that the reader notices a quote without its end.
    left: Rc<Cell<usize>>,
    row: StringRecord,
    line: u64,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(reader: R, delimiter: Delimiter) -> Self {
        let left = Rc::new(Cell::new(LINE_BYTES_MAX));
        let bounded = Bounded { reader, left: Rc::clone(&left) };
        let reader = Some(parser(bounded, delimiter));
        Self { reader, delimiter, left, row: StringRecord::new(), line: 1 }
    }

    /// Reads the next row; returns whether there is one.
    pub(super) fn advance(&mut self) -> Result<bool> {
        let Some(reader) = &mut self.reader else {
            return Ok(false);
        };
        self.left.set(LINE_BYTES_MAX);
        self.line = reader.position().line();
        let read = reader.read_record(&mut self.row);
        if let Some(position) = self.row.position()
            && read.is_ok()
        {
            self.line = position.line();
        }
        read.map_err(|error| {
            let Some(quote) = quote_error(&error) else {
                return unreadable(error);
            };
            self.line = quote.position().line;
            misquoted(quote)
        })
    }

    pub(super) fn row(&self) -> &StringRecord {
        &self.row
    }

    /// The cell in this column of the row that was read last.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.row.get(column).unwrap_or_default()
    }

    /// The line in which the row begins that was read last.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.as_ref().map_or(0, |reader| reader.position().byte())
    }
}

impl<R: Read + Seek> Rows<R> {
    /// Goes back to the beginning of the file.
    pub(super) fn rewind(&mut self) -> Result<()> {
        let Some(reader) = self.reader.take() else {
            return Ok(());
        };
        let mut bounded = reader.into_inner().into_inner();
        bounded.reader.rewind().map_err(unread)?;
        self.reader = Some(parser(bounded, self.delimiter));
        Ok(())
    }
}

fn parser<R: Read>(bounded: Bounded<R>, delimiter: Delimiter) -> csv::Reader<Quoted<Bounded<R>>> {
    let quoted = Quoted::new(bounded, delimiter.byte());
    csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter.byte()).from_reader(quoted)
}

/// The error about a quote that this error carries.
fn quote_error(error: &csv::Error) -> Option<QuoteError> {
    match error.kind() {
        CsvErrorKind::Io(error) => error.get_ref()?.downcast_ref().copied(),
        _ => None,
    }
}

fn damaged(message: &'static str) -> Error {
    Error::new(ErrorKind::Damaged, message)
}

fn unread(error: io::Error) -> Error {
    Error::new(ErrorKind::Io, "the file can't be read").caused_by(error)
}

fn unreadable(error: csv::Error) -> Error {
    match error.into_kind() {
        CsvErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            damaged("the row is too long")
                .expected(format_args!("at most {LINE_BYTES_MAX} bytes"))
                .found("more of them without an end")
                .hint("is a double quote not closed?")
        }
        CsvErrorKind::Io(error) => unread(error),
        CsvErrorKind::UnequalLengths { expected_len, len, .. } => {
            damaged("the row has another number of columns")
                .expected(format_args!("{expected_len}, as in the first line"))
                .found(len)
        }
        CsvErrorKind::Utf8 { err, .. } => damaged("the cell is not UTF-8")
            .expected("a text in UTF-8")
            .found(format_args!("other bytes in column {}", err.field() + 1)),
        kind => damaged("the row can't be read")
            .expected("cells with what separates them")
            .found(format_args!("{kind:?}")),
    }
}

fn misquoted(error: QuoteError) -> Error {
    let (expected, found) = match error {
        QuoteError::NotClosed(_) => ("a double quote that closes the cell", "the file's end"),
        QuoteError::TextBehind(_) => ("the cell's end", "other text"),
    };
    Error::new(ErrorKind::Damaged, error.to_string())
        .at(Location::Column(error.position().column))
        .expected(expected)
        .found(found)
        .hint("a double quote inside of a quoted cell is written twice")
}

/// Lends a reader's bytes, at most `left` more for each row.
#[derive(Debug)]
struct Bounded<R> {
    reader: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        let left = self.left.get().checked_sub(read).ok_or(io::ErrorKind::FileTooLarge)?;
        self.left.set(left);
        Ok(read)
    }
}
