//! Rows themselves: scored in `f32`, by rows or by panels, and the survivors rescored canonically.

use iqdb_core::Result;

use super::by_panels::PanelScorer;
use super::by_rows::RowScorer;
use super::context::ScanContext;
use super::results::Results;
use super::selection::{RowList, WantedRows};
use super::strip::{Strip, StripRows};
use crate::query_batch::QueryBatch;
use crate::widen::Widened;

/// Scores rows, and offers those that their scores can't exclude.
#[derive(Debug, Default)]
pub(super) struct ExactRows {
    list: RowList,
    widened: Widened,
    rows: RowScorer,
    panels: PanelScorer,
}

impl ExactRows {
    /// Forgets the last search and gets ready for these queries.
    pub(super) fn prepare(&mut self, batch: &QueryBatch) {
        self.list.prepare();
        self.rows.prepare();
        self.panels.prepare(batch);
    }

    /// Scores the wanted rows for every query of their group, in the fastest way.
    pub(super) fn score_group(
        &mut self,
        context: ScanContext<'_>,
        wanted: &WantedRows<'_>,
        results: &mut Results,
    ) -> Result<()> {
        let Self { list, widened, rows: by_rows, panels: by_panels } = self;
        let (strip, group, list) = (wanted.strip(), wanted.group(), list.of(wanted));
        let lent = strip.borrow(list)?;
        for list in list.chunks(strip.scored_rows_max()) {
            let rows = StripRows::of(strip, lent, list, widened)?;
            match group.panels {
                Some(kernel) => by_panels.score_group(context, (group, kernel), &rows, results)?,
                None => by_rows.score_group(context, group, &rows, results)?,
            }
        }
        Ok(())
    }

    /// Scores the wanted rows for one query.
    pub(super) fn score_wanted(
        &mut self,
        context: ScanContext<'_>,
        query: usize,
        wanted: &WantedRows<'_>,
        results: &mut Results,
    ) -> Result<()> {
        let Self { list, widened, rows, .. } = self;
        score_listed((rows, widened), context, query, wanted.strip(), list.of(wanted), results)
    }

    /// Scores the listed rows of a strip for one query.
    pub(super) fn score_candidates(
        &mut self,
        context: ScanContext<'_>,
        query: usize,
        strip: &Strip<'_>,
        list: &[u32],
        results: &mut Results,
    ) -> Result<()> {
        score_listed((&mut self.rows, &mut self.widened), context, query, strip, list, results)
    }
}

/// Scores the listed rows of a strip for one query.
fn score_listed(
    (by_rows, widened): (&mut RowScorer, &mut Widened),
    context: ScanContext<'_>,
    query: usize,
    strip: &Strip<'_>,
    list: &[u32],
    results: &mut Results,
) -> Result<()> {
    results.add_bytes_read(list.len() * strip.row_bytes());
    let lent = strip.borrow(list)?;
    list.chunks(strip.scored_rows_max()).try_for_each(|list| {
        let rows = StripRows::of(strip, lent, list, widened)?;
        by_rows.score_candidates(context, query, &rows, results)
    })
}
