//! Operations: what happens to a store, step by step, and to the model with it.
//!
//! They hold everything they need, so that a script of them can be kept, printed and replayed.

use std::sync::Arc;

use iqdb_core::{
    Batch, Error, Filter, Goal, Query, RecordId, Result, Snapshot, SnapshotExt, StoreExt, Vector,
};

use crate::Model;
use crate::agreement::check_queries;
use crate::exact::{assert_is, assert_record};
use crate::twin::Twin;

/// The most snapshots that a history keeps at a time.
const SNAPSHOTS_KEPT_MAX: usize = 3;

/// One step of a history.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::apply`](iqdb_core::Store::apply), of a batch that may be one to refuse; then every
    /// record that it is about is looked at.
    Apply(Batch),
    /// [`StoreExt::delete_where`].
    DeleteWhere(Filter),
    /// [`Store::get`](iqdb_core::Store::get).
    Get(RecordId),
    /// [`SnapshotExt::count`].
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

/// Snapshots that were kept, each with what it must show.
pub(crate) type Kept = Vec<(Arc<dyn Snapshot>, Model)>;

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

    /// Does it to the store and the model, and compares what they say about it.
    pub(crate) fn perform(&self, twin: &mut Twin<'_>, kept: &mut Kept) -> Result<()> {
        match self {
            Self::Apply(batch) => {
                // Both refuse it, for the same reason: that is as right as both taking it.
                let _ = twin.apply(batch);
                for change in batch.changes() {
                    let found = twin.site.get(change.id())?;
                    let expected = twin.model.get(change.id());
                    assert_record(found.as_ref(), expected, "Store::get after apply");
                }
            }
            Self::DeleteWhere(filter) => {
                let expected = delete_where(&mut twin.model, filter)?;
                assert_is!(twin.site.delete_where(filter)?, expected, "delete_where");
            }
            Self::Get(id) => {
                let found = twin.site.get(id)?;
                assert_record(found.as_ref(), twin.model.get(id), "Store::get");
            }
            Self::Count(filter) => {
                let expected = twin.model.matching(Some(filter))?.len() as u64;
                assert_is!(twin.site.snapshot()?.count(Some(filter))?, expected, "count");
            }
            Self::Search(questions) => {
                let queries: Vec<_> = questions.iter().map(Question::query).collect();
                check_queries(&*twin.site.snapshot()?, &twin.model, twin.search(), &queries)?;
            }
            Self::KeepSnapshot => {
                if kept.len() == SNAPSHOTS_KEPT_MAX {
                    let (snapshot, model) = kept.remove(0);
                    twin.check_snapshot(&*snapshot, &model)?;
                }
                kept.push((twin.site.snapshot()?, twin.model.clone()));
            }
            Self::CheckSnapshots => {
                for (snapshot, model) in &*kept {
                    twin.check_snapshot(&**snapshot, model)?;
                }
            }
            Self::Flush => twin.site.flush()?,
            Self::Reopen { .. } if !twin.site.reopens() => {}
            Self::Reopen { after_kill } => {
                // Some stores can't be opened while a snapshot reads from them.
                kept.clear();
                if *after_kill {
                    twin.site.reopen_after_kill()?;
                } else {
                    twin.site.reopen()?;
                }
                twin.check()?;
            }
        }
        Ok(())
    }
}

fn delete_where(model: &mut Model, filter: &Filter) -> Result<u64> {
    let matches = model.matching(Some(filter))?;
    let batch = matches.iter().fold(Batch::new(), |batch, record| batch.delete(&record.id));
    Ok(model.apply(&batch)?.deleted)
}
