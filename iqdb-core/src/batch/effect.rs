//! Effects: what a store does for a batch.

use std::borrow::Cow;

use super::NamedVector;
use crate::{Computed, IdRef, Payload, Record, RecordId, Rows, StoredRecord};

/// One fact that a batch makes true. Closed on purpose: a store that doesn't know a kind of effect
/// must not compile. A store applies, logs and replays effects only. Beside a payload there are the
/// columns that core computed of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<'a> {
    /// This is the record of its id, whether there was one or not.
    Put(&'a Record, Computed),
    /// The record of this row is that of its id, whether there was one or not.
    PutRow(&'a Rows, usize, Computed),
    /// There is no record of this id any more. There was one just before.
    Remove(Cow<'a, RecordId>),
    /// This is the whole payload of the record, which is there and keeps its vectors.
    SetPayload(&'a RecordId, Cow<'a, Payload>, Computed),
    /// The record, which is there, has these vectors in the named fields, or lacks one where there
    /// is `None`. It keeps its other vectors and its payload, with what was computed of that.
    SetVectors(&'a RecordId, &'a [NamedVector]),
}

impl Effect<'_> {
    /// The record that it is about. O(1).
    ///
    /// # Panics
    /// For a [`PutRow`](Self::PutRow) of a row that there is not.
    #[must_use]
    pub fn id(&self) -> IdRef<'_> {
        match self {
            Self::Put(record, _) => record.id.as_ref(),
            Self::PutRow(rows, row, _) => rows.ids().at(*row),
            Self::Remove(id) => id.as_ref().as_ref(),
            Self::SetPayload(id, ..) | Self::SetVectors(id, _) => id.as_ref(),
        }
    }

    /// The id of the record that it is about, as [`id`](Self::id) has it. Copies no text, except that of
    /// a row.
    #[must_use]
    pub fn to_id(&self) -> RecordId {
        match self {
            Self::Put(record, _) => record.id.clone(),
            Self::PutRow(..) => self.id().to_id(),
            Self::Remove(id) => id.as_ref().clone(),
            Self::SetPayload(id, ..) | Self::SetVectors(id, _) => (*id).clone(),
        }
    }

    /// Applies a `SetPayload` or `SetVectors` to a copy of its record; a `Put` replaces it, and after
    /// another effect it is as it was.
    pub fn apply_to(self, stored: &mut StoredRecord) {
        match self {
            Self::Put(record, computed) => {
                *stored = StoredRecord { record: record.clone(), computed }
            }
            Self::Remove(_) | Self::PutRow(..) => {}
            Self::SetPayload(_, payload, computed) => {
                stored.record.payload = payload.into_owned();
                stored.computed = computed;
            }
            Self::SetVectors(_, vectors) => {
                for (name, vector) in vectors {
                    stored.record.set_vector(name.clone(), vector.clone());
                }
            }
        }
    }
}
