//! Operations: which thread called what and when, what came back, and what the model answers.
//!
//! The model's answer is the sequential specification that every order is held against.

use iqdb_core::{Applied, Batch, ErrorKind, Hit, Query, Record, RecordId, Schema, Vector, Version};

use crate::Model;

/// What a thread asks of the store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Apply(Batch),
    Get(RecordId),
    Len,
    Snapshot,
    Search { probe: Vector, k: usize },
}

/// What comes back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Applied(Applied),
    /// The batch was refused for the version that it expected.
    Conflict,
    Got(Option<Record>),
    Length(u64),
    /// Everything that a snapshot shows, its records in the order of their ids.
    Seen {
        version: Version,
        len: u64,
        records: Vec<Record>,
    },
    /// What a search of the snapshot of this version found.
    Found {
        version: Version,
        hits: Vec<Hit>,
    },
}

/// A call that has returned. Instants are those of one clock, which never shows the same twice.
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
    /// Whether it was over before the other began. If so, the other must know of it.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        self.returned < other.invoked
    }

    /// The version that it says it has made.
    pub(crate) fn made(&self) -> Option<Version> {
        match self.answer {
            Answer::Applied(applied) if applied.has_effect() => Some(applied.version),
            _ => None,
        }
    }

    /// Whether this is what was answered.
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
    /// The version that the answer says it is about.
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

/// What the model answers, and does.
///
/// # Panics
/// When the model refuses the call for anything but its version: no history has such calls.
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
        Call::Search { probe, k } => Answer::Found {
            version: model.version(),
            hits: model
                .search(&query(probe, *k))
                .unwrap_or_else(|error| panic!("a history must have valid calls only: {error}")),
        },
    }
}

/// The query that [`Call::Search`] stands for.
pub(crate) fn query(probe: &Vector, k: usize) -> Query<'_> {
    Query::nearest(probe.as_ref(), k).payload(true)
}
