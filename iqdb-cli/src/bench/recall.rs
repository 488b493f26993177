//! How many of the true nearest neighbours were found.

use std::collections::HashSet;

use iqdb::{Field, Iqdb, Result, VectorRef, distance};

use super::input::{Input, Truth};

/// The share of the true `k` nearest neighbours that were found, over all queries.
///
/// A row found is right when it is no farther than the true k-th row, so that of rows at equal
/// distances any will do. Both distances are computed anew from the stored vectors, by the
/// canonical definition: the answer is not its own witness. A row found twice counts once.
pub(super) fn recall(
    database: &Iqdb,
    input: &Input,
    truth: &Truth,
    found: &[Vec<u64>],
) -> Result<f64> {
    let k = input.k.min(input.rows);
    let mut right = 0;
    for ((query, kth_row), found) in input.queries().zip(&truth.kth_rows).zip(found) {
        let distance = |row: u64| -> Result<Option<f64>> {
            let record = database.get(row)?;
            let vector = record.as_ref().and_then(|record| record.vector(Field::DEFAULT));
            let vector = vector.and_then(VectorRef::as_f32);
            Ok(vector.map(|vector| distance::of_numbers(input.metric, query, vector)))
        };
        let Some(farthest) = distance(*kth_row)? else {
            continue;
        };
        let found: HashSet<_> = found.iter().take(k).collect();
        for row in found {
            right += usize::from(distance(*row)?.is_some_and(|distance| distance <= farthest));
        }
    }
    Ok(right as f64 / (k * truth.kth_rows.len()) as f64)
}
