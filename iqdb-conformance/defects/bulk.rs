//! Reads of many records and long values, as a snapshot with a defect answers them.

use std::collections::{BTreeMap, BTreeSet};

use iqdb_core::filter::{Comparison, Expr};
use iqdb_core::{
    Aggregate, Aggregated, Error, ErrorKind, Filter, IdRef, Path, Payload, Predicate, Record,
    Result, Snapshot, SnapshotExt, Value,
};

use crate::defect::Defect;

/// Whether the defect is in how records that match a filter are counted.
fn is_of_counts(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::LongTextsAreNotIndexed
            | Defect::AThousandElementsAreIndexed
            | Defect::AThousandKeysAreIndexed
            | Defect::CountsRefuseDeepFilters
            | Defect::IdsAreParameters
            | Defect::BlocksAreSkippedByRoundedBounds
            | Defect::BlocksForgetWhatIsNoNumber
    )
}

/// The aggregates that the defect makes of the right ones.
pub(crate) fn aggregated(
    defect: Defect,
    on: &dyn Snapshot,
    wanted: &[Aggregate<'_>],
    filter: Option<&Filter>,
    mut found: Vec<Aggregated>,
) -> Result<Vec<Aggregated>> {
    if let Some(filter) = filter.filter(|_| is_of_counts(defect)) {
        let counts = wanted.iter().zip(&mut found);
        for (_, found) in counts.filter(|(wanted, _)| matches!(wanted, Aggregate::Count)) {
            *found = Aggregated::Count(counted(defect, on, filter)?);
        }
    }
    for (wanted, found) in wanted.iter().zip(&mut found) {
        match (defect, wanted, found) {
            (Defect::MinMaxTextsAreCut, _, Aggregated::MinMax(Some((least, greatest)))) => {
                [least, greatest].into_iter().for_each(|it| cut_text(it, 64));
            }
            (Defect::TenThousandDifferentValuesAtMost, _, Aggregated::Distinct(values)) => {
                values.truncate(10_000);
            }
            (Defect::TenThousandDifferentValuesAtMost, _, Aggregated::Facet(values)) => {
                values.truncate(10_000);
            }
            (Defect::FacetsCountIn16Bits, _, Aggregated::Facet(values)) => {
                values.iter_mut().for_each(|(_, count)| *count &= u64::from(u16::MAX));
            }
            (
                Defect::FacetsAreOfShards,
                Aggregate::Facet { path, limit: 2 },
                Aggregated::Facet(it),
            ) => {
                *it = of_shards(on, path, filter)?;
            }
            _ => {}
        }
    }
    if defect == Defect::AggregatesAskedTwiceComeOnce {
        let mut seen = BTreeSet::new();
        let mut wanted = wanted.iter();
        found.retain(|_| wanted.next().is_some_and(|wanted| seen.insert(format!("{wanted:?}"))));
    }
    Ok(found)
}

/// Leaves the first characters of a text.
fn cut_text(value: &mut Value, chars: usize) {
    if let Value::Text(text) = value
        && text.len() > chars
    {
        *value = text.chars().take(chars).collect::<String>().into();
    }
}

/// The two most frequent values, counted among the two that each thousand records have most often.
fn of_shards(on: &dyn Snapshot, path: &Path, filter: Option<&Filter>) -> Result<Vec<(Value, u64)>> {
    let records = on.records(filter).map(|record| record?.to_record());
    let records: Vec<Record> = records.collect::<Result<_>>()?;
    let mut all: BTreeMap<String, (Value, u64)> = BTreeMap::new();
    for shard in records.chunks(1_000) {
        let mut counts: BTreeMap<String, (Value, u64)> = BTreeMap::new();
        for value in shard.iter().filter_map(|record| record.payload.get(&path.to_string())) {
            counts.entry(format!("{value:?}")).or_insert((value.clone(), 0)).1 += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, (_, count))| std::cmp::Reverse(*count));
        for (key, (value, count)) in counts.into_iter().take(2) {
            all.entry(key).or_insert((value, 0)).1 += count;
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all.truncate(2);
    Ok(all)
}

fn depth(filter: &Filter) -> usize {
    match filter.expr() {
        Ok(Expr::And(all) | Expr::Or(all)) => 1 + all.iter().map(depth).max().unwrap_or(0),
        Ok(Expr::Not(one)) => 1 + depth(one),
        _ => 1,
    }
}

/// How many records the defect says that match.
fn counted(defect: Defect, on: &dyn Snapshot, filter: &Filter) -> Result<u64> {
    if defect == Defect::CountsRefuseDeepFilters && depth(filter) > 32 {
        return Err(Error::new(ErrorKind::InvalidFilter, "the filter is too deep"));
    }
    let records = on.records(None).map(|record| record?.to_record());
    let mut records: Vec<Record> = records.collect::<Result<_>>()?;
    let predicate = match filter.expr() {
        Ok(Expr::Is(predicate)) => Some(predicate),
        _ => None,
    };
    match (defect, predicate) {
        (Defect::IdsAreParameters, Some(Predicate::IdIn { ids })) => {
            let first: BTreeSet<_> = ids.as_slice().iter().take(32_766).collect();
            return Ok(records.iter().filter(|record| first.contains(&record.id)).count() as u64);
        }
        (
            Defect::BlocksAreSkippedByRoundedBounds | Defect::BlocksForgetWhatIsNoNumber,
            Some(it),
        ) => {
            let mut count = 0;
            for block in records.chunks(1_024) {
                if !is_skipped(defect, it, block) {
                    for record in block {
                        count += u64::from(filter.matches(record)?);
                    }
                }
            }
            return Ok(count);
        }
        (Defect::AThousandKeysAreIndexed, _) => {
            let keys =
                records.iter().flat_map(|it| it.payload.iter().map(|(key, _)| key.to_owned()));
            let all: BTreeSet<String> = keys.collect();
            let indexed: BTreeSet<String> = all.into_iter().take(1_000).collect();
            for record in &mut records {
                let kept = record.payload.iter().filter(|(key, _)| indexed.contains(*key));
                record.payload = kept.map(|(key, it)| (key.to_owned(), it.clone())).collect();
            }
        }
        _ => records.iter_mut().for_each(|it| it.payload = indexed(defect, &it.payload)),
    }
    let mut count = 0;
    for record in &records {
        count += u64::from(filter.matches(record)?);
    }
    Ok(count)
}

/// What an index keeps of a payload.
fn indexed(defect: Defect, payload: &Payload) -> Payload {
    let kept = payload.iter().filter_map(|(key, value)| match (defect, value) {
        (Defect::LongTextsAreNotIndexed, Value::Text(text)) if text.len() > 32_766 => None,
        (Defect::AThousandElementsAreIndexed, Value::List(list)) => {
            let first = list.iter().take(1_000).cloned().collect();
            Some((key.to_owned(), Value::List(first)))
        }
        _ => Some((key.to_owned(), value.clone())),
    });
    kept.collect()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Float(x) => Some(*x),
        _ => None,
    }
}

/// Whether a block is skipped by the least and the greatest of its numbers.
#[allow(clippy::cast_possible_truncation)]
fn is_skipped(defect: Defect, predicate: &Predicate, block: &[Record]) -> bool {
    let Predicate::Compare { path, comparison, value } = predicate else { return false };
    let values = block.iter().filter_map(|record| record.payload.get(&path.to_string()));
    let values: Vec<&Value> = values.collect();
    let numbers: Vec<f64> = values.iter().filter_map(|value| number(value)).collect();
    let (Some(asked), false) = (number(value), numbers.is_empty()) else { return false };
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match defect {
        Defect::BlocksForgetWhatIsNoNumber => {
            *comparison == Comparison::Ne && least == asked && greatest == asked
        }
        _ => {
            let round = |x: f64| f64::from(x as f32);
            match comparison {
                Comparison::Eq => asked < round(least) || asked > round(greatest),
                Comparison::Gt => round(greatest) <= asked,
                Comparison::Ge => round(greatest) < asked,
                _ => false,
            }
        }
    }
}

/// Whether the texts at a path begin with the same 1,024 bytes, and are longer.
pub(crate) fn sorts_alike(path: &Path, a: &Record, b: &Record) -> bool {
    let start = |record: &Record| match record.payload.get(&path.to_string()) {
        Some(Value::Text(text)) if text.len() > 1_024 => Some(text.as_bytes()[..1_024].to_vec()),
        _ => None,
    };
    start(a).is_some_and(|of_a| start(b).is_some_and(|of_b| of_a == of_b))
}

/// Whether an id is that of one of the last records, which no thread has.
pub(crate) fn is_of_the_rest(id: IdRef<'_>, len: u64, threads: usize) -> bool {
    let rest = len % (threads.clamp(1, 8) as u64);
    len >= 10_000 && matches!(id, IdRef::Number(number) if number >= len - rest && number < len)
}
