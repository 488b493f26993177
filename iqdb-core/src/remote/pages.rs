//! Reading every match of a snapshot, a page at a time.

use crate::{Page, Result, Rows, Snapshot};

/// Calls `each` with every page from `page` on. One page is in memory at a time.
pub(super) fn for_each_page(
    on: &dyn Snapshot,
    page: Page<'_>,
    each: &mut dyn FnMut(&Rows) -> Result<()>,
) -> Result<()> {
    let (mut rows, mut next) = (Rows::new(on.schema()), None);
    loop {
        let page = next.as_ref().map_or(page, |cursor| page.with_after(cursor));
        next = on.scroll(&page, &mut rows)?;
        each(&rows)?;
        if next.is_none() {
            return Ok(());
        }
    }
}
