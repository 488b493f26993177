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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::{Computed, Payload, Record};

    #[test]
    fn what_was_written_has_an_effect_and_what_was_found_has_none() {
        let nothing = Applied::at(Version(7));
        assert!(!nothing.has_effect());
        for count in [1, 2, u64::MAX] {
            for (applied, has_effect) in [
                (Applied { inserted: count, ..nothing }, true),
                (Applied { replaced: count, ..nothing }, true),
                (Applied { payload_set: count, ..nothing }, true),
                (Applied { vectors_set: count, ..nothing }, true),
                (Applied { deleted: count, ..nothing }, true),
                (Applied { kept: count, ..nothing }, false),
                (Applied { absent: count, ..nothing }, false),
            ] {
                assert_eq!(applied.has_effect(), has_effect, "{applied:?}");
            }
        }
    }

    #[test]
    fn each_effect_is_counted_once_by_what_it_does() {
        let (record, id, payload) = (Record::new(1, [1.0]).unwrap(), 1.into(), Payload::new());
        let put = || Effect::Put(&record, Computed::default());
        let set = || Effect::SetPayload(&id, Cow::Borrowed(&payload), Computed::default());
        let mut applied = Applied::at(Version(3));
        for (effect, was_present, times) in [
            (put(), false, 1),
            (put(), true, 2),
            (Effect::Remove(Cow::Borrowed(&id)), true, 3),
            (set(), true, 4),
            (Effect::SetVectors(&id, &[]), true, 5),
        ] {
            (0..times).for_each(|_| applied.count(&effect, was_present));
        }
        let expected = Applied {
            inserted: 1,
            replaced: 2,
            deleted: 3,
            payload_set: 4,
            vectors_set: 5,
            ..Applied::at(Version(3))
        };
        assert_eq!(applied, expected);
    }
}
