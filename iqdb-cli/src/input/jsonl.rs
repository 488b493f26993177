//! A JSON object per line: records, payloads alone, or vectors alone.

use std::io::BufRead;

use iqdb::{Error, ErrorKind, Field, Record, Result, Vector};

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

    fn parse<T>(&self, parser: impl FnOnce(&[u8]) -> Result<T, Problem>) -> Result<T> {
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
        let mut line = self.source.parse(json::object)?;
        let id = line.id.take();
        let id = self.ids.of_row(self.records, id).map_err(|error| self.source.wrong(error))?;
        // A vector under a name that is not known would be taken for a part of the payload.
        if line.vectors.is_empty() && line.has_flat_payload {
            return Err(self.source.wrong(no_vector()));
        }
        self.records += 1;
        Ok(Some(line.into_record(id)))
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
        .expected("one in the field vector, or some by name in vectors")
        .found("neither beside other fields")
        .hint("the payload of a record without vectors stands in the field payload")
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
        if let Some((name, _)) = line.vectors.first() {
            return Err(self.source.wrong(
                Error::new(ErrorKind::Damaged, "the line has a vector of its own")
                    .expected("an id and a payload")
                    .found(format_args!("a vector of the field {name:?}"))
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

/// Vectors of one field by line: a vector alone, or an object that has it among its own.
#[derive(Debug)]
pub struct VectorLines<R> {
    source: Source<R>,
    field: String,
}

impl<R: BufRead> VectorLines<R> {
    /// Reads the lines of `reader`, which has `file_bytes` bytes for all that is known. The name is
    /// for errors only.
    pub fn new(
        name: impl Into<String>,
        reader: R,
        file_bytes: u64,
        field: impl Into<String>,
    ) -> Self {
        let source = Source { name: name.into(), lines: Lines::new(reader), file_bytes };
        Self { source, field: field.into() }
    }

    fn has_none(&self) -> Error {
        Error::new(ErrorKind::Damaged, "the line has no vector to search for")
            .expected(match self.field.as_str() {
                Field::DEFAULT => "a vector, or an object with one in its field vector".to_owned(),
                name => format!("a vector, or an object with one in its field vectors.{name}"),
            })
            .found("an object without it")
    }
}

impl<R: BufRead> Vectors for VectorLines<R> {
    fn next_vector(&mut self) -> Result<Option<Vector>> {
        if !self.source.advance()? {
            return Ok(None);
        }
        if json::is_vector(self.source.lines.line()) {
            return self.source.parse(json::vector).map(Some);
        }
        let mut line = self.source.parse(json::object)?;
        let position = line.vectors.iter().position(|(name, _)| *name == self.field);
        let position = position.ok_or_else(|| self.source.wrong(self.has_none()))?;
        Ok(Some(line.vectors.swap_remove(position).1))
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
