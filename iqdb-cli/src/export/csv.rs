//! Columns with names: `id`, those of the vectors, and one per key of any payload.
//!
//! The vectors of the default field, if they are of `f32`, are in a column per component; those of any
//! other field are in one, as JSON.

pub(super) mod keys;

use iqdb::{Element, Error, ErrorKind, Field, FieldKind, RecordRef, Result, VectorRef};

use super::file::NewFile;
use super::writer::Writer;
use keys::Key;

#[derive(Debug)]
pub(super) struct CsvWriter {
    file: csv::Writer<NewFile>,
    vectors: Vec<Field>,
    /// The keys, in their order.
    keys: Vec<Key>,
}

impl CsvWriter {
    /// Writes the names of the columns.
    pub(super) fn new(file: NewFile, vectors: Vec<Field>, keys: Vec<Key>) -> Result<Self> {
        if let Some(field) = vectors.iter().find(|field| is_column(field.name())) {
            return Err(Error::new(ErrorKind::NotSupported, "a field has the name of a column")
                .during("writing a .csv file")
                .expected("fields other than id, v0, v1 and so on")
                .found(format_args!("the field {}", field.name()))
                .hint("export to .jsonl"));
        }
        let is_taken = |name: &&str| {
            name.is_empty()
                || is_column(name)
                || *name == Field::DEFAULT
                || vectors.iter().any(|vector| vector.name() == *name)
        };
        if let Some(key) = keys.iter().map(|key| key.name.as_str()).find(is_taken) {
            return Err(Error::new(ErrorKind::NotSupported, "a key has the name of a column")
                .during("writing a .csv file")
                .expected("keys other than id, vector, v0, v1 and so on, and the fields; not empty")
                .found(format_args!("the key {key:?}"))
                .hint("export to .jsonl"));
        }
        let mut names = vec!["id".to_owned()];
        for vector in &vectors {
            match components(vector) {
                Some(dim) => names.extend((0..dim).map(|component| format!("v{component}"))),
                None => names.push(vector.name().to_owned()),
            }
        }
        names.extend(keys.iter().map(|key| key.name.clone()));
        let mut writer = Self { file: csv::Writer::from_writer(file), vectors, keys };
        writer.row(names)?;
        Ok(writer)
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) -> Result<()> {
        let written = self.file.write_record(cells);
        written.map_err(|error| self.file.get_ref().failed(error.into()))
    }
}

impl Writer for CsvWriter {
    fn write(&mut self, record: &RecordRef<'_>) -> Result<bool> {
        let payload = record.payload()?.to_payload()?;
        let mut cells = vec![record.id()?.to_string()];
        for field in &self.vectors {
            let vector = record.vector(field.name())?;
            match (components(field), vector, vector.and_then(VectorRef::as_f32)) {
                (Some(dim), None, _) => cells.extend((0..dim).map(|_| String::new())),
                (Some(_), _, Some(vector)) => {
                    for component in vector {
                        cells.push(serde_json::to_string(component).map_err(unwritable)?);
                    }
                }
                (_, None, _) => cells.push(String::new()),
                (_, Some(vector), _) => {
                    let vector = serde_json::to_string(&vector.to_vector());
                    cells.push(vector.map_err(unwritable)?);
                }
            }
        }
        for key in &self.keys {
            let value = payload.get(&key.name);
            let cell = value.map(|value| key.cell(value)).transpose().map_err(unwritable)?;
            cells.push(cell.unwrap_or_default());
        }
        self.row(cells)?;
        Ok(true)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        if let Err(error) = self.file.flush() {
            return Err(self.file.get_ref().failed(error));
        }
        let file = self.file.into_inner().map_err(|error| {
            Error::new(ErrorKind::Io, "the file can't be written").caused_by(error.to_string())
        })?;
        file.finish()
    }
}

/// Whether a column of this name holds ids or components.
fn is_column(name: &str) -> bool {
    name == "id" || matches!(name.strip_prefix('v').map(str::parse::<usize>), Some(Ok(_)))
}

/// How many columns the vectors of a field take when each component has its own.
fn components(field: &Field) -> Option<usize> {
    match field.kind() {
        FieldKind::Dense { dim, element: Element::F32, .. } if field.name() == Field::DEFAULT => {
            Some(dim)
        }
        _ => None,
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::ContractViolation, "a value can't be written").caused_by(error)
}
