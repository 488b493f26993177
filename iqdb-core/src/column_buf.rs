//! An owned vector column, for backends that keep records in plain memory.

use std::ops::Range;

use half::{bf16, f16};

use crate::field::takes_no_vectors;
use crate::{
    ByteRows, Csr, Element, Error, ErrorKind, FieldKind, Matrix, Result, RowsRef, VectorColumn,
    VectorRef,
};

/// A growing [`VectorColumn`] in plain memory, without padding between its rows.
#[derive(Debug, Clone)]
pub struct ColumnBuf {
    dim: usize,
    rows_of: Vec<u32>,
    components: Components,
}

/// The components of many vectors, one vector after the other.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Components {
    /// Of `f32`.
    F32(Vec<f32>),
    /// Of [`struct@f16`].
    F16(Vec<f16>),
    /// Of [`bf16`].
    BF16(Vec<bf16>),
    /// Of `i8`.
    I8(Vec<i8>),
    /// Bits, each vector in whole bytes as in [`Vector::binary`](crate::Vector::binary).
    Binary(Vec<u8>),
    /// Terms: vector `n` has those from `ends[n]` to `ends[n + 1]`, and `ends[0]` is 0.
    Sparse {
        /// Where each vector ends, after a 0.
        ends: Vec<u64>,
        /// The indices of all terms.
        indices: Vec<u32>,
        /// The weights of all terms.
        weights: Vec<f32>,
    },
    /// What core computed: row `n` has the bytes from `ends[n]` to `ends[n + 1]`, and `ends[0]` is 0.
    Bytes {
        /// Where each row ends, after a 0.
        ends: Vec<u64>,
        /// The bytes of all rows.
        bytes: Vec<u8>,
    },
}

impl Components {
    fn element(&self) -> Option<Element> {
        match self {
            Self::F32(_) => Some(Element::F32),
            Self::F16(_) => Some(Element::F16),
            Self::BF16(_) => Some(Element::BF16),
            Self::I8(_) => Some(Element::I8),
            Self::Binary(_) => Some(Element::Binary),
            Self::Sparse { .. } | Self::Bytes { .. } => None,
        }
    }

    /// How many vectors of this dimension there are.
    fn rows(&self, dim: usize) -> Result<usize> {
        let (items, row) = match self {
            Self::F32(items) => (items.len(), dim),
            Self::F16(items) => (items.len(), dim),
            Self::BF16(items) => (items.len(), dim),
            Self::I8(items) => (items.len(), dim),
            Self::Binary(bytes) => (bytes.len(), dim.div_ceil(8)),
            Self::Sparse { ends, indices, weights } => {
                let whole =
                    ends.first() == Some(&0) && ends.last() == Some(&(indices.len() as u64));
                let rows = Csr::new(ends, indices, weights).map(|rows| rows.len());
                return rows.ok().filter(|_| whole).ok_or_else(|| {
                    Error::new(
                        ErrorKind::InvalidVector,
                        "the ends of the vectors don't fit the terms",
                    )
                });
            }
            Self::Bytes { ends, bytes } => {
                return ByteRows::new(ends, bytes).map(|rows| rows.len());
            }
        };
        if row > 0 && items.is_multiple_of(row) {
            return Ok(items / row);
        }
        Err(Error::new(ErrorKind::InvalidVector, "the column has no whole vectors")
            .expected(format_args!("a multiple of {row} items"))
            .found(items))
    }

    /// Keeps the first `rows` vectors.
    fn truncate(&mut self, rows: usize, dim: usize) {
        match self {
            Self::F32(items) => items.truncate(rows * dim),
            Self::F16(items) => items.truncate(rows * dim),
            Self::BF16(items) => items.truncate(rows * dim),
            Self::I8(items) => items.truncate(rows * dim),
            Self::Binary(bytes) => bytes.truncate(rows * dim.div_ceil(8)),
            Self::Sparse { ends, indices, weights } => {
                ends.truncate(rows + 1);
                // No more than the terms there are.
                let terms = ends.last().map_or(0, |end| usize::try_from(*end).unwrap_or(0));
                indices.truncate(terms);
                weights.truncate(terms);
            }
            Self::Bytes { ends, bytes } => {
                ends.truncate(rows + 1);
                bytes.truncate(ends.last().map_or(0, |end| usize::try_from(*end).unwrap_or(0)));
            }
        }
    }
}

macro_rules! components {
    ($($variant:ident: $item:ty),*) => {$(
        impl From<Vec<$item>> for Components {
            fn from(items: Vec<$item>) -> Self {
                Self::$variant(items)
            }
        }
    )*};
}

components!(F32: f32, F16: f16, BF16: bf16, I8: i8, Binary: u8);

impl ColumnBuf {
    /// An empty column of a field of this kind.
    #[must_use]
    pub fn new(kind: FieldKind) -> Self {
        let components = match kind.element() {
            Some(Element::F32) => Components::F32(Vec::new()),
            Some(Element::F16) => Components::F16(Vec::new()),
            Some(Element::BF16) => Components::BF16(Vec::new()),
            Some(Element::I8) => Components::I8(Vec::new()),
            Some(Element::Binary) => Components::Binary(Vec::new()),
            None if kind.is_computed() => Components::Bytes { ends: vec![0], bytes: Vec::new() },
            None => Components::Sparse { ends: vec![0], indices: Vec::new(), weights: Vec::new() },
        };
        Self { dim: kind.dim().unwrap_or(0), rows_of: Vec::new(), components }
    }

    /// A column with a vector for each row from the first on: `components`, one vector after the
    /// other, which are not copied. O(rows).
    ///
    /// # Errors
    /// [`ErrorKind::ElementMismatch`] when the field's element is another; [`ErrorKind::InvalidVector`]
    /// when the components don't make whole vectors of its dimension. What the vectors hold is checked
    /// by who takes the column. A computed field takes no components.
    pub fn from_components(kind: FieldKind, components: impl Into<Components>) -> Result<Self> {
        let components = components.into();
        if kind.is_computed() || matches!(components, Components::Bytes { .. }) {
            return Err(takes_no_vectors(kind));
        }
        if components.element() != kind.element() {
            return Err(Error::new(
                ErrorKind::ElementMismatch,
                "the column is not of the field's element",
            )
            .expected(kind.element().map_or("sparse", Element::as_str))
            .found(components.element().map_or("sparse", Element::as_str)));
        }
        let dim = kind.dim().unwrap_or(0);
        let rows = components.rows(dim)?;
        let too_many = |_| Error::new(ErrorKind::InvalidVector, "the column has too many vectors");
        let rows = u32::try_from(rows).map_err(too_many)?;
        Ok(Self { dim, rows_of: (0..rows).collect(), components })
    }

    /// How many vectors there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows_of.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows_of.is_empty()
    }

    /// Forgets the vectors and keeps the memory.
    pub fn clear(&mut self) {
        self.rows_of.clear();
        self.components.truncate(0, self.dim);
    }

    /// Forgets the vector of a block row, if it is the last one.
    pub(crate) fn pop(&mut self, block_row: u32) {
        if self.rows_of.pop_if(|last| *last == block_row).is_some() {
            self.components.truncate(self.rows_of.len(), self.dim);
        }
    }

    /// Appends the bytes that core computed for a block row, above those of the rows before.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the block row doesn't rise, or the column is not that of a
    /// computed field.
    pub fn push_bytes(&mut self, block_row: u32, row: &[u8]) -> Result<()> {
        let rises = self.rows_of.last().is_none_or(|last| *last < block_row);
        match &mut self.components {
            Components::Bytes { ends, bytes } if rises => {
                bytes.extend_from_slice(row);
                ends.push(bytes.len() as u64);
            }
            _ => return Err(unfitting()),
        }
        self.rows_of.push(block_row);
        Ok(())
    }

    /// Appends the vector of a block row, above those of the rows before.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the block row doesn't rise, or the vector is of another
    /// kind: [`FieldKind::check_vector`] comes first.
    pub fn push(&mut self, block_row: u32, vector: VectorRef<'_>) -> Result<()> {
        let rises = self.rows_of.last().is_none_or(|last| *last < block_row);
        if !rises || vector.dim().is_some_and(|dim| dim != self.dim) {
            return Err(unfitting());
        }
        match (&mut self.components, vector) {
            (Components::F32(column), VectorRef::F32(vector)) => column.extend_from_slice(&vector),
            (Components::F16(column), VectorRef::F16(vector)) => column.extend_from_slice(&vector),
            (Components::BF16(column), VectorRef::BF16(vector)) => {
                column.extend_from_slice(&vector);
            }
            (Components::I8(column), VectorRef::I8(vector)) => column.extend_from_slice(&vector),
            (Components::Binary(column), VectorRef::Binary(vector)) => {
                column.extend_from_slice(vector.bytes());
            }
            (Components::Sparse { ends, indices, weights }, VectorRef::Sparse(vector)) => {
                indices.extend_from_slice(vector.indices());
                weights.extend_from_slice(vector.weights());
                ends.push(indices.len() as u64);
            }
            _ => return Err(unfitting()),
        }
        self.rows_of.push(block_row);
        Ok(())
    }
}

fn unfitting() -> Error {
    Error::new(ErrorKind::ContractViolation, "a row was appended to a column that it doesn't fit")
}

impl VectorColumn for ColumnBuf {
    fn rows_of(&self) -> Option<&[u32]> {
        Some(&self.rows_of)
    }

    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        let dim = self.dim;
        let cut = range.start * dim..range.end * dim;
        match &self.components {
            Components::F32(column) => Matrix::new(&column[cut], dim, dim).map(RowsRef::F32),
            Components::F16(column) => Matrix::new(&column[cut], dim, dim).map(RowsRef::F16),
            Components::BF16(column) => Matrix::new(&column[cut], dim, dim).map(RowsRef::BF16),
            Components::I8(column) => Matrix::new(&column[cut], dim, dim).map(RowsRef::I8),
            Components::Binary(column) => {
                let bytes = dim.div_ceil(8);
                let rows = &column[range.start * bytes..range.end * bytes];
                Ok(RowsRef::Binary { dim, rows: Matrix::new(rows, bytes, bytes)? })
            }
            Components::Sparse { ends, indices, weights } => {
                let ends = &ends[range.start..=range.end];
                let place = |end: u64| usize::try_from(end).unwrap_or(usize::MAX);
                let terms = place(ends[0])..place(ends[ends.len() - 1]);
                Csr::new(ends, &indices[terms.clone()], &weights[terms]).map(RowsRef::Sparse)
            }
            Components::Bytes { ends, bytes } => {
                let ends = &ends[range.start..=range.end];
                let place = |end: u64| usize::try_from(end).unwrap_or(usize::MAX);
                let cut = place(ends[0])..place(ends[ends.len() - 1]);
                ByteRows::new(ends, &bytes[cut]).map(RowsRef::Bytes)
            }
        }
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}
