//! The naive store's snapshots and blocks, with a defect planted in front of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::thread;

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_core::filter::{Comparison, MaskPool};
use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{
    Aggregate, Aggregated, Block, BlockSource, Budget, Cursor, Error, ErrorKind, Explain, FieldId,
    Filter, Hits, IdRef, Layout, List, Map, Narrow, Page, Parts, Payload, PayloadColumns,
    PayloadRef, Predicate, Query, RecordId, RecordRef, Result, RowMask, Rows, Schema, Scratch,
    Seal, Search, Shelf, Snapshot, Store, Value, ValueRef, VectorColumn, Version,
};

use crate::column::PlantedColumn;
use crate::defect::Defect;
use crate::shelf::{COUNTED_SEALS, THE_ONE_LAYOUT, THE_ONE_SEAL, off_by_one};
use crate::{reading, vectors};

#[derive(Debug)]
pub(crate) struct PlantedSnapshot {
    schema: Schema,
    inner: Arc<dyn Snapshot>,
    defect: Option<Defect>,
    deleted: u64,
    blocks: Vec<PlantedBlock>,
    store: Weak<NaiveStore>,
    poisoned: Option<Arc<AtomicBool>>,
    /// Of this snapshot alone.
    own: (Shelf, Layout),
    /// Of the store, where no writer knows it.
    shelf: Arc<Option<Shelf>>,
}

/// The rows of one block, with the defect in them.
#[derive(Debug)]
struct PlantedBlock {
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

impl PlantedSnapshot {
    pub(crate) fn new(
        inner: Arc<dyn Snapshot>,
        defect: Option<Defect>,
        deleted: u64,
    ) -> Result<Self> {
        let schema = match defect {
            Some(Defect::SnapshotForgetsTheMetric) => vectors::of_cosine(inner.schema()),
            _ => inner.schema().clone(),
        };
        let mut blocks = Vec::new();
        for i in 0..inner.block_count() {
            let block = inner.block(i)?;
            let fields = inner.schema().iter();
            let columns = fields.map(|(field, _)| PlantedColumn::new(&inner, i, field, defect));
            let payloads = match PlantedBlock::lends_columns(defect) {
                true => (0..block.len()).map(|row| block.payload(row)?.to_payload()).collect(),
                false => Ok(Vec::new()),
            };
            blocks.push(PlantedBlock {
                i,
                columns: columns.collect::<Result<_>>()?,
                payloads: payloads?,
                seal: block.seal().filter(|_| defect.is_some()).map(off_by_one).transpose()?,
                defect,
                store: Weak::new(),
                inner: inner.clone(),
            });
        }
        Ok(Self {
            schema,
            inner,
            defect,
            deleted,
            blocks,
            store: Weak::new(),
            poisoned: None,
            own: Default::default(),
            shelf: Arc::default(),
        })
    }

    pub(crate) fn of_store(mut self, store: &Arc<NaiveStore>) -> Self {
        self.store = Arc::downgrade(store);
        self.blocks.iter_mut().for_each(|block| block.store = Arc::downgrade(store));
        self
    }

    pub(crate) fn on_shelf(mut self, shelf: &Arc<Option<Shelf>>) -> Self {
        self.shelf = Arc::clone(shelf);
        self
    }

    pub(crate) fn poisoning(mut self, poisoned: &Arc<AtomicBool>) -> Self {
        self.poisoned = Some(poisoned.clone());
        self
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}

/// The part of an id that fits.
pub(crate) fn cut(text: &str) -> &str {
    // The ids that are too long in the suite are cut at a character's end by this.
    text.get(..ID_BYTES_MAX).unwrap_or(text)
}

impl Drop for PlantedSnapshot {
    fn drop(&mut self) {
        if matches!(self.defect, Some(Defect::APanicPoisons | Defect::APanicWedges))
            && thread::panicking()
            && let Some(poisoned) = &self.poisoned
        {
            poisoned.store(true, Ordering::SeqCst);
        }
    }
}

impl Snapshot for PlantedSnapshot {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        let Version(version) = self.inner.version();
        match self.defect {
            Some(Defect::SnapshotVersionLags) => Version(version.saturating_sub(1)),
            _ => Version(version),
        }
    }

    fn len(&self) -> u64 {
        match self.defect {
            Some(Defect::DeleteForgetsLen) => self.inner.len() + self.deleted,
            _ => self.inner.len(),
        }
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        match (self.defect, id.as_ref()) {
            (Some(Defect::SnapshotGetFindsNothing), _) => Ok(None),
            (Some(Defect::SnapshotCutsLongIds), IdRef::Text(text)) => {
                self.inner.get(&cut(text).into())
            }
            (Some(Defect::SnapshotSeesLaterWrites), _) => match self.store.upgrade() {
                Some(store) => Ok(store.get(id)?.map(RecordRef::from)),
                None => self.inner.get(id),
            },
            (Some(Defect::SnapshotDiesWithItsStore), _) if self.store.strong_count() == 0 => {
                Err(Error::new(ErrorKind::Io, "the store is closed"))
            }
            _ => self.inner.get(id),
        }
    }

    fn get_many(
        &self,
        ids: &[RecordId],
        parts: Parts,
        out: &mut Rows,
        budget: Budget<'_>,
    ) -> Result<()> {
        reading::get_many(self.defect, self, ids, parts, out, budget)
    }

    fn scroll(&self, page: &Page<'_>, out: &mut Rows) -> Result<Option<Cursor>> {
        reading::scroll(self.defect, self, page, out)
    }

    fn aggregate(
        &self,
        wanted: &[Aggregate<'_>],
        filter: Option<&Filter>,
        budget: Budget<'_>,
    ) -> Result<Vec<Aggregated>> {
        reading::aggregate(self.defect, self, wanted, filter, budget)
    }

    fn block_count(&self) -> usize {
        match self.defect {
            Some(Defect::LastBlockIsForgotten) => self.blocks.len().saturating_sub(1),
            _ => self.blocks.len(),
        }
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let i = match self.defect {
            Some(Defect::LastBlockStandsInForAny) => i.min(self.blocks.len().saturating_sub(1)),
            _ => i,
        };
        let planted = self
            .blocks
            .get(i)
            .ok_or_else(|| Error::new(ErrorKind::ContractViolation, "there is no such block"))?;
        let inner = self.inner.block(i)?;
        let at = match self.defect {
            Some(Defect::BlockIsAtAnotherVersion) => self.version().next(),
            _ => inner.at(),
        };
        let block = Block::new(planted, &self.schema, inner.len(), at)?;
        Ok(match inner.seal() {
            Some(_) if self.has(Defect::NothingIsSealed) => block,
            Some(_) if self.has(Defect::OneSealForAll) => block.sealed(&THE_ONE_SEAL),
            Some(_) if self.has(Defect::SealsAreCounted) => block.sealed(&COUNTED_SEALS[i % 512]),
            Some(seal) if self.has(Defect::LineageIsOffByOne) => {
                block.sealed(planted.seal.as_ref().unwrap_or(seal))
            }
            Some(seal) => block.sealed(seal),
            None => block,
        })
    }

    fn shelf(&self) -> Option<&Shelf> {
        match (self.defect, &*self.shelf) {
            (Some(Defect::ShelfDiesWithItsSnapshot), _) => Some(&self.own.0),
            (_, Some(shelf)) => Some(shelf),
            _ => self.inner.shelf(),
        }
    }

    fn layout(&self) -> Option<&Layout> {
        match self.defect {
            Some(Defect::OneLayoutForAll) => Some(&THE_ONE_LAYOUT),
            Some(Defect::LayoutsAreNotShared) => Some(&self.own.1),
            _ => self.inner.layout(),
        }
    }

    fn push_down(&self, queries: &[Query<'_>], hits: &mut [Hits]) -> Result<Option<Explain>> {
        match self.defect {
            Some(Defect::PushDownIgnoresTheFilter) => {
                let all = queries.iter().map(|query| {
                    let all = Query::new(query.vector(), query.goal());
                    let all = all.with_payload(query.wants_payload());
                    query.field().map_or(all, |name| all.with_field(name))
                });
                let all: Vec<_> = all.collect();
                NaiveSearch.search(&*self.inner, &all, hits, &mut Scratch::new()).map(Some)
            }
            Some(Defect::PushDownAnswersTheFirst) => {
                let first = queries.len().min(1);
                NaiveSearch
                    .search(
                        &*self.inner,
                        &queries[..first],
                        &mut hits[..first],
                        &mut Scratch::new(),
                    )
                    .map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl PlantedBlock {
    /// Whether the block lends payloads as columns: for defects of columns, and without a defect.
    fn lends_columns(defect: Option<Defect>) -> bool {
        match defect {
            None => true,
            Some(defect) => matches!(
                defect,
                Defect::LastKeyIsForgotten
                    | Defect::KeysIgnoreCase
                    | Defect::MapsAreLentEmpty
                    | Defect::PathsAreKeys
                    | Defect::FirstElementIsTheList
                    | Defect::DatesAreNumbers
            ),
        }
    }

    fn block(&self) -> Result<Block<'_>> {
        self.inner.block(self.i)
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
