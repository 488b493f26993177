//! Lines of a text file, one at a time and of bounded length.

use std::io::{BufRead, Read};

use iqdb::{Error, ErrorKind, Result};

use super::Place;

/// The longest line that is read, in bytes: more than the largest vector and payload can take.
pub const LINE_BYTES_MAX: usize = 32 << 20;

/// What some editors begin a file with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    bytes_read: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), number: 0, bytes_read: 0 }
    }

    /// Goes on to the next line that is not blank; returns whether there is one.
    pub(super) fn advance(&mut self) -> Result<bool> {
        loop {
            self.line.clear();
            self.number += 1;
            let limit = LINE_BYTES_MAX as u64 + 1;
            let read = (&mut self.reader).take(limit).read_until(b'\n', &mut self.line);
            let read = read.map_err(|error| {
                Error::new(ErrorKind::Io, "the file can't be read").caused_by(error)
            })?;
            if read == 0 {
                return Ok(false);
            }
            if read > LINE_BYTES_MAX {
                return Err(Error::new(ErrorKind::Damaged, "the line is too long")
                    .expected(format_args!("at most {LINE_BYTES_MAX} bytes"))
                    .found("more of them without an end"));
            }
            if self.bytes_read == 0 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            self.bytes_read += read as u64;
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }

    /// The line that was advanced to, without its end.
    pub(super) fn line(&self) -> &[u8] {
        self.line.trim_ascii_end()
    }

    pub(super) fn place(&self) -> Place {
        Place::Line(self.number)
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }
}

/// How many lines that are not blank there are.
pub(super) fn count(reader: impl BufRead) -> Result<u64> {
    let mut lines = Lines::new(reader);
    let mut count = 0;
    while lines.advance()? {
        count += 1;
    }
    Ok(count)
}
