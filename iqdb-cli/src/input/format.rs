//! The formats, and which one a file has by its name.

use std::path::Path;

use iqdb::{Error, ErrorKind, Result};

/// A format of records or vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A numpy matrix, one vector per row.
    Npy,
    /// Per row its dimension, then its components.
    Fvecs,
    /// The number of rows and the dimension, then all components.
    Fbin,
    /// A JSON object per line.
    Jsonl,
    /// Columns with names, separated by commas.
    Csv,
    /// Columns with names, separated by tabs.
    Tsv,
    /// Columns with names and types.
    Parquet,
}

const ALL: [(Format, &str); 7] = [
    (Format::Npy, "npy"),
    (Format::Fvecs, "fvecs"),
    (Format::Fbin, "fbin"),
    (Format::Jsonl, "jsonl"),
    (Format::Csv, "csv"),
    (Format::Tsv, "tsv"),
    (Format::Parquet, "parquet"),
];

impl Format {
    /// The format that the file's extension names, in either case.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] for any other extension, or none.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default();
        let format = ALL.iter().find(|(_, name)| extension.eq_ignore_ascii_case(name));
        format.map(|(format, _)| *format).ok_or_else(|| {
            Error::new(ErrorKind::NotSupported, "the file's name does not say its format")
                .during(format!("opening {}", path.display()))
                .expected(ALL.map(|(_, name)| format!(".{name}")).join(", "))
                .found(if extension.is_empty() {
                    "no extension".to_owned()
                } else {
                    format!(".{}", extension.display())
                })
        })
    }

    /// Whether it holds vectors alone, so that ids and payloads stand in a file of their own.
    #[must_use]
    pub fn is_vectors(self) -> bool {
        matches!(self, Self::Npy | Self::Fvecs | Self::Fbin)
    }
}
