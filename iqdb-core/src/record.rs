//! Records: an id, a vector and a payload, owned and borrowed.

use crate::{Error, IdRef, Payload, PayloadRef, RecordId, Result, Value, Vector, VectorRef};

/// One entry of a store.
///
/// ```
/// use iqdb_core::Record;
///
/// let record = Record::new("doc-42", [0.1, 0.2, 0.3])?.with("lang", "en").with("year", 2024);
/// assert_eq!(record.vector.len(), 3);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Record {
    /// The name, unique in its store.
    pub id: RecordId,
    /// The vector, with the caller's exact bits.
    pub vector: Vector,
    /// What it carries besides.
    #[cfg_attr(feature = "serde", serde(default))]
    pub payload: Payload,
}

impl Record {
    /// A record without payload.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`](crate::ErrorKind::InvalidVector) when `vector` is empty, too
    /// long or not finite. Whether it fits a schema is checked where it is stored.
    pub fn new(
        id: impl Into<RecordId>,
        vector: impl TryInto<Vector, Error: Into<Error>>,
    ) -> Result<Self> {
        let id = id.into();
        match vector.try_into() {
            Ok(vector) => Ok(Self { id, vector, payload: Payload::new() }),
            Err(error) => Err(error.into().with_id(&id)),
        }
    }

    /// The record with a payload field set.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.payload.insert(field, value);
        self
    }

    /// The record with this payload in place of its own.
    #[must_use]
    pub fn with_payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// The record as a borrow; costs nothing.
    #[must_use]
    pub fn as_ref(&self) -> RecordRef<'_> {
        RecordRef::new(self.id.as_ref(), &self.vector, (&self.payload).into())
    }
}

/// A borrowed record: what a snapshot lends.
#[derive(Debug, Clone)]
pub struct RecordRef<'a>(Repr<'a>);

#[derive(Debug, Clone)]
enum Repr<'a> {
    Lent { id: IdRef<'a>, vector: &'a [f32], payload: PayloadRef<'a> },
    Owned(Box<Record>),
}

impl<'a> RecordRef<'a> {
    /// Lends the three parts of a record.
    #[must_use]
    pub fn new(id: IdRef<'a>, vector: &'a [f32], payload: PayloadRef<'a>) -> Self {
        Self(Repr::Lent { id, vector, payload })
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> IdRef<'_> {
        match &self.0 {
            Repr::Lent { id, .. } => *id,
            Repr::Owned(record) => record.id.as_ref(),
        }
    }

    /// The components.
    #[must_use]
    pub fn vector(&self) -> &[f32] {
        match &self.0 {
            Repr::Lent { vector, .. } => vector,
            Repr::Owned(record) => &record.vector,
        }
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> PayloadRef<'_> {
        match &self.0 {
            Repr::Lent { payload, .. } => payload.reborrow(),
            Repr::Owned(record) => PayloadRef::from(&record.payload),
        }
    }

    /// An owned copy.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`](crate::ErrorKind::InvalidVector) when the store lent
    /// components that no vector can have; whatever reading the payload reports.
    pub fn to_record(&self) -> Result<Record> {
        Ok(Record {
            id: self.id().to_id(),
            vector: VectorRef::new(self.vector())?.into(),
            payload: self.payload().to_payload()?,
        })
    }
}

impl<'a> From<&'a Record> for RecordRef<'a> {
    fn from(record: &'a Record) -> Self {
        record.as_ref()
    }
}

/// For a store that has to fetch or decode: the borrow owns what it lends.
impl From<Record> for RecordRef<'_> {
    fn from(record: Record) -> Self {
        Self(Repr::Owned(Box::new(record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_vector_names_its_record() {
        let error = Record::new("a", [f32::NAN]).unwrap_err();
        assert_eq!(error.id(), Some(&"a".into()));
    }

    #[test]
    fn lent_and_owned_records_read_the_same() {
        let record = Record::new(7, [1.0, -0.0]).unwrap().with("lang", "en");
        for lent in [RecordRef::from(&record), RecordRef::from(record.clone())] {
            assert_eq!(lent.id(), record.id);
            assert_eq!(lent.vector(), &*record.vector);
            assert_eq!(lent.to_record().unwrap(), record);
        }
    }
}
