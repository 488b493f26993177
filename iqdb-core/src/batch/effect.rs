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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metric, Schema, Vector};

    fn record(id: u64, n: i64) -> Record {
        Record::new(id, [1.0]).unwrap().with("n", n)
    }

    fn stored(record: Record) -> StoredRecord {
        StoredRecord { record, computed: Computed::default() }
    }

    fn rows(records: &[Record]) -> Rows {
        Rows::of_records(&Schema::new(1, Metric::Dot).unwrap(), records).unwrap()
    }

    #[test]
    fn each_effect_names_its_record() {
        let (put, rows) = (record(1, 0), rows(&[record(8, 0), record(2, 0)]));
        let (payload, removed) = (Payload::new(), RecordId::from(3));
        let ids = [RecordId::from(4), RecordId::from("five")];
        let effects = [
            Effect::Put(&put, Computed::default()),
            Effect::PutRow(&rows, 1, Computed::default()),
            Effect::Remove(Cow::Borrowed(&removed)),
            Effect::SetPayload(&ids[0], Cow::Borrowed(&payload), Computed::default()),
            Effect::SetVectors(&ids[1], &[]),
        ];
        let expected: [RecordId; 5] = [1.into(), 2.into(), 3.into(), 4.into(), "five".into()];
        assert_eq!(effects.each_ref().map(Effect::to_id), expected);
        assert_eq!(effects.each_ref().map(|effect| effect.id().to_id()), expected);
    }

    #[test]
    fn a_copy_has_what_the_effects_of_its_record_say() {
        let mut copy = stored(record(1, 1));
        let replacing = record(1, 2);
        Effect::Put(&replacing, Computed::default()).apply_to(&mut copy);
        assert_eq!(copy, stored(record(1, 2)));

        let (id, payload) = (RecordId::from(1), Payload::new().with("m", 3));
        let set = Effect::SetPayload(&id, Cow::Borrowed(&payload), Computed::default());
        set.apply_to(&mut copy);
        let with_payload = Record::new(1, [1.0]).unwrap().with("m", 3);
        assert_eq!(copy, stored(with_payload));

        let image = Vector::try_from([0.5, 0.25]).unwrap();
        let vectors = [("image".into(), Some(image.clone())), ("vector".into(), None)];
        Effect::SetVectors(&id, &vectors).apply_to(&mut copy);
        let moved = Record::without_vector(1).with("m", 3).with_vector("image", image).unwrap();
        assert_eq!(copy, stored(moved.clone()));

        let rows = rows(&[record(1, 9)]);
        Effect::Remove(Cow::Borrowed(&id)).apply_to(&mut copy);
        Effect::PutRow(&rows, 0, Computed::default()).apply_to(&mut copy);
        assert_eq!(copy, stored(moved));
    }
}
