//! Scores of one query after the other, a list of rows at a time: for a few queries.

use iqdb_core::Result;

use super::context::ScanContext;
use super::results::Results;
use super::strip::{STRIP_ROWS, StripRows};
use crate::kernel::{KEEP_ROWS, ScoreForm, Survivor};
use crate::query_batch::Group;

/// Scores rows for one query at a time.
#[derive(Debug, Default)]
pub(super) struct RowScorer {
    /// The terms and the scores of the listed rows.
    terms: Vec<f32>,
    scores: Vec<f32>,
    survivors: Vec<Survivor>,
}

/// A query as rows are scored for it.
#[derive(Clone, Copy)]
struct ScoredQuery<'a> {
    /// Its number in the batch.
    number: usize,
    vector: &'a [f32],
    form: ScoreForm,
    /// Whether the kernel computes the norms of the rows along with their scores. Otherwise the
    /// terms of the rows have been written beforehand.
    computes_norms: bool,
}

impl RowScorer {
    /// Makes room for the longest list of rows.
    pub(super) fn prepare(&mut self) {
        self.terms.resize(STRIP_ROWS.end, 0.0);
        self.scores.resize(STRIP_ROWS.end, 0.0);
        self.survivors.clear();
        self.survivors.reserve(KEEP_ROWS);
    }

    /// Scores the listed rows for every query of a group.
    pub(super) fn score_group(
        &mut self,
        context: ScanContext<'_>,
        group: &Group,
        rows: &StripRows<'_>,
        results: &mut Results,
    ) -> Result<()> {
        let batch = context.batch;
        let form = group.form;
        let computes_norms = form.needs_norms() && !rows.strip().has_norms() && group.len() == 1;
        if !computes_norms {
            rows.write_terms(batch, form, &mut self.terms[..rows.len()]);
        }
        for slot in group.slots() {
            let Some(number) = batch.slots(slot..slot + 1)[0] else { continue };
            let vector = batch.components(group.row(slot, batch.dim));
            let query = ScoredQuery { number, vector, form, computes_norms };
            self.score_rows(context, query, rows, results)?;
        }
        Ok(())
    }

    /// Scores the listed rows of a strip for one query.
    pub(super) fn score_candidates(
        &mut self,
        context: ScanContext<'_>,
        number: usize,
        rows: &StripRows<'_>,
        results: &mut Results,
    ) -> Result<()> {
        let batch = context.batch;
        let form = batch.engine.form(batch.metric(), false);
        let computes_norms = form.needs_norms() && !rows.strip().has_norms();
        let query = ScoredQuery { number, vector: batch.vector(number), form, computes_norms };
        if !computes_norms {
            rows.write_terms(batch, form, &mut self.terms[..rows.len()]);
        }
        self.score_rows(context, query, rows, results)
    }

    /// Scores the listed rows for one query and rescores the survivors.
    fn score_rows(
        &mut self,
        context: ScanContext<'_>,
        query: ScoredQuery<'_>,
        rows: &StripRows<'_>,
        results: &mut Results,
    ) -> Result<()> {
        let engine = context.batch.engine;
        let (scores, terms) = (&mut self.scores[..rows.len()], &mut self.terms[..rows.len()]);
        if query.computes_norms {
            rows.dots_and_norms(engine, query.vector, scores, terms);
        } else {
            rows.scores(engine, query.form, query.vector, scores);
        }
        let mut rescore = results.rescore(context, query.number, query.form, rows);
        let scored = scores.chunks(KEEP_ROWS).zip(terms.chunks(KEEP_ROWS));
        for (first, (scores, terms)) in (0..).step_by(KEEP_ROWS).zip(scored) {
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
            rescore.run(&mut self.survivors, first, terms)?;
        }
        Ok(())
    }
}
