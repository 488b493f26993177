//! A durable backend of one's own: records in a file of [`redb`], an ordered key-value store.
//!
//! A batch is a transaction: a kill or an error leaves all of it or nothing. After each, everything is
//! read anew, which is honest, and slow: a better backend reads what has changed. `rows.rs` says how ids,
//! payloads and all else become bytes.

#![forbid(unsafe_code)]

mod rows;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Effect, Error, ErrorKind, Field, Progress, Record,
    RecordId, Resolved, Result, RowsSnapshot, Schema, Snapshot, Store, StoredRecord, Version,
};
use redb::{Database, ReadableTable};

use rows::{HEAD, ROWS, decode, encode, failed, put, read};

/// A store of records in a file.
#[derive(Debug)]
pub struct RedbStore {
    db: Database,
    /// What is on disk. A writer has it locked until it is there.
    current: Mutex<Arc<RowsSnapshot>>,
}

impl RedbStore {
    /// Opens the store in the file at `path`, or creates one of this schema.
    pub fn open(path: &Path, schema: Schema) -> Result<Self> {
        let db = Database::create(path).map_err(failed)?;
        let transaction = db.begin_write().map_err(failed)?;
        let mut rows = transaction.open_table(ROWS).map_err(failed)?;
        if rows.get(HEAD).map_err(failed)?.is_none() {
            put(&mut rows, HEAD, &(Version(0), schema))?;
        }
        let current = Mutex::new(Arc::new(read(&rows)?));
        drop(rows);
        transaction.commit().map_err(failed)?;
        Ok(Self { db, current })
    }

    fn lock(&self) -> MutexGuard<'_, Arc<RowsSnapshot>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the effects and the schema durable, as one version, and shows them.
    fn commit(
        &self,
        current: &mut Arc<RowsSnapshot>,
        schema: &Schema,
        Resolved { effects, mut applied }: Resolved<'_>,
        budget: Budget<'_>,
    ) -> Result<Applied> {
        let transaction = self.db.begin_write().map_err(failed)?;
        let mut rows = transaction.open_table(ROWS).map_err(failed)?;
        for effect in effects {
            let key = encode(&effect.to_id())?;
            let before = rows.get(&*key).map_err(failed)?.map(|row| decode::<Record>(row.value()));
            applied.count(&effect, before.is_some());
            match (effect, before.transpose()?) {
                (Effect::Put(record, _), _) => put(&mut rows, &key, record)?,
                (Effect::PutRow(from, row, _), _) => {
                    put(&mut rows, &key, &from.record(row)?.to_record()?)?;
                }
                (effect @ (Effect::SetPayload(..) | Effect::SetVectors(..)), Some(before)) => {
                    let mut stored = StoredRecord::from(before);
                    effect.apply_to(&mut stored);
                    put(&mut rows, &key, &stored.record)?;
                }
                (Effect::Remove(_) | Effect::SetPayload(..) | Effect::SetVectors(..), _) => {
                    rows.remove(&*key).map_err(failed)?;
                }
            }
        }
        // The caller's patience counts until here. A transaction that is dropped does nothing.
        budget.check()?;
        if applied.has_effect() || schema != current.schema() {
            applied.version = current.version().next();
            put(&mut rows, HEAD, &(applied.version, schema))?;
            let next = Arc::new(read(&rows)?);
            drop(rows);
            let unknown = Error::new(ErrorKind::OutcomeUnknown, "the commit failed");
            transaction.commit().map_err(|error| unknown.caused_by(error))?;
            *current = next;
        }
        Ok(applied)
    }
}

impl Store for RedbStore {
    fn schema(&self) -> Schema {
        self.lock().schema().clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_durable()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let mut current = self.lock();
        let schema = current.schema().clone();
        batch.check(current.schema(), current.version())?;
        let resolved = batch.resolve(&**current, current.version())?;
        self.commit(&mut current, &schema, resolved, budget)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let mut current = self.lock();
        let schema = self.capabilities().limits().add_field(current.schema(), field)?;
        let resolved = Resolved { effects: Vec::new(), applied: Applied::at(current.version()) };
        let version = self.commit(&mut current, &schema, resolved, budget)?.version;
        drop(current);
        progress.report(1, 1);
        Ok(version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.snapshot()?.get(id)?.map(|record| record.to_record()).transpose()
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::<RowsSnapshot>::clone(&self.lock()))
    }

    fn flush(&self) -> Result<()> {
        Ok(()) // A transaction is synced when it is committed.
    }
}
