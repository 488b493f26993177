//! Reading and writing `.npy` matrices.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use npyz::{AutoSerialize, Deserialize, NpyFile, WriterBuilder};

use crate::Result;

/// Rows of equal length, one after another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix<T> {
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) items: Vec<T>,
}

impl<T> Matrix<T> {
    pub(crate) fn row(&self, row: usize) -> &[T] {
        &self.items[row * self.dim..][..self.dim]
    }
}

/// Reads a matrix, or a vector as a matrix of one column.
pub(crate) fn read<T: Deserialize>(path: &Path) -> Result<Matrix<T>> {
    let failed =
        |error: &dyn std::fmt::Display| format!("{} can't be read: {error}", path.display());
    let file = File::open(path).map_err(|error| failed(&error))?;
    let npy = NpyFile::new(BufReader::with_capacity(1 << 20, file)).map_err(|e| failed(&e))?;
    let (rows, dim) = match *npy.shape() {
        [rows] => (rows as usize, 1),
        [rows, dim] => (rows as usize, dim as usize),
        ref shape => return Err(failed(&format!("its shape is {shape:?}"))),
    };
    let items = npy.into_vec().map_err(|error| failed(&error))?;
    Ok(Matrix { rows, dim, items })
}

/// Writes a matrix, whole or not at all.
pub(crate) fn write<T: AutoSerialize>(path: &Path, matrix: &Matrix<T>) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| format!("{} can't be written: {e}", path.display());
    let partial = path.with_extension("partial");
    let file = BufWriter::with_capacity(1 << 20, File::create(&partial).map_err(|e| failed(&e))?);
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(&[matrix.rows as u64, matrix.dim as u64])
        .writer(file)
        .begin_nd()
        .map_err(|error| failed(&error))?;
    writer.extend(&matrix.items).map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    std::fs::rename(&partial, path).map_err(|error| failed(&error))
}
