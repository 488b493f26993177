//! Records as a store keeps them that has no columns.

use crate::filter::Subject;
use crate::{Budget, Computed, IdRef, PayloadRef, Record, Result, Schema};

/// A record with what core computed of its payload: what a store keeps that has no columns.
///
/// ```
/// use iqdb_core::{Record, StoredRecord};
///
/// let stored = StoredRecord::from(Record::new(1, [0.5])?);
/// assert_eq!(stored.computed.get("body"), None);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// The record.
    pub record: Record,
    /// Its computed columns.
    pub computed: Computed,
}

impl StoredRecord {
    /// The computed columns of each record under a schema, in order: what a store asks for that a field
    /// was added to. O(bytes of the payloads), without computed fields O(records).
    ///
    /// # Errors
    /// Those of the budget.
    pub fn compute_all<'a>(
        stored: impl IntoIterator<Item = &'a Self>,
        schema: &Schema,
        budget: Budget<'_>,
    ) -> Result<Vec<Computed>> {
        let computed = stored.into_iter().map(|stored| {
            budget.check()?;
            Computed::of(schema, &PayloadRef::from(&stored.record.payload))
        });
        computed.collect()
    }
}

/// Without computed columns.
impl From<Record> for StoredRecord {
    fn from(record: Record) -> Self {
        Self { record, computed: Computed::default() }
    }
}

impl Subject for StoredRecord {
    fn id(&self) -> Result<IdRef<'_>> {
        self.record.id()
    }

    fn payload(&self) -> Result<PayloadRef<'_>> {
        Subject::payload(&self.record)
    }

    fn has_field(&self, name: &str) -> Result<bool> {
        Ok(self.record.vector(name).is_some() || self.computed.get(name).is_some())
    }
}
