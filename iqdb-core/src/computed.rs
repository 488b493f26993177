//! The computed columns of a record, as effects carry them and stores keep them.

use std::fmt;

use crate::{FieldId, PayloadRef, Result, Schema};

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
