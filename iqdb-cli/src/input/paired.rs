//! Vectors from one file, and their ids and payloads from the lines of another or from nowhere.

use std::io::BufRead;

use iqdb::{Error, ErrorKind, Payload, Record, Result};

use super::ids::Ids;
use super::json::Line;
use super::jsonl::PayloadLines;
use super::{Notes, Place, Progress, Reader, Vectors, with_vector};

/// Records of vectors and, where there are any, the lines that go with them.
#[derive(Debug)]
pub struct Paired<V, P> {
    vectors: V,
    field: String,
    payloads: Option<PayloadLines<P>>,
    ids: Ids,
    records: u64,
}

impl<V: Vectors, P: BufRead> Paired<V, P> {
    /// The vectors, of this field, with their row numbers as ids.
    pub fn alone(vectors: V, field: impl Into<String>) -> Self {
        Self { vectors, field: field.into(), payloads: None, ids: Ids::default(), records: 0 }
    }

    /// The records with the ids and payloads in these lines, as many as there are vectors. The name
    /// is that of the lines, for errors only.
    #[must_use]
    pub fn with_payloads(self, name: impl Into<String>, payloads: P) -> Self {
        Self { payloads: Some(PayloadLines::new(name.into(), payloads)), ..self }
    }
}

impl<V: Vectors, P: BufRead> Reader for Paired<V, P> {
    fn next_record(&mut self) -> Result<Option<Record>> {
        let Some(vector) = self.vectors.next_vector()? else {
            if let Some(payloads) = &mut self.payloads
                && payloads.next_line()?.is_some()
            {
                return Err(payloads.wrong(unequal("a line more than the vectors")));
            }
            return Ok(None);
        };
        let (id, payload) = match &mut self.payloads {
            None => (None, Payload::new()),
            Some(payloads) => match payloads.next_line()? {
                Some(Line { id, payload, .. }) => (id, payload),
                None => return Err(payloads.wrong(unequal("the end, a vector too early"))),
            },
        };
        let id = self.ids.of_row(self.records, id).map_err(|error| match &self.payloads {
            Some(payloads) => payloads.wrong(error),
            None => self.place().of(self.vectors.name(), error),
        })?;
        self.records += 1;
        let record = Record::without_vector(id).with_payload(payload);
        Ok(Some(with_vector(record, &self.field, vector)))
    }

    fn place(&self) -> Place {
        self.vectors.place()
    }

    fn name(&self) -> &str {
        self.vectors.name()
    }

    fn progress(&self) -> Progress {
        self.vectors.progress()
    }

    fn has_ids(&self) -> bool {
        self.ids.are_in_the_file()
    }

    fn notes(&self) -> Notes {
        Notes::default()
    }
}

fn unequal(found: &'static str) -> Error {
    Error::new(ErrorKind::Damaged, "the payloads don't belong to the vectors")
        .expected("a line per vector")
        .found(found)
}
