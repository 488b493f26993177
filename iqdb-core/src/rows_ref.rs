//! Rows as a block lends them: matrices of one element, compressed sparse rows, and rows of bytes.

use std::fmt;

use half::{bf16, f16};

use crate::limits::DIM_MAX;
use crate::{
    BitsRef, DenseRef, Element, Error, ErrorKind, FieldKind, Result, SparseRef, VectorRef,
};

/// Some rows of a column. Copying it copies a few words.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum RowsRef<'a> {
    /// Dense rows of `f32`.
    F32(Matrix<'a, f32>),
    /// Dense rows of [`struct@f16`].
    F16(Matrix<'a, f16>),
    /// Dense rows of [`bf16`].
    BF16(Matrix<'a, bf16>),
    /// Dense rows of `i8`.
    I8(Matrix<'a, i8>),
    /// Rows of bits: `dim` bits at the start of each row of bytes.
    Binary {
        /// How many bits a row has.
        dim: usize,
        /// The packed rows; the matrix's dimension is in bytes.
        rows: Matrix<'a, u8>,
    },
    /// Sparse rows.
    Sparse(Csr<'a>),
    /// Rows of a computed field.
    Bytes(ByteRows<'a>),
}

/// Rows of one length, one after the other: `stride` components apart, of which the first `dim` are
/// the vector and the rest are 0.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    components: &'a [T],
    dim: usize,
    stride: usize,
}

/// Compressed sparse rows: row `n` has the terms from `ends[n]` to `ends[n + 1]`, less `ends[0]`.
#[derive(Clone, Copy)]
pub struct Csr<'a> {
    ends: &'a [u64],
    indices: &'a [u32],
    weights: &'a [f32],
}

/// Rows of bytes, of any length each: row `n` has the bytes from `ends[n]` to `ends[n + 1]`, less
/// `ends[0]`.
#[derive(Clone, Copy)]
pub struct ByteRows<'a> {
    ends: &'a [u64],
    bytes: &'a [u8],
}

impl<'a> RowsRef<'a> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(rows) => rows.len(),
            Self::F16(rows) => rows.len(),
            Self::BF16(rows) => rows.len(),
            Self::I8(rows) => rows.len(),
            Self::Binary { rows, .. } => rows.len(),
            Self::Sparse(rows) => rows.len(),
            Self::Bytes(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether they are of a field of this kind.
    #[must_use]
    pub fn is_of(&self, kind: FieldKind) -> bool {
        let is_computed = matches!(self, Self::Bytes(_));
        self.element() == kind.element()
            && self.dim() == kind.dim()
            && is_computed == kind.is_computed()
    }

    /// The element of dense rows; `None` for others.
    #[must_use]
    pub fn element(&self) -> Option<Element> {
        match self {
            Self::F32(_) => Some(Element::F32),
            Self::F16(_) => Some(Element::F16),
            Self::BF16(_) => Some(Element::BF16),
            Self::I8(_) => Some(Element::I8),
            Self::Binary { .. } => Some(Element::Binary),
            Self::Sparse(_) | Self::Bytes(_) => None,
        }
    }

    /// The dimension of dense rows, in components or bits; `None` for sparse ones.
    #[must_use]
    pub fn dim(&self) -> Option<usize> {
        match self {
            Self::F32(rows) => Some(rows.dim),
            Self::F16(rows) => Some(rows.dim),
            Self::BF16(rows) => Some(rows.dim),
            Self::I8(rows) => Some(rows.dim),
            Self::Binary { dim, .. } => Some(*dim),
            Self::Sparse(_) | Self::Bytes(_) => None,
        }
    }

    /// Row `n` of these, checked to be a vector. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when there is no such row; [`ErrorKind::Damaged`] when it
    /// holds no vector.
    pub fn vector(&self, n: usize) -> Result<VectorRef<'a>> {
        if n >= self.len() {
            return Err(Error::new(ErrorKind::ContractViolation, "there is no such row")
                .expected(format_args!("a row below {}", self.len()))
                .found(n));
        }
        self.new_vector(n).map_err(|error| {
            Error::new(ErrorKind::Damaged, "a stored row is no vector").caused_by(error)
        })
    }

    /// Row `n` of new rows, which nothing has checked yet. O(dim).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidVector`] when it holds no vector.
    ///
    /// # Panics
    /// When there is no such row.
    pub(crate) fn new_vector(&self, n: usize) -> Result<VectorRef<'a>> {
        match self {
            Self::F32(rows) => DenseRef::new(rows.row(n)).map(VectorRef::F32),
            Self::F16(rows) => DenseRef::new(rows.row(n)).map(VectorRef::F16),
            Self::BF16(rows) => DenseRef::new(rows.row(n)).map(VectorRef::BF16),
            Self::I8(rows) => DenseRef::new(rows.row(n)).map(VectorRef::I8),
            Self::Binary { dim, rows } => BitsRef::new(*dim, rows.row(n)).map(VectorRef::Binary),
            Self::Sparse(rows) => {
                let (indices, weights) = rows.row(n);
                SparseRef::new(indices, weights).map(VectorRef::Sparse)
            }
            Self::Bytes(_) => {
                Err(Error::new(ErrorKind::ContractViolation, "a computed field holds no vectors"))
            }
        }
    }
}

impl<'a, T> Matrix<'a, T> {
    /// Rows of `dim` components, `stride` apart.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] unless `1 <= dim <= stride <= DIM_MAX` and the components
    /// make whole rows: what a search computes from these numbers can then neither overflow nor
    /// exhaust memory, whatever a backend claims.
    pub fn new(components: &'a [T], dim: usize, stride: usize) -> Result<Self> {
        if dim == 0 || dim > stride || stride > DIM_MAX || !components.len().is_multiple_of(stride)
        {
            return Err(Error::new(
                ErrorKind::ContractViolation,
                "a matrix has an impossible shape",
            )
            .expected(format_args!("1 <= dim <= stride <= {DIM_MAX}, and whole rows"))
            .found(format_args!("dim {dim}, stride {stride}, {} components", components.len())));
        }
        Ok(Self { components, dim, stride })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.components.len() / self.stride
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// The components of a row, without padding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The distance from one row to the next, in components.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All components, padding included: `len * stride` of them.
    #[must_use]
    pub fn components(&self) -> &'a [T] {
        self.components
    }

    /// Row `n`, without padding.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    #[inline]
    pub fn row(&self, n: usize) -> &'a [T] {
        let start = n * self.stride;
        &self.components[start..start + self.dim]
    }
}

impl<'a> Csr<'a> {
    /// Rows of terms: row `n` from `ends[n]` to `ends[n + 1]`. The first term of `indices` and
    /// `weights` is number `ends[0]`, so that some rows of a long column need only their own terms.
    /// O(rows).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when `ends` is empty, sinks or goes past the terms, or there
    /// are not as many weights as indices.
    pub fn new(ends: &'a [u64], indices: &'a [u32], weights: &'a [f32]) -> Result<Self> {
        let terms = indices.len();
        let rises = ends.is_sorted();
        let inside = match (ends.first(), ends.last()) {
            (Some(first), Some(last)) => last.saturating_sub(*first) <= terms as u64,
            _ => false,
        };
        if !rises || !inside || weights.len() != terms {
            return Err(Error::new(
                ErrorKind::ContractViolation,
                "sparse rows have an impossible shape",
            )
            .expected("ends that rise within the terms, and one weight for each index")
            .found(format_args!(
                "{} ends, {terms} indices, {} weights",
                ends.len(),
                weights.len()
            )));
        }
        Ok(Self { ends, indices, weights })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The indices and weights of row `n`, as they are stored.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // `new` has compared the ends with a `usize`
    pub fn row(&self, n: usize) -> (&'a [u32], &'a [f32]) {
        let place = |end: u64| (end - self.ends[0]) as usize;
        let terms = place(self.ends[n])..place(self.ends[n + 1]);
        (&self.indices[terms.clone()], &self.weights[terms])
    }
}

impl<'a> ByteRows<'a> {
    /// Rows of these bytes: `ends[0]` is where the first row begins, and each later end is where a row
    /// ends. Only the differences of the ends count, so `ends[0]` may be any number. O(rows).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the ends don't rise, or go beyond the bytes.
    pub fn new(ends: &'a [u64], bytes: &'a [u8]) -> Result<Self> {
        let inside = match (ends.first(), ends.last()) {
            (Some(first), Some(last)) => last.saturating_sub(*first) <= bytes.len() as u64,
            _ => false,
        };
        if !inside || !ends.is_sorted() {
            return Err(Error::new(
                ErrorKind::ContractViolation,
                "rows of bytes have an impossible shape",
            )
            .expected("ends that rise within the bytes")
            .found(format_args!("{} ends, {} bytes", ends.len(), bytes.len())));
        }
        Ok(Self { ends, bytes })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of row `n`.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // `new` has compared the ends with a `usize`
    pub fn row(&self, n: usize) -> &'a [u8] {
        let place = |end: u64| (end - self.ends[0]) as usize;
        &self.bytes[place(self.ends[n])..place(self.ends[n + 1])]
    }
}

impl fmt::Debug for RowsRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32(rows) => write!(f, "F32({rows:?})"),
            Self::F16(rows) => write!(f, "F16({rows:?})"),
            Self::BF16(rows) => write!(f, "BF16({rows:?})"),
            Self::I8(rows) => write!(f, "I8({rows:?})"),
            Self::Binary { dim, rows } => write!(f, "Binary({dim} bits, {rows:?})"),
            Self::Sparse(rows) => rows.fmt(f),
            Self::Bytes(rows) => rows.fmt(f),
        }
    }
}

impl<T> fmt::Debug for Matrix<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matrix({} × {}, stride {})", self.len(), self.dim, self.stride)
    }
}

impl fmt::Debug for Csr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Csr({} rows)", self.len())
    }
}

impl fmt::Debug for ByteRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteRows({} rows)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_shapes_are_refused() {
        let matrix = |components, dim, stride| {
            Matrix::new(&[0.0_f32; 8][..components], dim, stride).map(|matrix| matrix.len())
        };
        assert_eq!(matrix(8, 3, 4).unwrap(), 2);
        assert_eq!(matrix(0, DIM_MAX, DIM_MAX).unwrap(), 0);
        for (components, dim, stride) in
            [(8, 0, 1), (8, 2, 1), (0, 1, usize::MAX), (0, 1, DIM_MAX + 1), (7, 3, 4), (0, 0, 0)]
        {
            let error = matrix(components, dim, stride).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ContractViolation);
        }
        let csr = |ends: &[u64], weights: usize| {
            Csr::new(ends, &[1, 2, 3], &[1.0; 4][..weights]).map(|rows| rows.len())
        };
        assert_eq!(csr(&[0], 3).unwrap(), 0);
        assert_eq!(csr(&[1, 1, 3], 3).unwrap(), 2);
        assert_eq!(csr(&[1_000, 1_003], 3).unwrap(), 1);
        for (ends, weights) in [(&[][..], 3), (&[2, 1], 3), (&[0, 4], 3), (&[0, 3], 4)] {
            assert_eq!(csr(ends, weights).unwrap_err().kind(), ErrorKind::ContractViolation);
        }
    }

    #[test]
    fn rows_of_bytes_may_be_empty_and_begin_anywhere() {
        let rows = ByteRows::new(&[100, 100, 103], b"abcd").unwrap();
        assert_eq!((rows.len(), rows.row(0), rows.row(1)), (2, &b""[..], &b"abc"[..]));
        assert_eq!(ByteRows::new(&[7], b"").unwrap().len(), 0);
        for (ends, bytes) in [(&[][..], &b"ab"[..]), (&[1, 0], b"ab"), (&[0, 3], b"ab")] {
            let error = ByteRows::new(ends, bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ContractViolation);
        }
        assert!(RowsRef::Bytes(rows).vector(1).is_err());
    }

    #[test]
    fn a_row_is_lent_without_its_padding() {
        let components = [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0];
        let rows = Matrix::new(&components, 3, 4).unwrap();
        assert_eq!((rows.len(), rows.row(1)), (2, [4.0, 5.0, 6.0].as_slice()));
        let rows = RowsRef::F32(rows);
        assert_eq!(rows.vector(0).unwrap().as_f32(), Some([1.0, 2.0, 3.0].as_slice()));
        assert_eq!(rows.vector(2).unwrap_err().kind(), ErrorKind::ContractViolation);
    }

    #[test]
    fn a_row_that_is_no_vector_is_damage() {
        let bad = [f32::NAN];
        let rows = RowsRef::F32(Matrix::new(&bad, 1, 1).unwrap());
        assert_eq!(rows.vector(0).unwrap_err().kind(), ErrorKind::Damaged);
        let rows = RowsRef::Sparse(Csr::new(&[0, 2], &[2, 1], &[1.0, 1.0]).unwrap());
        assert_eq!(rows.vector(0).unwrap_err().kind(), ErrorKind::Damaged);
        let rows = RowsRef::Binary { dim: 4, rows: Matrix::new(&[0xff], 1, 1).unwrap() };
        assert_eq!(rows.vector(0).unwrap_err().kind(), ErrorKind::Damaged);
    }
}
