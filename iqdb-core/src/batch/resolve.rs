//! From the statements of a batch to effects.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Applied, Batch, Change, Effect};
use crate::filter::Subject;
use crate::{
    Error, ErrorKind, Filter, IdRef, NamedVector, Payload, PayloadRef, Record, RecordId, RecordRef,
    Result, Rows, Version, merge_patch,
};

/// What [`Batch::resolve`] asks of the state that the batch follows. Every
/// [`Snapshot`](crate::Snapshot) is one.
pub trait State {
    /// The record of this id, if there is one.
    ///
    /// # Errors
    /// Whatever reading it reports.
    fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>>;

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

/// A record that a statement of the batch has removed, put or changed.
struct Touched<'a> {
    base: Base<'a>,
    /// What a later statement has set, in place of the base's.
    payload: Option<Cow<'a, Payload>>,
    /// What later statements have set or removed, the last of them behind.
    vectors: Vec<&'a [NamedVector]>,
}

/// What the changes of a record are based on.
#[derive(Clone, Copy)]
enum Base<'a> {
    Removed,
    /// The record of the state before the batch.
    Stored,
    Put(&'a Record),
    PutRow(&'a Rows, usize),
}

impl<'a> From<Base<'a>> for Touched<'a> {
    fn from(base: Base<'a>) -> Self {
        Self { base, payload: None, vectors: Vec::new() }
    }
}

impl Touched<'_> {
    fn is_there(&self) -> bool {
        !matches!(self.base, Base::Removed)
    }
}

/// A touched record as a filter sees it.
struct Seen<'a> {
    id: &'a RecordId,
    touched: &'a Touched<'a>,
    stored: Option<RecordRef<'a>>,
}

impl Subject for Seen<'_> {
    fn id(&self) -> Result<IdRef<'_>> {
        Ok(self.id.as_ref())
    }

    fn payload(&self) -> Result<PayloadRef<'_>> {
        if let Some(payload) = &self.touched.payload {
            return Ok(PayloadRef::from(&**payload));
        }
        match self.touched.base {
            Base::Put(record) => Ok(PayloadRef::from(&record.payload)),
            Base::PutRow(rows, row) => Ok(rows.payload(row)),
            Base::Removed | Base::Stored => match &self.stored {
                Some(record) => record.payload(),
                None => Ok(PayloadRef::empty()),
            },
        }
    }

    fn has_vector(&self, name: &str) -> Result<bool> {
        let mut set = self.touched.vectors.iter().rev().flat_map(|vectors| vectors.iter().rev());
        if let Some((_, vector)) = set.find(|(field, _)| field == name) {
            return Ok(vector.is_some());
        }
        match self.touched.base {
            Base::Put(record) => Ok(record.vector(name).is_some()),
            Base::PutRow(rows, row) => Ok(rows.vector(row, name).is_some()),
            Base::Removed | Base::Stored => {
                self.stored.as_ref().map_or(Ok(false), |record| record.has_vector(name))
            }
        }
    }
}

impl<'a> Resolver<'a, '_> {
    fn resolve(&mut self, change: &'a Change) -> Result<()> {
        match change {
            Change::Upsert(record) => self.put(record),
            Change::UpsertRows(rows) => {
                for (row, id) in rows.ids().iter().enumerate() {
                    self.overlay.insert(id.to_id(), Base::PutRow(rows, row).into());
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
                self.set_payload(id, Cow::Borrowed(payload));
            }
            Change::MergePayload(id, patch) => match self.payload(id)? {
                Some(payload) => {
                    let merged = merge_patch(payload, patch)
                        .map_err(|error| error.with_id(id).during("apply"))?;
                    self.set_payload(id, Cow::Owned(merged));
                }
                None => self.resolved.applied.absent += 1,
            },
            Change::SetVectors(id, vectors) if self.contains(id)? => {
                self.touched(id).vectors.push(vectors);
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
            Some(touched) => Ok(touched.is_there()),
            None => Ok(self.state.record(id)?.is_some()),
        }
    }

    fn payload(&self, id: &RecordId) -> Result<Option<Payload>> {
        match self.overlay.get(id) {
            Some(touched) if touched.is_there() => {
                self.seen(id, touched)?.payload()?.to_payload().map(Some)
            }
            Some(_) => Ok(None),
            None => {
                let record = self.state.record(id)?;
                record.map(|record| record.payload()?.to_payload()).transpose()
            }
        }
    }

    fn seen<'b>(&'b self, id: &'b RecordId, touched: &'b Touched<'a>) -> Result<Seen<'b>> {
        let stored = match touched.base {
            Base::Stored => self.state.record(id)?,
            _ => None,
        };
        Ok(Seen { id, touched, stored })
    }

    fn touched(&mut self, id: &RecordId) -> &mut Touched<'a> {
        self.overlay.entry(id.clone()).or_insert_with(|| Base::Stored.into())
    }

    fn set_payload(&mut self, id: &'a RecordId, payload: Cow<'a, Payload>) {
        self.touched(id).payload = Some(payload.clone());
        self.resolved.effects.push(Effect::SetPayload(id, payload));
    }

    fn put(&mut self, record: &'a Record) {
        self.overlay.insert(record.id.clone(), Base::Put(record).into());
        self.resolved.effects.push(Effect::Put(record));
    }

    fn remove(&mut self, id: Cow<'a, RecordId>) {
        self.overlay.insert(id.clone().into_owned(), Base::Removed.into());
        self.resolved.effects.push(Effect::Remove(id));
    }

    /// Removes what matches, in the order of the ids, so that the effects don't depend on how a
    /// store keeps its records.
    fn delete_where(&mut self, filter: &Filter) -> Result<()> {
        let mut ids = self.state.matching(filter)?;
        ids.retain(|id| !self.overlay.contains_key(id));
        for (id, touched) in &self.overlay {
            if touched.is_there() && filter.matches(&self.seen(id, touched)?)? {
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

    /// The records that there are.
    struct Records(BTreeMap<RecordId, Record>);

    impl State for Records {
        fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
            Ok(self.0.get(id).map(RecordRef::from))
        }
        fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
            let mut found = Vec::new();
            for (id, record) in self.0.iter().rev() {
                if filter.matches(record)? {
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
        let number = |id: u64| (RecordId::from(id), record(id, id.cast_signed()));
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
    fn a_delete_where_sees_which_vectors_there_are_by_then() {
        let vector = |x: f32| crate::Vector::try_from([x]).unwrap();
        let set = |x: Option<f32>| [("image".into(), x.map(vector))];
        let with_image = |id: u64| record(id, 0).with_vector("image", vector(1.0)).unwrap();
        let schema =
            crate::Schema::builder().dense("image", 1, crate::Metric::Dot).build().unwrap();
        let batch = Batch::new()
            .upsert(with_image(8))
            .upsert(with_image(7))
            .upsert_rows(Rows::of_records(&schema, &[with_image(5), record(6, 0)]).unwrap())
            .set_payload(7, payload(1))
            .set_vectors(8, set(None))
            .set_vectors(2, set(Some(1.0)))
            .set_vectors(3, set(Some(1.0)))
            .set_vectors(3, set(None))
            .delete_where(Filter::has("image"));
        assert_eq!(effects(&batch)[9..], ["remove 2", "remove 5", "remove 7"]);
        let batch =
            Batch::new().set_vectors(1, set(Some(1.0))).delete_where(Filter::has("image").not());
        assert_eq!(effects(&batch)[1..], ["remove 2", "remove 3"]);
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
            fn record(&self, _: &RecordId) -> Result<Option<RecordRef<'_>>> {
                panic!("asked for a record")
            }
            fn matching(&self, _: &Filter) -> Result<Vec<RecordId>> {
                panic!("asked what matches")
            }
        }
        let batch = Batch::new().upsert(record(1, 1)).upsert(record(1, 2));
        assert_eq!(batch.resolve(&Untouchable, Version(0)).unwrap().effects.len(), 2);
    }
}
