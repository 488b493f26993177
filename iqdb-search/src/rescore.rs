//! The canonical distances of the survivors: of rows that no score could exclude.

use iqdb_core::{Error, ErrorKind, Metric, Result, Rows, Snapshot, VectorRef};

use crate::kernel::{Cut, Engine, ScoreBound, ScoreForm, Survivor};
use crate::top_k::{Candidate, Place, TopK};

/// One query over some rows of a strip.
pub(crate) struct Rescore<'a> {
    pub(crate) on: &'a dyn Snapshot,
    pub(crate) engine: Engine,
    pub(crate) metric: Metric,
    pub(crate) form: ScoreForm,
    pub(crate) vector: VectorRef<'a>,
    pub(crate) bound: ScoreBound,
    pub(crate) top: &'a mut TopK,
    /// The rows of the strip.
    pub(crate) rows: Rows<'a>,
    /// Where its first row is.
    pub(crate) first: Place,
    /// How many rows have been rescored.
    pub(crate) rescored: &'a mut u64,
}

/// With more survivors than this, `run` sorts them first, so that the nearest ones tighten the
/// threshold for the others.
const SORTED: usize = 8;

impl Rescore<'_> {
    /// The cut that excludes a row at the current threshold.
    pub(crate) fn cut(&self) -> Cut {
        self.bound.cut(self.form, self.top.threshold())
    }

    /// Offers the survivors that are still candidates. They are numbered by their place in `rows`,
    /// which lists them by their place in the strip; `terms` are theirs.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] for a row that is no vector; the errors of looking up an id.
    pub(crate) fn run(
        &mut self,
        survivors: &mut [Survivor],
        rows: &[u32],
        terms: &[f32],
    ) -> Result<()> {
        let term = |survivor: &Survivor| terms[survivor.row as usize];
        if survivors.len() > SORTED && self.form != ScoreForm::None {
            let nearness = |survivor: &Survivor| match (self.form, self.metric) {
                (ScoreForm::Dots, Metric::Cosine) => survivor.score / term(survivor),
                (ScoreForm::SquaresByNorms, _) => survivor.score + term(survivor),
                _ => survivor.score,
            };
            survivors.sort_unstable_by(|a, b| nearness(b).total_cmp(&nearness(a)));
        }
        let mut threshold = self.top.threshold();
        let mut cut = self.bound.cut(self.form, threshold);
        for survivor in survivors {
            if !cut.keeps(survivor.score, term(survivor)) {
                continue;
            }
            self.row(rows[survivor.row as usize] as usize)?;
            if self.top.threshold() != threshold {
                threshold = self.top.threshold();
                cut = self.bound.cut(self.form, threshold);
            }
        }
        Ok(())
    }

    fn row(&mut self, n: usize) -> Result<()> {
        *self.rescored += 1;
        let distance = self.engine.distance(self.metric, &self.vector, self.rows.vector(n));
        let place = Place { block: self.first.block, row: self.first.row + n };
        if !distance.is_finite() {
            return Err(self.not_a_vector(place));
        }
        self.top.offer(Candidate { distance, place }, self.on)
    }

    /// A row that no store can have let in: NaN would otherwise rank first on one machine and last
    /// on another.
    #[cold]
    fn not_a_vector(&self, place: Place) -> Error {
        let Place { block, row } = place;
        let error = Error::new(ErrorKind::Damaged, "a stored row is not a vector")
            .expected("finite components, and not all of them 0 under the cosine metric")
            .found(format_args!("a distance that is not finite, for row {row} of block {block}"));
        match self.on.block(block).and_then(|block| Ok(block.id(row)?.to_id())) {
            Ok(id) => error.with_id(&id),
            Err(_) => error,
        }
    }
}
