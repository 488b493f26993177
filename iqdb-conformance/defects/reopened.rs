//! What a durable store with a defect finds of a batch when it opens again: lengths and numbers that
//! didn't fit where they were written.

use iqdb_core::{
    Batch, Change, IdRef, Map, Payload, Record, RecordId, Result, Rows, Value, Vector,
};

use crate::defect::Defect;

/// The batch as it is read back.
pub(crate) fn read_back(defect: Option<Defect>, batch: &Batch) -> Result<Batch> {
    let mut changes = batch.changes().to_vec();
    match defect {
        Some(Defect::ReopeningReads65535Changes) => changes.truncate(usize::from(u16::MAX)),
        Some(Defect::ReopeningReads255Changes) => changes.truncate(usize::from(u8::MAX)),
        Some(Defect::LargeFramesAreTorn) if bytes(&changes) > 2 << 20 => changes.clear(),
        Some(_) => {
            changes = changes.into_iter().map(|it| change(defect, it)).collect::<Result<_>>()?;
        }
        None => {}
    }
    Ok(changes.into_iter().collect())
}

/// About how many bytes of payloads the changes have.
fn bytes(changes: &[Change]) -> usize {
    let of_change = |change: &Change| match change {
        Change::Upsert(record) | Change::Insert(record) => record.payload.size_bytes(),
        Change::SetPayload(_, payload) => payload.size_bytes(),
        _ => 0,
    };
    changes.iter().map(of_change).sum()
}

fn change(defect: Option<Defect>, change: Change) -> Result<Change> {
    Ok(match change {
        Change::Upsert(it) => Change::Upsert(record(defect, it)?),
        Change::Insert(it) => Change::Insert(record(defect, it)?),
        Change::InsertIfAbsent(it) => Change::InsertIfAbsent(record(defect, it)?),
        Change::SetPayload(it, payload) => {
            Change::SetPayload(id(defect, &it), map(defect, &payload))
        }
        Change::Delete(it) => Change::Delete(id(defect, &it)),
        Change::UpsertRows(rows) if defect == Some(Defect::ReopeningReads255Rows) => {
            let records = rows.to_records();
            let few = records.iter().take(usize::from(u8::MAX));
            Change::UpsertRows(Rows::of_records(rows.schema(), few)?.into())
        }
        other => other,
    })
}

fn record(defect: Option<Defect>, mut record: Record) -> Result<Record> {
    record.id = id(defect, &record.id);
    record.payload = map(defect, &record.payload);
    let vectors: Vec<_> =
        record.vectors().map(|(name, vector)| (name.to_owned(), vector.to_vector())).collect();
    for (name, vector) in vectors {
        let is_long = vector.as_ref().dim().is_some_and(|dim| dim > usize::from(u16::MAX));
        match (defect, vector.as_ref()) {
            (Some(Defect::DimensionsAreOf16Bits), _) if is_long => record.set_vector(name, None),
            (Some(Defect::TermsAreOf8Bits), iqdb_core::VectorRef::Sparse(terms)) => {
                let kept = terms.indices().len() & 0xff;
                let (indices, weights) = (&terms.indices()[..kept], &terms.weights()[..kept]);
                let few = Vector::sparse(indices.to_vec(), weights.to_vec());
                record.set_vector(name, few.ok());
            }
            _ => {}
        }
    }
    Ok(record)
}

/// The id with its length in a byte, if the defect is in that.
fn id(defect: Option<Defect>, id: &RecordId) -> RecordId {
    match (defect, id.as_ref()) {
        (Some(Defect::IdLengthsAreOf8Bits), IdRef::Text(text)) => {
            cut(text, text.len() & 0xff).into()
        }
        _ => id.clone(),
    }
}

/// The longest part of a text of at most this many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

fn map(defect: Option<Defect>, payload: &Payload) -> Payload {
    let kept = match defect {
        Some(Defect::KeysAreCountedIn8Bits) => payload.len() & 0xff,
        _ => payload.len(),
    };
    let entries = payload.iter().take(kept).map(|(key, it)| (key.to_owned(), value(defect, it)));
    match defect {
        // A key without a name is the end.
        Some(Defect::KeyLengthsAreOf8Bits) => {
            entries.take_while(|(key, _)| key.len() & 0xff != 0).collect()
        }
        _ => entries.collect(),
    }
}

fn value(defect: Option<Defect>, it: &Value) -> Value {
    match (defect, it) {
        (Some(Defect::TextLengthsAreOf16Bits), Value::Text(text)) => {
            cut(text, text.len() & usize::from(u16::MAX)).into()
        }
        (Some(Defect::ListLengthsAreOf16Bits), Value::List(list)) => {
            let kept = list.len() & usize::from(u16::MAX);
            Value::List(list.iter().take(kept).cloned().collect())
        }
        (Some(Defect::EightLevelsAreReadBack), Value::List(_) | Value::Map(_)) => level(it, 1),
        _ => it.clone(),
    }
}

/// The value, which is at this depth, without what is deeper than 8 levels.
fn level(value: &Value, depth: usize) -> Value {
    match value {
        Value::List(_) | Value::Map(_) if depth >= 8 => Value::Null,
        Value::List(list) => Value::List(list.iter().map(|it| level(it, depth + 1)).collect()),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, it)| (key, level(it, depth + 1)));
            Value::Map(entries.collect::<Map>())
        }
        other => other.clone(),
    }
}
