//! Operations: what happens to a store, step by step, and to the model with it.
//!
//! They hold everything they need, so that a script of them can be kept, printed and replayed.

use iqdb_core::{Batch, Error, Filter, Goal, Query, RecordId, Result, Vector};

use crate::Model;

/// One step of a history.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::apply`](iqdb_core::Store::apply), of a batch that may be one to refuse; then every
    /// record that it is about is looked at.
    Apply(Batch),
    /// [`StoreExt::delete_where`](iqdb_core::StoreExt::delete_where).
    DeleteWhere(Filter),
    /// [`Store::get`](iqdb_core::Store::get).
    Get(RecordId),
    /// [`SnapshotExt::count`](iqdb_core::SnapshotExt::count).
    Count(Filter),
    /// A search for all questions as one batch.
    Search(Vec<Question>),
    /// Takes a snapshot and keeps it, with the model as it is now.
    KeepSnapshot,
    /// Looks at every snapshot kept.
    CheckSnapshots,
    /// [`Store::flush`](iqdb_core::Store::flush).
    Flush,
    /// Closes the store and opens it again; nothing on a store that isn't durable.
    Reopen {
        /// Opens what a new process would find if this one were killed, instead of closing it.
        after_kill: bool,
    },
}

/// A query that owns what it asks about.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub(crate) vector: Vector,
    pub(crate) goal: Goal,
    pub(crate) filter: Option<Filter>,
    pub(crate) payload: bool,
    pub(crate) threads: usize,
}

impl Question {
    /// Asks for `goal` around `vector`, of all records, without payloads, on one thread.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`](iqdb_core::ErrorKind::InvalidVector) when it is no vector.
    pub fn new<V: TryInto<Vector>>(vector: V, goal: Goal) -> Result<Self>
    where
        Error: From<V::Error>,
    {
        let vector = vector.try_into()?;
        Ok(Self { vector, goal, filter: None, payload: false, threads: 1 })
    }

    /// Only records that match.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Whether hits carry a copy of their payload.
    #[must_use]
    pub fn payload(mut self, wanted: bool) -> Self {
        self.payload = wanted;
        self
    }

    /// How many threads may work on it at most.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The query, as a search takes it.
    #[must_use]
    pub fn query(&self) -> Query<'_> {
        let query =
            Query::new(self.vector.as_ref(), self.goal).payload(self.payload).threads(self.threads);
        match &self.filter {
            Some(filter) => query.filter(filter),
            None => query,
        }
    }
}

impl Operation {
    /// Does to the model alone what the operation does.
    pub(crate) fn tell(&self, model: &mut Model) -> Result<()> {
        match self {
            Self::Apply(batch) => {
                // What is to be refused changes nothing.
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
