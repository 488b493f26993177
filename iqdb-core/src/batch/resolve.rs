//! From the statements of a batch to effects.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Applied, Batch, Change, Effect};
use crate::filter::Subject;
use crate::{
    Budget, Computed, Error, ErrorKind, Filter, IdRef, NamedVector, Payload, PayloadRef, Record,
    RecordId, RecordRef, Result, Rows, Schema, Version, merge_patch,
};

/// What [`Batch::resolve`] asks of the state that the batch follows. Every
/// [`Snapshot`](crate::Snapshot) is one.
pub trait State {
    /// The schema, whose computed fields the effects carry.
    fn schema(&self) -> &Schema;

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

    /// As [`matching`](Self::matching), until the budget ends. The default looks at it once, before.
    ///
    /// # Errors
    /// Those of [`matching`](Self::matching) and of the budget.
    fn matching_within(&self, filter: &Filter, budget: Budget<'_>) -> Result<Vec<RecordId>> {
        budget.check()?;
        self.matching(filter)
    }
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
    /// sees what the ones before it did. Computes the columns of computed fields. Reads nothing for a
    /// batch of upserts. O(changes) besides what `state` takes, and O(bytes of the payloads) where there
    /// are computed fields.
    ///
    /// The input and the expected version have been [checked](Self::check).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] for an insert of an id that is there;
    /// [`ErrorKind::InvalidPayload`] for a merged payload that breaks a limit, naming the record;
    /// whatever `state` reports.
    pub fn resolve<'a>(&'a self, state: &dyn State, version: Version) -> Result<Resolved<'a>> {
        self.resolve_within(state, version, Budget::new())
    }

    /// As [`resolve`](Self::resolve), until the budget ends: filters look at it.
    ///
    /// # Errors
    /// Those of [`resolve`](Self::resolve) and of the budget.
    pub fn resolve_within<'a>(
        &'a self,
        state: &dyn State,
        version: Version,
        budget: Budget<'_>,
    ) -> Result<Resolved<'a>> {
        let applied = Applied::at(version);
        let is_upsert = |change| matches!(change, &Change::Upsert(_) | &Change::UpsertRows(_));
        let effects = Vec::with_capacity(self.changes.len());
        let mut resolver = Resolver {
            state,
            budget,
            computes: state.schema().computed_fields().next().is_some(),
            overlay: HashMap::new(),
            resolved: Resolved { effects, applied },
        };
        if self.changes.iter().all(is_upsert) {
            for change in &self.changes {
                match change {
                    Change::Upsert(record) => resolver.push_put(record)?,
                    Change::UpsertRows(rows) => resolver.push_rows(rows)?,
                    _ => {}
                }
            }
        } else {
            self.changes.iter().try_for_each(|change| resolver.resolve(change))?;
        }
        Ok(resolver.resolved)
    }
}

struct Resolver<'a, 's> {
    state: &'s dyn State,
    budget: Budget<'s>,
    /// Whether the schema has computed fields.
    computes: bool,
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
    schema: &'a Schema,
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

    fn has_field(&self, name: &str) -> Result<bool> {
        if let Some((_, field)) = self.schema.computed_fields().find(|(_, f)| f.name() == name) {
            return field.compute(&self.payload()?, &mut Vec::new());
        }
        let mut set = self.touched.vectors.iter().rev().flat_map(|vectors| vectors.iter().rev());
        if let Some((_, vector)) = set.find(|(field, _)| field == name) {
            return Ok(vector.is_some());
        }
        match self.touched.base {
            Base::Put(record) => Ok(record.vector(name).is_some()),
            Base::PutRow(rows, row) => Ok(rows.vector(row, name).is_some()),
            Base::Removed | Base::Stored => {
                self.stored.as_ref().map_or(Ok(false), |record| record.has_field(name))
            }
        }
    }
}

impl<'a> Resolver<'a, '_> {
    fn resolve(&mut self, change: &'a Change) -> Result<()> {
        match change {
            Change::Upsert(record) => self.put(record)?,
            Change::UpsertRows(rows) => {
                for (row, id) in rows.ids().iter().enumerate() {
                    self.overlay.insert(id.to_id(), Base::PutRow(rows, row).into());
                }
                self.push_rows(rows)?;
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
            Change::Insert(record) | Change::InsertIfAbsent(record) => self.put(record)?,
            Change::Delete(id) if self.contains(id)? => self.remove(Cow::Borrowed(id)),
            Change::SetPayload(id, payload) if self.contains(id)? => {
                self.set_payload(id, Cow::Borrowed(payload))?;
            }
            Change::MergePayload(id, patch) => match self.payload(id)? {
                Some(payload) => {
                    let merged = merge_patch(payload, patch)
                        .map_err(|error| error.with_id(id).during("apply"))?;
                    self.set_payload(id, Cow::Owned(merged))?;
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
        Ok(Seen { id, schema: self.state.schema(), touched, stored })
    }

    fn touched(&mut self, id: &RecordId) -> &mut Touched<'a> {
        self.overlay.entry(id.clone()).or_insert_with(|| Base::Stored.into())
    }

    /// What the schema computes of a payload.
    fn compute<'p>(&self, payload: impl FnOnce() -> PayloadRef<'p>) -> Result<Computed> {
        match self.computes {
            true => Computed::of(self.state.schema(), &payload()),
            false => Ok(Computed::default()),
        }
    }

    fn push_put(&mut self, record: &'a Record) -> Result<()> {
        let computed = self.compute(|| PayloadRef::from(&record.payload))?;
        self.resolved.effects.push(Effect::Put(record, computed));
        Ok(())
    }

    fn push_rows(&mut self, rows: &'a Rows) -> Result<()> {
        self.resolved.effects.reserve(rows.len());
        for row in 0..rows.len() {
            let computed = self.compute(|| rows.payload(row))?;
            self.resolved.effects.push(Effect::PutRow(rows, row, computed));
        }
        Ok(())
    }

    fn set_payload(&mut self, id: &'a RecordId, payload: Cow<'a, Payload>) -> Result<()> {
        let computed = self.compute(|| PayloadRef::from(&*payload))?;
        self.touched(id).payload = Some(payload.clone());
        self.resolved.effects.push(Effect::SetPayload(id, payload, computed));
        Ok(())
    }

    fn put(&mut self, record: &'a Record) -> Result<()> {
        self.overlay.insert(record.id.clone(), Base::Put(record).into());
        self.push_put(record)
    }

    fn remove(&mut self, id: Cow<'a, RecordId>) {
        self.overlay.insert(id.clone().into_owned(), Base::Removed.into());
        self.resolved.effects.push(Effect::Remove(id));
    }

    /// Removes what matches, in the order of the ids, so that the effects don't depend on how a
    /// store keeps its records.
    fn delete_where(&mut self, filter: &Filter) -> Result<()> {
        let mut ids = self.state.matching_within(filter, self.budget)?;
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
mod tests;
