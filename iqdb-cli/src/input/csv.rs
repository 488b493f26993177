//! Columns with names, in text: `id`, the vectors, and the payload in all other columns.
//!
//! The file is read twice: once to decide what each column of the payload holds, and to find what can't be
//! read before a record is made of it; and then for the records.

pub(crate) mod column;
mod delimiter;
mod names;
mod quoting;
mod rows;

use std::io::{Read, Seek};

use iqdb::{Error, ErrorKind, Field, Payload, Record, RecordId, Result, Vector};

use self::column::{ColumnType, Survey};
pub use self::delimiter::Delimiter;
use self::names::{Columns, VectorColumns};
use self::rows::Rows;
use super::ids::Ids;
use super::rules::Rules;
use super::{Notes, Place, Progress, Reader, Unit, json, with_vector};

/// The records of a `.csv` or `.tsv` file, whose first line names the columns.
#[derive(Debug)]
pub struct CsvReader<R> {
    name: String,
    rows: Rows<R>,
    columns: Columns,
    /// The type of each column of the payload, in their order.
    types: Vec<ColumnType>,
    rules: Rules,
    notes: Notes,
    ids: Ids,
    records: u64,
    file_bytes: u64,
}

impl<R: Read + Seek> CsvReader<R> {
    /// Reads a file of `file_bytes` bytes, which has vectors of these fields, from its beginning to its end
    /// and goes back to its first record. The name is for errors only.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for what is no table, or for columns that no records can be made of;
    /// [`ErrorKind::InvalidPayload`] for a column of numbers with one that no value holds;
    /// [`ErrorKind::NotSupported`] for rules on columns that are not there; [`ErrorKind::Io`].
    pub fn new(
        name: impl Into<String>,
        reader: R,
        delimiter: Delimiter,
        file_bytes: u64,
        fields: &[Field],
        rules: &Rules,
    ) -> Result<Self> {
        let name = name.into();
        let mut notes = Notes::default();
        let mut rows = Rows::new(reader, delimiter);
        let mut read = || {
            if !rows.advance()? {
                return Err(Error::new(ErrorKind::Damaged, "the file is empty")
                    .expected("a line with the names of the columns")
                    .found("none"));
            }
            Columns::of(rows.row(), fields, &mut notes)
        };
        let columns = read().map_err(|error| Place::Line(rows.line()).of(&name, error))?;
        columns.check_rules(rules).map_err(|error| Place::Line(1).of(&name, error))?;
        let mut csv = Self {
            name,
            rows,
            columns,
            types: Vec::new(),
            rules: rules.clone(),
            notes,
            ids: Ids::default(),
            records: 0,
            file_bytes,
        };
        csv.decide_types()?;
        Ok(csv)
    }

    /// Reads all rows, and goes back to the first one.
    fn decide_types(&mut self) -> Result<()> {
        let mut surveys = vec![Survey::default(); self.columns.payload.len()];
        while self.advance()? {
            for (survey, column) in surveys.iter_mut().zip(&self.columns.payload) {
                survey.see(self.rows.cell(*column), self.rows.line());
            }
        }
        for (survey, column) in surveys.iter().zip(&self.columns.payload) {
            let name = &self.columns.names[*column];
            let decided = if self.rules.texts.contains(name) {
                Ok(ColumnType::Verbatim)
            } else if self.rules.dates.contains(name) {
                Ok(ColumnType::Date)
            } else {
                survey.decide()
            };
            let decided =
                decided.map_err(|(line, error)| Place::Line(line).column(name, &self.name, error));
            self.types.push(decided?);
        }
        let back = self.rows.rewind().and_then(|()| self.rows.advance());
        back.map(drop).map_err(|error| Place::Line(1).of(&self.name, error))
    }
}

impl<R: Read> CsvReader<R> {
    fn advance(&mut self) -> Result<bool> {
        let advanced = self.rows.advance();
        advanced.map_err(|error| self.place().of(&self.name, error))
    }

    fn record(&mut self) -> Result<Record> {
        let given = match self.columns.id.map(|column| (column, self.rows.cell(column))) {
            None | Some((_, "")) => None,
            Some((column, cell)) => {
                Some(cell.parse::<RecordId>().map_err(|error| self.in_column(column, error))?)
            }
        };
        let place = self.place();
        let id = self
            .ids
            .of_row(self.records, given)
            .map_err(|error| place.column("id", &self.name, error))?;
        let mut record = Record::without_vector(id);
        for (name, columns) in &self.columns.vectors {
            if let Some(vector) = self.vector(columns)? {
                record = with_vector(record, name, vector);
            }
        }
        let mut payload = Payload::new();
        for (&column, kind) in self.columns.payload.iter().zip(&self.types) {
            let (name, cell) = (self.columns.names[column].as_str(), self.rows.cell(column));
            let value = kind.read(cell, &self.rules);
            match value.map_err(|error| self.in_column(column, error))? {
                Some(value) => drop(payload.insert(name, value)),
                None if kind.is_absent(cell) => self.notes.absent(name),
                None => {}
            }
        }
        Ok(record.with_payload(payload))
    }

    /// The vector in these columns; `None` where they are empty.
    fn vector(&self, columns: &VectorColumns) -> Result<Option<Vector>> {
        let columns = match columns {
            VectorColumns::One(column) if self.rows.cell(*column).is_empty() => return Ok(None),
            VectorColumns::One(column) => {
                let read = json::vector(self.rows.cell(*column).as_bytes());
                return read.map(Some).map_err(|problem| match problem.field {
                    Some(component) => {
                        let name = format!("{}{component}", self.columns.names[*column]);
                        self.place().column(&name, &self.name, problem.error)
                    }
                    None => self.in_column(*column, problem.error),
                });
            }
            VectorColumns::Components(columns) => columns,
        };
        if columns.iter().all(|column| self.rows.cell(*column).is_empty()) {
            return Ok(None);
        }
        let component = |&column: &usize| {
            let cell = self.rows.cell(column);
            let number = cell.trim().parse::<f32>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| {
                let error = Error::new(ErrorKind::Damaged, "the cell is not a component")
                    .expected("a finite number of 32 bits")
                    .found(format_args!("{cell:?}"));
                self.in_column(column, error)
            })
        };
        let components: Vec<_> = columns.iter().map(component).collect::<Result<_>>()?;
        let vector = Vector::try_from(components);
        vector.map(Some).map_err(|error| self.place().of(&self.name, error))
    }

    fn in_column(&self, column: usize, error: Error) -> Error {
        self.place().column(&self.columns.names[column], &self.name, error)
    }
}

impl<R: Read> Reader for CsvReader<R> {
    fn next_record(&mut self) -> Result<Option<Record>> {
        if !self.advance()? {
            return Ok(None);
        }
        let record = self.record()?;
        self.records += 1;
        Ok(Some(record))
    }

    fn place(&self) -> Place {
        Place::Line(self.rows.line())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn progress(&self) -> Progress {
        Progress { done: self.rows.bytes_read(), total: self.file_bytes, unit: Unit::Bytes }
    }

    fn has_ids(&self) -> bool {
        self.ids.are_in_the_file()
    }

    fn notes(&self) -> Notes {
        self.notes.clone()
    }
}
