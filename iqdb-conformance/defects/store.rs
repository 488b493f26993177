//! The naive store, with a defect planted in front of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use iqdb_conformance::naive::NaiveStore;
use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Change, ErrorKind, Feed, Field, Limits, Maintenance,
    Progress, Record, RecordId, Result, Schema, Shelf, Snapshot, Store, StoreExt, Version,
};

use crate::defect::Defect;
use crate::snapshot::PlantedSnapshot;
use crate::{misread, shelf, vectors};

#[derive(Debug)]
pub(crate) struct PlantedStore {
    inner: Arc<NaiveStore>,
    defect: Option<Defect>,
    remembered: Mutex<Remembered>,
    poisoned: Arc<AtomicBool>,
    shelf: Arc<Option<Shelf>>,
}

#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// Every record ever upserted.
    pub(crate) written: BTreeMap<RecordId, Record>,
    pub(crate) deleted: u64,
    /// The version of the last batch.
    applied: Version,
    first_snapshot: Option<Arc<dyn Snapshot>>,
    snapshots: usize,
    /// The cache that reads use first: records that are about to be written or have just been
    /// replaced, each with the time of the entry.
    cached: BTreeMap<RecordId, (Option<Record>, Instant)>,
}

/// How long a cache entry is used.
const STALE_FOR: Duration = Duration::from_millis(5);

/// The open store of this schema.
fn one_of(schema: &Schema) -> Arc<NaiveStore> {
    static OPEN: Mutex<Vec<Weak<NaiveStore>>> = Mutex::new(Vec::new());
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = open.iter().filter_map(Weak::upgrade).find(|store| store.schema() == *schema);
    found.unwrap_or_else(|| {
        let store = Arc::new(NaiveStore::new(schema.clone()));
        open.push(Arc::downgrade(&store));
        store
    })
}

impl PlantedStore {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Self {
        let inner = match defect {
            Some(Defect::OpenStoresAreOne) => one_of(&schema),
            _ => Arc::new(NaiveStore::new(schema)),
        };
        Self {
            inner,
            defect,
            remembered: Mutex::default(),
            poisoned: Arc::default(),
            shelf: Arc::new(shelf::of_store(defect)),
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    pub(crate) fn inner(&self) -> &Arc<NaiveStore> {
        &self.inner
    }

    pub(crate) fn defect(&self) -> Option<Defect> {
        self.defect
    }

    pub(crate) fn remembered<T>(&self, with: impl FnOnce(&mut Remembered) -> T) -> T {
        with(&mut self.remembered.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The batch with the defect's changes.
    fn misread(&self, batch: &Batch) -> Result<Batch> {
        let mut changes = Vec::new();
        for change in batch.changes() {
            let before = change.id().map(|id| self.inner.get(id)).transpose()?.flatten();
            changes.push(misread::change(self.defect, before.as_ref(), change.clone())?);
        }
        if self.has(Defect::LastChangeOfAnIdWins) {
            let last: BTreeMap<_, _> =
                changes.iter().map(|change| (change.id().cloned(), change.clone())).collect();
            changes = last.into_values().collect();
        }
        if self.has(Defect::DeleteWhereSeesTheOldState) {
            // Stable: all else stays in its order.
            changes.sort_by_key(|change| !matches!(change, Change::DeleteWhere(_)));
        }
        let misread: Batch = changes.into_iter().collect();
        Ok(match batch.expected_version() {
            Some(version) => misread.expect_version(version),
            None => misread,
        })
    }

    /// Caches the records that the batch replaces, or those that it writes.
    fn cache(&self, batch: &Batch) -> Result<()> {
        for change in batch.changes() {
            let Some(id) = change.id() else { continue };
            let record = match (self.defect, change) {
                (Some(Defect::StaleForAMoment), _) => self.inner.get(id)?,
                (Some(Defect::VisibleBeforeWritten), Change::Upsert(record)) => {
                    Some(record.clone())
                }
                _ => continue,
            };
            let entry = (record, Instant::now());
            self.remembered(|it| it.cached.insert(id.clone(), entry));
        }
        Ok(())
    }

    fn remember(&self, batch: &Batch, applied: Applied) {
        self.remembered(|remembered| {
            remembered.deleted += applied.deleted;
            remembered.applied = applied.version;
            for change in batch.changes() {
                if let Change::Upsert(record) = change {
                    remembered.written.insert(record.id.clone(), record.clone());
                }
            }
        });
    }

    /// Whether the defect takes a batch that is to be refused for one without effect.
    fn ignores(&self, refused: ErrorKind, batch: &Batch, len: u64) -> bool {
        match self.defect {
            Some(Defect::EmptyTakesAnyDimension) => {
                len == 0 && refused == ErrorKind::DimensionMismatch
            }
            Some(Defect::OtherElementsAreIgnored) => refused == ErrorKind::ElementMismatch,
            Some(Defect::VectorsOfComputedFieldsAreIgnored) => {
                let has_computed = self.inner.schema().computed_fields().next().is_some();
                has_computed && refused == ErrorKind::ElementMismatch
            }
            Some(Defect::UnknownFieldsAreIgnored) => refused == ErrorKind::UnknownField,
            Some(Defect::ConflictNeedsAnEffect) => {
                refused == ErrorKind::VersionConflict && batch.changes().is_empty()
            }
            _ => false,
        }
    }

    /// Applies a batch, whatever the budget is.
    fn apply_planted(&self, batch: &Batch) -> Result<Applied> {
        if self.poisoned.load(Ordering::SeqCst) {
            assert!(self.has(Defect::APanicWedges), "a poisoned lock");
            hang();
        }
        let current = self.inner.snapshot()?;
        let unchanged = Applied::at(current.version());
        let refused = batch.check(&self.inner.schema(), current.version()).err();
        let refused = refused.map(|error| error.kind());
        if refused.is_some_and(|kind| self.ignores(kind, batch, current.len())) {
            return Ok(unchanged);
        }
        match self.defect {
            Some(Defect::HalfOfABadBatchStays) if refused.is_some() => {
                for change in batch.changes() {
                    let alone: Batch = [change.clone()].into_iter().collect();
                    self.inner.apply(&alone)?;
                }
            }
            Some(Defect::IdenticalUpsertIsSkipped) => {
                if let [Change::Upsert(record)] = batch.changes()
                    && self.inner.get(&record.id)?.as_ref() == Some(record)
                {
                    return Ok(unchanged);
                }
            }
            Some(Defect::BatchIsTornInTwo) if batch.changes().len() > 1 && refused.is_none() => {
                let (first, rest) = batch.changes().split_at(batch.changes().len() / 2);
                self.inner.apply(&first.iter().cloned().collect())?;
                thread::sleep(Duration::from_micros(50));
                return self.inner.apply(&rest.iter().cloned().collect());
            }
            Some(Defect::VisibleBeforeWritten) if refused.is_none() => {
                self.cache(batch)?;
                thread::sleep(Duration::from_micros(50));
            }
            Some(Defect::LostUpdateOnReplace)
                if batch.expected_version().is_some() && refused.is_none() =>
            {
                thread::sleep(Duration::from_micros(50));
                return self.inner.apply(&batch.changes().iter().cloned().collect());
            }
            Some(Defect::StaleForAMoment) => self.cache(batch)?,
            _ => {}
        }
        let misread = match self.defect {
            // These defects change batches that should be refused.
            Some(
                Defect::SetPayloadIsUnchecked
                | Defect::BadPayloadsAreDropped
                | Defect::DeepPayloadsAreDropped
                | Defect::ZeroVectorIsNudged
                | Defect::LongIdsAreCut
                | Defect::CopiesBeforeItChecks,
            ) => self.misread(batch)?,
            _ if refused.is_some() => return self.inner.apply(batch),
            _ => self.misread(batch)?,
        };
        let applied = self.inner.apply(&misread)?;
        self.remember(batch, applied);
        let mut applied = misread::miscounted(self.defect, batch, &*current, applied)?;
        match self.defect {
            Some(Defect::VisibleBeforeWritten) => self.remembered(|it| it.cached.clear()),
            Some(Defect::EmptyBatchAdvances) if !applied.has_effect() => {
                applied.version = applied.version.next();
            }
            Some(Defect::VersionIsReadAfterwards) => {
                thread::sleep(Duration::from_micros(50));
                applied.version = self.inner.snapshot()?.version();
            }
            _ => {}
        }
        Ok(applied)
    }
}

/// Blocks until the test process ends. The suite must not wait for it.
fn hang() -> ! {
    loop {
        thread::park();
    }
}

impl Store for PlantedStore {
    fn schema(&self) -> Schema {
        match self.defect {
            Some(Defect::SchemaForgetsTheMetric) => vectors::of_cosine(&self.inner.schema()),
            _ => self.inner.schema(),
        }
    }

    fn capabilities(&self) -> Capabilities {
        let has_written = self.remembered(|remembered| !remembered.written.is_empty());
        let grows = self.has(Defect::CapabilitiesGrow) && has_written;
        if grows || self.has(Defect::WaitFreeReadsAllocate) {
            return Capabilities::none().with_wait_free_reads();
        }
        if self.has(Defect::LimitsAreNotKept) {
            return Capabilities::none().with_limits(Limits::default().with_sparse_terms(0));
        }
        Capabilities::none()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        match self.defect {
            Some(Defect::WritesIgnoreTheirBudget) => self.apply_planted(batch),
            Some(Defect::BudgetIsLookedAtAfterwards) => {
                let applied = self.apply_planted(batch)?;
                budget.check().map(|()| applied)
            }
            Some(Defect::LargeBatchesHaveADeadline)
                if budget.is_unlimited() && batch.changes().len() > 500 =>
            {
                let over = Budget::new().with_deadline(Instant::now());
                over.check().map(|()| Applied::default())
            }
            _ => {
                budget.check()?;
                self.apply_planted(batch)
            }
        }
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let schema = self.inner.schema();
        match self.defect {
            Some(Defect::FieldsIgnoreTheirBudget) => {
                self.inner.add_field(field, Budget::new(), progress)
            }
            Some(Defect::NamesThatAreThereAreNoError) if schema.field(field.name()).is_ok() => {
                Ok(self.inner.snapshot()?.version())
            }
            Some(Defect::AddedFieldIsTwoVersions) => {
                let version = self.inner.add_field(field, budget, progress)?;
                let some_id = self.remembered(|it| it.written.keys().next().cloned());
                let Some(id) = some_id else { return Ok(version) };
                self.inner.apply(&Batch::new().set_vectors(id, [])).map(|applied| applied.version)
            }
            Some(Defect::AddedFieldIsFilledUp) => {
                self.inner.add_field(field.clone(), budget, progress)?;
                let ones = vectors::ones(field.kind())?;
                let fill =
                    |id: RecordId| (id, [(field.name().to_owned().into(), Some(ones.clone()))]);
                let ids = self.remembered(|it| it.written.keys().cloned().collect::<Vec<_>>());
                let filled = ids.into_iter().map(fill);
                let batch =
                    filled.fold(Batch::new(), |batch, (id, set)| batch.set_vectors(id, set));
                self.inner.apply(&batch).map(|applied| applied.version)
            }
            _ => self.inner.add_field(field, budget, progress),
        }
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        let found = self.inner.get(&misread::id(self.defect, id))?;
        match self.defect {
            Some(Defect::GetFindsDeleted) => {
                Ok(found.or_else(|| self.remembered(|it| it.written.get(id).cloned())))
            }
            Some(Defect::StaleForAMoment | Defect::VisibleBeforeWritten) => {
                let cached = self.remembered(|it| it.cached.get(id).cloned());
                Ok(match cached {
                    Some((record, at)) if at.elapsed() < STALE_FOR => record,
                    _ => found,
                })
            }
            Some(Defect::LargestIdIsASentinel) if *id == u64::MAX => Ok(None),
            Some(Defect::EmptyIdIsNone) if *id == "" => Ok(None),
            Some(Defect::GetIsAWriteBehind) => Ok(found.map(|record| record.with("n", 0))),
            Some(Defect::LongIdsAreCut | Defect::IdKindsCollide) => Ok(found.map(|mut record| {
                record.id = id.clone();
                record
            })),
            _ => Ok(found),
        }
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let inner = self.inner.snapshot()?;
        let deleted = self.remembered(|remembered| remembered.deleted);
        let planted = PlantedSnapshot::new(inner, self.defect, deleted)?
            .of_store(&self.inner)
            .on_shelf(&self.shelf)
            .poisoning(&self.poisoned);
        let snapshot: Arc<dyn Snapshot> = Arc::new(planted);
        if self.has(Defect::SnapshotIsSometimesOld) {
            return Ok(self.remembered(|remembered| {
                remembered.snapshots += 1;
                let first = remembered.first_snapshot.get_or_insert_with(|| snapshot.clone());
                if remembered.snapshots.is_multiple_of(50) { first.clone() } else { snapshot }
            }));
        }
        Ok(snapshot)
    }

    fn flush(&self) -> Result<()> {
        match self.defect {
            Some(Defect::FlushIsAVersion) => {
                let some_id = self.remembered(|it| it.written.keys().next().cloned());
                if let Some(id) = some_id {
                    let payload = self.inner.get(&id)?.map(|record| record.payload);
                    self.inner.apply(&Batch::new().set_payload(id, payload.unwrap_or_default()))?;
                }
                Ok(())
            }
            Some(Defect::FlushHangs) => hang(),
            _ => Ok(()),
        }
    }

    fn refresh(&self, budget: Budget<'_>) -> Result<Version> {
        match self.defect {
            Some(Defect::RefreshCountsBatches) => {
                let version = self.inner.refresh(budget)?;
                Ok(self.remembered(|it| it.applied.min(version)))
            }
            Some(Defect::RefreshIgnoresItsBudget) => self.inner.refresh(Budget::new()),
            Some(Defect::RefreshIsAWriteBehind) => {
                let version = self.inner.refresh(budget)?;
                Ok(Version(version.0.saturating_sub(1)))
            }
            _ => self.inner.refresh(budget),
        }
    }

    fn feed(&self) -> Option<&dyn Feed> {
        Some(self)
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }
}
