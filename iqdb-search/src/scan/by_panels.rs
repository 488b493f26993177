//! The scan for many queries, panel by panel.

use iqdb_core::Result;

use super::{Ask, Lent, Scan};
use crate::kernel::{Cut, FloatKernel, Panel};
use crate::query_batch::Group;
use crate::rescore::Rescore;

impl Scan {
    /// Scores the listed rows for every query of a group: each panel of queries reads all rows.
    pub(super) fn by_panels(
        &mut self,
        ask: Ask<'_>,
        group: &Group,
        lanes: FloatKernel,
        lent: &Lent<'_>,
        rows: &[u32],
    ) -> Result<()> {
        let Ask { prepared, on, queries, .. } = ask;
        self.counts.by_panels = true;
        self.terms(prepared, group.form, lent, rows);
        for (slots, components) in group.panels(prepared.dim) {
            for (slot, query) in slots.clone().zip(prepared.slots(slots.clone())) {
                let Some(query) = query else { break };
                let threshold = self.top[*query].threshold();
                let Cut { factor, cut } = prepared.bounds[*query].cut(group.form, threshold);
                (self.factors[slot], self.cuts[slot]) = (factor, cut);
            }
            let panel = Panel::new(
                prepared.components(components),
                &self.factors[slots.clone()],
                &self.cuts[slots.clone()],
            );
            let terms = &self.terms[..rows.len()];
            self.survivors.clear();
            lanes.panel(&panel, &lent.tile(prepared.dim, rows), terms, &mut self.survivors);
            self.survivors.sort_unstable_by_key(|survivor| (survivor.query, survivor.row));
            for survivors in self.survivors.chunk_by_mut(|a, b| a.query == b.query) {
                let slot = slots.start + survivors[0].query as usize;
                // The kernel keeps scores that aren't finite for slots without a query, too.
                let Some(query) = prepared.slots(slot..slot + 1)[0] else { continue };
                let mut rescore = Rescore {
                    on,
                    engine: prepared.engine,
                    metric: on.schema().metric(),
                    form: group.form,
                    vector: queries[query].vector(),
                    bound: prepared.bounds[query],
                    top: &mut self.top[query],
                    rows: lent.rows,
                    first: lent.first(),
                    rescored: 0,
                };
                rescore.run(survivors, rows, terms)?;
                self.counts.rescored += rescore.rescored;
            }
        }
        Ok(())
    }
}
