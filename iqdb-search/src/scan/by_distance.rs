//! Canonical distances of all wanted rows, for vectors that are no numbers: bits are counted as fast
//! as they are read, and sparse rows are merged with the query.

use iqdb_core::{
    BitsRef, Error, ErrorKind, Matrix, Result, RowsRef, SparseRef, VectorRef, distance,
};

use super::context::ScanContext;
use super::rescore::not_a_vector;
use super::results::Results;
use super::selection::{RowList, WantedRows};
use super::strip::{STRIP_ROWS, Strip};
use crate::top_k::Candidate;

/// Computes the canonical distances of rows.
#[derive(Debug, Default)]
pub(super) struct DistanceScorer {
    list: RowList,
    /// Of the listed rows.
    distances: Vec<f64>,
}

impl DistanceScorer {
    /// Makes room for the longest list of rows.
    pub(super) fn prepare(&mut self) {
        self.list.prepare();
        self.distances.resize(STRIP_ROWS.end, 0.0);
    }

    /// Offers the wanted rows to every query of their group.
    pub(super) fn score_group(
        &mut self,
        context: ScanContext<'_>,
        wanted: &WantedRows<'_>,
        results: &mut Results,
    ) -> Result<()> {
        let Self { list, distances } = self;
        let (strip, group, list) = (wanted.strip(), wanted.group(), list.of(wanted));
        let rows = strip.borrow(list)?;
        let distances = &mut distances[..list.len()];
        for number in context.batch.slots(group.slots()).iter().flatten().copied() {
            match (context.queries[number].vector()?, rows) {
                (VectorRef::Binary(query), RowsRef::Binary { rows, .. }) => {
                    check_spare_bits(context, query.dim(), strip, (&rows, list))?;
                    score_bits(context, (number, query), strip, (&rows, list, distances), results)?;
                }
                (VectorRef::Sparse(query), rows @ RowsRef::Sparse(_)) => {
                    score_sparse(context, (number, query), strip, (rows, list), results)?;
                }
                _ => {
                    return Err(Error::new(
                        ErrorKind::ContractViolation,
                        "a source lent rows of another kind than the field's",
                    )
                    .found(format_args!("{rows:?}")));
                }
            }
        }
        Ok(())
    }
}

fn score_bits(
    context: ScanContext<'_>,
    (number, query): (usize, BitsRef<'_>),
    strip: &Strip<'_>,
    (rows, list, distances): (&Matrix<'_, u8>, &[u32], &mut [f64]),
    results: &mut Results,
) -> Result<()> {
    let (batch, on) = (context.batch, context.on);
    batch.engine.bit_distances(batch.metric(), query, rows, list, distances);
    let mut threshold = results.threshold(number);
    for (row, distance) in list.iter().zip(distances) {
        // Not `distance > threshold`: a NaN is no distance, and gets no further than here.
        if *distance <= threshold {
            let place = strip.place(*row);
            results.offer(number, Candidate { distance: *distance, place }, on)?;
            threshold = results.threshold(number);
        } else if distance.is_nan() {
            return Err(not_a_vector(on, strip.place(*row)));
        }
    }
    Ok(())
}

/// Bits behind the last one of a vector would count.
fn check_spare_bits(
    context: ScanContext<'_>,
    dim: usize,
    strip: &Strip<'_>,
    (rows, list): (&Matrix<'_, u8>, &[u32]),
) -> Result<()> {
    let spare = u8::MAX >> (dim % 8);
    let has_spare_bits =
        |row: &&u32| rows.row(**row as usize).last().is_some_and(|last| last & spare != 0);
    if dim.is_multiple_of(8) {
        return Ok(());
    }
    match list.iter().find(has_spare_bits) {
        None => Ok(()),
        Some(row) => Err(not_a_vector(context.on, strip.place(*row))),
    }
}

fn score_sparse(
    context: ScanContext<'_>,
    (number, query): (usize, SparseRef<'_>),
    strip: &Strip<'_>,
    (rows, list): (RowsRef<'_>, &[u32]),
    results: &mut Results,
) -> Result<()> {
    for row in list {
        let place = || strip.place(*row);
        let Ok(VectorRef::Sparse(vector)) = rows.vector(*row as usize) else {
            return Err(not_a_vector(context.on, place()));
        };
        if let Some(distance) = distance::of_sparse(query, vector)
            && distance <= results.threshold(number)
        {
            results.offer(number, Candidate { distance, place: place() }, context.on)?;
        }
    }
    Ok(())
}
