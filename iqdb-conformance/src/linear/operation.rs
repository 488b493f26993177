//! Recorded operations: thread, call, instants and answer, and the answer that the model gives.
//!
//! The model's answers are the sequential specification.

use iqdb_core::{Applied, Batch, ErrorKind, Hit, Query, Record, RecordId, Schema, Vector, Version};

use crate::Model;

/// A call of the store or the search.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Apply(Batch),
    Get(RecordId),
    Len,
    Snapshot,
    Search { query_vector: Vector, k: usize },
}

/// The answer of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Applied(Applied),
    /// The batch was refused for the version that it expected.
    Conflict,
    Got(Option<Record>),
    Length(u64),
    /// The content of a snapshot, its records in the order of their ids.
    Seen {
        version: Version,
        len: u64,
        records: Vec<Record>,
    },
    /// The hits of a search of the snapshot of this version.
    Found {
        version: Version,
        hits: Vec<Hit>,
    },
}

/// A call that has returned. Instants are from one logical clock, and all different.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) thread: u16,
    pub(crate) invoked: u64,
    pub(crate) returned: u64,
    pub(crate) call: Call,
    pub(crate) answer: Answer,
}

/// All operations on a store that was new and empty, in the order in which they were invoked.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) schema: Schema,
    pub(crate) operations: Vec<Operation>,
}

/// Whether an answer must name the version that the model is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    Compared,
    Ignored,
}

impl History {
    pub(crate) fn new(schema: Schema, mut operations: Vec<Operation>) -> Self {
        operations.sort_by_key(|operation| operation.invoked);
        Self { schema, operations }
    }
}

impl Operation {
    /// Whether this operation returned before the other was invoked, so that real time orders them.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        self.returned < other.invoked
    }

    /// The version that the operation created, by its own answer.
    pub(crate) fn created_version(&self) -> Option<Version> {
        match self.answer {
            Answer::Applied(applied) if applied.has_effect() => Some(applied.version),
            _ => None,
        }
    }

    /// Whether the recorded answer equals this one.
    pub(crate) fn was_answered(&self, answer: &Answer, versions: Versions) -> bool {
        match versions {
            Versions::Compared => self.answer == *answer,
            Versions::Ignored => {
                self.answer.clone().without_version() == answer.clone().without_version()
            }
        }
    }
}

impl Answer {
    /// The version that the answer names.
    pub(crate) fn version(&self) -> Option<Version> {
        match self {
            Self::Applied(applied) => Some(applied.version),
            Self::Seen { version, .. } | Self::Found { version, .. } => Some(*version),
            Self::Conflict | Self::Got(_) | Self::Length(_) => None,
        }
    }

    pub(crate) fn version_mut(&mut self) -> Option<&mut Version> {
        match self {
            Self::Applied(applied) => Some(&mut applied.version),
            Self::Seen { version, .. } | Self::Found { version, .. } => Some(version),
            Self::Conflict | Self::Got(_) | Self::Length(_) => None,
        }
    }

    fn without_version(mut self) -> Self {
        if let Some(version) = self.version_mut() {
            *version = Version(0);
        }
        self
    }
}

/// Performs the call on the model. Returns the model's answer.
///
/// # Panics
/// When the model refuses the call for another reason than its version. Workloads have no such
/// calls.
pub(crate) fn answer(model: &mut Model, call: &Call) -> Answer {
    match call {
        Call::Apply(batch) => match model.apply(batch) {
            Ok(applied) => Answer::Applied(applied),
            Err(error) if error.kind() == ErrorKind::VersionConflict => Answer::Conflict,
            Err(error) => panic!("a history must have valid calls only: {error}"),
        },
        Call::Get(id) => Answer::Got(model.get(id).cloned()),
        Call::Len => Answer::Length(model.len() as u64),
        Call::Snapshot => Answer::Seen {
            version: model.version(),
            len: model.len() as u64,
            records: model.records().cloned().collect(),
        },
        Call::Search { query_vector, k } => Answer::Found {
            version: model.version(),
            hits: model
                .search(&query(query_vector, *k))
                .unwrap_or_else(|error| panic!("a history must have valid calls only: {error}")),
        },
    }
}

/// The query of [`Call::Search`].
pub(crate) fn query(query_vector: &Vector, k: usize) -> Query<'_> {
    Query::nearest(query_vector.as_ref(), k).with_payload(true)
}
