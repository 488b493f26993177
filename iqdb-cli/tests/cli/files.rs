//! Small .npy files to run the benchmark on.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::run::{Ran, iqdb_in};

/// A directory with .npy files in it.
pub(crate) struct Files(pub(crate) TempDir);

impl Files {
    /// Five points on a line, two queries, and their true nearest rows.
    pub(crate) fn line() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let points = [0.0, 1.0, 2.0, 3.0, 4.0];
        files.floats("base.npy", &points.map(|x| [x, 1.0]));
        files.floats("queries.npy", &[[0.1, 1.0], [3.9, 1.0]]);
        files.integers("truth.npy", &[[0, 1, 2], [4, 3, 2]]);
        files
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn floats<const COLUMNS: usize>(&self, name: &str, rows: &[[f32; COLUMNS]]) {
        let data = rows.as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
        self.write(name, &npy("<f4", rows.len(), COLUMNS, &data));
    }

    pub(crate) fn integers<const COLUMNS: usize>(&self, name: &str, rows: &[[i32; COLUMNS]]) {
        let data = rows.as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
        self.write(name, &npy("<i4", rows.len(), COLUMNS, &data));
    }

    pub(crate) fn bench(&self, args: &[&str]) -> Ran {
        let files = ["--base", "base.npy", "--queries", "queries.npy", "--metric", "euclidean"];
        iqdb_in(self.0.path(), &[&["bench"], &files[..], args].concat())
    }
}

pub(crate) fn npy(descr: &str, rows: usize, columns: usize, data: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}
