//! Changes as a store with a defect understands them.

use std::collections::BTreeSet;

use iqdb_core::{
    Applied, Batch, Change, DateTime, Error, Filter, IdRef, NamedVector, Payload, Record, RecordId,
    Result, Rows, Schema, Snapshot, Value,
};

use crate::defect::Defect;
use crate::snapshot::cut;
use crate::vectors;

/// The id that the store looks up.
pub(crate) fn id(defect: Option<Defect>, id: &RecordId) -> RecordId {
    match (defect, id.as_ref()) {
        (Some(Defect::IdKindsCollide), IdRef::Number(number)) => number.to_string().into(),
        (Some(Defect::LongIdsAreCut), IdRef::Text(text)) => cut(text).into(),
        _ => id.clone(),
    }
}

/// The change that the store makes of one, given the record that it is about.
pub(crate) fn change(
    defect: Option<Defect>,
    before: Option<&Record>,
    change: Change,
) -> Result<Change> {
    Ok(match change {
        Change::Upsert(record) => Change::Upsert(upserted(defect, before, record)?),
        Change::SetPayload(id, payload) => {
            let payload = payload_set(defect, before, payload);
            Change::SetPayload(self::id(defect, &id), payload)
        }
        Change::Delete(id) => Change::Delete(self::id(defect, &id)),
        Change::DeleteWhere(filter) if defect == Some(Defect::DeleteWhereSparesSome) => {
            Change::DeleteWhere(filter.and(Filter::exists("lang")))
        }
        Change::Insert(record) if defect == Some(Defect::InsertReplaces) => Change::Upsert(record),
        Change::InsertIfAbsent(record) if defect == Some(Defect::InsertIfAbsentReplaces) => {
            Change::Upsert(record)
        }
        Change::SetVectors(id, vectors) if defect == Some(Defect::SetVectorsDropsTheRest) => {
            Change::SetVectors(id, with_all_others_removed(before, vectors))
        }
        Change::MergePayload(id, patch) => merged_wrongly(defect, before, id, patch),
        Change::UpsertRows(rows) => Change::UpsertRows(misread_rows(defect, &rows)?.into()),
        other => other,
    })
}

fn with_all_others_removed(before: Option<&Record>, vectors: Vec<NamedVector>) -> Vec<NamedVector> {
    let others = before.into_iter().flat_map(Record::vectors);
    let removed = others.map(|(name, _)| (name.to_owned().into(), None));
    removed.chain(vectors).collect()
}

fn merged_wrongly(
    defect: Option<Defect>,
    before: Option<&Record>,
    id: RecordId,
    patch: Payload,
) -> Change {
    match defect {
        Some(Defect::MergeKeepsNulls) => Change::SetPayload(id, merged(before, &patch)),
        Some(Defect::MergeIsShallow) => {
            let merged = merged(before, &patch);
            let set = merged.iter().filter(|(_, value)| **value != Value::Null);
            Change::SetPayload(id, set.map(|(key, value)| (key, value.clone())).collect())
        }
        _ => Change::MergePayload(id, patch),
    }
}

fn misread_rows(defect: Option<Defect>, rows: &Rows) -> Result<Rows> {
    let mut records = rows.to_records();
    match defect {
        Some(Defect::FirstRowOfAnIdWins) => {
            let mut seen = BTreeSet::new();
            records.retain(|record| seen.insert(record.id.clone()));
        }
        Some(Defect::RowsLoseTheirPayloads) => {
            records.iter_mut().for_each(|record| record.payload = Payload::new());
        }
        Some(Defect::FirstFieldOfRowsIsLost) => {
            let fields: Vec<_> = rows.schema().fields().iter().skip(1).cloned().collect();
            let schema = Schema::from_fields(fields)?;
            for record in &mut records {
                for field in rows.schema().fields().iter().take(1) {
                    record.set_vector(field.name().to_owned(), None);
                }
            }
            return Rows::of_records(&schema, &records);
        }
        _ => {}
    }
    Rows::of_records(rows.schema(), &records)
}

/// The entries of the old payload and of the new one.
fn merged(before: Option<&Record>, payload: &Payload) -> Payload {
    let old = before.map(|record| record.payload.clone()).unwrap_or_default();
    let entries = old.iter().chain(payload.iter());
    entries.map(|(key, value)| (key.to_owned(), value.clone())).collect()
}

fn payload_set(defect: Option<Defect>, before: Option<&Record>, payload: Payload) -> Payload {
    match defect {
        Some(Defect::SetPayloadMerges) => merged(before, &payload),
        Some(Defect::SetPayloadIsUnchecked) if payload.check().is_err() => {
            payload.iter().map(|(key, _)| (key, Value::Null)).collect()
        }
        _ => payload,
    }
}

fn upserted(defect: Option<Defect>, before: Option<&Record>, mut record: Record) -> Result<Record> {
    match defect {
        Some(Defect::InsertDropsThePayload) if before.is_none() => record.payload = Payload::new(),
        Some(Defect::ReplaceKeepsTheVector) => {
            for (name, vector) in before.iter().flat_map(|before| before.vectors()) {
                record.set_vector(name.to_owned(), Some(vector.to_vector()));
            }
        }
        Some(Defect::AbsentVectorComesBack) => {
            for (name, vector) in before.iter().flat_map(|before| before.vectors()) {
                if record.vector(name).is_none() {
                    record.set_vector(name.to_owned(), Some(vector.to_vector()));
                }
            }
        }
        Some(Defect::ReplaceMergesThePayload) => record.payload = merged(before, &record.payload),
        Some(Defect::NegativeZeroIsZero) => {
            record = vectors::map_components(&record, |x| x + 0.0)?;
        }
        Some(Defect::ZeroVectorIsNudged) if record.vectors().any(|(_, it)| it.is_zero()) => {
            record = vectors::map_components(&record, |_| 1e-30)?;
        }
        Some(Defect::HalvesAreRounded) => record = vectors::map(&record, vectors::rounded)?,
        Some(Defect::BytesSaturate) => record = vectors::map(&record, vectors::saturated)?,
        Some(Defect::BitsAreReversed) => record = vectors::map(&record, vectors::reversed)?,
        Some(Defect::DatesLoseTheirMicros) => {
            let payload = record.payload.iter().map(|(key, value)| (key, in_millis(value)));
            record.payload = payload.collect();
        }
        Some(Defect::MapsAreFlattened) => record.payload = flattened(&record.payload),
        Some(Defect::DeepPayloadsAreDropped) => {
            let is_too_deep = |error: Error| format!("{error:?}").contains("too deeply");
            if record.payload.check().is_err_and(is_too_deep) {
                record.payload = Payload::new();
            }
        }
        Some(Defect::BadPayloadsAreDropped) if record.payload.check().is_err() => {
            record.payload = Payload::new();
        }
        Some(Defect::LongIdsAreCut | Defect::IdKindsCollide) => {
            record.id = id(defect, &record.id);
        }
        _ => {}
    }
    Ok(record)
}

/// The value with its dates in whole milliseconds.
fn in_millis(value: &Value) -> Value {
    match value {
        Value::DateTime(date) => {
            let micros = date.as_micros().div_euclid(1_000) * 1_000;
            DateTime::from_micros(micros).unwrap_or(DateTime::MIN).into()
        }
        Value::List(list) => Value::List(list.iter().map(in_millis).collect()),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(key, value)| (key, in_millis(value))).collect())
        }
        other => other.clone(),
    }
}

/// The payload with the keys of its maps beside its own.
fn flattened(payload: &Payload) -> Payload {
    let mut flat = Payload::new();
    for (key, value) in payload.iter() {
        match value {
            Value::Map(map) => map.iter().for_each(|(inner, value)| {
                flat.insert(format!("{key}.{inner}"), value.clone());
            }),
            value => {
                flat.insert(key, value.clone());
            }
        }
    }
    flat
}

/// The counters that a store returns which miscounts.
pub(crate) fn miscounted(
    defect: Option<Defect>,
    batch: &Batch,
    before: &dyn Snapshot,
    mut applied: Applied,
) -> Result<Applied> {
    match defect {
        Some(Defect::DuplicateCountsTwice) => {
            (applied.inserted, applied.replaced) = (0, 0);
            for change in batch.changes() {
                if let Change::Upsert(record) = change {
                    let was_there = before.get(&record.id)?.is_some();
                    applied.inserted += u64::from(!was_there);
                    applied.replaced += u64::from(was_there);
                }
            }
        }
        Some(Defect::AbsentCountsAsThere) => match batch.changes() {
            [Change::Delete(_)] => applied.deleted += std::mem::take(&mut applied.absent),
            [Change::SetPayload(..)] => applied.payload_set += std::mem::take(&mut applied.absent),
            _ => {}
        },
        Some(Defect::RowsCountOnce) => {
            if let [Change::UpsertRows(_)] = batch.changes() {
                applied.inserted = applied.inserted.min(1);
                applied.replaced = applied.replaced.min(1);
            }
        }
        Some(Defect::ReplacedCountsAsInserted) => {
            applied.inserted += std::mem::take(&mut applied.replaced);
        }
        _ => {}
    }
    Ok(applied)
}
