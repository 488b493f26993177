//! The law: what is found is what the model was after some version, and none that was promised is
//! missing.

use std::collections::BTreeMap;

use iqdb_conformance::{Model, check_same};
use iqdb_core::{
    Number, Record, RecordId, RecordRef, Schema, Snapshot, SnapshotExt, Store, VectorRef,
};
use iqdb_file::{FileOptions, FileStore};
use iqdb_search::ExactSearch;

use crate::finding::{Breach, Finding};
use crate::past::{Bounds, Past};

/// How closely a store is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Every record, by the snapshot and by `get`.
    Quick,
    /// As the conformance suite does, searches included. A hundred times slower.
    Thorough,
}

/// Holds a store against its past; which version it is at.
///
/// # Errors
/// What breaks the law.
pub(crate) fn holds(
    store: &dyn Store,
    past: &Past,
    bounds: Bounds,
    look: Look,
) -> Result<u64, Finding> {
    let snapshot = store.snapshot().map_err(|error| Finding::failed("snapshot", &error))?;
    let version = snapshot.version().0;
    if bounds.least.is_some_and(|least| version < least) {
        let least = bounds.least.unwrap_or(0);
        let story = format!("version {version} was found, and version {least} was acknowledged");
        return Err(Finding::new(Breach::Lost, story));
    }
    let model = past.model(version).filter(|_| version <= bounds.most).ok_or_else(|| {
        let story = format!("version {version} was found, and {} is the last one", bounds.most);
        Finding::new(Breach::Phantom, story)
    })?;
    shows(store, &*snapshot, model)?;
    if look == Look::Thorough {
        // It panics where they differ.
        check_same(store, model, &ExactSearch::new())
            .map_err(|error| Finding::failed("a thorough look", &error))?;
    }
    Ok(version)
}

/// Holds a copy against the past of what it is a copy of. One that was not finished can't be opened,
/// or shows everything.
///
/// # Errors
/// What breaks the law.
pub(crate) fn holds_for_copy(
    path: &str,
    options: &FileOptions,
    past: &Past,
    bounds: Bounds,
) -> Result<(), Finding> {
    let told =
        |finding: Finding| Finding::new(finding.breach, format!("the copy: {}", finding.story));
    match FileStore::open_read_only(path, options) {
        Ok(copy) => {
            let whole = Bounds { least: Some(bounds.most), ..bounds };
            holds(&copy, past, whole, Look::Quick).map(drop).map_err(told)
        }
        Err(_) if bounds.least.is_none() => Ok(()),
        Err(error) => Err(told(Finding::new(Breach::Unopenable, error))),
    }
}

/// Whether a store shows exactly this.
///
/// # Errors
/// The first difference.
pub(crate) fn shows(
    store: &dyn Store,
    snapshot: &dyn Snapshot,
    model: &Model,
) -> Result<(), Finding> {
    let version = model.version();
    let differs =
        |what: String| Finding::new(Breach::Wrong, format_args!("version {version}: {what}"));
    let failed = |error| Finding::failed("reading the records", &error);
    if snapshot.schema() != model.schema() {
        return Err(differs(format!("its schema is {}", snapshot.schema())));
    }
    if snapshot.version() != version || snapshot.len() != model.len() as u64 {
        let (found, len) = (snapshot.version(), snapshot.len());
        let expected = model.len();
        return Err(differs(format!("{len} records at version {found}, expected {expected}")));
    }
    let mut found: BTreeMap<RecordId, Record> = BTreeMap::new();
    for record in snapshot.records(None) {
        let record = record.map_err(failed)?;
        if let Some(field) = wrongly_computed(&record, snapshot.schema()).map_err(failed)? {
            let id = record.id().map_err(failed)?.to_id();
            return Err(differs(format!("{id} has other bytes of {field} than core computes")));
        }
        let record = record.to_record().map_err(failed)?;
        if let Some(twice) = found.insert(record.id.clone(), record) {
            return Err(differs(format!("{} is there twice", twice.id)));
        }
    }
    for expected in model.records() {
        let got = store.get(&expected.id).map_err(failed)?;
        for got in [found.remove(&expected.id), got] {
            if !got.as_ref().is_some_and(|got| is_same(got, expected)) {
                return Err(differs(format!("expected {expected:?}, found {got:?}")));
            }
        }
    }
    match found.into_keys().next() {
        Some(stranger) => Err(differs(format!("{stranger} is there and should not be"))),
        None => Ok(()),
    }
}

/// The first computed field of which a record has other bytes than those that follow from its payload.
fn wrongly_computed<'s>(
    record: &RecordRef<'_>,
    schema: &'s Schema,
) -> iqdb_core::Result<Option<&'s str>> {
    for (_, field) in schema.computed_fields() {
        let mut bytes = Vec::new();
        let expected = field.compute(&record.payload()?, &mut bytes)?.then_some(&*bytes);
        if record.computed(field.name())? != expected {
            return Ok(Some(field.name()));
        }
    }
    Ok(None)
}

fn is_same(a: &Record, b: &Record) -> bool {
    a == b && a.vectors().zip(b.vectors()).all(|((_, a), (_, b))| has_same_bits(a, b))
}

/// Whether two equal vectors have the same zeros.
fn has_same_bits(a: VectorRef<'_>, b: VectorRef<'_>) -> bool {
    fn same<T: Number>(a: &[T], b: &[T]) -> bool {
        let bits = |x: &T| x.to_f64().to_bits();
        a.iter().map(bits).eq(b.iter().map(bits))
    }
    match (a, b) {
        (VectorRef::F32(a), VectorRef::F32(b)) => same(a.as_slice(), b.as_slice()),
        (VectorRef::F16(a), VectorRef::F16(b)) => same(a.as_slice(), b.as_slice()),
        (VectorRef::BF16(a), VectorRef::BF16(b)) => same(a.as_slice(), b.as_slice()),
        (a, b) => a == b,
    }
}
