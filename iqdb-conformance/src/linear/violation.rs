//! What can't be explained in a history, shown so that a person can see it.
//!
//! Of a history of hundreds of operations it shows the few that matter.

use std::collections::BTreeSet;
use std::fmt::Write;

use iqdb_core::{Applied, Batch, Change, Record};

use super::operation::{Answer, Call, History, Operation};
use crate::check::exact::brief;

/// How many operations and how many allowed answers are shown.
const SHOWN_MAX: usize = 12;

/// An operation whose answer nothing explains, and the operations that say why.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    culprit: usize,
    what: String,
    involved: BTreeSet<usize>,
    allowed: Vec<(usize, Answer)>,
}

impl Violation {
    /// The operation at this place of the history, and what is wrong with it.
    pub(crate) fn new(culprit: usize, what: String) -> Self {
        Self { culprit, what, involved: BTreeSet::from([culprit]), allowed: Vec::new() }
    }

    /// With operations that say why.
    pub(crate) fn involving(mut self, others: impl IntoIterator<Item = usize>) -> Self {
        self.involved.extend(others);
        self
    }

    /// With an answer that would have been right at this version.
    pub(crate) fn allowing(mut self, version: usize, answer: Answer) -> Self {
        self.allowed.push((version, answer));
        self
    }

    /// How much there is to read.
    pub(crate) fn size(&self) -> usize {
        self.involved.len() + self.allowed.len()
    }

    /// The part of the history that it is about: a line per operation, in the order in which they
    /// began, with the instants between which each took place.
    pub(crate) fn shown_in(&self, history: &History) -> String {
        let operations = &history.operations;
        let Operation { thread, call: asked, .. } = &operations[self.culprit];
        let mut text = format!("thread {thread}, {}: {}", kind(asked), self.what);
        // Those nearest to the culprit, which comes last or nearly so.
        let left_out = self.involved.len().saturating_sub(SHOWN_MAX);
        if left_out > 0 {
            let _ = write!(text, "\n  ({left_out} earlier operations)");
        }
        for i in self.involved.iter().skip(left_out).chain(self.hidden_culprit(left_out)) {
            let mark = if *i == self.culprit { '>' } else { ' ' };
            let _ = write!(text, "\n{mark} {}", line(&operations[*i]));
        }
        for (version, expected) in self.allowed.iter().take(SHOWN_MAX) {
            let _ = write!(text, "\n  allowed at version {version}: {}", answer(expected));
        }
        text
    }

    fn hidden_culprit(&self, left_out: usize) -> Option<&usize> {
        self.involved.iter().take(left_out).find(|i| **i == self.culprit)
    }
}

fn line(operation: &Operation) -> String {
    let Operation { thread, invoked, returned, call: asked, answer: found } = operation;
    format!("[{invoked:>4} to {returned:>4}] thread {thread}: {} -> {}", call(asked), answer(found))
}

fn kind(call: &Call) -> &'static str {
    match call {
        Call::Apply(_) => "apply",
        Call::Get(_) => "get",
        Call::Len => "len",
        Call::Snapshot => "snapshot",
        Call::Search { .. } => "search",
    }
}

fn call(call: &Call) -> String {
    match call {
        Call::Apply(asked) => batch(asked),
        Call::Get(id) => format!("get {id}"),
        Call::Len => "len".to_owned(),
        Call::Snapshot => "snapshot".to_owned(),
        Call::Search { probe, k: usize::MAX } => format!("search all near {probe:?}"),
        Call::Search { probe, k } => format!("search the {k} nearest to {probe:?}"),
    }
}

fn batch(batch: &Batch) -> String {
    let changes: Vec<_> = batch
        .changes()
        .iter()
        .map(|change| match change {
            Change::Upsert(upserted) => format!("upsert {}", record(upserted)),
            Change::Delete(id) => format!("delete {id}"),
            Change::SetPayload(id, payload) => format!("set payload of {id} to {payload:?}"),
        })
        .collect();
    let expecting = batch
        .expected_version()
        .map_or_else(String::new, |version| format!(" if at version {version}"));
    format!("apply [{}]{expecting}", changes.join(", "))
}

fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Applied(found) => applied(found),
        Answer::Conflict => "version conflict".to_owned(),
        Answer::Got(Some(found)) => record(found),
        Answer::Got(None) => "absent".to_owned(),
        Answer::Length(len) => len.to_string(),
        Answer::Seen { version, len, records } => {
            let records: Vec<_> = records.iter().map(record).collect();
            format!("version {version}, {len} records: [{}]", records.join(", "))
        }
        Answer::Found { version, hits } => {
            let hits: Vec<_> = hits
                .iter()
                .map(|hit| format!("{} at {} {}", hit.id, hit.distance, brief(&hit.payload)))
                .collect();
            format!("version {version}, found [{}]", hits.join(", "))
        }
    }
}

fn applied(applied: &Applied) -> String {
    let counts = [
        (applied.inserted, "inserted"),
        (applied.replaced, "replaced"),
        (applied.payload_set, "payloads set"),
        (applied.deleted, "deleted"),
        (applied.absent, "absent"),
    ];
    let counted: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(", {count} {what}"))
        .collect();
    format!("version {}{}", applied.version, counted.concat())
}

fn record(record: &Record) -> String {
    format!("{}: {:?} {}", record.id, record.vector, brief(&record.payload))
}
