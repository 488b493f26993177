//! Quotes in a `.csv` file: each that opens a cell is closed, and nothing but the cell's end follows.
//!
//! The crate `csv` takes any bytes: a quote that is not closed takes the rest of the file into one
//! cell. So the bytes are checked on their way to it.

use std::fmt;
use std::io::{self, Read};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Lends a reader's bytes until a quote among them is wrong.
#[derive(Debug)]
pub(super) struct Quoted<R> {
    reader: R,
    delimiter: u8,
    state: State,
    /// Where the byte stands that is checked next.
    here: Position,
    /// Where the quote stands that was opened last.
    opened: Position,
    bytes_read: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a cell.
    Start,
    /// In a cell without quotes, where a quote is a character like others.
    Plain,
    /// Behind the quote that opened the cell.
    Open,
    /// Behind a quote in an open cell: it closes the cell, unless another one follows.
    Closing,
}

/// A line and a character in it, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: u64,
    pub(super) column: usize,
}

/// What is wrong with a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteError {
    /// The file ends in the cell that was opened here.
    NotClosed(Position),
    /// Here something other than the cell's end follows a closing quote.
    TextBehind(Position),
}

impl QuoteError {
    /// Where it is.
    pub(super) fn position(self) -> Position {
        let (Self::NotClosed(position) | Self::TextBehind(position)) = self;
        position
    }
}

impl fmt::Display for QuoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotClosed(_) => "a double quote is not closed",
            Self::TextBehind(_) => "text follows a closing double quote",
        })
    }
}

impl std::error::Error for QuoteError {}

impl<R: Read> Quoted<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> Self {
        let start = Position { line: 1, column: 1 };
        let state = State::Start;
        Self { reader, delimiter, state, here: start, opened: start, bytes_read: 0 }
    }

    pub(super) fn into_inner(self) -> R {
        self.reader
    }

    fn check(&mut self, byte: u8) -> Result<(), QuoteError> {
        let ends_cell = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.state = match (self.state, byte) {
            (State::Start, b'"') => {
                self.opened = self.here;
                State::Open
            }
            (State::Open, b'"') => State::Closing,
            (State::Open, _) | (State::Closing, b'"') => State::Open,
            (State::Closing, _) if !ends_cell => return Err(QuoteError::TextBehind(self.here)),
            (State::Start | State::Plain | State::Closing, _) if ends_cell => State::Start,
            (State::Start | State::Plain | State::Closing, _) => State::Plain,
        };
        if byte == b'\n' {
            self.here = Position { line: self.here.line + 1, column: 1 };
        } else if byte & 0b1100_0000 != 0b1000_0000 {
            // Bytes that go on with a character of UTF-8 are no character of their own.
            self.here.column += 1;
        }
        Ok(())
    }
}

impl<R: Read> Read for Quoted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        let wrong = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        if read == 0 && !into.is_empty() && self.state == State::Open {
            return Err(wrong(QuoteError::NotClosed(self.opened)));
        }
        for byte in &into[..read] {
            let marks =
                usize::try_from(self.bytes_read).ok().and_then(|at| BYTE_ORDER_MARK.get(at));
            let in_mark = self.here == Position { line: 1, column: 1 } && marks == Some(byte);
            self.bytes_read += 1;
            if !in_mark {
                self.check(*byte).map_err(wrong)?;
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), QuoteError> {
        // One byte at a time, so that each state meets the end of a read.
        let mut reader = Quoted::new(text.as_bytes(), b',');
        let mut byte = [0];
        loop {
            match reader.read(&mut byte) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => {
                    return Err(*error.get_ref().unwrap().downcast_ref::<QuoteError>().unwrap());
                }
            }
        }
    }

    #[test]
    fn a_quote_is_closed_and_its_cell_ends_behind_it() {
        for text in [
            "",
            "a",
            "\"a\"",
            "\"a\",\"b\"\r\n\"\"\n",
            "\"a\"\"b\n\",",
            "a\"b\",c\"",
            "\u{feff}\"a\"\n",
        ] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
        let at = |line, column| Position { line, column };
        for (text, error) in [
            ("\"", QuoteError::NotClosed(at(1, 1))),
            ("a,\"b\n", QuoteError::NotClosed(at(1, 3))),
            ("\"a\"\nä,\"b\"\"\n\n", QuoteError::NotClosed(at(2, 3))),
            ("\"a\"b", QuoteError::TextBehind(at(1, 4))),
            ("\"a\" ,b", QuoteError::TextBehind(at(1, 4))),
            ("x\n\"ä\n\"\"\",\"b\";c", QuoteError::TextBehind(at(3, 8))),
            ("\u{feff}\"a\"b", QuoteError::TextBehind(at(1, 4))),
        ] {
            assert_eq!(check(text), Err(error), "{text:?}");
        }
    }
}
