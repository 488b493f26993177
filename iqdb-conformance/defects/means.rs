//! What makes the mean of examples, with a defect planted in it.

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::distance::squared_norm;
use iqdb_core::{Examples, Metric, RecordId, Result, SearchExt, Snapshot, Vector, VectorRef};

use crate::defect::Defect;

/// Whether a defect is one of means.
pub(crate) fn is_of_means(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::MeanIsSummedInF32
            | Defect::MeanIgnoresNegatives
            | Defect::MeanOnlySubtracts
            | Defect::MeanIsOfLongAndShort
            | Defect::MeanCountsEachOnce
            | Defect::MeanOfIntegersIsCut
            | Defect::AbsentExamplesAreSkipped
    )
}

pub(crate) struct PlantedMean(pub(crate) Option<Defect>);

impl PlantedMean {
    #[allow(clippy::cast_possible_truncation)] // what some defects are about
    pub(crate) fn mean_of(
        &self,
        on: &dyn Snapshot,
        field: Option<&str>,
        examples: Examples<'_>,
    ) -> Result<Vector> {
        let (mut positive, mut negative) = (examples.positive.to_vec(), examples.negative.to_vec());
        match self.0 {
            Some(Defect::MeanIgnoresNegatives) => negative.clear(),
            Some(Defect::MeanCountsEachOnce) => {
                positive.sort();
                positive.dedup();
            }
            Some(Defect::AbsentExamplesAreSkipped) => {
                let is_there = |id: &RecordId| on.get(id).is_ok_and(|record| record.is_some());
                positive.retain(is_there);
                negative.retain(is_there);
            }
            _ => {}
        }
        let examples = Examples { positive: &positive, negative: &negative };
        let right = NaiveSearch.mean_of(on, field, examples)?;
        let id = field.map_or_else(|| on.schema().default_field(), |it| on.schema().field(it))?;
        let field = &on.schema().fields()[id.index()];
        let is_cosine = field.kind().metric() == Some(Metric::Cosine);
        let of = |ids: &[RecordId]| self.sums(on, field.name(), ids, is_cosine);
        let (p, n) = (of(&positive)?, of(&negative)?);
        let wrong = |p: f64, n: f64| match self.0 {
            Some(Defect::MeanOnlySubtracts) if !negative.is_empty() => p - n,
            _ if negative.is_empty() => p,
            _ => p + (p - n),
        };
        let n = |at: usize| n.get(at).copied().unwrap_or_default();
        let sums: Vec<f64> = p.iter().enumerate().map(|(at, p)| wrong(*p, n(at))).collect();
        match (self.0, right.as_ref()) {
            (Some(Defect::MeanOfIntegersIsCut), VectorRef::I8(_)) => {
                Vector::try_from(sums.iter().map(|sum| *sum as i8).collect::<Vec<i8>>())
            }
            (
                Some(
                    Defect::MeanIsSummedInF32
                    | Defect::MeanOnlySubtracts
                    | Defect::MeanIsOfLongAndShort,
                ),
                VectorRef::F32(_),
            ) => Vector::try_from(sums.iter().map(|sum| *sum as f32).collect::<Vec<f32>>()),
            _ => Ok(right),
        }
    }

    /// The means of the components of dense vectors.
    #[allow(clippy::cast_possible_truncation)] // what a defect is about
    fn sums(
        &self,
        on: &dyn Snapshot,
        field: &str,
        ids: &[RecordId],
        is_cosine: bool,
    ) -> Result<Vec<f64>> {
        let mut sums = Vec::new();
        for id in ids {
            let Some(record) = on.get(id)? else { continue };
            let (numbers, squares): (Vec<f64>, f64) = match record.vector(field)? {
                Some(VectorRef::F32(vector)) => {
                    (vector.iter().map(|x| f64::from(*x)).collect(), squared_norm(&vector))
                }
                Some(VectorRef::I8(vector)) => {
                    (vector.iter().map(|x| f64::from(*x)).collect(), squared_norm(&vector))
                }
                _ => continue,
            };
            let norm = match self.0 {
                Some(Defect::MeanIsOfLongAndShort) => 1.0,
                _ if is_cosine => squares.sqrt(),
                _ => 1.0,
            };
            sums.resize(numbers.len(), 0.0);
            for (sum, x) in sums.iter_mut().zip(&numbers) {
                *sum += x / norm;
                if self.0 == Some(Defect::MeanIsSummedInF32) {
                    *sum = f64::from(*sum as f32);
                }
            }
        }
        sums.iter_mut().for_each(|sum| *sum /= ids.len() as f64);
        Ok(sums)
    }
}
