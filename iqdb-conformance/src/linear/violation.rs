//! Violations: prints the few operations of a history that contradict each other.

use std::collections::BTreeSet;
use std::fmt::Write;

use iqdb_core::{Applied, Batch, Change, Record};

use super::operation::{Answer, Call, History, Operation};
use crate::check::exact::brief;

/// The largest number of operations, and of allowed answers, that are printed.
const SHOWN_MAX: usize = 12;

/// An operation whose answer no order explains, and the operations that prove it.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    culprit: usize,
    what: String,
    involved: BTreeSet<usize>,
    allowed: Vec<(usize, Answer)>,
}

impl Violation {
    /// A violation by the operation at this index of the history, and what is wrong with it.
    pub(crate) fn new(culprit: usize, what: String) -> Self {
        Self { culprit, what, involved: BTreeSet::from([culprit]), allowed: Vec::new() }
    }

    /// Adds operations that are part of the proof.
    pub(crate) fn involving(mut self, others: impl IntoIterator<Item = usize>) -> Self {
        self.involved.extend(others);
        self
    }

    /// Adds an answer that would have been right at this version.
    pub(crate) fn allowing(mut self, version: usize, answer: Answer) -> Self {
        self.allowed.push((version, answer));
        self
    }

    /// The number of lines to print.
    pub(crate) fn size(&self) -> usize {
        self.involved.len() + self.allowed.len()
    }

    /// Prints the operations involved, a line each with its instants, in the order of invocation.
    pub(crate) fn describe(&self, history: &History) -> String {
        let operations = &history.operations;
        let Operation { thread, call: asked, .. } = &operations[self.culprit];
        let mut text = format!("thread {thread}, {}: {}", kind(asked), self.what);
        // The last ones are the nearest to the culprit, which comes last or nearly so.
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
        Call::Search { query_vector, k: usize::MAX } => format!("search all near {query_vector:?}"),
        Call::Search { query_vector, k } => format!("search the {k} nearest to {query_vector:?}"),
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
            other => format!("{other:?}"),
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
    let vectors = match record.only_vector() {
        Ok(only) => format!("{only:?}"),
        Err(_) => format!("{:?}", record.vectors().collect::<Vec<_>>()),
    };
    format!("{}: {vectors} {}", record.id, brief(&record.payload))
}
