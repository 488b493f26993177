//! The naive store's blocks, with a defect planted in front of them.

use std::sync::{Arc, LazyLock, Weak};

use iqdb_conformance::naive::NaiveStore;
use iqdb_core::filter::{Comparison, MaskPool};
use iqdb_core::{
    Block, BlockSource, Error, FieldId, IdRef, List, Map, Narrow, Payload, PayloadColumns,
    PayloadRef, Predicate, Result, RowMask, Seal, Snapshot, Store, Value, ValueRef, VectorColumn,
    Version,
};

use crate::column::{PlantedColumn, blocks_of};
use crate::defect::Defect;
use crate::shelf::off_by_one;
use crate::values;

/// The rows of one block, with the defect in them.
#[derive(Debug)]
pub(crate) struct PlantedBlock {
    inner: Arc<dyn Snapshot>,
    i: usize,
    /// One for each field.
    columns: Vec<PlantedColumn>,
    /// The payloads that the block lends as columns.
    payloads: Vec<Payload>,
    /// The seal, where the defect is in its lineage.
    seal: Option<Seal>,
    defect: Option<Defect>,
    store: Weak<NaiveStore>,
}

impl PlantedBlock {
    pub(crate) fn new(inner: &Arc<dyn Snapshot>, i: usize, defect: Option<Defect>) -> Result<Self> {
        let block = blocks_of(&**inner)?.block(i)?;
        let fields = inner.schema().iter();
        let columns = fields.map(|(field, _)| PlantedColumn::new(inner, i, field, defect));
        let payloads = match Self::lends_columns(defect) {
            true => (0..block.len()).map(|row| block.payload(row)?.to_payload()).collect(),
            false => Ok(Vec::new()),
        };
        Ok(Self {
            i,
            columns: columns.collect::<Result<_>>()?,
            payloads: payloads?,
            seal: block.seal().filter(|_| defect.is_some()).map(off_by_one).transpose()?,
            defect,
            store: Weak::new(),
            inner: inner.clone(),
        })
    }

    pub(crate) fn of_store(&mut self, store: &Arc<NaiveStore>) {
        self.store = Arc::downgrade(store);
    }

    /// The seal, where the defect is in its lineage.
    pub(crate) fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// Whether the block lends payloads as columns: for defects of columns, and without a defect.
    fn lends_columns(defect: Option<Defect>) -> bool {
        match defect {
            None => true,
            Some(defect) => {
                matches!(
                    defect,
                    Defect::LastKeyIsForgotten
                        | Defect::KeysIgnoreCase
                        | Defect::MapsAreLentEmpty
                        | Defect::PathsAreKeys
                        | Defect::FirstElementIsTheList
                        | Defect::DatesAreNumbers
                ) || values::is_misread(Some(defect))
            }
        }
    }

    fn block(&self) -> Result<Block<'_>> {
        blocks_of(&*self.inner)?.block(self.i)
    }
}

impl BlockSource for PlantedBlock {
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(self.columns.get(field.index()).map(|column| column as &dyn VectorColumn))
    }

    fn clear_dead(&self, _: Version, live: &mut Narrow<'_>) -> Result<()> {
        let block = self.block()?;
        let mut alive = RowMask::new();
        block.select(0..block.len(), None, &mut alive, &mut MaskPool::default())?;
        match self.defect {
            Some(Defect::DeadRowsAreAlive) => {}
            // Mistakes the first row of the range for the first row of the block.
            Some(Defect::LivenessStartsAtZero) => {
                let first = live.mask().rows().next().unwrap_or(0);
                live.retain(|row| Ok::<_, Error>(alive.contains(row - first)))?;
            }
            _ => live.intersect(&alive),
        }
        Ok(())
    }

    fn is_alive(&self, row: usize, _: Version) -> Result<bool> {
        match self.defect {
            Some(Defect::DeadRowsAnswerForThemselves) => Ok(true),
            _ => self.block()?.is_alive(row),
        }
    }

    fn ended(&self, since: Version, at: Version, out: &mut Vec<u32>) -> Result<bool> {
        let block = self.block()?;
        match self.defect {
            Some(Defect::EndsOfTheFirstVersionAreLeftOut) => block.ended(since.next(), out),
            Some(Defect::UnknownEndsAreNone) => {
                block.ended(if at == block.at() { since } else { at }, out).map(|_| true)
            }
            _ => block.ended(if at == block.at() { since } else { at }, out),
        }
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        let block = self.block()?;
        match self.defect {
            Some(Defect::IdsAreSwapped) if row ^ 1 < block.len() => block.id(row ^ 1),
            _ => block.id(row),
        }
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        let block = self.block()?;
        if self.defect == Some(Defect::PayloadsAreTheLatest)
            && let Some(store) = self.store.upgrade()
            && let Some(record) = store.get(&block.id(row)?.to_id())?
        {
            return Ok(record.payload.into());
        }
        match Self::lends_columns(self.defect) {
            true => Ok(PayloadRef::of_row(self, row)),
            false => block.payload(row),
        }
    }

    fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> Result<bool> {
        let differs = matches!(leaf, Predicate::Compare { comparison: Comparison::Ne, .. });
        match self.defect {
            // Returns that it has narrowed the mask, and keeps the rows where the key is absent.
            Some(Defect::AbsentKeyDiffers) => Ok(differs),
            // Evaluates the condition as the defect misreads it.
            defect if values::is_misread(defect) && leaf.path().is_some() => {
                mask.retain(|row| values::matches(defect, leaf, &self.payloads[row]))?;
                Ok(true)
            }
            Some(
                Defect::PathsAreKeys | Defect::FirstElementIsTheList | Defect::DatesAreNumbers,
            ) if leaf.path().is_some() => {
                mask.retain(|row| self.matches(leaf, &self.payloads[row]))?;
                Ok(true)
            }
            Some(Defect::MatchingNarrowsAndDeclines) => {
                mask.clear(0);
                Ok(false)
            }
            _ => Ok(false),
        }
    }
}

impl PlantedBlock {
    fn lent<'a>(&self, value: &'a Value) -> ValueRef<'a> {
        static EMPTY: LazyLock<Map> = LazyLock::new(Map::new);
        match (self.defect, value) {
            (Some(Defect::MapsAreLentEmpty), Value::Map(_)) => ValueRef::Map(EMPTY.as_ref()),
            (_, value) => value.as_ref(),
        }
    }

    /// What the defect takes the condition for.
    fn matches(&self, leaf: &Predicate, payload: &Payload) -> Result<bool> {
        let micros = |value: &Value| match value {
            Value::DateTime(date) => date.as_micros().into(),
            other => other.clone(),
        };
        let payload: Payload = match self.defect {
            Some(Defect::FirstElementIsTheList) => {
                let first = |value: &Value| match value {
                    Value::List(list) => list.iter().take(1).cloned().collect::<List>().into(),
                    other => other.clone(),
                };
                payload.iter().map(|(key, value)| (key, first(value))).collect()
            }
            Some(Defect::DatesAreNumbers) => {
                payload.iter().map(|(key, value)| (key, micros(value))).collect()
            }
            _ => payload.clone(),
        };
        match (self.defect, leaf) {
            (Some(Defect::DatesAreNumbers), Predicate::Compare { path, comparison, value }) => {
                let leaf = Predicate::Compare {
                    path: path.clone(),
                    comparison: *comparison,
                    value: micros(value),
                };
                leaf.matches_payload(&(&payload).into())
            }
            (Some(Defect::PathsAreKeys), leaf) => {
                let text = leaf.path().map(ToString::to_string).unwrap_or_default();
                Ok(payload.get(&text).is_some_and(|value| leaf.matches_first(value.as_ref())))
            }
            _ => leaf.matches_payload(&(&payload).into()),
        }
    }
}

impl PayloadColumns for PlantedBlock {
    fn entry_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
        let payload = &self.payloads[row];
        if self.defect == Some(Defect::LastKeyIsForgotten) && n + 1 == payload.len() {
            return Ok(None);
        }
        Ok(payload.iter().nth(n).map(|(key, value)| (key, self.lent(value))))
    }

    fn get(&self, row: usize, key: &str) -> Result<Option<ValueRef<'_>>> {
        let payload = &self.payloads[row];
        let found = match self.defect {
            Some(Defect::KeysIgnoreCase) => payload
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value),
            _ => payload.get(key),
        };
        Ok(found.map(|value| self.lent(value)))
    }
}
