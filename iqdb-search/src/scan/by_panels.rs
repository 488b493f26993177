//! Scores of many queries, panel by panel: each panel of queries reads all rows of a list.

use iqdb_core::Result;

use super::context::ScanContext;
use super::results::Results;
use super::strip::{STRIP_ROWS, StripRows};
use crate::kernel::{Cut, FloatKernel, Panel, Survivor, Tile};
use crate::query_batch::{Group, QueryBatch};

/// Scores rows for the panels of a group.
#[derive(Debug, Default)]
pub(super) struct PanelScorer {
    /// The factor and the cut that exclude a row, per slot.
    factors: Vec<f32>,
    cuts: Vec<f32>,
    /// The terms of the listed rows.
    terms: Vec<f32>,
    survivors: Vec<Survivor>,
}

impl PanelScorer {
    /// Forgets the last search and makes room for the survivors of the widest panel. Their number
    /// differs from one search to the next; a list that grew with it would allocate now and then.
    pub(super) fn prepare(&mut self, batch: &QueryBatch) {
        self.factors.clear();
        self.factors.resize(batch.slot_count(), Cut::EVERYTHING.factor);
        self.cuts.clear();
        self.cuts.resize(batch.slot_count(), Cut::EVERYTHING.cut);
        self.survivors.clear();
        let widest = |kernel: FloatKernel| kernel.panel_width(kernel.panel_registers());
        if let Some(width) = batch.groups.iter().filter_map(|group| group.panels).map(widest).max()
        {
            self.terms.resize(STRIP_ROWS.end, 0.0);
            self.survivors.reserve(STRIP_ROWS.end * width);
        }
    }

    /// Scores rows, which are those of the tile, for every query of a group, and rescores the survivors.
    pub(super) fn score_group(
        &mut self,
        context: ScanContext<'_>,
        (group, kernel): (&Group, FloatKernel),
        (rows, tile): (&StripRows<'_>, &Tile<'_>),
        results: &mut Results,
    ) -> Result<()> {
        let batch = context.batch;
        results.note_panels();
        let terms = &mut self.terms[..rows.len()];
        rows.write_terms(batch, group.form, terms);
        for (slots, components) in group.panels(batch.dim) {
            for (slot, query) in slots.clone().zip(batch.slots(slots.clone())) {
                let Some(query) = query else { break };
                let threshold = results.threshold(*query);
                let Cut { factor, cut } = batch.bounds[*query].cut(group.form, threshold);
                (self.factors[slot], self.cuts[slot]) = (factor, cut);
            }
            let panel = Panel::new(
                batch.components(components),
                &self.factors[slots.clone()],
                &self.cuts[slots.clone()],
            );
            self.survivors.clear();
            kernel.panel(&panel, tile, terms, &mut self.survivors);
            self.survivors.sort_unstable_by_key(|survivor| (survivor.query, survivor.row));
            for survivors in self.survivors.chunk_by_mut(|a, b| a.query == b.query) {
                let slot = slots.start + survivors[0].query as usize;
                // The kernel keeps scores that aren't finite for slots without a query, too.
                let Some(query) = batch.slots(slot..slot + 1)[0] else { continue };
                let mut rescore = results.rescore(context, query, group.form, rows);
                rescore.run(survivors, 0, terms)?;
            }
        }
        Ok(())
    }
}
