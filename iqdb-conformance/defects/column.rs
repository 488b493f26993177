//! The naive store's columns, with a defect planted in front of them.

use std::ops::Range;
use std::sync::Arc;

use iqdb_core::filter::MaskPool;
use iqdb_core::{
    Block, Blocks, ByteRows, Column, Element, Error, ErrorKind, FieldId, Matrix, Result, RowMask,
    RowsRef, Snapshot, VectorColumn,
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
    /// The ends and the bytes of computed rows, with the defect in them.
    bytes: Option<(Vec<u64>, Vec<u8>)>,
}

impl PlantedColumn {
    pub(crate) fn new(
        inner: &Arc<dyn Snapshot>,
        i: usize,
        field: FieldId,
        defect: Option<Defect>,
    ) -> Result<Self> {
        let block = blocks_of(&**inner)?.block(i)?;
        let column = block.column(field)?;
        let rows_of = match column {
            Some(column) => misread_rows(&block, &column, defect)?,
            None => Vec::new(),
        };
        let misread = column.map(|column| misread(&block, &column, defect)).transpose()?.flatten();
        let bytes = column.map(|column| misread_bytes(&column, defect)).transpose()?.flatten();
        Ok(Self { inner: inner.clone(), i, field, defect, rows_of, misread, bytes })
    }

    fn column(&self) -> Result<Option<Column<'_>>> {
        blocks_of(&*self.inner)?.block(self.i)?.column(self.field)
    }
}

/// The blocks of a snapshot that has some.
pub(crate) fn blocks_of(snapshot: &dyn Snapshot) -> Result<&dyn Blocks> {
    snapshot
        .blocks()
        .ok_or_else(|| Error::new(ErrorKind::ContractViolation, "the snapshot has no blocks"))
}

/// The block row of each row of a column.
fn all_rows(column: &Column<'_>) -> Vec<u32> {
    column.rows_of().map_or_else(|| (0..).take(column.len()).collect(), <[u32]>::to_vec)
}

/// The block row of each row of a column, with the defect in them.
fn misread_rows(
    block: &Block<'_>,
    column: &Column<'_>,
    defect: Option<Defect>,
) -> Result<Vec<u32>> {
    let mut rows_of = all_rows(column);
    match defect {
        Some(Defect::LastVectorIsForgotten) => drop(rows_of.pop()),
        Some(Defect::ColumnIsOffByOne) => rows_of.iter_mut().for_each(|row| *row += 1),
        Some(Defect::HoleIsLent) if is_f32(column) => {
            rows_of = (0..).take(block.len()).collect();
        }
        Some(Defect::RowsAreOfAnotherField) => {
            let first = FieldId::new(0).map(|first| block.column(first)).transpose()?.flatten();
            let other = first.map_or_else(Vec::new, |first| all_rows(&first));
            if let Some(other) = other.get(..rows_of.len()) {
                rows_of = other.to_vec();
            }
        }
        Some(Defect::EmptyBytesAreNone) if column.kind().is_computed() => {
            let mut kept = Vec::new();
            for (n, row) in rows_of.into_iter().enumerate() {
                if !column.bytes(n)?.is_empty() {
                    kept.push(row);
                }
            }
            rows_of = kept;
        }
        Some(Defect::DeadRowsStandIn) => {
            let mut alive = RowMask::new();
            block.select(0..block.len(), None, &mut alive, &mut MaskPool::default())?;
            rows_of.retain(|row| alive.contains(*row as usize));
        }
        _ => {}
    }
    Ok(rows_of)
}

fn is_f32(column: &Column<'_>) -> bool {
    column.kind().element() == Some(Element::F32)
}

/// The rows of a column of `f32` and their stride, with the defect in them.
fn misread(
    block: &Block<'_>,
    column: &Column<'_>,
    defect: Option<Defect>,
) -> Result<Option<(Vec<f32>, usize)>> {
    let RowsRef::F32(rows) = column.rows(0..column.len())? else { return Ok(None) };
    let mut components = rows.components().to_vec();
    match defect {
        Some(Defect::PaddingIsDirty) => components[rows.dim()] = f32::from_bits(1),
        Some(Defect::RowsAreRounded) => {
            components.iter_mut().for_each(|x| *x = f32::from_bits(x.to_bits() & !0xfff));
        }
        Some(Defect::RowsAreNaN) => components.fill(f32::NAN),
        Some(Defect::HoleIsLent) => {
            let mut with_holes = vec![0.0; block.len() * rows.stride()];
            for n in 0..column.len() {
                let start = column.block_row(n) * rows.stride();
                with_holes[start..start + rows.dim()].copy_from_slice(rows.row(n));
            }
            components = with_holes;
        }
        _ => return Ok(None),
    }
    Ok(Some((components, rows.stride())))
}

/// The ends and the bytes of the rows of a computed column, with the defect in them.
fn misread_bytes(
    column: &Column<'_>,
    defect: Option<Defect>,
) -> Result<Option<(Vec<u64>, Vec<u8>)>> {
    if !column.kind().is_computed() {
        return Ok(None);
    }
    let (mut ends, mut bytes) = (vec![0], Vec::new());
    for n in 0..column.len() {
        let row = column.bytes(n)?;
        match defect {
            Some(Defect::EmptyBytesAreNone) if row.is_empty() => continue,
            Some(Defect::EmptyBytesAreNone) => bytes.extend_from_slice(row),
            Some(Defect::BytesAreCutAt255) => bytes.extend_from_slice(&row[..row.len() % 256]),
            _ => return Ok(None),
        }
        ends.push(bytes.len() as u64);
    }
    Ok(Some((ends, bytes)))
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
        if let Some((ends, bytes)) = &self.bytes {
            let ends = &ends[range.start..=range.end];
            let first = usize::try_from(ends[0]).unwrap_or(usize::MAX);
            return ByteRows::new(ends, &bytes[first..]).map(RowsRef::Bytes);
        }
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
