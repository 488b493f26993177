//! The order of ids, with a defect in it: in pages, and among hits at equal distances.

use std::cmp::Ordering;

use iqdb_core::{Cursor, Direction, IdRef, Page, Result, Rows, Snapshot, Uuid, scroll_blocks};

use crate::column::blocks_of;
use crate::defect::Defect;
use crate::reading::whole;

/// An order of ids.
pub(crate) type IdOrder = fn(IdRef<'_>, IdRef<'_>) -> Ordering;

/// The order of pages, where the defect is in that.
pub(crate) fn of_pages(defect: Option<Defect>) -> Option<IdOrder> {
    match defect? {
        Defect::PagesOrderNumbersAsSigned => Some(signed),
        Defect::PagesOrderUuidsAsSigned => Some(uuids_as_signed),
        Defect::PagesOrderTextsOfAnyCase => Some(texts_of_any_case),
        Defect::PagesOrderTextsByUtf16 => Some(utf16),
        _ => None,
    }
}

/// The order of hits at equal distances, where the defect is in that.
pub(crate) fn of_ties(defect: Option<Defect>) -> Option<IdOrder> {
    match defect? {
        Defect::TiesByUtf16 => Some(utf16),
        Defect::TiesByTheLower32Bits => Some(lower_bits),
        Defect::TiesByGuidsOfWindows => Some(guids),
        Defect::TiesByTextsOfAnyCase => Some(texts_of_any_case),
        _ => None,
    }
}

fn signed(a: IdRef<'_>, b: IdRef<'_>) -> Ordering {
    match (a, b) {
        (IdRef::Number(a), IdRef::Number(b)) => a.cast_signed().cmp(&b.cast_signed()),
        _ => a.cmp(&b),
    }
}

fn lower_bits(a: IdRef<'_>, b: IdRef<'_>) -> Ordering {
    let lower = |number: u64| number & u64::from(u32::MAX);
    match (a, b) {
        (IdRef::Number(one), IdRef::Number(other)) => lower(one).cmp(&lower(other)).then(a.cmp(&b)),
        _ => a.cmp(&b),
    }
}

/// As two signed halves.
fn uuids_as_signed(a: IdRef<'_>, b: IdRef<'_>) -> Ordering {
    let halves = |uuid: Uuid| {
        let (high, low) = uuid.as_u64_pair();
        (high.cast_signed(), low.cast_signed())
    };
    match (a, b) {
        (IdRef::Uuid(a), IdRef::Uuid(b)) => halves(a).cmp(&halves(b)),
        _ => a.cmp(&b),
    }
}

/// With the first three groups of digits in little-endian bytes.
fn guids(a: IdRef<'_>, b: IdRef<'_>) -> Ordering {
    match (a, b) {
        (IdRef::Uuid(a), IdRef::Uuid(b)) => a.to_bytes_le().cmp(&b.to_bytes_le()),
        _ => a.cmp(&b),
    }
}

fn texts_of_any_case(a: IdRef<'_>, b: IdRef<'_>) -> Ordering {
    match (a, b) {
        (IdRef::Text(one), IdRef::Text(other)) => {
            one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase()).then(a.cmp(&b))
        }
        _ => a.cmp(&b),
    }
}

fn utf16(a: IdRef<'_>, b: IdRef<'_>) -> Ordering {
    match (a, b) {
        (IdRef::Text(a), IdRef::Text(b)) => a.encode_utf16().cmp(b.encode_utf16()),
        _ => a.cmp(&b),
    }
}

/// A page in this order of the ids.
pub(crate) fn scroll(
    snapshot: &dyn Snapshot,
    page: &Page<'_>,
    out: &mut Rows,
    order: IdOrder,
) -> Result<Option<Cursor>> {
    let checked = scroll_blocks(blocks_of(snapshot)?, page, out)?;
    if page.limit() == 0 {
        return Ok(checked);
    }
    scroll_blocks(blocks_of(snapshot)?, &whole(page, usize::MAX), out)?;
    let directed = |order: Ordering| match page.direction() {
        Direction::Down => order.reverse(),
        _ => order,
    };
    let mut records = out.to_records();
    records.sort_by(|a, b| directed(order(a.id.as_ref(), b.id.as_ref())));
    if let Some(after) = page.after() {
        records.retain(|record| directed(order(record.id.as_ref(), after.id().as_ref())).is_gt());
    }
    records.truncate(page.limit());
    out.reset(snapshot.schema());
    records.iter().try_for_each(|record| out.push(record))?;
    let last = records.last().filter(|_| records.len() == page.limit());
    Ok(last.map(|last| Cursor::after_id(&last.id)))
}
