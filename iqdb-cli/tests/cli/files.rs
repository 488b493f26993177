//! Small files and databases to run commands on.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::run::{Ran, iqdb_in};

/// Four records.
pub(crate) const WORDS: &str = r#"{"id":"sea","vector":[1.0,0.0],"payload":{"lang":"en","year":1200}}
{"id":"Meer","vector":[1.0,0.5],"payload":{"lang":"de"}}
{"id":"7","vector":[-0.0,3.0],"payload":{"lang":"fr","tags":["a",null]}}
{"id":7,"vector":[9.0,9.0]}
"#;

/// A directory with files in it.
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

    /// An empty directory.
    pub(crate) fn none() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A database `db` with four words in two dimensions.
    pub(crate) fn words() -> Self {
        let files = Self::none();
        files.write("words.jsonl", WORDS.as_bytes());
        files.ok(&["create", "db", "--dim", "2", "--metric", "euclidean"]);
        files.ok(&["import", "db", "words.jsonl"]);
        files
    }

    /// Runs a command here.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        iqdb_in(self.0.path(), args)
    }

    /// Runs a command here that succeeds without a word on standard error; returns what it says.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{args:?}");
        ran.out
    }

    /// The records of `db`, in the order of their lines.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<String> {
        self.ok(&["export", "db", "all.jsonl", "--force"]);
        let text = fs::read_to_string(self.path("all.jsonl")).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
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
