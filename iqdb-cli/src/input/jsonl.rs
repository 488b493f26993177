//! A JSON object per line: records, payloads alone, or vectors alone.

use std::io::BufRead;

use iqdb::{Error, ErrorKind, Field, Map, Record, Result, Value, Vector};

use super::ids::Ids;
use super::json::{self, Line, Problem};
use super::lines::Lines;
use super::rules::{Rules, integer_beyond_64_bits, large_integer};
use super::{Notes, Place, Progress, Reader, Unit, Vectors};

/// The records of a `.jsonl` file.
#[derive(Debug)]
pub struct JsonlReader<R> {
    source: Source<R>,
    rules: Rules,
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

    fn wrong_in(&self, key: &str, error: Error) -> Error {
        self.lines.place().column(key, &self.name, error)
    }

    /// The line as an object.
    fn object(&self) -> Result<Line> {
        const NO_VALUES: [&str; 3] = ["id", Field::DEFAULT, "vectors"];
        let large = || integer_beyond_64_bits(self.lines.line(), &NO_VALUES);
        let line = self.parse(|line| {
            json::object(line).map_err(|problem| match large() {
                Some(integer) => Problem { error: large_integer(&integer), ..problem },
                None => problem,
            })
        })?;
        // A float as large may have been an integer that no value holds.
        let is_large =
            |value: &Value| matches!(value, Value::Float(float) if float.abs() >= i64::MAX as f64);
        if has_number(line.payload.as_map(), &is_large)
            && let Some(integer) = large()
        {
            return Err(self.wrong(large_integer(&integer)));
        }
        Ok(line)
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
        Self { source, rules: Rules::default(), ids: Ids::default(), records: 0 }
    }

    /// Reads values by these rules.
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }
}

impl<R: BufRead> Reader for JsonlReader<R> {
    fn next_record(&mut self) -> Result<Option<Record>> {
        if !self.source.advance()? {
            return Ok(None);
        }
        let mut line = self.source.object()?;
        let id = line.id.take();
        let id = self.ids.of_row(self.records, id).map_err(|error| self.source.wrong(error))?;
        // A vector under a name that is not known would be taken for a part of the payload.
        if line.vectors.is_empty() && line.has_flat_payload {
            return Err(self.source.wrong(no_vector()));
        }
        for key in &self.rules.dates {
            if let Some(Value::Text(text)) = line.payload.get(key).cloned() {
                let date =
                    self.rules.date(&text).map_err(|error| self.source.wrong_in(key, error))?;
                line.payload.insert(key.as_str(), date);
            }
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

    fn has_ids(&self) -> bool {
        self.ids.are_in_the_file()
    }

    fn notes(&self) -> Notes {
        Notes::default()
    }
}

/// Whether any value of a map is such a number.
fn has_number(map: &Map, is_such: &impl Fn(&Value) -> bool) -> bool {
    fn any(value: &Value, is_such: &impl Fn(&Value) -> bool) -> bool {
        match value {
            Value::List(values) => values.iter().any(|value| any(value, is_such)),
            Value::Map(map) => has_number(map, is_such),
            value => is_such(value),
        }
    }
    map.iter().any(|(_, value)| any(value, is_such))
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
        let line = self.source.object()?;
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
