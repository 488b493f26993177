//! The center of a block: the vector that is subtracted from its rows before they are coded, for the
//! metric whose distances that does not change.

use std::sync::Arc;

use iqdb_core::distance::{of_numbers, squared_norm};
use iqdb_core::{Metric, Result};

use super::encode::NORMS;
use crate::field_block::FieldBlock;
use crate::kernel::GROUP_ROWS;
use crate::widen::Widened;

/// How far from the rows' mean a shared center may be: squared, and in proportion to the mean
/// squared distance of the rows from it.
const FARTHER: f64 = 1.0 / 32.0;

/// A vector in the middle of the rows: `before` if that is hardly worse than their mean. Any vector
/// would do; the nearer to the middle, the smaller the errors of the codes.
pub(super) fn center(block: &FieldBlock<'_>, before: Option<&Arc<[f32]>>) -> Result<Arc<[f32]>> {
    let (mean, spread) = mean(block)?;
    let distance = |center: &Arc<[f32]>| of_numbers(Metric::Euclidean, center, &mean);
    let near = |center: &&Arc<[f32]>| distance(center).powi(2) <= FARTHER * spread;
    Ok(before.filter(near).map_or_else(|| Arc::from(mean), Arc::clone))
}

/// The mean of the rows that are no outliers by far, and the mean of their squared distances to it.
#[allow(clippy::cast_possible_truncation)]
fn mean(block: &FieldBlock<'_>) -> Result<(Vec<f32>, f64)> {
    let mut sums = vec![0.0; block.dim()];
    let (mut count, mut squares) = (0.0, 0.0);
    let mut widened = Widened::default();
    for start in (0..block.len()).step_by(GROUP_ROWS) {
        let rows = block.floats(start..block.len().min(start + GROUP_ROWS), &mut widened)?;
        for row in 0..rows.len() {
            let row = rows.row(row);
            let squared_norm = squared_norm(row);
            if NORMS.contains(&squared_norm.sqrt()) {
                count += 1.0;
                squares += squared_norm;
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
            }
        }
    }
    let count = f64::max(count, 1.0);
    let mean: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
    let spread = squares / count - squared_norm(&mean);
    Ok((mean, spread))
}

/// Writes `vector - center`. A difference is rounded by at most its own last place.
pub(super) fn subtract(vector: &[f32], center: &[f32], difference: &mut [f32]) {
    for ((difference, x), center) in difference.iter_mut().zip(vector).zip(center) {
        *difference = x - center;
    }
}
