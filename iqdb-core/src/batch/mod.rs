//! Writes: a batch is a sequence of changes that takes effect as a whole, as one version.

mod applied;
mod effect;
mod resolve;

use std::borrow::Cow;

pub use self::applied::Applied;
pub use self::effect::Effect;
pub use self::resolve::{Resolved, State};
use crate::{
    Error, ErrorKind, Filter, Payload, Record, RecordId, Result, Rows, Schema, Vector, Version,
};

/// One statement of a [`Batch`]. More may come: a store never sees them, only the [`Effect`]s that
/// [`Batch::resolve`] makes of them.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Change {
    /// Insert the record, or replace the whole record of the same id.
    Upsert(Record),
    /// Remove the record, if there is one.
    Delete(RecordId),
    /// Replace the whole payload of the record and keep its vectors, if there is one.
    SetPayload(RecordId, Payload),
    /// Insert the record; if its id is there already, the whole batch fails.
    Insert(Record),
    /// Insert the record, unless its id is there already.
    InsertIfAbsent(Record),
    /// Remove every record that matches.
    DeleteWhere(Filter),
    /// Set or remove the vectors of the named fields and keep the rest of the record, if there is
    /// one.
    SetVectors(RecordId, Vec<NamedVector>),
    /// Merge this patch into the payload of the record, if there is one, as
    /// [`merge_patch`](crate::merge_patch) does.
    MergePayload(RecordId, Payload),
    /// Insert the record of each row, or replace the whole record of the same id. Of two rows with one
    /// id the later one counts last. In a box, so that a change is not larger than a record.
    UpsertRows(Box<Rows>),
}

/// The name of a field, and the vector to set there or `None` to remove it.
pub type NamedVector = (Cow<'static, str>, Option<Vector>);

impl Change {
    /// The record that it is about; `None` for [`DeleteWhere`](Self::DeleteWhere) and
    /// [`UpsertRows`](Self::UpsertRows).
    #[must_use]
    pub fn id(&self) -> Option<&RecordId> {
        match self {
            Self::Upsert(record) | Self::Insert(record) | Self::InsertIfAbsent(record) => {
                Some(&record.id)
            }
            Self::Delete(id)
            | Self::SetPayload(id, _)
            | Self::MergePayload(id, _)
            | Self::SetVectors(id, _) => Some(id),
            Self::DeleteWhere(_) | Self::UpsertRows(_) => None,
        }
    }

    /// Holds the change against the schema and the limits.
    fn check(&self, schema: &Schema) -> Result<()> {
        // An id that is too long is not repeated in its own error.
        self.id().map_or(Ok(()), RecordId::check)?;
        let checked = match self {
            Self::Upsert(record) | Self::Insert(record) | Self::InsertIfAbsent(record) => {
                schema.check_vectors(record).and_then(|()| record.payload.check())
            }
            Self::Delete(_) => Ok(()),
            Self::SetPayload(_, payload) | Self::MergePayload(_, payload) => payload.check(),
            Self::DeleteWhere(filter) => filter.check_for(schema),
            Self::UpsertRows(rows) => rows.check_fits(schema),
            Self::SetVectors(_, vectors) => vectors.iter().try_for_each(|(name, vector)| {
                schema.check_vector(name, vector.as_ref().map(Vector::as_ref))
            }),
        };
        checked.map_err(|error| match self.id() {
            Some(id) => error.with_id(id),
            None => error,
        })
    }
}

/// A sequence of changes, applied in order, all or nothing, as one version.
///
/// One id may occur many times; each change sees what the ones before it did.
///
/// ```
/// use iqdb_core::{Batch, Record};
///
/// let batch = Batch::new().upsert(Record::new(1, [0.5, 0.5])?).delete(2);
/// assert_eq!(batch.changes().len(), 2);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Batch {
    changes: Vec<Change>,
    #[cfg_attr(feature = "serde", serde(default))]
    expected_version: Option<Version>,
}

impl Batch {
    /// A batch without changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The batch with an upsert at its end.
    #[must_use]
    pub fn upsert(mut self, record: Record) -> Self {
        self.push(Change::Upsert(record));
        self
    }

    /// The batch with an upsert of many records, by columns, at its end.
    #[must_use]
    pub fn upsert_rows(mut self, rows: Rows) -> Self {
        self.push(Change::UpsertRows(rows.into()));
        self
    }

    /// The batch with a delete at its end.
    #[must_use]
    pub fn delete(mut self, id: impl Into<RecordId>) -> Self {
        self.push(Change::Delete(id.into()));
        self
    }

    /// The batch with a set-payload at its end.
    #[must_use]
    pub fn set_payload(mut self, id: impl Into<RecordId>, payload: Payload) -> Self {
        self.push(Change::SetPayload(id.into(), payload));
        self
    }

    /// The batch with an insert at its end.
    #[must_use]
    pub fn insert(mut self, record: Record) -> Self {
        self.push(Change::Insert(record));
        self
    }

    /// The batch with an insert-if-absent at its end.
    #[must_use]
    pub fn insert_if_absent(mut self, record: Record) -> Self {
        self.push(Change::InsertIfAbsent(record));
        self
    }

    /// The batch with a delete-where at its end.
    #[must_use]
    pub fn delete_where(mut self, filter: Filter) -> Self {
        self.push(Change::DeleteWhere(filter));
        self
    }

    /// The batch with a merge-payload at its end.
    #[must_use]
    pub fn merge_payload(mut self, id: impl Into<RecordId>, patch: Payload) -> Self {
        self.push(Change::MergePayload(id.into(), patch));
        self
    }

    /// The batch with a set-vectors at its end.
    #[must_use]
    pub fn set_vectors(
        mut self,
        id: impl Into<RecordId>,
        vectors: impl Into<Vec<NamedVector>>,
    ) -> Self {
        self.push(Change::SetVectors(id.into(), vectors.into()));
        self
    }

    /// The batch, to be refused with [`ErrorKind::VersionConflict`] unless the store is at
    /// `version`. Read-modify-write is built on this.
    #[must_use]
    pub fn expect_version(mut self, version: Version) -> Self {
        self.expected_version = Some(version);
        self
    }

    /// Appends a change.
    pub fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The changes in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The version that the store must be at, if it matters.
    #[must_use]
    pub fn expected_version(&self) -> Option<Version> {
        self.expected_version
    }

    /// Checks everything that can make a batch fail: [`check_input`](Self::check_input) and then
    /// [`check_version`](Self::check_version), so that a batch which can never succeed says so.
    /// Every store calls this first, or the two one after the other, and changes nothing when it
    /// fails.
    ///
    /// # Errors
    /// Those of the two.
    pub fn check(&self, schema: &Schema, current: Version) -> Result<()> {
        self.check_input(schema)?;
        self.check_version(current)
    }

    /// Holds the statements against the schema and the limits. Needs no lock. O(bytes in the batch).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], [`ErrorKind::ElementMismatch`],
    /// [`ErrorKind::DimensionMismatch`], [`ErrorKind::InvalidVector`], [`ErrorKind::InvalidId`] or
    /// [`ErrorKind::InvalidPayload`], naming the record at fault.
    pub fn check_input(&self, schema: &Schema) -> Result<()> {
        self.changes
            .iter()
            .try_for_each(|change| change.check(schema))
            .map_err(|error| error.during("apply"))
    }

    /// Holds the expected version against the store's, under the lock that orders its writers.
    /// O(1).
    ///
    /// # Errors
    /// [`ErrorKind::VersionConflict`].
    pub fn check_version(&self, current: Version) -> Result<()> {
        match self.expected_version {
            Some(expected) if expected != current => {
                Err(Error::new(ErrorKind::VersionConflict, "the store has moved on")
                    .during("apply")
                    .expected(format_args!("version {expected}"))
                    .found(format_args!("version {current}"))
                    .hint("take a new snapshot, decide again, and retry"))
            }
            _ => Ok(()),
        }
    }
}

impl FromIterator<Change> for Batch {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Self {
        Self { changes: changes.into_iter().collect(), expected_version: None }
    }
}

impl Extend<Change> for Batch {
    fn extend<I: IntoIterator<Item = Change>>(&mut self, changes: I) {
        self.changes.extend(changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metric;

    #[test]
    fn a_batch_that_can_never_succeed_says_so_before_the_version_does() {
        let schema = Schema::new(2, Metric::Dot).unwrap();
        let batch = Batch::new().upsert(Record::new(1, [1.0]).unwrap()).expect_version(Version(9));
        let error = batch.check(&schema, Version(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DimensionMismatch);
        assert_eq!(error.id(), Some(&1.into()));
        assert_eq!(error.operation(), Some("apply"));
    }

    #[test]
    fn a_batch_at_another_version_conflicts_and_one_that_expects_none_never_does() {
        let batch = Batch::new().delete(1);
        assert_eq!(batch.expected_version(), None);
        batch.check_version(Version(8)).unwrap();
        let batch = batch.expect_version(Version(9));
        assert_eq!(batch.expected_version(), Some(Version(9)));
        batch.check_version(Version(9)).unwrap();
        for current in [Version(0), Version(8), Version(10)] {
            let error = batch.check_version(current).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::VersionConflict);
        }
    }

    #[test]
    fn each_change_is_held_against_the_schema_and_names_its_record() {
        let schema = Schema::new(2, Metric::Dot).unwrap();
        let record = |vector: &[f32]| Record::new(1, vector).unwrap();
        let vector = |vector: &[f32]| [("vector".into(), Some(Vector::try_from(vector).unwrap()))];
        let rows = |dim: usize| {
            let schema = Schema::new(dim, Metric::Dot).unwrap();
            Rows::of_records(&schema, &[Record::new(1, vec![1.0; dim]).unwrap()]).unwrap()
        };
        let fits = record(&[1.0, 2.0]);
        let batch = Batch::new()
            .upsert(fits.clone())
            .insert(fits.clone())
            .insert_if_absent(fits.clone())
            .upsert_rows(rows(2))
            .delete(1)
            .set_payload(1, Payload::new())
            .merge_payload(1, Payload::new())
            .set_vectors(1, vector(&[1.0, 2.0]))
            .delete_where(Filter::has("vector"));
        batch.check_input(&schema).unwrap();

        let long = || RecordId::from("x".repeat(crate::limits::ID_BYTES_MAX + 1));
        let large = || Payload::new().with("a", "x".repeat(crate::limits::PAYLOAD_BYTES_MAX));
        let dim = ErrorKind::DimensionMismatch;
        let payload = ErrorKind::InvalidPayload;
        for (batch, kind, has_id) in [
            (Batch::new().upsert(record(&[1.0])), dim, true),
            (Batch::new().insert(record(&[1.0])), dim, true),
            (Batch::new().insert_if_absent(record(&[1.0])), dim, true),
            (Batch::new().upsert(fits.clone().with_payload(large())), payload, true),
            (Batch::new().upsert_rows(rows(3)), dim, true),
            (Batch::new().set_payload(1, large()), payload, true),
            (Batch::new().merge_payload(1, large()), payload, true),
            (Batch::new().set_vectors(1, vector(&[1.0])), dim, true),
            (Batch::new().delete_where(Filter::has("image")), ErrorKind::UnknownField, false),
            (Batch::new().delete(long()), ErrorKind::InvalidId, false),
            (Batch::new().set_vectors(long(), []), ErrorKind::InvalidId, false),
        ] {
            let error = batch.check_input(&schema).unwrap_err();
            assert_eq!((error.kind(), error.id().is_some()), (kind, has_id), "{error}");
            assert_eq!(error.operation(), Some("apply"));
        }
    }

    #[test]
    fn a_statement_about_one_record_names_it() {
        let record = || Record::without_vector(1);
        let changes = [
            (Change::Upsert(record()), true),
            (Change::Insert(record()), true),
            (Change::InsertIfAbsent(record()), true),
            (Change::Delete(1.into()), true),
            (Change::SetPayload(1.into(), Payload::new()), true),
            (Change::MergePayload(1.into(), Payload::new()), true),
            (Change::DeleteWhere(Filter::has("vector")), false),
        ];
        for (change, names) in changes {
            assert_eq!(change.id(), names.then_some(&1.into()), "{change:?}");
        }
    }

    #[test]
    fn batches_are_collected_and_extended_in_order() {
        let deletes = |ids: [u64; 2]| ids.map(|id| Change::Delete(id.into()));
        let mut batch: Batch = deletes([1, 2]).into_iter().collect();
        assert_eq!(batch.changes(), deletes([1, 2]));
        batch.extend(deletes([3, 4]));
        assert_eq!(batch.changes(), [deletes([1, 2]), deletes([3, 4])].concat());
    }
}
