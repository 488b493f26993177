//! Bulk reads of a snapshot with blocks, with a defect planted in them.

use std::cmp::Reverse;

use iqdb_core::{
    Aggregate, Aggregated, Budget, Cursor, Direction, Filter, Page, Parts, Path, Record, RecordId,
    Result, Rows, Snapshot, SnapshotExt, Value, aggregate_blocks, get_each, scroll_blocks,
};

use crate::column::blocks_of;
use crate::defect::Defect;

pub(crate) fn get_many(
    defect: Option<Defect>,
    snapshot: &dyn Snapshot,
    ids: &[RecordId],
    parts: Parts,
    out: &mut Rows,
    budget: Budget<'_>,
) -> Result<()> {
    match defect {
        Some(Defect::GetManySortsTheIds) => {
            let mut ids = ids.to_vec();
            ids.sort();
            get_each(snapshot, &ids, parts, out, budget)
        }
        Some(Defect::GetManyBringsEverything) => get_each(snapshot, ids, Parts::ALL, out, budget),
        _ => get_each(snapshot, ids, parts, out, budget),
    }
}

pub(crate) fn scroll(
    defect: Option<Defect>,
    snapshot: &dyn Snapshot,
    page: &Page<'_>,
    out: &mut Rows,
) -> Result<Option<Cursor>> {
    match defect {
        Some(Defect::ScrollBringsEverything) => {
            scroll_blocks(blocks_of(snapshot)?, &page.with_parts(Parts::ALL), out)
        }
        Some(Defect::ScrollAlwaysGoesUp) if page.order().is_none() => {
            scroll_blocks(blocks_of(snapshot)?, &page.with_id_order(Direction::Up), out)
        }
        Some(Defect::CursorNeedsItsRecord) => match page.after() {
            Some(after) if snapshot.get(after.id())?.is_none() => {
                scroll_blocks(blocks_of(snapshot)?, &whole(page, page.limit()), out)
            }
            _ => scroll_blocks(blocks_of(snapshot)?, page, out),
        },
        Some(Defect::ScrollPutsAbsentFirst) => arranged(snapshot, page, out, |path, records| {
            records.sort_by_key(|record| value_of(record, path).is_some());
        }),
        Some(Defect::ScrollReversesTies) => arranged(snapshot, page, out, |path, records| {
            if page.direction() == Direction::Down {
                let same = |a: &Record, b: &Record| value_of(a, path) == value_of(b, path);
                records.chunk_by_mut(same).for_each(<[_]>::reverse);
            }
        }),
        _ => scroll_blocks(blocks_of(snapshot)?, page, out),
    }
}

/// The page without a cursor.
pub(crate) fn whole<'a>(page: &Page<'a>, limit: usize) -> Page<'a> {
    let mut whole = Page::new(limit).with_parts(page.parts()).with_budget(page.budget());
    if let Some(filter) = page.filter() {
        whole = whole.with_filter(filter);
    }
    match page.order() {
        Some(path) => whole.with_order(path, page.direction()),
        None => whole.with_id_order(page.direction()),
    }
}

/// A page in an order that a closure makes of the right one.
pub(crate) fn arranged(
    snapshot: &dyn Snapshot,
    page: &Page<'_>,
    out: &mut Rows,
    arrange: impl FnOnce(&Path, &mut Vec<Record>),
) -> Result<Option<Cursor>> {
    let Some(path) = page.order() else { return scroll_blocks(blocks_of(snapshot)?, page, out) };
    scroll_blocks(blocks_of(snapshot)?, &whole(page, usize::MAX), out)?;
    let mut records = out.to_records();
    arrange(path, &mut records);
    let of_cursor = |after: &Cursor| records.iter().position(|record| record.id == *after.id());
    let start = page.after().and_then(of_cursor).map_or(0, |n| n + 1);
    let records: Vec<_> = records.into_iter().skip(start).take(page.limit()).collect();
    out.reset(snapshot.schema());
    records.iter().try_for_each(|record| out.push(record))?;
    let last = records.last().filter(|_| records.len() == page.limit());
    last.map(|last| Cursor::after_value(value_of(last, path), last.id.clone())).transpose()
}

/// The value at a path of one key, if it has a place in the order.
fn value_of(record: &Record, path: &Path) -> Option<Value> {
    let value = record.payload.get(&path.to_string())?;
    value.as_ref().sort_order(value.as_ref())?;
    Some(value.clone())
}

pub(crate) fn aggregate(
    defect: Option<Defect>,
    snapshot: &dyn Snapshot,
    wanted: &[Aggregate<'_>],
    filter: Option<&Filter>,
    budget: Budget<'_>,
) -> Result<Vec<Aggregated>> {
    let mut found = aggregate_blocks(blocks_of(snapshot)?, wanted, filter, budget)?;
    match defect {
        Some(Defect::AggregatesIgnoreTheFilter) => {
            aggregate_blocks(blocks_of(snapshot)?, wanted, None, budget)
        }
        Some(Defect::FacetPrefersGreatValues | Defect::ElementsCountEachTime) => {
            for (found, wanted) in found.iter_mut().zip(wanted) {
                if let (Aggregated::Facet(found), Aggregate::Facet { path, limit }) =
                    (found, wanted)
                {
                    let all = [Aggregate::Facet { path, limit: usize::MAX }];
                    let all = aggregate_blocks(blocks_of(snapshot)?, &all, filter, budget)?;
                    let Some(Aggregated::Facet(mut all)) = all.into_iter().next() else { continue };
                    match defect {
                        Some(Defect::ElementsCountEachTime) => {
                            for (value, count) in &mut all {
                                *count = occurrences(snapshot, filter, path, value)?.max(*count);
                            }
                        }
                        _ => all.reverse(),
                    }
                    all.sort_by_key(|(_, count)| Reverse(*count));
                    all.truncate(*limit);
                    *found = all;
                }
            }
            Ok(found)
        }
        _ => Ok(found),
    }
}

/// How often a value is among the elements of the lists at a path of one key.
fn occurrences(
    snapshot: &dyn Snapshot,
    filter: Option<&Filter>,
    path: &Path,
    value: &Value,
) -> Result<u64> {
    let mut count = 0;
    for record in snapshot.records(filter) {
        let record = record?.to_record()?;
        let is_it = |element: &&Value| {
            element.as_ref().sort_order(value.as_ref()).is_some_and(std::cmp::Ordering::is_eq)
        };
        count += match record.payload.get(&path.to_string()) {
            Some(Value::List(list)) => list.iter().filter(is_it).count() as u64,
            Some(other) => u64::from(is_it(&other)),
            None => 0,
        };
    }
    Ok(count)
}
