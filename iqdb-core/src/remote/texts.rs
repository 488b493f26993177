//! Queries for text over a snapshot without blocks: every record is read, a page at a time, and its text
//! analysed. Slow, exact: a remote sends records, and no record has what core computes of it.

use std::collections::HashSet;

use super::pages::for_each_page;
use crate::text::{TextMatches, TextQuery};
use crate::{Budget, Hits, IdRef, Page, Parts, Query, RecordId, Result, Rows, Snapshot};

/// How many records a page has.
const PAGE_ROWS: usize = 4_096;

/// Answers a query for text into `hits`; returns how many records were read.
pub(super) fn answer(
    on: &dyn Snapshot,
    query: &Query<'_>,
    text: &TextQuery,
    budget: Budget<'_>,
    hits: &mut Hits,
) -> Result<u64> {
    let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
    let mut wanted = HashSet::new();
    if let Some(filter) = query.filter() {
        let page = Page::new(PAGE_ROWS).with_parts(Parts::ID).with_filter(filter);
        for_each_page(on, page.with_budget(budget), &mut |rows| {
            wanted.extend(rows.ids().iter().map(IdRef::to_id));
            Ok(())
        })?;
    }
    let (mut matches, mut ids, mut bytes) = (TextMatches::default(), Vec::new(), Vec::new());
    matches.begin(text);
    let page = Page::new(PAGE_ROWS).with_parts(Parts::ID.with_payload()).with_budget(budget);
    for_each_page(on, page, &mut |rows| {
        for row in 0..rows.len() {
            bytes.clear();
            if !field.compute(&rows.payload(row), &mut bytes)? {
                continue;
            }
            let id = rows.ids().at(row).to_id();
            let is_wanted = query.filter().is_none() || wanted.contains(&id);
            matches.add(text, &bytes, ids.len() as u64, is_wanted)?;
            ids.push(id);
        }
        Ok(())
    })?;
    let scores = matches.scores(text).filter_map(|(key, score)| {
        let distance = 0.0 - score;
        let id = ids.get(usize::try_from(key).ok()?)?;
        (distance <= query.goal().max_distance()).then_some((distance, id))
    });
    let mut found: Vec<(f64, &RecordId)> = scores.collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    found.truncate(query.goal().limit());
    write(on, query, &found, budget, hits)?;
    Ok(ids.len() as u64)
}

/// Writes the hits, with their payloads if they are wanted.
fn write(
    on: &dyn Snapshot,
    query: &Query<'_>,
    found: &[(f64, &RecordId)],
    budget: Budget<'_>,
    hits: &mut Hits,
) -> Result<()> {
    let mut rows = Rows::new(on.schema());
    if query.wants_payload() {
        let ids: Vec<RecordId> = found.iter().map(|(_, id)| (*id).clone()).collect();
        on.get_many(&ids, Parts::ID.with_payload(), &mut rows, budget)?;
    }
    for (row, (distance, id)) in found.iter().enumerate() {
        let payload = match query.wants_payload() && row < rows.len() {
            true => Some(rows.payload(row).to_payload()?),
            false => None,
        };
        hits.push(id.as_ref(), *distance, payload);
    }
    Ok(())
}
