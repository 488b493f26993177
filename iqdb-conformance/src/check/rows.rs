//! Checks of the rows that columns lend, whatever their element.

use std::fmt::Display;

use iqdb_core::{Matrix, RowsRef};

use super::exact::same_components;

/// Whether row `a_row` of `a` and row `b_row` of `b` are the same to the last bit.
pub(crate) fn same_row(a: &RowsRef<'_>, a_row: usize, b: &RowsRef<'_>, b_row: usize) -> bool {
    match (a, b) {
        (RowsRef::F32(a), RowsRef::F32(b)) => same_components(a.row(a_row), b.row(b_row)),
        (RowsRef::F16(a), RowsRef::F16(b)) => same_components(a.row(a_row), b.row(b_row)),
        (RowsRef::BF16(a), RowsRef::BF16(b)) => same_components(a.row(a_row), b.row(b_row)),
        (RowsRef::I8(a), RowsRef::I8(b)) => a.row(a_row) == b.row(b_row),
        (RowsRef::Binary { rows: a, .. }, RowsRef::Binary { rows: b, .. }) => {
            a.row(a_row) == b.row(b_row)
        }
        (RowsRef::Sparse(a), RowsRef::Sparse(b)) => {
            let ((a_indices, a), (b_indices, b)) = (a.row(a_row), b.row(b_row));
            a_indices == b_indices && same_components(a, b)
        }
        (RowsRef::Bytes(a), RowsRef::Bytes(b)) => a.row(a_row) == b.row(b_row),
        _ => false,
    }
}

/// Panics unless what follows the components of each row is 0. Dead rows too: kernels compute all
/// rows before they check which are alive.
pub(crate) fn assert_padding(rows: &RowsRef<'_>, context: impl Display) {
    let dirty = match rows {
        RowsRef::F32(rows) => dirty_row(rows, |x| x.to_bits() == 0),
        RowsRef::F16(rows) => dirty_row(rows, |x| x.to_bits() == 0),
        RowsRef::BF16(rows) => dirty_row(rows, |x| x.to_bits() == 0),
        RowsRef::I8(rows) => dirty_row(rows, |x| *x == 0),
        RowsRef::Binary { rows, .. } => dirty_row(rows, |x| *x == 0),
        _ => None,
    };
    assert!(dirty.is_none(), "the padding of row {dirty:?} of {context}: expected zeros");
}

/// The first row whose padding is not zero.
fn dirty_row<T>(rows: &Matrix<'_, T>, is_zero: impl Fn(&T) -> bool) -> Option<usize> {
    let mut padded = rows.components().chunks(rows.stride());
    padded.position(|row| !row[rows.dim()..].iter().all(&is_zero))
}
