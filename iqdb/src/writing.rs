//! Writing through the handle.

use iqdb_core::{
    Applied, Batch, Budget, Error, Filter, NamedVector, Payload, Record, RecordId, Result, Rows,
    StoreExt,
};

use crate::Iqdb;

impl Iqdb {
    /// Applies a batch: all of it or nothing, as one version.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn apply(&self, batch: &Batch) -> Result<Applied> {
        self.apply_within(batch, Budget::new())
    }

    /// Applies a batch, unless its budget is over before it is decided.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.written(self.store().apply_within(batch, budget))
    }

    /// Inserts or replaces one record.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn upsert(&self, record: Record) -> Result<Applied> {
        self.written(self.store().upsert(record))
    }

    /// Inserts or replaces all records, as one batch.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn upsert_many(&self, records: impl IntoIterator<Item = Record>) -> Result<Applied> {
        self.written(self.store().upsert_many(records))
    }

    /// Inserts or replaces the record of each row, as one batch. Of two rows of one id the later one
    /// wins.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn upsert_rows(&self, rows: Rows) -> Result<Applied> {
        self.apply(&Batch::new().upsert_rows(rows))
    }

    /// Inserts one record.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`](crate::ErrorKind::AlreadyExists) when its id is there already;
    /// those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn insert(&self, record: Record) -> Result<Applied> {
        self.apply(&Batch::new().insert(record))
    }

    /// Inserts one record, unless its id is there already; returns whether it did.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn insert_if_absent(&self, record: Record) -> Result<bool> {
        let applied = self.apply(&Batch::new().insert_if_absent(record))?;
        Ok(applied.inserted == 1)
    }

    /// Deletes the records that match and then inserts or replaces these, as one batch: all of it or
    /// nothing.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter); those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn replace_where(
        &self,
        filter: impl TryInto<Filter, Error: Into<Error>>,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Applied> {
        let batch = Batch::new().delete_where(filter.try_into().map_err(Into::into)?);
        self.apply(&records.into_iter().fold(batch, Batch::upsert))
    }

    /// Merges a patch into the payload of one record, as JSON Merge Patch does (RFC 7396): maps merge
    /// deeply, null removes a key, anything else replaces it. Returns whether the record was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn merge_payload(&self, id: impl Into<RecordId>, patch: Payload) -> Result<bool> {
        let applied = self.apply(&Batch::new().merge_payload(id, patch))?;
        Ok(applied.payload_set == 1)
    }

    /// Sets or removes the vectors of the named fields of one record, and keeps the rest of it;
    /// returns whether the record was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn set_vectors(
        &self,
        id: impl Into<RecordId>,
        vectors: impl Into<Vec<NamedVector>>,
    ) -> Result<bool> {
        let applied = self.apply(&Batch::new().set_vectors(id, vectors))?;
        Ok(applied.vectors_set == 1)
    }

    /// Deletes one record; returns whether it was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn delete(&self, id: impl Into<RecordId>) -> Result<bool> {
        self.written(self.store().delete(id))
    }

    /// Deletes the records that match, as one batch; returns how many there were.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter); those of
    /// [`StoreExt::delete_where`](crate::StoreExt::delete_where).
    pub fn delete_where(&self, filter: impl TryInto<Filter, Error: Into<Error>>) -> Result<u64> {
        self.written(self.store().delete_where(&filter.try_into().map_err(Into::into)?))
    }

    /// Replaces the payload of one record; returns whether it was there.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`](crate::Store::apply_within).
    pub fn set_payload(&self, id: impl Into<RecordId>, payload: Payload) -> Result<bool> {
        self.written(self.store().set_payload(id, payload))
    }
}
