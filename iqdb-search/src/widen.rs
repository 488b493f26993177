//! Rows of other numbers as `f32` in memory, for what reads them many times: panels of queries,
//! simsimd, and what is derived from blocks. A few rows at a time are widened into a buffer that stays
//! in the cache.

use iqdb_core::{Matrix, Result, VectorRef};

use crate::kernel::{Isa, Widen};
use crate::numbers::{Numbers, of_any};

/// Components in a line of the cache: each widened row begins at a multiple of it.
const LINE: usize = 16;

/// Room for widened rows, reused from one list of rows to the next.
#[derive(Debug, Default)]
pub(crate) struct Widened {
    components: Vec<f32>,
    /// 0, 1, 2, …: where the rows of a list are that have been widened one behind the other.
    in_order: Vec<u32>,
}

impl Widened {
    /// All rows as `f32`.
    pub(crate) fn all<'a>(&'a mut self, rows: Numbers<'a>) -> Result<Matrix<'a, f32>> {
        match rows {
            Numbers::F32(rows) => Ok(rows),
            rows => of_any!(rows, rows => widen(&mut self.components, &rows, 0..rows.len())),
        }
    }

    /// The listed rows as `f32`, in a matrix, and where each is in that matrix.
    pub(crate) fn listed<'a>(
        &'a mut self,
        rows: Numbers<'a>,
        list: &'a [u32],
    ) -> Result<(Matrix<'a, f32>, &'a [u32])> {
        if let Numbers::F32(rows) = rows {
            return Ok((rows, list));
        }
        if self.in_order.len() < list.len() {
            self.in_order = (0..).take(list.len().next_power_of_two()).collect();
        }
        let Self { components, in_order } = self;
        let listed = list.iter().map(|row| *row as usize);
        let matrix = of_any!(rows, rows => widen(components, &rows, listed));
        Ok((matrix?, &in_order[..list.len()]))
    }
}

/// Widens rows into `components`, one behind the other.
fn widen<'a, T: Widen>(
    components: &'a mut Vec<f32>,
    rows: &Matrix<'_, T>,
    list: impl ExactSizeIterator<Item = usize>,
) -> Result<Matrix<'a, f32>> {
    let (dim, stride) = (rows.dim(), rows.dim().next_multiple_of(LINE));
    let (len, isa) = (list.len() * stride, Isa::widest());
    if components.len() < len {
        components.resize(len, 0.0);
    }
    for (row, to) in list.zip(components.chunks_exact_mut(stride)) {
        T::widen(isa, rows.row(row), &mut to[..dim]);
    }
    Matrix::new(&components[..len], dim, stride)
}

/// Appends the components of a vector of numbers to `out`, as `f32`. Other vectors have none.
pub(crate) fn push_vector(out: &mut Vec<f32>, vector: VectorRef<'_>) {
    fn push<T: Widen>(out: &mut Vec<f32>, components: &[T]) {
        let start = out.len();
        out.resize(start + components.len(), 0.0);
        T::widen(Isa::widest(), components, &mut out[start..]);
    }
    match vector {
        VectorRef::F32(vector) => out.extend_from_slice(&vector),
        VectorRef::F16(vector) => push(out, &vector),
        VectorRef::BF16(vector) => push(out, &vector),
        VectorRef::I8(vector) => push(out, &vector),
        VectorRef::Binary(_) | VectorRef::Sparse(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use iqdb_core::{ErrorKind, RowsRef};

    use super::*;

    #[test]
    fn a_list_is_widened_in_its_order() {
        let rows = [1_i8, 2, 0, 3, 4, 0, 5, 6, 0];
        let rows = Numbers::of(RowsRef::I8(Matrix::new(&rows, 2, 3).unwrap())).unwrap();
        let mut room = Widened::default();
        for list in [&[2_u32, 0][..], &[1], &[]] {
            let (matrix, at) = room.listed(rows, list).unwrap();
            assert_eq!((matrix.dim(), matrix.stride(), at.len()), (2, 16, list.len()));
            for (row, at) in list.iter().zip(at) {
                let expected = [2 * row + 1, 2 * row + 2].map(|x| x as f32);
                assert_eq!(matrix.row(*at as usize), expected);
            }
        }
        assert_eq!(room.all(rows).unwrap().row(2), [5.0, 6.0]);
        let bits = RowsRef::Binary { dim: 8, rows: Matrix::new(&[1], 1, 1).unwrap() };
        assert_eq!(Numbers::of(bits).unwrap_err().kind(), ErrorKind::ContractViolation);
    }
}
