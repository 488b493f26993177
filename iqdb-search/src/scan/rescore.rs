//! The canonical distances of the survivors: of rows that no score could exclude.

use iqdb_core::{Blocks, Error, ErrorKind, Metric, Result};

use super::strip::StripRows;
use crate::kernel::{Cut, ScoreBound, ScoreForm, Survivor};
use crate::query_batch::QueryBatch;
use crate::top_k::{Candidate, Place, TopK};

/// One query over some rows of a strip.
pub(super) struct Rescore<'a> {
    pub(super) on: &'a dyn Blocks,
    pub(super) batch: &'a QueryBatch,
    /// The number of the query.
    pub(super) query: usize,
    pub(super) form: ScoreForm,
    pub(super) top: &'a mut TopK,
    pub(super) rows: &'a StripRows<'a>,
    /// Room for a row that is widened.
    pub(super) room: &'a mut Vec<f32>,
    /// How many rows have been rescored.
    pub(super) rescored: &'a mut u64,
}

/// With more survivors than this, `run` sorts them first, so that the nearest ones tighten the
/// threshold for the others.
const SORTED: usize = 8;

impl Rescore<'_> {
    /// The cut that excludes a row at the current threshold.
    pub(super) fn cut(&self) -> Cut {
        self.bound().cut(self.form, self.top.threshold())
    }

    fn bound(&self) -> ScoreBound {
        self.batch.bounds[self.query]
    }

    /// Offers the survivors that are still candidates. They are numbered from row number `first` of
    /// the rows on, as `terms` are.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for a row that is no vector; the errors of looking up an id.
    pub(super) fn run(
        &mut self,
        survivors: &mut [Survivor],
        first: usize,
        terms: &[f32],
    ) -> Result<()> {
        let term = |survivor: &Survivor| terms[survivor.row as usize];
        if survivors.len() > SORTED && self.form != ScoreForm::None {
            let nearness = |survivor: &Survivor| match (self.form, self.batch.metric()) {
                (ScoreForm::Dots, Metric::Cosine) => survivor.score / term(survivor),
                (ScoreForm::SquaresByNorms, _) => survivor.score + term(survivor),
                _ => survivor.score,
            };
            survivors.sort_unstable_by(|a, b| nearness(b).total_cmp(&nearness(a)));
        }
        let mut threshold = self.top.threshold();
        let mut cut = self.bound().cut(self.form, threshold);
        for survivor in survivors {
            if !cut.keeps(survivor.score, term(survivor)) {
                continue;
            }
            self.row(first + survivor.row as usize)?;
            if self.top.threshold() != threshold {
                threshold = self.top.threshold();
                cut = self.bound().cut(self.form, threshold);
            }
        }
        Ok(())
    }

    fn row(&mut self, n: usize) -> Result<()> {
        *self.rescored += 1;
        let (row, place) = self.rows.row(n, self.room);
        let batch = self.batch;
        let distance = batch.engine.distance(batch.metric(), batch.vector(self.query), row);
        if !distance.is_finite() {
            return Err(not_a_vector(self.on, place));
        }
        self.top.offer(Candidate { distance, place }, self.on)
    }
}

/// A row that no store can have let in: NaN would otherwise rank first on one machine and last on
/// another.
#[cold]
pub(crate) fn not_a_vector(on: &dyn Blocks, place: Place) -> Error {
    let Place { block, row } = place;
    let error = Error::new(ErrorKind::Damaged, "a stored row is not a vector")
        .expected("finite components, and not all of them 0 where the metric needs a direction")
        .found(format_args!("a distance that is not finite, for row {row} of block {block}"));
    match on.block(block).and_then(|block| Ok(block.id(row)?.to_id())) {
        Ok(id) => error.with_id(&id),
        Err(_) => error,
    }
}
