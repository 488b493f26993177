//! What the random histories of the default seeds meet: every pair of a change, the kind of an id, the
//! kind of a value, a boundary, a reopening and the age of the snapshots that are held meanwhile.
//!
//! A defect often takes two of them together: a date that is merged, a long id that is reopened. So the
//! tests of the suite fail where a pair is not met that [`impossible`] does not list.

mod impossible;
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use iqdb_core::limits::{ID_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use iqdb_core::{Batch, Change, IdRef, Payload, RecordId, Result, Value, Version};

use crate::generate::operation::Operation;
use crate::generate::script::Script;
use crate::{Harness, Model, generate, shapes};

/// What a change can have to do with, by axis.
const AXES: [(&str, &[&str]); 7] = [
    (
        "change",
        &[
            "upsert",
            "upsert rows",
            "insert",
            "insert if absent",
            "set payload",
            "merge payload",
            "set vectors",
            "delete",
            "delete where",
        ],
    ),
    ("id", &["number", "text", "uuid"]),
    ("value", &["null", "bool", "int", "float", "text", "date", "list", "map"]),
    ("id boundary", &["number beyond 32 bits", "text beyond ASCII", "longest text"]),
    (
        "value boundary",
        &[
            "empty text",
            "text of 255 bytes or more",
            "text beyond ASCII",
            "empty list",
            "list of 255 or more",
            "empty map",
            "deepest value",
            "int beyond 53 bits",
            "float that f32 rounds",
            "negative zero",
        ],
    ),
    ("reopened", &["not yet", "after it was closed", "after it was killed"]),
    ("oldest snapshot", &["none", "of 1 to 15 versions ago", "of 16 to 255", "of 256 or more"]),
];

/// One thing that a change has to do with: an axis, and what is on it.
type Trait = (&'static str, &'static str);

/// Pairs of traits, the one of the earlier axis first, and how often each was met.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    met: BTreeMap<(Trait, Trait), u64>,
}

impl Coverage {
    /// What the histories of the default seeds meet on a store that holds every shape and reopens.
    ///
    /// # Errors
    /// None that a change to the generator doesn't make.
    pub(crate) fn of_default_seeds() -> Result<Self> {
        let (mut coverage, mut planned, shapes) = (Self::default(), 0, shapes::all()?);
        for seed in 0.. {
            if planned >= Harness::OPERATIONS {
                break;
            }
            planned += generate::steps(seed);
            coverage.add(&generate::history(seed, &shapes, true)?)?;
        }
        Ok(coverage)
    }

    /// Counts the pairs of one history.
    fn add(&mut self, script: &Script) -> Result<()> {
        let mut model = Model::new(script.schema.clone());
        let (mut kept, mut reopened) = (Vec::new(), "not yet");
        for operation in &script.operations {
            let Version(before) = model.version();
            operation.apply_to(&mut model)?;
            match &**operation {
                Operation::KeepSnapshot => kept.push(before),
                Operation::Reopen { after_kill: true } => reopened = "after it was killed",
                Operation::Reopen { after_kill: false } => reopened = "after it was closed",
                // A batch that is refused, or changes nothing, shows little.
                Operation::Apply(batch) if model.version() != Version(before) => {
                    let oldest = kept.iter().min().map(|oldest| before - oldest);
                    self.add_batch(
                        batch,
                        [("reopened", reopened), ("oldest snapshot", aged(oldest))],
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_batch(&mut self, batch: &Batch, state: [Trait; 2]) {
        for change in batch.changes() {
            let mut traits = BTreeSet::from(state);
            note_change(change, &mut traits);
            for a in &traits {
                for b in traits.iter().filter(|b| place(*a) < place(**b)) {
                    *self.met.entry((*a, *b)).or_default() += 1;
                }
            }
        }
    }

    /// The pairs that were not met and are possible, and those that were met and are listed as impossible.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for pair in pairs() {
            match (self.met.get(&pair), impossible::reason(pair)) {
                (None, None) => faults.push(format!("{}: never met", described(pair))),
                (Some(times), Some(reason)) => faults.push(format!(
                    "{}: met {times} times, and listed as impossible, since {reason}",
                    described(pair)
                )),
                _ => {}
            }
        }
        faults
    }

    /// A table of the pairs of axes, the pairs that were met least, and what is wrong.
    fn report(&self) -> String {
        let mut by_axes = BTreeMap::<(&str, &str), [usize; 3]>::new();
        for pair in pairs() {
            let [met, impossible, all] = by_axes.entry((pair.0.0, pair.1.0)).or_default();
            *all += 1;
            *met += usize::from(self.met.contains_key(&pair));
            *impossible += usize::from(impossible::reason(pair).is_some());
        }
        let mut text = format!("{:<34}{:>6}{:>12}{:>6}\n", "pairs", "met", "impossible", "all");
        for ((a, b), [met, impossible, all]) in by_axes {
            let axes = format!("{a} and {b}");
            let _ = writeln!(text, "{axes:<34}{met:>6}{impossible:>12}{all:>6}");
        }
        let mut rarest: Vec<_> = self.met.iter().collect();
        rarest.sort_by_key(|(_, times)| **times);
        text.push_str("\nmet least often:\n");
        for (pair, times) in rarest.into_iter().take(10) {
            let _ = writeln!(text, "{times:>6}  {}", described(*pair));
        }
        for fault in self.faults() {
            let _ = writeln!(text, "{fault}");
        }
        text
    }
}

/// Every pair of traits of two axes.
fn pairs() -> impl Iterator<Item = (Trait, Trait)> {
    let traits = || AXES.iter().flat_map(|(axis, all)| all.iter().map(|name| (*axis, *name)));
    traits().flat_map(move |a| traits().filter(move |b| place(a) < place(*b)).map(move |b| (a, b)))
}

/// The place of the axis of a trait.
fn place((axis, _): Trait) -> usize {
    AXES.iter().position(|(name, _)| *name == axis).unwrap_or(AXES.len())
}

fn described(((axis, name), (other_axis, other)): (Trait, Trait)) -> String {
    format!("{axis} `{name}` with {other_axis} `{other}`")
}

fn aged(versions: Option<u64>) -> &'static str {
    match versions {
        None | Some(0) => "none",
        Some(1..16) => "of 1 to 15 versions ago",
        Some(16..256) => "of 16 to 255",
        Some(_) => "of 256 or more",
    }
}

fn note_change(change: &Change, traits: &mut BTreeSet<Trait>) {
    let mut is = |name| traits.insert(("change", name));
    match change {
        Change::Upsert(_) => is("upsert"),
        Change::UpsertRows(_) => is("upsert rows"),
        Change::Insert(_) => is("insert"),
        Change::InsertIfAbsent(_) => is("insert if absent"),
        Change::SetPayload(..) => is("set payload"),
        Change::MergePayload(..) => is("merge payload"),
        Change::SetVectors(..) => is("set vectors"),
        Change::Delete(_) => is("delete"),
        Change::DeleteWhere(_) => is("delete where"),
        other => panic!("an axis of coverage lacks {other:?}"),
    };
    change.id().into_iter().for_each(|id| note_id(id, traits));
    match change {
        Change::Upsert(record) | Change::Insert(record) | Change::InsertIfAbsent(record) => {
            note_payload(&record.payload, traits);
        }
        Change::SetPayload(_, payload) | Change::MergePayload(_, payload) => {
            note_payload(payload, traits);
        }
        Change::UpsertRows(rows) => rows.to_records().iter().for_each(|record| {
            note_id(&record.id, traits);
            note_payload(&record.payload, traits);
        }),
        _ => {}
    }
}

fn note_id(id: &RecordId, traits: &mut BTreeSet<Trait>) {
    let boundary = match id.as_ref() {
        IdRef::Number(number) => {
            traits.insert(("id", "number"));
            (number > u64::from(u32::MAX)).then_some("number beyond 32 bits")
        }
        IdRef::Text(text) => {
            traits.insert(("id", "text"));
            match text.len() >= ID_BYTES_MAX {
                true => Some("longest text"),
                false => (!text.is_ascii()).then_some("text beyond ASCII"),
            }
        }
        _ => {
            traits.insert(("id", "uuid"));
            None
        }
    };
    traits.extend(boundary.map(|name| ("id boundary", name)));
}

fn note_payload(payload: &Payload, traits: &mut BTreeSet<Trait>) {
    for (_, value) in payload.iter() {
        note_value(value, traits);
    }
}

fn note_value(value: &Value, traits: &mut BTreeSet<Trait>) {
    let (kind, boundary) = match value {
        Value::Null => ("null", None),
        Value::Bool(_) => ("bool", None),
        Value::Int(int) => ("int", (int.unsigned_abs() > 1 << 53).then_some("int beyond 53 bits")),
        Value::Float(float) => ("float", boundary_of_float(*float)),
        Value::Text(text) if text.is_empty() => ("text", Some("empty text")),
        Value::Text(text) if text.len() >= 255 => ("text", Some("text of 255 bytes or more")),
        Value::Text(text) => ("text", (!text.is_ascii()).then_some("text beyond ASCII")),
        Value::DateTime(_) => ("date", None),
        Value::List(list) if list.is_empty() => ("list", Some("empty list")),
        Value::List(list) => ("list", (list.len() >= 255).then_some("list of 255 or more")),
        Value::Map(map) => ("map", map.is_empty().then_some("empty map")),
    };
    traits.insert(("value", kind));
    traits.extend(boundary.map(|name| ("value boundary", name)));
    if depth(value) + 1 >= PAYLOAD_DEPTH_MAX {
        traits.insert(("value boundary", "deepest value"));
    }
}

#[allow(clippy::cast_possible_truncation, reason = "that is what is asked")]
fn boundary_of_float(float: f64) -> Option<&'static str> {
    match float {
        0.0 if float.is_sign_negative() => Some("negative zero"),
        _ => (f64::from(float as f32) != float).then_some("float that f32 rounds"),
    }
}

/// How deep the value is.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::List(list) => list.iter().map(depth).max().unwrap_or(0),
        Value::Map(map) => map.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => return 0,
    };
    (1 + inner).min(PAYLOAD_DEPTH_MAX)
}
