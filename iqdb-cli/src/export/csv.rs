//! Columns with names: `id`, a column per component, and one per key of any payload.

use iqdb::{Error, ErrorKind, RecordRef, Result};

use super::Writer;
use super::file::NewFile;
use crate::input::cell;

#[derive(Debug)]
pub(super) struct CsvWriter {
    file: csv::Writer<NewFile>,
    /// The keys, in their order.
    keys: Vec<String>,
}

impl CsvWriter {
    /// Writes the names of the columns.
    pub(super) fn new(file: NewFile, dim: usize, keys: Vec<String>) -> Result<Self> {
        let is_taken = |key: &&String| {
            let number = key.strip_prefix('v').map(str::parse::<usize>);
            matches!(key.as_str(), "id" | "vector") || matches!(number, Some(Ok(_)))
        };
        if let Some(key) = keys.iter().find(is_taken) {
            return Err(Error::new(ErrorKind::NotSupported, "a key has the name of a column")
                .during("writing a .csv file")
                .expected("keys other than id, vector, v0, v1 and so on")
                .found(format_args!("the key {key}"))
                .hint("export to .jsonl"));
        }
        let mut writer = Self { file: csv::Writer::from_writer(file), keys: Vec::new() };
        let components = (0..dim).map(|component| format!("v{component}"));
        writer.row(std::iter::once("id".to_owned()).chain(components).chain(keys.clone()))?;
        writer.keys = keys;
        Ok(writer)
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) -> Result<()> {
        let written = self.file.write_record(cells);
        written.map_err(|error| self.file.get_ref().failed(error.into()))
    }
}

impl Writer for CsvWriter {
    fn write(&mut self, record: &RecordRef<'_>) -> Result<()> {
        let payload = record.payload().to_payload()?;
        let mut cells = vec![record.id().to_string()];
        for component in record.vector() {
            cells.push(serde_json::to_string(component).map_err(unwritable)?);
        }
        for key in &self.keys {
            let cell = payload.get(key).map(cell::write).transpose().map_err(unwritable)?;
            cells.push(cell.unwrap_or_default());
        }
        self.row(cells)
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

fn unwritable(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::ContractViolation, "a value can't be written").caused_by(error)
}
