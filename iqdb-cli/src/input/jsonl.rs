//! A JSON object per line: records, payloads alone, or vectors alone.

use std::io::BufRead;

use iqdb::{Error, ErrorKind, Record, Result, Vector};

use super::ids::Ids;
use super::json::{self, Line, Problem};
use super::lines::Lines;
use super::{Place, Progress, Reader, Unit, Vectors};

/// The records of a `.jsonl` file.
#[derive(Debug)]
pub struct JsonlReader<R> {
    source: Source<R>,
    ids: Ids,
    records: u64,
}

/// The lines of a file, and how they are called in errors.
#[derive(Debug)]
struct Source<R> {
    name: String,
    lines: Lines<R>,
    file_bytes: u64,
}

impl<R: BufRead> Source<R> {
    fn advance(&mut self) -> Result<bool> {
        let advanced = self.lines.advance();
        advanced.map_err(|error| self.lines.place().of(&self.name, error))
    }

    fn parse(&self, parser: impl FnOnce(&[u8]) -> Result<Line, Problem>) -> Result<Line> {
        parser(self.lines.line()).map_err(|problem| match problem.field {
            Some(field) => self.lines.place().column(&field, &self.name, problem.error),
            None => self.lines.place().of(&self.name, problem.error),
        })
    }

    fn wrong(&self, error: Error) -> Error {
        self.lines.place().of(&self.name, error)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.lines.bytes_read(), total: self.file_bytes, unit: Unit::Bytes }
    }
}

impl<R: BufRead> JsonlReader<R> {
    /// Reads the lines of `reader`, which has `file_bytes` bytes for all that is known. The name is
    /// for errors only.
    pub fn new(name: impl Into<String>, reader: R, file_bytes: u64) -> Self {
        let source = Source { name: name.into(), lines: Lines::new(reader), file_bytes };
        Self { source, ids: Ids::default(), records: 0 }
    }
}

impl<R: BufRead> Reader for JsonlReader<R> {
    fn next_record(&mut self) -> Result<Option<Record>> {
        if !self.source.advance()? {
            return Ok(None);
        }
        let Line { id, vector, payload } = self.source.parse(json::object)?;
        let id = self.ids.of_row(self.records, id).map_err(|error| self.source.wrong(error))?;
        let vector = vector.ok_or_else(|| self.source.wrong(no_vector()))?;
        self.records += 1;
        Ok(Some(Record { id, vector, payload }))
    }

    fn place(&self) -> Place {
        self.source.lines.place()
    }

    fn name(&self) -> &str {
        &self.source.name
    }

    fn progress(&self) -> Progress {
        self.source.progress()
    }
}

fn no_vector() -> Error {
    Error::new(ErrorKind::Damaged, "the line has no vector")
        .expected("a list of numbers in the field vector")
        .found("no such field")
}

/// The ids and payloads that belong to the rows of a file of vectors.
#[derive(Debug)]
pub(super) struct PayloadLines<R> {
    source: Source<R>,
}

impl<R: BufRead> PayloadLines<R> {
    pub(super) fn new(name: String, reader: R) -> Self {
        Self { source: Source { name, lines: Lines::new(reader), file_bytes: 0 } }
    }

    /// The next line; `None` at the end.
    pub(super) fn next_line(&mut self) -> Result<Option<Line>> {
        if !self.source.advance()? {
            return Ok(None);
        }
        let line = self.source.parse(json::object)?;
        if line.vector.is_some() {
            return Err(self.source.wrong(
                Error::new(ErrorKind::Damaged, "the line has a vector of its own")
                    .expected("an id and a payload")
                    .found("the field vector")
                    .hint("import the file by itself"),
            ));
        }
        Ok(Some(line))
    }

    /// The error, which then says that it was met in the line that was read last.
    pub(super) fn wrong(&self, error: Error) -> Error {
        self.source.wrong(error)
    }
}

/// Vectors by line: a list of components, or an object with one in its field `vector`.
#[derive(Debug)]
pub struct VectorLines<R> {
    source: Source<R>,
}

impl<R: BufRead> VectorLines<R> {
    /// Reads the lines of `reader`, which has `file_bytes` bytes for all that is known. The name is
    /// for errors only.
    pub fn new(name: impl Into<String>, reader: R, file_bytes: u64) -> Self {
        Self { source: Source { name: name.into(), lines: Lines::new(reader), file_bytes } }
    }
}

impl<R: BufRead> Vectors for VectorLines<R> {
    fn next_vector(&mut self) -> Result<Option<Vector>> {
        if !self.source.advance()? {
            return Ok(None);
        }
        let line = self.source.parse(json::object_or_vector)?;
        line.vector.map(Some).ok_or_else(|| self.source.wrong(no_vector()))
    }

    fn place(&self) -> Place {
        self.source.lines.place()
    }

    fn name(&self) -> &str {
        &self.source.name
    }

    fn progress(&self) -> Progress {
        self.source.progress()
    }
}
