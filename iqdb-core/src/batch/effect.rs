//! Effects: what a store does for a batch.

use std::borrow::Cow;

use super::NamedVector;
use crate::{Payload, Record, RecordId};

/// One fact that a batch makes true. Closed on purpose: a store that doesn't know a kind of effect
/// must not compile. A store applies, logs and replays effects only.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<'a> {
    /// This is the record of its id, whether there was one or not.
    Put(&'a Record),
    /// There is no record of this id any more. There was one just before.
    Remove(Cow<'a, RecordId>),
    /// This is the whole payload of the record, which is there and keeps its vectors.
    SetPayload(&'a RecordId, Cow<'a, Payload>),
    /// The record, which is there, has these vectors in the named fields, or lacks one where there
    /// is `None`. It keeps its other vectors and its payload.
    SetVectors(&'a RecordId, &'a [NamedVector]),
}

impl Effect<'_> {
    /// The record that it is about.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        match self {
            Self::Put(record) => &record.id,
            Self::Remove(id) => id,
            Self::SetPayload(id, _) | Self::SetVectors(id, _) => id,
        }
    }

    /// Applies a `SetPayload` or `SetVectors` to a copy of its record; a `Put` replaces it, and after
    /// a `Remove` it is as it was.
    pub fn apply_to(&self, record: &mut Record) {
        match self {
            Self::Put(put) => record.clone_from(put),
            Self::Remove(_) => {}
            Self::SetPayload(_, payload) => record.payload.clone_from(payload),
            Self::SetVectors(_, vectors) => {
                for (name, vector) in *vectors {
                    record.set_vector(name.clone(), vector.clone());
                }
            }
        }
    }
}
