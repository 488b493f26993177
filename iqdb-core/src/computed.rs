//! Columns that core computes: bytes made of a payload, which a store keeps beside it.

use std::fmt;

use crate::{Error, ErrorKind, Field, FieldId, FieldKind, PayloadRef, Result, Schema};

/// How the column of a computed field is made of a payload. A store keeps the bytes as it keeps a
/// payload, lends them as [`RowsRef::Bytes`](crate::RowsRef), and knows nothing else of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Computation {
    /// The length of the text at the key of the field's name, or of each text in the list there:
    /// 4 bytes each, little-endian. A record with anything else there lacks the field. For tests of
    /// backends: it stands for every computation.
    #[cfg(feature = "testing")]
    TextLengths,
}

impl Computation {
    /// Its name with its version, by which a format of files knows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "testing")]
            Self::TextLengths => "text_lengths/1",
        }
    }

    /// The computation of this name.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] for one that this build doesn't have.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            #[cfg(feature = "testing")]
            "text_lengths/1" => Ok(Self::TextLengths),
            _ => Err(Error::new(ErrorKind::NotSupported, "this build can't compute such a field")
                .found(format_args!("{name:?}"))
                .hint("open it with the version and the cargo features that made it")),
        }
    }

    /// Appends the bytes of a record with this payload, and returns true; or returns false for a record
    /// that lacks the field, and leaves `out` alone.
    #[cfg_attr(not(feature = "testing"), allow(unused_variables, clippy::ptr_arg))]
    fn compute(self, field: &Field, payload: &PayloadRef<'_>, out: &mut Vec<u8>) -> Result<bool> {
        match self {
            #[cfg(feature = "testing")]
            Self::TextLengths => text_lengths(field.name(), payload, out),
        }
    }
}

#[cfg(feature = "testing")]
fn text_lengths(key: &str, payload: &PayloadRef<'_>, out: &mut Vec<u8>) -> Result<bool> {
    use crate::ValueRef;
    let mut push = |text: &str| {
        out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    };
    match payload.get(key)? {
        Some(ValueRef::Text(text)) => push(text),
        Some(ValueRef::List(list)) => {
            for item in list.iter() {
                if let ValueRef::Text(text) = item {
                    push(text);
                }
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

impl Field {
    /// Appends to `out` the bytes of a computed field for a record with this payload, and returns true;
    /// or returns false, and appends nothing, for a record that lacks the field, and for every field that
    /// is not computed. O(bytes of the payload).
    ///
    /// # Errors
    /// Whatever reading the payload reports; then `out` is as it was.
    pub fn compute(&self, payload: &PayloadRef<'_>, out: &mut Vec<u8>) -> Result<bool> {
        let FieldKind::Computed(computation) = self.kind() else { return Ok(false) };
        let before = out.len();
        computation.compute(self, payload, out).inspect_err(|_| out.truncate(before))
    }
}

/// The computed columns of one record: what an effect carries beside the payload that they are made
/// of. Without computed fields it is empty, and takes no memory of its own.
#[derive(Clone, PartialEq, Default)]
pub struct Computed(Option<Box<Columns>>);

#[derive(Clone, PartialEq)]
struct Columns {
    schema: Schema,
    /// Of the fields that the record has.
    bytes: Vec<(FieldId, Box<[u8]>)>,
}

impl Computed {
    /// The computed columns of a record with this payload. O(bytes of the payload) for each computed
    /// field of the schema.
    ///
    /// # Errors
    /// Whatever reading the payload reports.
    pub fn of(schema: &Schema, payload: &PayloadRef<'_>) -> Result<Self> {
        let mut bytes = Vec::new();
        let mut buffer = Vec::new();
        for (id, field) in schema.computed_fields() {
            if field.compute(payload, &mut buffer)? {
                bytes.push((id, buffer.as_slice().into()));
                buffer.clear();
            }
        }
        let columns = (!bytes.is_empty()).then(|| Columns { schema: schema.clone(), bytes });
        Ok(Self(columns.map(Box::new)))
    }

    /// The bytes of the field `name`, if the record has it. O(fields).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let columns = self.0.as_ref()?;
        let named = |id: FieldId| columns.schema.fields()[id.index()].name() == name;
        columns.bytes.iter().find(|(id, _)| named(*id)).map(|(_, bytes)| &**bytes)
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.0.iter().flat_map(|columns| {
            let name = |id: &FieldId| columns.schema.fields()[id.index()].name();
            columns.bytes.iter().map(move |(id, bytes)| (name(id), bytes))
        });
        f.debug_map().entries(columns).finish()
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;
