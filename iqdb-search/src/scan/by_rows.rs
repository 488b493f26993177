//! The scan for one query or a few: one query after the other, a list of rows at a time.

use iqdb_core::Result;

use super::{Ask, Lent, Scan};
use crate::kernel::{KEEP_ROWS, ScoreForm, Survivor};
use crate::query_batch::Group;
use crate::rescore::Rescore;

impl Scan {
    /// Scores the listed rows for every query of a group.
    pub(super) fn by_rows(
        &mut self,
        ask: Ask<'_>,
        group: &Group,
        lent: &Lent<'_>,
        rows: &[u32],
    ) -> Result<()> {
        let Ask { prepared, .. } = ask;
        // A single query without stored norms computes them along with its scores.
        let along = group.form.needs_norms() && lent.strip.norms.is_none() && group.len() == 1;
        if !along {
            self.terms(prepared, group.form, lent, rows);
        }
        for slot in group.slots() {
            let Some(query) = prepared.slots(slot..slot + 1)[0] else { continue };
            let vector = prepared.components(group.row(slot, prepared.dim));
            self.one(ask, query, vector, group.form, along, lent, rows)?;
        }
        Ok(())
    }

    /// Scores the listed rows for one query and rescores the survivors. The caller has written the
    /// terms of the rows, unless `along` asks to compute them along with the scores.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn one(
        &mut self,
        ask: Ask<'_>,
        query: usize,
        vector: &[f32],
        form: ScoreForm,
        along: bool,
        lent: &Lent<'_>,
        rows: &[u32],
    ) -> Result<()> {
        let Ask { prepared, on, queries, .. } = ask;
        let engine = prepared.engine;
        let tile = lent.tile(prepared.dim, rows);
        let (scores, terms) = (&mut self.scores[..rows.len()], &mut self.terms[..rows.len()]);
        if along {
            engine.dots_and_norms(vector, &tile, scores, terms);
        } else {
            engine.scores(form, vector, &tile, scores);
        }
        let mut rescore = Rescore {
            on,
            engine,
            metric: on.schema().metric(),
            form,
            vector: queries[query].vector(),
            bound: prepared.bounds[query],
            top: &mut self.top[query],
            rows: lent.rows,
            first: lent.first(),
            rescored: 0,
        };
        for (n, rows) in rows.chunks(KEEP_ROWS).enumerate() {
            let at = n * KEEP_ROWS..n * KEEP_ROWS + rows.len();
            let (scores, terms) = (&scores[at.clone()], &terms[at]);
            let mut kept = engine.keep(scores, terms, rescore.cut());
            if kept == 0 {
                continue;
            }
            self.survivors.clear();
            while kept != 0 {
                let row = kept.trailing_zeros();
                kept &= kept - 1;
                let score = scores[row as usize];
                self.survivors.push(Survivor { row, query: 0, score });
            }
            rescore.run(&mut self.survivors, rows, terms)?;
        }
        self.counts.rescored += rescore.rescored;
        Ok(())
    }
}
