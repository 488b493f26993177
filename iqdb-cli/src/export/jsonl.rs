//! A JSON object per line.

use iqdb::{Field, Payload, Record, RecordId, RecordRef, Result, VectorRef};
use serde::{Serialize, Serializer};

use super::file::NewFile;
use super::writer::Writer;

/// A record, or its id and payload alone. The fields are the keys, in this order.
#[derive(Debug, Serialize)]
pub(crate) struct Line<'a> {
    id: &'a RecordId,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<AnyVector<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    vectors: Vec<(&'a str, AnyVector<'a>)>,
    #[serde(skip_serializing_if = "Payload::is_empty")]
    payload: &'a Payload,
}

impl<'a> Line<'a> {
    /// The whole record.
    pub(crate) fn new(record: &'a Record) -> Self {
        let named = record.vectors().filter(|(name, _)| *name != Field::DEFAULT);
        Self {
            vector: record.vector(Field::DEFAULT).map(AnyVector),
            vectors: named.map(|(name, vector)| (name, AnyVector(vector))).collect(),
            ..Self::without_vectors(&record.id, &record.payload)
        }
    }

    /// An id and a payload.
    pub(crate) fn without_vectors(id: &'a RecordId, payload: &'a Payload) -> Self {
        Self { id, vector: None, vectors: Vec::new(), payload }
    }
}

/// A vector in the form that core gives it.
#[derive(Debug)]
struct AnyVector<'a>(VectorRef<'a>);

impl Serialize for AnyVector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            VectorRef::F32(vector) => vector.serialize(serializer),
            vector => vector.to_vector().serialize(serializer),
        }
    }
}

fn as_map<S: Serializer>(
    named: &Vec<(&str, AnyVector<'_>)>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(named.iter().map(|(name, vector)| (name, vector)))
}

/// Appends a line to `file`.
pub(super) fn append(file: &mut NewFile, line: &Line<'_>) -> Result<()> {
    let written = serde_json::to_writer(&mut *file, line);
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
    fn write(&mut self, record: &RecordRef<'_>) -> Result<bool> {
        append(&mut self.file, &Line::new(&record.to_record()?))?;
        Ok(true)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file.finish()
    }
}
