//! Writes: a batch is a sequence of changes that takes effect as a whole, as one version.

use std::fmt;

use crate::{Error, ErrorKind, Payload, Record, RecordId, Result, Schema};

/// A point in a store's history: the number of batches with an effect so far.
///
/// A new store is at version 0. Within one store the versions only grow, by exactly one per batch
/// that has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Version(pub u64);

impl Version {
    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One change of a [`Batch`]. Closed on purpose: a store that doesn't know a kind of change must
/// not compile.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Change {
    /// Insert the record, or replace the whole record of the same id.
    Upsert(Record),
    /// Remove the record, if there is one.
    Delete(RecordId),
    /// Replace the whole payload of the record and keep its vectors, if there is one.
    SetPayload(RecordId, Payload),
}

impl Change {
    /// The record that it is about.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        match self {
            Self::Upsert(record) => &record.id,
            Self::Delete(id) | Self::SetPayload(id, _) => id,
        }
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

    /// Holds the changes against the schema and the limits. Needs no lock. O(bytes in the batch).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`], [`ErrorKind::ElementMismatch`],
    /// [`ErrorKind::DimensionMismatch`], [`ErrorKind::InvalidVector`], [`ErrorKind::InvalidId`] or
    /// [`ErrorKind::InvalidPayload`], naming the record at fault.
    pub fn check_input(&self, schema: &Schema) -> Result<()> {
        self.changes
            .iter()
            .try_for_each(|change| check_change(change, schema))
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

fn check_change(change: &Change, schema: &Schema) -> Result<()> {
    // An id that is too long is not repeated in its own error.
    change.id().check()?;
    let checked = match change {
        Change::Upsert(record) => {
            schema.check_vectors(record).and_then(|()| record.payload.check())
        }
        Change::Delete(_) => Ok(()),
        Change::SetPayload(_, payload) => payload.check(),
    };
    checked.map_err(|error| error.with_id(change.id()))
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

/// What a batch did: the version it made and one count per change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Applied {
    /// The version of the store after the batch.
    pub version: Version,
    /// Upserts of an id that was not there.
    pub inserted: u64,
    /// Upserts of an id that was there.
    pub replaced: u64,
    /// Payloads set.
    pub payload_set: u64,
    /// Deletes of an id that was there.
    pub deleted: u64,
    /// Deletes and set-payloads of an id that was not there.
    pub absent: u64,
}

impl Applied {
    /// Nothing counted yet, on a store at `version`.
    #[must_use]
    pub fn at(version: Version) -> Self {
        Self { version, ..Self::default() }
    }

    /// Counts `change`, given whether its record was there just before it.
    pub fn count(&mut self, change: &Change, was_present: bool) {
        let counter = match (change, was_present) {
            (Change::Upsert(_), false) => &mut self.inserted,
            (Change::Upsert(_), true) => &mut self.replaced,
            (Change::Delete(_), true) => &mut self.deleted,
            (Change::SetPayload(..), true) => &mut self.payload_set,
            (Change::Delete(_) | Change::SetPayload(..), false) => &mut self.absent,
        };
        *counter += 1;
    }

    /// Whether anything was written, and so whether the batch makes a new version.
    #[must_use]
    pub fn has_effect(&self) -> bool {
        self.inserted + self.replaced + self.payload_set + self.deleted > 0
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
    fn each_change_counts_once() {
        let mut applied = Applied::at(Version(3));
        applied.count(&Change::Delete(1.into()), false);
        assert!(!applied.has_effect());
        applied.count(&Change::SetPayload(1.into(), Payload::new()), true);
        assert!(applied.has_effect());
        assert_eq!(applied, Applied { absent: 1, payload_set: 1, ..Applied::at(Version(3)) });
    }
}
