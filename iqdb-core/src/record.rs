//! Records: an id, vectors and a payload, owned.

#[cfg(feature = "serde")]
mod serde_form;

use std::borrow::Cow;

use crate::filter::Subject;
use crate::{
    Error, ErrorKind, Field, IdRef, Payload, PayloadRef, RecordId, Result, Value, Vector, VectorRef,
};

/// One entry of a store: an id, a vector for each field that it has, and a payload.
///
/// ```
/// use iqdb_core::Record;
///
/// let record = Record::new("doc-42", [0.1, 0.2, 0.3])?.with("lang", "en").with("year", 2024);
/// assert_eq!(record.vector("vector").and_then(|v| v.dim()), Some(3));
///
/// let record = Record::without_vector("doc-43")
///     .with_vector("title", [0.5, 0.5])?
///     .with_vector("image", [7_i8, -3, 2])?;
/// assert_eq!(record.vectors().count(), 2);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The name, unique in its store.
    pub id: RecordId,
    vectors: Vectors,
    /// What it carries besides.
    pub payload: Payload,
}

/// A record with one vector of the default field, which is most records, needs no list.
#[derive(Debug, Clone, PartialEq)]
enum Vectors {
    Default(Vector),
    /// In the order of the names; never just one of the default field.
    Named(Vec<(Cow<'static, str>, Vector)>),
}

impl Record {
    /// A record with a vector of the field named [`Field::DEFAULT`], without payload.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] when `vector` is empty, too long or not finite. Whether it fits
    /// a schema is checked where it is stored.
    pub fn new(
        id: impl Into<RecordId>,
        vector: impl TryInto<Vector, Error: Into<Error>>,
    ) -> Result<Self> {
        let id = id.into();
        match vector.try_into() {
            Ok(vector) => {
                Ok(Self { id, vectors: Vectors::Default(vector), payload: Payload::new() })
            }
            Err(error) => Err(error.into().with_id(&id)),
        }
    }

    /// A record without vectors and without payload.
    #[must_use]
    pub fn without_vector(id: impl Into<RecordId>) -> Self {
        Self { id: id.into(), vectors: Vectors::Named(Vec::new()), payload: Payload::new() }
    }

    /// The record with this vector of the field `name`, in place of the one that it had.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn with_vector(
        mut self,
        name: impl Into<Cow<'static, str>>,
        vector: impl TryInto<Vector, Error: Into<Error>>,
    ) -> Result<Self> {
        match vector.try_into() {
            Ok(vector) => {
                self.set_vector(name, Some(vector));
                Ok(self)
            }
            Err(error) => Err(error.into().with_id(&self.id)),
        }
    }

    /// Sets the vector of the field `name`, or removes it. O(vectors).
    pub fn set_vector(&mut self, name: impl Into<Cow<'static, str>>, vector: Option<Vector>) {
        let name = name.into();
        let mut named = match std::mem::replace(&mut self.vectors, Vectors::Named(Vec::new())) {
            Vectors::Default(old) => vec![(Field::DEFAULT.into(), old)],
            Vectors::Named(named) => named,
        };
        match (named.binary_search_by(|(other, _)| other.cmp(&name)), vector) {
            (Ok(at), Some(vector)) => named[at].1 = vector,
            (Ok(at), None) => drop(named.remove(at)),
            (Err(at), Some(vector)) => named.insert(at, (name, vector)),
            (Err(_), None) => {}
        }
        self.vectors = match named.as_slice() {
            [(name, _)] if name == Field::DEFAULT => match named.pop() {
                Some((_, vector)) => Vectors::Default(vector),
                None => Vectors::Named(named),
            },
            _ => Vectors::Named(named),
        };
    }

    /// The vector of the field `name`, if the record has one. O(log vectors).
    #[must_use]
    pub fn vector(&self, name: &str) -> Option<VectorRef<'_>> {
        match &self.vectors {
            Vectors::Default(vector) => (name == Field::DEFAULT).then(|| vector.as_ref()),
            Vectors::Named(named) => {
                let at = named.binary_search_by(|(other, _)| other.as_ref().cmp(name)).ok()?;
                Some(named[at].1.as_ref())
            }
        }
    }

    /// The vectors with the names of their fields, in the order of the names.
    pub fn vectors(&self) -> impl Iterator<Item = (&str, VectorRef<'_>)> {
        let (default, named) = match &self.vectors {
            Vectors::Default(vector) => (Some((Field::DEFAULT, vector.as_ref())), [].as_slice()),
            Vectors::Named(named) => (None, named.as_slice()),
        };
        default.into_iter().chain(named.iter().map(|(name, v)| (name.as_ref(), v.as_ref())))
    }

    /// The one vector of a record that has just one.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], naming the fields of which the record has vectors.
    pub fn only_vector(&self) -> Result<VectorRef<'_>> {
        let mut vectors = self.vectors();
        match (vectors.next(), vectors.next()) {
            (Some((_, vector)), None) => Ok(vector),
            _ => {
                let names: Vec<&str> = self.vectors().map(|(name, _)| name).collect();
                Err(Error::new(ErrorKind::UnknownField, "the record doesn't have just one vector")
                    .with_id(&self.id)
                    .found(match names.as_slice() {
                        [] => "none".into(),
                        names => names.join(", "),
                    })
                    .hint("name the field"))
            }
        }
    }

    /// The record with a payload key set.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.payload.insert(key, value);
        self
    }

    /// The record with this payload in place of its own.
    #[must_use]
    pub fn with_payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }
}

impl Subject for Record {
    fn id(&self) -> Result<IdRef<'_>> {
        Ok(self.id.as_ref())
    }

    fn payload(&self) -> Result<PayloadRef<'_>> {
        Ok(PayloadRef::from(&self.payload))
    }

    fn has_field(&self, name: &str) -> Result<bool> {
        Ok(self.vector(name).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_vector_names_its_record() {
        let error = Record::new("a", [f32::NAN]).unwrap_err();
        assert_eq!(error.id(), Some(&"a".into()));
        let error = Record::without_vector("a").with_vector("image", [f32::NAN]).unwrap_err();
        assert_eq!(error.id(), Some(&"a".into()));
    }

    #[test]
    fn records_are_equal_whichever_way_they_were_made() {
        let simple = Record::new(1, [1.0]).unwrap();
        let named = Record::without_vector(1).with_vector("vector", [1.0]).unwrap();
        assert_eq!(simple, named);
        let mut emptied = simple.clone();
        emptied.set_vector("vector", None);
        assert_eq!(emptied, Record::without_vector(1));
        let both = simple.with_vector("image", [2_i8]).unwrap();
        let mut other = Record::without_vector(1).with_vector("image", [2_i8]).unwrap();
        assert_ne!(both, other);
        other.set_vector("vector", Some(Vector::try_from([1.0]).unwrap()));
        assert_eq!(both, other);
        other.set_vector("image", None);
        assert_eq!(other, named);
    }

    #[test]
    fn the_only_vector_is_one_of_one() {
        let simple = Record::new(1, [1.0]).unwrap();
        assert_eq!(simple.only_vector().unwrap().as_f32(), Some([1.0].as_slice()));
        let error = Record::without_vector(1).only_vector().unwrap_err();
        assert_eq!(error.finding(), Some("none"));
        let error = simple.with_vector("image", [2_i8]).unwrap().only_vector().unwrap_err();
        assert_eq!(
            (error.kind(), error.finding()),
            (ErrorKind::UnknownField, Some("image, vector"))
        );
    }
}
