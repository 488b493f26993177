//! What a batch did.

use crate::{Effect, Version};

/// What a batch did: the version it made, and one count per change. Only a delete-where counts once
/// for each record that it removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Applied {
    /// The version of the store after the batch.
    pub version: Version,
    /// Upserts and inserts of an id that was not there.
    pub inserted: u64,
    /// Upserts of an id that was there.
    pub replaced: u64,
    /// Payloads set.
    pub payload_set: u64,
    /// Vectors set or removed, one for each record.
    pub vectors_set: u64,
    /// Records removed.
    pub deleted: u64,
    /// Inserts-if-absent of an id that was there.
    pub kept: u64,
    /// Deletes, set-payloads and set-vectors of an id that was not there.
    pub absent: u64,
}

impl Applied {
    /// Nothing counted yet, on a store at `version`.
    #[must_use]
    pub fn at(version: Version) -> Self {
        Self { version, ..Self::default() }
    }

    /// Counts an effect, given whether its record was there just before it.
    pub fn count(&mut self, effect: &Effect<'_>, was_present: bool) {
        let counter = match effect {
            Effect::Put(..) | Effect::PutRow(..) if was_present => &mut self.replaced,
            Effect::Put(..) | Effect::PutRow(..) => &mut self.inserted,
            Effect::Remove(_) => &mut self.deleted,
            Effect::SetPayload(..) => &mut self.payload_set,
            Effect::SetVectors(..) => &mut self.vectors_set,
        };
        *counter += 1;
    }

    /// Whether anything was written, and so whether the batch makes a new version.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        let Self { inserted, replaced, payload_set, vectors_set, deleted, .. } = self;
        inserted + replaced + payload_set + vectors_set + deleted > 0
    }
}
