//! Operations: the steps that a history performs on a store and on the model.
//!
//! An operation owns its arguments, so that a script of operations can be kept, printed and
//! replayed.

use iqdb_core::{Batch, Error, Field, Filter, Goal, Query, RecordId, Result, Vector};

use crate::Model;

/// One step of a history.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// [`StoreExt::apply`](iqdb_core::StoreExt::apply) of a batch, valid or not; then
    /// [`Store::get`](iqdb_core::Store::get) of every id in the batch.
    Apply(Batch),
    /// [`StoreExt::delete_where`](iqdb_core::StoreExt::delete_where).
    DeleteWhere(Filter),
    /// [`Store::get`](iqdb_core::Store::get).
    Get(RecordId),
    /// [`SnapshotExt::count`](iqdb_core::SnapshotExt::count).
    Count(Filter),
    /// A search for all questions as one batch.
    Search(Vec<Question>),
    /// Takes a snapshot and keeps it together with a copy of the model.
    KeepSnapshot,
    /// Checks every kept snapshot against its copy of the model.
    CheckSnapshots,
    /// [`Store::flush`](iqdb_core::Store::flush).
    Flush,
    /// Closes the store and opens it again. Has no effect on a store that isn't durable.
    Reopen {
        /// Opens what a new process would find if this one were killed, instead of closing it.
        after_kill: bool,
    },
}

/// A query that owns its vector and its filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub(crate) vector: Vector,
    pub(crate) field: Option<String>,
    pub(crate) goal: Goal,
    pub(crate) filter: Option<Filter>,
    pub(crate) payload: bool,
    pub(crate) threads: usize,
}

impl Question {
    /// A query for `goal` around `vector`: of the default field, no filter, no payloads, one thread.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`](iqdb_core::ErrorKind::InvalidVector) when `vector` isn't a
    /// valid vector.
    pub fn new<V: TryInto<Vector>>(vector: V, goal: Goal) -> Result<Self>
    where
        Error: From<V::Error>,
    {
        let vector = vector.try_into()?;
        Ok(Self { vector, field: None, goal, filter: None, payload: false, threads: 1 })
    }

    /// The field to look in.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>) -> Self {
        self.field = Some(name.into());
        self
    }

    /// Restricts the query to the records that match.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Whether hits carry a copy of their payload.
    #[must_use]
    pub fn with_payload(mut self, wanted: bool) -> Self {
        self.payload = wanted;
        self
    }

    /// The largest number of threads that the search may use.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The name of the field to look in.
    pub(crate) fn field_name(&self) -> &str {
        self.field.as_deref().unwrap_or(Field::DEFAULT)
    }

    /// The query, as a search takes it.
    #[must_use]
    pub fn query(&self) -> Query<'_> {
        let query = Query::new(self.vector.as_ref(), self.goal)
            .with_payload(self.payload)
            .with_threads(self.threads);
        let query = match &self.field {
            Some(name) => query.with_field(name),
            None => query,
        };
        match &self.filter {
            Some(filter) => query.with_filter(filter),
            None => query,
        }
    }
}

impl Operation {
    /// Applies the writes of the operation to the model alone.
    pub(crate) fn apply_to(&self, model: &mut Model) -> Result<()> {
        match self {
            Self::Apply(batch) => {
                // A refused batch changes nothing.
                let _ = model.apply(batch);
            }
            Self::DeleteWhere(filter) => {
                delete_where(model, filter)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Deletes the matching records from the model, as one batch. Returns their number.
pub(crate) fn delete_where(model: &mut Model, filter: &Filter) -> Result<u64> {
    let matches = model.matching(Some(filter))?;
    let batch = matches.iter().fold(Batch::new(), |batch, record| batch.delete(&record.id));
    Ok(model.apply(&batch)?.deleted)
}
