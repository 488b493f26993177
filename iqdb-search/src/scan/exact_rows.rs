//! Rows themselves: scored in `f32`, by rows or by panels, and the survivors rescored canonically.

use iqdb_core::Result;

use super::by_panels::PanelScorer;
use super::by_rows::RowScorer;
use super::context::ScanContext;
use super::results::Results;
use super::selection::{RowList, WantedRows};
use super::strip::{Strip, StripRows};
use crate::kernel::Tile;
use crate::numbers::Numbers;
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
        let Some(kernel) = group.panels else {
            return score_listed(widened, context, strip, list, |rows| {
                by_rows.score_group(context, group, rows, results)
            });
        };
        let lent = Numbers::of(strip.borrow(list)?)?;
        for list in list.chunks(strip.scored_rows_max(true)) {
            let (floats, at) = widened.listed(lent, list)?;
            let tile = Tile::new(floats.components(), floats.dim(), floats.stride(), at);
            let rows = StripRows::new(strip, list, Numbers::F32(floats), at);
            by_panels.score_group(context, (group, kernel), (&rows, &tile), results)?;
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
        let (strip, list) = (wanted.strip(), list.of(wanted));
        score_candidates((rows, widened), context, query, (strip, list), results)
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
        let Self { widened, rows, .. } = self;
        score_candidates((rows, widened), context, query, (strip, list), results)
    }
}

/// Scores the listed rows of a strip for one query.
fn score_candidates(
    (by_rows, widened): (&mut RowScorer, &mut Widened),
    context: ScanContext<'_>,
    query: usize,
    (strip, list): (&Strip<'_>, &[u32]),
    results: &mut Results,
) -> Result<()> {
    results.add_bytes_read(list.len() * strip.row_bytes());
    score_listed(widened, context, strip, list, |rows| {
        by_rows.score_candidates(context, query, rows, results)
    })
}

/// Calls `score` for the listed rows of a strip, a few at a time, as they are where the kernel can
/// read them so.
fn score_listed(
    widened: &mut Widened,
    context: ScanContext<'_>,
    strip: &Strip<'_>,
    list: &[u32],
    mut score: impl FnMut(&StripRows<'_>) -> Result<()>,
) -> Result<()> {
    let lent = Numbers::of(strip.borrow(list)?)?;
    let are_widened = !context.batch.engine.reads_all_components();
    for list in list.chunks(strip.scored_rows_max(are_widened)) {
        let (rows, at) = match are_widened {
            true => {
                let (floats, at) = widened.listed(lent, list)?;
                (Numbers::F32(floats), at)
            }
            false => (lent, list),
        };
        score(&StripRows::new(strip, list, rows, at))?;
    }
    Ok(())
}
