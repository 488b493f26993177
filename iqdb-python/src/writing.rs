//! Writing: every call but `upsert` is one batch, which is there as a whole or not at all.

use iqdb::{Applied, Batch, Change, Payload, RecordId};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::apart;
use crate::arguments::count;
use crate::database::Database;
use crate::errors::Result;
use crate::explain;
use crate::interrupt::{self, Effort};
use crate::upsert::{Input, components, id_list, upsert};
use crate::{values, vectors};

/// How many rows a batch of an upsert has unless it says otherwise.
const BATCH_ROWS: usize = 8_192;

impl Database {
    /// Applies a batch, with the filter in it, which reads all records; records to write have this many
    /// components.
    fn apply(
        &self,
        py: Python<'_>,
        batch: &Batch,
        filter: Option<&iqdb::Filter>,
        components: usize,
    ) -> Result<Applied> {
        let db = self.db()?;
        let all = filter.map_or(Ok(0), |_| db.len())?;
        let rows = all.saturating_add(batch.changes().len() as u64);
        let effort = Effort::of(rows, 1, components).with_filter(all, filter);
        interrupt::run(py, effort, None, |budget| db.apply_within(batch, budget))
    }

    fn insert_each(
        &self,
        ids: &Bound<'_, PyAny>,
        vectors: Option<&Bound<'_, PyAny>>,
        payloads: Option<&Bound<'_, PyAny>>,
        change: fn(iqdb::Record) -> Change,
    ) -> Result<explain::Applied> {
        let schema = self.db()?.schema();
        let input = Input::read(&schema, ids, vectors, payloads)?;
        let batch = input.records(0..input.len())?.into_iter().map(change).collect();
        Ok(self.apply(ids.py(), &batch, None, components(&schema))?.into())
    }

    fn set_each(
        &self,
        ids: &Bound<'_, PyAny>,
        payload: &Bound<'_, PyAny>,
        change: fn(RecordId, Payload) -> Change,
    ) -> Result<u64> {
        let id_list = id_list(ids)?;
        let payloads = match payload.cast::<PyList>() {
            Ok(list) if list.len() == id_list.len() => {
                list.iter().map(|payload| given(&payload)).collect::<Result<Vec<_>>>()?
            }
            Ok(list) => {
                let message = "there is not a payload for each id";
                return Err(iqdb::Error::new(iqdb::ErrorKind::InvalidPayload, message)
                    .expected(format_args!("a dict, or a list of {}", id_list.len()))
                    .found(format_args!("a list of {}", list.len()))
                    .into());
            }
            Err(_) => vec![given(payload)?; id_list.len()],
        };
        let batch = id_list.into_iter().zip(payloads).map(|(id, payload)| change(id, payload));
        Ok(self.apply(ids.py(), &batch.collect(), None, 0)?.payload_set)
    }
}

/// A payload that is passed, which `None` is not.
fn given(payload: &Bound<'_, PyAny>) -> Result<Payload> {
    if payload.is_none() {
        return Err(iqdb::Error::new(iqdb::ErrorKind::InvalidPayload, "there is no payload")
            .expected("a dict")
            .found("None")
            .hint("pass {} for one without keys")
            .into());
    }
    values::payload(payload)
}

#[pymethods]
impl Database {
    /// Inserts records, or replaces those of the same ids.
    ///
    /// `vectors` is a matrix with a row for each id, or a dict from the names of fields to matrices; a
    /// list may have None where a record lacks the vector. `payloads` is a list of dicts, or columns:
    /// a dict of lists, a DataFrame, a table of pyarrow, where what is missing is absent.
    ///
    /// Rows are written in batches of `batch_rows`, each whole or not at all. An exception's
    /// `acknowledged` says how many rows had been written before, which stay.
    ///
    /// >>> import iqdb, numpy as np
    /// >>> db = iqdb.memory(dim=2)
    /// >>> db.upsert([1, "b"], np.eye(2), [{"lang": "en"}, {"lang": "de"}])
    /// Applied(version=1, inserted=2, replaced=0, deleted=0, kept=0)
    #[pyo3(signature = (ids, vectors=None, payloads=None, *, batch_rows=None))]
    fn upsert(
        &self,
        ids: &Bound<'_, PyAny>,
        vectors: Option<&Bound<'_, PyAny>>,
        payloads: Option<&Bound<'_, PyAny>>,
        batch_rows: Option<&Bound<'_, PyAny>>,
    ) -> Result<explain::Applied> {
        let db = self.db()?;
        let input = Input::read(&db.schema(), ids, vectors, payloads)?;
        let rows = batch_rows.map(|rows| count(rows, "batch_rows")).transpose()?;
        upsert(ids.py(), &db, &input, rows.unwrap_or(BATCH_ROWS))
    }

    /// Inserts records, all of them or none: an id that is there already is an `AlreadyExistsError`.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> db.insert("a", [1.0, 0.0]).inserted
    /// 1
    #[pyo3(signature = (ids, vectors=None, payloads=None))]
    fn insert(
        &self,
        ids: &Bound<'_, PyAny>,
        vectors: Option<&Bound<'_, PyAny>>,
        payloads: Option<&Bound<'_, PyAny>>,
    ) -> Result<explain::Applied> {
        self.insert_each(ids, vectors, payloads, Change::Insert)
    }

    /// Inserts the records whose ids are not there, and keeps the others as they are.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.insert("a", [1.0, 0.0])
    /// >>> db.insert_if_absent(["a", "b"], [[0.0, 1.0], [0.0, 1.0]])
    /// Applied(version=2, inserted=1, replaced=0, deleted=0, kept=1)
    #[pyo3(signature = (ids, vectors=None, payloads=None))]
    fn insert_if_absent(
        &self,
        ids: &Bound<'_, PyAny>,
        vectors: Option<&Bound<'_, PyAny>>,
        payloads: Option<&Bound<'_, PyAny>>,
    ) -> Result<explain::Applied> {
        self.insert_each(ids, vectors, payloads, Change::InsertIfAbsent)
    }

    /// Deletes the records that match, and then inserts or replaces these, as one batch.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert(["a1", "a2"], [[1, 0], [0, 1]], [{"file": "a"}, {"file": "a"}])
    /// >>> db.replace_where("file = 'a'", ["a1"], [[1, 1]], [{"file": "a"}])
    /// Applied(version=2, inserted=1, replaced=0, deleted=2, kept=0)
    #[pyo3(signature = (r#where, ids, vectors=None, payloads=None))]
    fn replace_where(
        &self,
        r#where: &Bound<'_, PyAny>,
        ids: &Bound<'_, PyAny>,
        vectors: Option<&Bound<'_, PyAny>>,
        payloads: Option<&Bound<'_, PyAny>>,
    ) -> Result<explain::Applied> {
        let filter = self.required_filter(r#where)?;
        let schema = self.db()?.schema();
        let input = Input::read(&schema, ids, vectors, payloads)?;
        let records = input.records(0..input.len())?;
        let batch = Batch::new().delete_where(filter.clone());
        let batch = records.into_iter().fold(batch, Batch::upsert);
        Ok(self.apply(ids.py(), &batch, Some(&filter), components(&schema))?.into())
    }

    /// Deletes the records of one or many ids; returns how many there were.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert([1, 2], [[1, 0], [0, 1]])
    /// >>> db.delete([2, 3])
    /// 1
    fn delete(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> Result<u64> {
        let batch = id_list(ids)?.into_iter().map(Change::Delete).collect();
        Ok(self.apply(py, &batch, None, 0)?.deleted)
    }

    /// Deletes the records that match, as one batch; returns how many there were.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert([1, 2], [[1, 0], [0, 1]], [{"year": 1999}, {"year": 2024}])
    /// >>> db.delete_where(iqdb.key("year") < 2000)
    /// 1
    #[pyo3(signature = (r#where))]
    fn delete_where(&self, py: Python<'_>, r#where: &Bound<'_, PyAny>) -> Result<u64> {
        let filter = self.required_filter(r#where)?;
        let batch = Batch::new().delete_where(filter.clone());
        Ok(self.apply(py, &batch, Some(&filter), 0)?.deleted)
    }

    /// Replaces the payloads of one or many ids by one payload for all, or a list of one for each, as one
    /// batch; returns how many records there were.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert(1, [1, 0], {"lang": "en", "year": 2024})
    /// >>> db.set_payload(1, {"lang": "de"}), db.get(1).payload
    /// (1, {'lang': 'de'})
    fn set_payload(&self, ids: &Bound<'_, PyAny>, payload: &Bound<'_, PyAny>) -> Result<u64> {
        self.set_each(ids, payload, Change::SetPayload)
    }

    /// Merges a patch into the payloads of one or many ids, as JSON Merge Patch does: dicts merge
    /// deeply, None removes a key, anything else replaces it. One patch is for all, a list has one for
    /// each. Returns how many records there were.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert(1, [1, 0], {"lang": "en", "year": 2024})
    /// >>> db.merge_payload(1, {"lang": None, "read": True}), db.get(1).payload
    /// (1, {'read': True, 'year': 2024})
    fn merge_payload(&self, ids: &Bound<'_, PyAny>, patch: &Bound<'_, PyAny>) -> Result<u64> {
        self.set_each(ids, patch, Change::MergePayload)
    }

    /// Sets the vectors of the named fields of one record, or removes those that are None, and keeps
    /// the rest of it; returns whether the record was there.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> _ = db.upsert(1, payloads={"lang": "en"})
    /// >>> db.set_vectors(1, {"vector": [0.5, 0.5]}), db.get(1).vector.tolist()
    /// (True, [0.5, 0.5])
    fn set_vectors(
        &self,
        py: Python<'_>,
        id: &Bound<'_, PyAny>,
        vectors: &Bound<'_, PyDict>,
    ) -> Result<bool> {
        let schema = self.db()?.schema();
        let mut named = Vec::new();
        for entry in vectors.items().iter() {
            let (name, vector): (String, Bound<'_, PyAny>) = entry.extract()?;
            let kind = schema.fields()[schema.field(&name)?.index()].kind();
            let vector = match vector.is_none() {
                true => None,
                false => Some(vectors::one(&vector, kind)?),
            };
            named.push((name.into(), vector));
        }
        let batch = Batch::new().set_vectors(crate::ids::from_python(id)?, named);
        Ok(self.apply(py, &batch, None, 0)?.vectors_set == 1)
    }

    /// Appends the one field of a schema, while the database goes on being used; records that are there
    /// lack it. Returns the version that has it.
    ///
    /// >>> import iqdb
    /// >>> db = iqdb.memory(dim=2)
    /// >>> db.add_field(iqdb.Schema().dense("image", 3))
    /// 1
    fn add_field(&self, py: Python<'_>, schema: &crate::schema::Schema) -> Result<u64> {
        let db = self.db()?;
        let added = schema.get();
        let [field] = added.fields() else {
            let message = "one field is added at a time";
            return Err(iqdb::Error::new(iqdb::ErrorKind::InvalidSchema, message)
                .expected("a schema of one field")
                .found(format_args!("{} fields", added.fields().len()))
                .into());
        };
        let field = field.clone();
        Ok(apart::run(py, move |budget| db.add_field_within(field, budget))?.0)
    }
}
