//! A JSON object per line.

use iqdb::{Payload, RecordId, RecordRef, Result};
use serde::Serialize;

use super::Writer;
use super::file::NewFile;

/// A record, or its id and payload alone. The fields are the keys, in this order.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) id: &'a RecordId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vector: Option<&'a [f32]>,
    #[serde(skip_serializing_if = "Payload::is_empty")]
    pub(crate) payload: &'a Payload,
}

/// Appends a record to `file`, or its id and payload alone.
pub(super) fn append(file: &mut NewFile, record: &RecordRef<'_>, with_vector: bool) -> Result<()> {
    let (id, payload) = (record.id().to_id(), record.payload().to_payload()?);
    let vector = with_vector.then(|| record.vector());
    let line = Line { id: &id, vector, payload: &payload };
    let written = serde_json::to_writer(&mut *file, &line);
    written.map_err(|error| file.failed(error.into()))?;
    file.append(b"\n")
}

#[derive(Debug)]
pub(super) struct JsonlWriter {
    file: NewFile,
}

impl JsonlWriter {
    pub(super) fn new(file: NewFile) -> Self {
        Self { file }
    }
}

impl Writer for JsonlWriter {
    fn write(&mut self, record: &RecordRef<'_>) -> Result<()> {
        append(&mut self.file, record, true)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file.finish()
    }
}
