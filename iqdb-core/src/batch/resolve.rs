//! From the statements of a batch to effects.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Applied, Batch, Change, Effect};
use crate::{
    Error, ErrorKind, Filter, Payload, PayloadRef, Record, RecordId, Result, Rows, Version,
    merge_patch,
};

/// What [`Batch::resolve`] asks of the state that the batch follows. Every
/// [`Snapshot`](crate::Snapshot) is one.
pub trait State {
    /// Whether there is a record of this id.
    ///
    /// # Errors
    /// Whatever reading it reports.
    fn contains(&self, id: &RecordId) -> Result<bool>;

    /// A copy of the payload of the record of this id, if there is one.
    ///
    /// # Errors
    /// Whatever reading it reports.
    fn payload(&self, id: &RecordId) -> Result<Option<Payload>>;

    /// The ids of the records that match, each once, in any order.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`]; whatever reading them reports.
    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>>;
}

/// The effects of a batch on one state.
#[derive(Debug)]
pub struct Resolved<'a> {
    /// What the store has to do, in order.
    pub effects: Vec<Effect<'a>>,
    /// What came to nothing is counted already ([`Applied::absent`], [`Applied::kept`]). The store
    /// [counts](Applied::count) each effect as it applies it.
    pub applied: Applied,
}

impl Batch {
    /// Turns the statements into effects on `state`, which is at `version`, in order: each statement
    /// sees what the ones before it did. Reads nothing for a batch of upserts. O(changes) besides
    /// what `state` takes.
    ///
    /// The input and the expected version have been [checked](Self::check).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] for an insert of an id that is there;
    /// [`ErrorKind::InvalidPayload`] for a merged payload that breaks a limit, naming the record;
    /// whatever `state` reports.
    pub fn resolve<'a>(&'a self, state: &dyn State, version: Version) -> Result<Resolved<'a>> {
        let applied = Applied::at(version);
        let is_upsert = |change| matches!(change, &Change::Upsert(_) | &Change::UpsertRows(_));
        let effects = Vec::with_capacity(self.changes.iter().map(effects_of).sum());
        let mut resolver =
            Resolver { state, overlay: HashMap::new(), resolved: Resolved { effects, applied } };
        if self.changes.iter().all(is_upsert) {
            for change in &self.changes {
                match change {
                    Change::Upsert(record) => resolver.resolved.effects.push(Effect::Put(record)),
                    Change::UpsertRows(rows) => {
                        resolver.resolved.effects.extend(effects_of_rows(rows));
                    }
                    _ => {}
                }
            }
        } else {
            self.changes.iter().try_for_each(|change| resolver.resolve(change))?;
        }
        Ok(resolver.resolved)
    }
}

/// At most how many effects a statement has, where it says so itself.
fn effects_of(change: &Change) -> usize {
    match change {
        Change::UpsertRows(rows) => rows.len(),
        _ => 1,
    }
}

fn effects_of_rows(rows: &Rows) -> impl Iterator<Item = Effect<'_>> {
    (0..rows.len()).map(move |row| Effect::PutRow(rows, row))
}

struct Resolver<'a, 's> {
    state: &'s dyn State,
    /// What earlier statements of the batch left of the records that they touched.
    overlay: HashMap<RecordId, Touched<'a>>,
    resolved: Resolved<'a>,
}

/// A record that a statement of the batch has removed or given a payload.
enum Touched<'a> {
    Removed,
    Present(Cow<'a, Payload>),
    PresentRow(&'a Rows, usize),
}

impl Touched<'_> {
    /// The payload, if there is a record.
    fn payload(&self) -> Option<PayloadRef<'_>> {
        match self {
            Self::Removed => None,
            Self::Present(payload) => Some(PayloadRef::from(&**payload)),
            Self::PresentRow(rows, row) => Some(rows.payload(*row)),
        }
    }
}

impl<'a> Resolver<'a, '_> {
    fn resolve(&mut self, change: &'a Change) -> Result<()> {
        match change {
            Change::Upsert(record) => self.put(record),
            Change::UpsertRows(rows) => {
                for (row, id) in rows.ids().iter().enumerate() {
                    self.overlay.insert(id.to_id(), Touched::PresentRow(rows, row));
                }
                self.resolved.effects.extend(effects_of_rows(rows));
            }
            Change::Insert(record) if self.contains(&record.id)? => {
                return Err(Error::new(ErrorKind::AlreadyExists, "a record has this id already")
                    .during("apply")
                    .with_id(&record.id)
                    .hint("upsert it to replace the record"));
            }
            Change::InsertIfAbsent(record) if self.contains(&record.id)? => {
                self.resolved.applied.kept += 1;
            }
            Change::Insert(record) | Change::InsertIfAbsent(record) => self.put(record),
            Change::Delete(id) if self.contains(id)? => self.remove(Cow::Borrowed(id)),
            Change::SetPayload(id, payload) if self.contains(id)? => {
                let payload = Cow::Borrowed(payload);
                self.overlay.insert(id.clone(), Touched::Present(payload.clone()));
                self.resolved.effects.push(Effect::SetPayload(id, payload));
            }
            Change::MergePayload(id, patch) => match self.payload(id)? {
                Some(payload) => {
                    let merged = merge_patch(payload, patch)
                        .map_err(|error| error.with_id(id).during("apply"))?;
                    let payload: Cow<'a, Payload> = Cow::Owned(merged);
                    self.overlay.insert(id.clone(), Touched::Present(payload.clone()));
                    self.resolved.effects.push(Effect::SetPayload(id, payload));
                }
                None => self.resolved.applied.absent += 1,
            },
            Change::SetVectors(id, vectors) if self.contains(id)? => {
                self.resolved.effects.push(Effect::SetVectors(id, vectors));
            }
            Change::Delete(_) | Change::SetPayload(..) | Change::SetVectors(..) => {
                self.resolved.applied.absent += 1;
            }
            Change::DeleteWhere(filter) => self.delete_where(filter)?,
        }
        Ok(())
    }

    fn contains(&self, id: &RecordId) -> Result<bool> {
        match self.overlay.get(id) {
            Some(touched) => Ok(touched.payload().is_some()),
            None => self.state.contains(id),
        }
    }

    fn payload(&self, id: &RecordId) -> Result<Option<Payload>> {
        match self.overlay.get(id) {
            Some(touched) => touched.payload().map(|payload| payload.to_payload()).transpose(),
            None => self.state.payload(id),
        }
    }

    fn put(&mut self, record: &'a Record) {
        let payload = Cow::Borrowed(&record.payload);
        self.overlay.insert(record.id.clone(), Touched::Present(payload));
        self.resolved.effects.push(Effect::Put(record));
    }

    fn remove(&mut self, id: Cow<'a, RecordId>) {
        self.overlay.insert(id.clone().into_owned(), Touched::Removed);
        self.resolved.effects.push(Effect::Remove(id));
    }

    /// Removes what matches, in the order of the ids, so that the effects don't depend on how a
    /// store keeps its records.
    fn delete_where(&mut self, filter: &Filter) -> Result<()> {
        let mut ids = self.state.matching(filter)?;
        ids.retain(|id| !self.overlay.contains_key(id));
        for (id, touched) in &self.overlay {
            if let Some(payload) = touched.payload()
                && filter.matches(id.as_ref(), &payload)?
            {
                ids.push(id.clone());
            }
        }
        ids.sort_unstable();
        ids.into_iter().for_each(|id| self.remove(Cow::Owned(id)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Value;

    /// The payloads of the records that there are.
    struct Records(BTreeMap<RecordId, Payload>);

    impl State for Records {
        fn contains(&self, id: &RecordId) -> Result<bool> {
            Ok(self.0.contains_key(id))
        }
        fn payload(&self, id: &RecordId) -> Result<Option<Payload>> {
            Ok(self.0.get(id).cloned())
        }
        fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
            let mut found = Vec::new();
            for (id, payload) in self.0.iter().rev() {
                if filter.matches(id.as_ref(), &payload.into())? {
                    found.push(id.clone());
                }
            }
            Ok(found)
        }
    }

    fn payload(n: i64) -> Payload {
        Payload::new().with("n", n)
    }

    /// Records 1, 2 and 3, whose payloads have the number of their id.
    fn state() -> Records {
        let number = |id: u64| (RecordId::from(id), payload(id.cast_signed()));
        Records((1..=3).map(number).collect())
    }

    fn record(id: u64, n: i64) -> Record {
        Record::without_vector(id).with_payload(payload(n))
    }

    fn effects(batch: &Batch) -> Vec<String> {
        let resolved = batch.resolve(&state(), Version(0)).unwrap();
        let shown = resolved.effects.iter().map(|effect| match effect {
            Effect::Put(record) => format!("put {}", record.id),
            Effect::PutRow(rows, row) => format!("put {} of rows", rows.ids().at(*row)),
            Effect::Remove(id) => format!("remove {id}"),
            Effect::SetPayload(id, payload) => format!("payload {id} {payload:?}"),
            Effect::SetVectors(id, vectors) => format!("vectors {id} {}", vectors.len()),
        });
        shown.collect()
    }

    #[test]
    fn each_statement_sees_what_the_ones_before_it_did() {
        let batch = Batch::new()
            .delete(1)
            .delete(1)
            .insert(record(1, 7))
            .insert_if_absent(record(1, 8))
            .insert_if_absent(record(9, 9))
            .set_payload(9, payload(10))
            .set_payload(4, payload(4))
            .set_vectors(2, [("image".into(), None)])
            .set_vectors(5, []);
        let resolved = batch.resolve(&state(), Version(3)).unwrap();
        assert_eq!((resolved.applied.absent, resolved.applied.kept), (3, 1));
        assert_eq!(resolved.applied.version, Version(3));
        let ids: Vec<_> = resolved.effects.iter().map(|effect| effect.id().to_string()).collect();
        assert_eq!(ids, ["1", "1", "9", "9", "2"]);
    }

    #[test]
    fn a_delete_where_removes_what_matches_by_then_in_the_order_of_the_ids() {
        let at_least = |n: i64| Filter::ge("n", n);
        let batch = Batch::new().delete_where(at_least(2));
        assert_eq!(effects(&batch), ["remove 2", "remove 3"]);
        let batch = Batch::new()
            .set_payload(3, payload(0))
            .upsert(record(8, 5))
            .upsert(record(1, 2))
            .delete(2)
            .delete_where(at_least(2))
            .delete_where(at_least(2));
        assert_eq!(effects(&batch)[4..], ["remove 1", "remove 8"]);
        assert!(batch.resolve(&state(), Version(0)).unwrap().applied.absent == 0);
    }

    #[test]
    fn a_patch_is_merged_with_what_is_there_by_then() {
        let patch = |key: &str, value: Value| Payload::new().with(key, value);
        let batch = Batch::new()
            .merge_payload(1, patch("m", 7.into()))
            .merge_payload(1, patch("n", Value::Null))
            .upsert(record(9, 9))
            .merge_payload(9, patch("m", 7.into()))
            .merge_payload(5, patch("m", 7.into()))
            .delete(2)
            .merge_payload(2, patch("m", 7.into()));
        let expected = [
            r#"payload 1 {"m": Int(7), "n": Int(1)}"#,
            r#"payload 1 {"m": Int(7)}"#,
            "put 9",
            r#"payload 9 {"m": Int(7), "n": Int(9)}"#,
            "remove 2",
        ];
        assert_eq!(effects(&batch), expected);
        assert_eq!(batch.resolve(&state(), Version(0)).unwrap().applied.absent, 2);
    }

    #[test]
    fn a_patch_that_breaks_a_limit_fails_and_names_the_record() {
        let text = "x".repeat(crate::limits::PAYLOAD_BYTES_MAX / 2);
        let patch = |key: &str| Payload::new().with(key, text.as_str());
        let batch = Batch::new().merge_payload(1, patch("a")).merge_payload(1, patch("b"));
        let error = batch.resolve(&state(), Version(0)).unwrap_err();
        assert_eq!((error.kind(), error.id()), (ErrorKind::InvalidPayload, Some(&1.into())));
    }

    #[test]
    fn an_insert_of_an_id_that_is_there_fails() {
        for batch in [
            Batch::new().insert(record(3, 3)),
            Batch::new().insert(record(4, 4)).insert(record(4, 4)),
            Batch::new().upsert(record(4, 4)).insert(record(4, 4)),
        ] {
            let error = batch.resolve(&state(), Version(0)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
            assert!(error.id().is_some());
        }
        assert_eq!(effects(&Batch::new().delete(3).insert(record(3, 3))).len(), 2);
    }

    #[test]
    fn rows_are_upserts_of_their_records() {
        let rows = |records: &[Record]| {
            Rows::of_records(&crate::Schema::new(1, crate::Metric::Dot).unwrap(), records).unwrap()
        };
        let batch = Batch::new()
            .upsert_rows(rows(&[record(8, 5), record(1, 2), record(8, 1)]))
            .insert_if_absent(record(1, 9))
            .merge_payload(1, payload(3))
            .delete_where(Filter::ge("n", 2));
        let expected = [
            "put 8 of rows",
            "put 1 of rows",
            "put 8 of rows",
            r#"payload 1 {"n": Int(3)}"#,
            "remove 1",
            "remove 2",
            "remove 3",
        ];
        assert_eq!(effects(&batch), expected);
        let plain = Batch::new().upsert_rows(rows(&[record(8, 5)])).upsert(record(8, 6));
        assert_eq!(effects(&plain), ["put 8 of rows", "put 8"]);
    }

    #[test]
    fn a_batch_of_upserts_asks_for_nothing() {
        struct Untouchable;
        impl State for Untouchable {
            fn contains(&self, _: &RecordId) -> Result<bool> {
                panic!("asked whether an id is there")
            }
            fn payload(&self, _: &RecordId) -> Result<Option<Payload>> {
                panic!("asked for a payload")
            }
            fn matching(&self, _: &Filter) -> Result<Vec<RecordId>> {
                panic!("asked what matches")
            }
        }
        let batch = Batch::new().upsert(record(1, 1)).upsert(record(1, 2));
        assert_eq!(batch.resolve(&Untouchable, Version(0)).unwrap().effects.len(), 2);
    }
}
