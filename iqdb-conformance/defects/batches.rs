//! Batches of many changes, as a store with a defect takes them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use iqdb_core::{Applied, Batch, Change, Record, Result, Rows, Schema, Vector, VectorRef, Version};

use crate::defect::Defect;

/// The batch that the store makes of one, if it is large.
pub(crate) fn misread<'a>(
    defect: Option<Defect>,
    batch: &'a Batch,
    schema: &Schema,
) -> Result<Cow<'a, Batch>> {
    let is_large = match defect {
        Some(Defect::RowsGoByPosition | Defect::SparseTermsEndAt16000) => true,
        Some(Defect::ChunksOfRowsGoBackwards | Defect::FirstOfManyRowsWins) => {
            batch.changes().iter().any(has_many_rows)
        }
        Some(Defect::LastOfManyChangesWins | Defect::LateDeleteWhereGoesFirst) => {
            batch.changes().len() > 512
        }
        _ => false,
    };
    if !is_large || batch.check_input(schema).is_err() {
        return Ok(Cow::Borrowed(batch));
    }
    let mut changes = batch.changes().to_vec();
    match defect {
        Some(Defect::LastOfManyChangesWins) => {
            let last: BTreeMap<_, _> =
                changes.into_iter().map(|change| (change.id().cloned(), change)).collect();
            changes = last.into_values().collect();
        }
        // Stable: all else stays in its order.
        Some(Defect::LateDeleteWhereGoesFirst) => {
            changes.sort_by_key(|change| !matches!(change, Change::DeleteWhere(_)));
        }
        Some(Defect::ChunksOfRowsGoBackwards) => {
            for change in &mut changes {
                let Change::UpsertRows(rows) = change else { continue };
                let records = rows.to_records();
                let backwards: Vec<Record> =
                    records.chunks(4_096).rev().flatten().cloned().collect();
                **rows = Rows::of_records(rows.schema(), &backwards)?;
            }
        }
        Some(Defect::SparseTermsEndAt16000) => {
            for change in &mut changes {
                if let Change::Upsert(record) = change {
                    cut_terms(record, 16_000)?;
                }
            }
        }
        Some(Defect::RowsGoByPosition) => {
            for change in &mut changes {
                let Change::UpsertRows(rows) = change else { continue };
                let records = by_position(rows, schema)?;
                **rows = Rows::of_records(schema, &records)?;
            }
        }
        _ => {
            for change in &mut changes {
                if let (true, Change::UpsertRows(rows)) = (has_many_rows(change), change) {
                    **rows = first_of_each(rows)?;
                }
            }
        }
    }
    let misread: Batch = changes.into_iter().collect();
    Ok(Cow::Owned(match batch.expected_version() {
        Some(version) => misread.expect_version(version),
        None => misread,
    }))
}

/// Leaves the first terms of sparse vectors.
fn cut_terms(record: &mut Record, terms: usize) -> Result<()> {
    let vectors: Vec<_> =
        record.vectors().map(|(name, it)| (name.to_owned(), it.to_vector())).collect();
    for (name, vector) in vectors {
        if let VectorRef::Sparse(it) = vector.as_ref()
            && it.indices().len() > terms
        {
            let cut = Vector::sparse(&it.indices()[..terms], &it.weights()[..terms])?;
            record.set_vector(name, Some(cut));
        }
    }
    Ok(())
}

/// The records of rows, of which each field is the one at its place, where the kinds fit.
fn by_position(rows: &Rows, schema: &Schema) -> Result<Vec<Record>> {
    let of = |record: &Record| -> Result<Record> {
        let mut copy = Record::without_vector(&record.id).with_payload(record.payload.clone());
        for (at, field) in rows.schema().fields().iter().enumerate() {
            let to =
                schema.fields().get(at).filter(|it| it.kind() == field.kind()).unwrap_or(field);
            if let Some(vector) = record.vector(field.name()) {
                copy.set_vector(to.name().to_owned(), Some(vector.to_vector()));
            }
        }
        Ok(copy)
    };
    rows.to_records().iter().map(of).collect()
}

fn has_many_rows(change: &Change) -> bool {
    matches!(change, Change::UpsertRows(rows) if rows.len() > 128)
}

/// The first row of each id.
fn first_of_each(rows: &Rows) -> Result<Rows> {
    let (mut seen, mut records) = (BTreeSet::new(), rows.to_records());
    records.retain(|record| seen.insert(record.id.clone()));
    Rows::of_records(rows.schema(), &records)
}

/// The parts in which a batch is applied.
pub(crate) fn parts(defect: Option<Defect>, batch: &Batch) -> Vec<Batch> {
    let len = match defect {
        Some(Defect::LargeBatchesAreSeenInParts) => 1_000,
        Some(
            Defect::LargeBatchesAreCheckedInParts
            | Defect::LateInsertsFailAlone
            | Defect::BudgetsEndLargeBatchesHalfway,
        ) => 128,
        _ => batch.changes().len().max(1),
    };
    batch.changes().chunks(len).map(|part| part.iter().cloned().collect()).collect()
}

/// Whether the store checks the parts of the batch only as it applies them.
pub(crate) fn is_checked_late(defect: Option<Defect>, batch: &Batch) -> bool {
    defect == Some(Defect::LargeBatchesAreCheckedInParts) && batch.changes().len() > 128
}

/// Adds what a part of a batch did.
pub(crate) fn add(applied: &mut Applied, part: Applied) {
    applied.inserted += part.inserted;
    applied.replaced += part.replaced;
    applied.payload_set += part.payload_set;
    applied.vectors_set += part.vectors_set;
    applied.deleted += part.deleted;
    applied.absent += part.absent;
    applied.kept += part.kept;
}

pub(crate) fn check_version(defect: Option<Defect>, batch: &Batch, current: Version) -> Result<()> {
    let low = |Version(version): Version| version & u64::from(u32::MAX);
    match (defect, batch.expected_version()) {
        (Some(Defect::ExpectedVersionIsOf32Bits), Some(expected))
            if low(expected) == low(current) =>
        {
            Ok(())
        }
        _ => batch.check_version(current),
    }
}

/// The counters that a store returns which counts in 16 bits.
pub(crate) fn miscounted(defect: Option<Defect>, mut applied: Applied) -> Applied {
    if defect == Some(Defect::CountersAreOf16Bits) {
        for counter in [&mut applied.inserted, &mut applied.replaced, &mut applied.deleted] {
            *counter &= u64::from(u16::MAX);
        }
    }
    applied
}
