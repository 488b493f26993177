//! Columns with names, in text: `id`, the vectors, and the payload in all other columns.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ErrorKind as CsvErrorKind, StringRecord};
use iqdb::limits::DIM_MAX;
use iqdb::{Error, ErrorKind, Field, Payload, Record, RecordId, Result, Vector};

use super::ids::Ids;
use super::{LINE_BYTES_MAX, Place, Progress, Reader, Unit, cell, json, with_vector};

/// The records of a `.csv` file, whose first line names the columns.
#[derive(Debug)]
pub struct CsvReader<R> {
    name: String,
    reader: csv::Reader<Bounded<R>>,
    /// How many bytes a record may still take, so that the reader notices a quote without its end.
    left: Rc<Cell<usize>>,
    names: Vec<String>,
    columns: Columns,
    ids: Ids,
    row: StringRecord,
    line: u64,
    records: u64,
    file_bytes: u64,
}

/// Which column holds what.
#[derive(Debug, Default)]
struct Columns {
    id: Option<usize>,
    /// The fields, and where their vectors are.
    vectors: Vec<(String, VectorColumns)>,
    payload: Vec<usize>,
}

/// Where the vectors of a field are.
#[derive(Debug)]
enum VectorColumns {
    /// In this column, as JSON.
    One(usize),
    /// In a column per component, in their order.
    Components(Vec<usize>),
}

impl<R: Read> CsvReader<R> {
    /// Reads the names of the columns of a file of `file_bytes` bytes, which has vectors of these
    /// fields. The name is for errors only.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for columns that no records can be made of; [`ErrorKind::Io`].
    pub fn new(
        name: impl Into<String>,
        reader: R,
        file_bytes: u64,
        fields: &[Field],
    ) -> Result<Self> {
        let left = Rc::new(Cell::new(LINE_BYTES_MAX));
        let bounded = Bounded { reader, left: Rc::clone(&left) };
        let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bounded);
        let mut csv = Self {
            name: name.into(),
            reader,
            left,
            names: Vec::new(),
            columns: Columns::default(),
            ids: Ids::default(),
            row: StringRecord::new(),
            line: 1,
            records: 0,
            file_bytes,
        };
        let result = match csv.advance() {
            Ok(true) => csv.read_names(fields),
            Ok(false) => Err(Error::new(ErrorKind::Damaged, "the file is empty")
                .expected("a line with the names of the columns")
                .found("none")),
            Err(error) => Err(error),
        };
        result.map_err(|error| Place::Line(csv.line).of(&csv.name, error))?;
        Ok(csv)
    }

    fn read_names(&mut self, fields: &[Field]) -> Result<()> {
        self.names = self.row.iter().map(str::to_owned).collect();
        let mut of_name = HashMap::new();
        for (column, name) in self.names.iter().enumerate() {
            if of_name.insert(name.as_str(), column).is_some() {
                return Err(Error::new(ErrorKind::Damaged, "two columns have the same name")
                    .expected("a name per column")
                    .found(format_args!("{name} a second time, in column {}", column + 1)));
            }
        }
        let mut columns = Columns { id: of_name.remove("id"), ..Columns::default() };
        for field in fields {
            let name = field.name();
            let found = match of_name.remove(name) {
                Some(column) => VectorColumns::One(column),
                None if name == Field::DEFAULT && of_name.contains_key("v0") => {
                    let names = (0..DIM_MAX).map(|component| format!("v{component}"));
                    let columns = names.map_while(|name| of_name.remove(name.as_str()));
                    VectorColumns::Components(columns.collect())
                }
                None => {
                    return Err(Error::new(ErrorKind::Damaged, "no column holds the vector")
                        .expected(match name {
                            Field::DEFAULT => "a column vector, or v0, v1 and so on".to_owned(),
                            name => format!("a column {name}"),
                        })
                        .found(self.names.join(", ")));
                }
            };
            columns.vectors.push((name.to_owned(), found));
        }
        columns.payload = of_name.into_values().collect();
        columns.payload.sort_unstable();
        self.columns = columns;
        Ok(())
    }

    /// Reads the next row; returns whether there is one.
    fn advance(&mut self) -> Result<bool> {
        self.left.set(LINE_BYTES_MAX);
        self.line = self.reader.position().line();
        let read = self.reader.read_record(&mut self.row);
        if let Some(position) = self.row.position()
            && read.is_ok()
        {
            self.line = position.line();
        }
        read.map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, error: csv::Error) -> Error {
        let damaged = |message: &'static str| Error::new(ErrorKind::Damaged, message);
        match error.into_kind() {
            CsvErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                damaged("the row is too long")
                    .expected(format_args!("at most {LINE_BYTES_MAX} bytes"))
                    .found("more of them without an end")
                    .hint("is a double quote not closed?")
            }
            CsvErrorKind::Io(error) => {
                Error::new(ErrorKind::Io, "the file can't be read").caused_by(error)
            }
            CsvErrorKind::UnequalLengths { expected_len, len, .. } => {
                damaged("the row has another number of columns")
                    .expected(format_args!("{expected_len}, as in the first line"))
                    .found(len)
            }
            CsvErrorKind::Utf8 { err, .. } => {
                let field = err.field();
                let name = self.names.get(field).map_or("", String::as_str);
                damaged("the cell is not UTF-8")
                    .expected("a text in UTF-8")
                    .found(format_args!("other bytes in column {name} ({})", field + 1))
            }
            kind => damaged("the row can't be read")
                .expected("comma-separated cells")
                .found(format_args!("{kind:?}")),
        }
    }

    fn record(&mut self) -> Result<Record> {
        let given = match self.columns.id {
            None => None,
            Some(column) => match self.row.get(column).unwrap_or_default() {
                "" => None,
                cell => {
                    Some(cell.parse::<RecordId>().map_err(|error| self.in_column(column, error))?)
                }
            },
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
        for &column in &self.columns.payload {
            if let Some(value) = cell::read(self.row.get(column).unwrap_or_default()) {
                payload.insert(self.names[column].as_str(), value);
            }
        }
        Ok(record.with_payload(payload))
    }

    /// The vector in these columns; `None` where they are empty.
    fn vector(&self, columns: &VectorColumns) -> Result<Option<Vector>> {
        let cell_of = |column: usize| self.row.get(column).unwrap_or_default();
        let columns = match columns {
            VectorColumns::One(column) if cell_of(*column).is_empty() => return Ok(None),
            VectorColumns::One(column) => {
                let read = json::vector(cell_of(*column).as_bytes());
                return read.map(Some).map_err(|problem| match problem.field {
                    Some(component) => {
                        let name = format!("{}{component}", self.names[*column]);
                        self.place().column(&name, &self.name, problem.error)
                    }
                    None => self.in_column(*column, problem.error),
                });
            }
            VectorColumns::Components(columns) => columns,
        };
        if columns.iter().all(|column| cell_of(*column).is_empty()) {
            return Ok(None);
        }
        let component = |&column: &usize| {
            let cell = cell_of(column);
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
        self.place().column(&self.names[column], &self.name, error)
    }
}

impl<R: Read> Reader for CsvReader<R> {
    fn next_record(&mut self) -> Result<Option<Record>> {
        match self.advance() {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => return Err(self.place().of(&self.name, error)),
        }
        let record = self.record()?;
        self.records += 1;
        Ok(Some(record))
    }

    fn place(&self) -> Place {
        Place::Line(self.line)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn progress(&self) -> Progress {
        Progress { done: self.reader.position().byte(), total: self.file_bytes, unit: Unit::Bytes }
    }
}

/// Lends a reader's bytes, at most `left` more for each record.
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
