//! The naive store's columns, with a defect planted in front of them.

use std::ops::Range;
use std::sync::Arc;

use iqdb_core::{
    Column, Error, ErrorKind, FieldId, Matrix, Result, RowsRef, Snapshot, VectorColumn,
};

use crate::defect::Defect;

/// A column of one block of a snapshot.
#[derive(Debug)]
pub(crate) struct PlantedColumn {
    inner: Arc<dyn Snapshot>,
    i: usize,
    field: FieldId,
    defect: Option<Defect>,
    rows_of: Vec<u32>,
    /// Other rows of `f32` than those of the inner column, with their stride.
    misread: Option<(Vec<f32>, usize)>,
}

impl PlantedColumn {
    pub(crate) fn new(
        inner: &Arc<dyn Snapshot>,
        i: usize,
        field: FieldId,
        defect: Option<Defect>,
    ) -> Result<Self> {
        let column = inner.block(i)?.column(field)?;
        let mut rows_of: Vec<u32> = match column {
            Some(column) => {
                column.rows_of().map_or_else(|| (0..).take(column.len()).collect(), <[u32]>::to_vec)
            }
            None => Vec::new(),
        };
        if defect == Some(Defect::LastVectorIsForgotten) {
            rows_of.pop();
        }
        let misread = column.map(|column| misread(&column, defect)).transpose()?.flatten();
        Ok(Self { inner: inner.clone(), i, field, defect, rows_of, misread })
    }

    fn column(&self) -> Result<Option<Column<'_>>> {
        self.inner.block(self.i)?.column(self.field)
    }
}

/// The rows of a column of `f32`, with the defect in them.
fn misread(column: &Column<'_>, defect: Option<Defect>) -> Result<Option<(Vec<f32>, usize)>> {
    let RowsRef::F32(rows) = column.rows(0..column.len())? else { return Ok(None) };
    let mut components = rows.components().to_vec();
    match defect {
        Some(Defect::PaddingIsDirty) => components[rows.dim()] = f32::from_bits(1),
        Some(Defect::RowsAreRounded) => {
            components.iter_mut().for_each(|x| *x = f32::from_bits(x.to_bits() & !0xfff));
        }
        Some(Defect::RowsAreNaN) => components.fill(f32::NAN),
        _ => return Ok(None),
    }
    Ok(Some((components, rows.stride())))
}

impl VectorColumn for PlantedColumn {
    fn rows_of(&self) -> Option<&[u32]> {
        Some(&self.rows_of)
    }

    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        let start = match self.defect {
            Some(Defect::RangesStartAtZero) => 0,
            _ => range.start,
        };
        let range = start..start + range.len();
        match (&self.misread, self.column()?) {
            (Some((components, stride)), Some(column)) => {
                let rows = &components[range.start * stride..range.end * stride];
                let dim = column.kind().dim().unwrap_or(*stride);
                Matrix::new(rows, dim, *stride).map(RowsRef::F32)
            }
            (None, Some(column)) => column.rows(range),
            (_, None) => Err(Error::new(ErrorKind::ContractViolation, "there is no column")),
        }
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        match self.defect {
            Some(Defect::WantedRowsAreTheFirst) => self.rows(0..range.len()),
            _ => self.rows(range),
        }
    }
}
