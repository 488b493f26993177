//! An owned vector column, for backends that keep records in plain memory.

use std::ops::Range;

use half::{bf16, f16};

use crate::{
    Csr, Element, Error, ErrorKind, FieldKind, Matrix, Result, RowsRef, VectorColumn, VectorRef,
};

/// A growing [`VectorColumn`] in plain memory, without padding between its rows.
#[derive(Debug, Clone)]
pub struct ColumnBuf {
    dim: usize,
    rows_of: Vec<u32>,
    components: Components,
}

#[derive(Debug, Clone)]
enum Components {
    F32(Vec<f32>),
    F16(Vec<f16>),
    BF16(Vec<bf16>),
    I8(Vec<i8>),
    Binary(Vec<u8>),
    Sparse { ends: Vec<u64>, indices: Vec<u32>, weights: Vec<f32> },
}

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
            None => Components::Sparse { ends: vec![0], indices: Vec::new(), weights: Vec::new() },
        };
        Self { dim: kind.dim().unwrap_or(0), rows_of: Vec::new(), components }
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
    Error::new(
        ErrorKind::ContractViolation,
        "a vector was appended to a column that it doesn't fit",
    )
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
        }
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}
