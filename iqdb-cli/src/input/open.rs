//! Opening what a user names: a file of any format, or a folder.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use iqdb::{Error, ErrorKind, Result};

use super::{
    CsvReader, Format, JsonlReader, MatrixReader, NpyVectors, Paired, Reader, RowHead, VectorLines,
    Vectors, lines,
};
use crate::{files, npy};

/// How many bytes are read from a file at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Opens the records in `file`, with the ids and payloads in `payload` when it holds vectors alone.
/// A folder stands for its `base.npy` and, where there is one, its `payload.jsonl`.
///
/// # Errors
/// [`ErrorKind::Io`] when there is no such file or it can't be read; [`ErrorKind::NotSupported`]
/// for a format that is not read, or a `payload` where there can be none;
/// [`ErrorKind::Damaged`] when there are not as many payloads as vectors; those of the readers.
pub fn open(file: &Path, payload: Option<&Path>) -> Result<Box<dyn Reader>> {
    if file.is_dir() {
        let beside = Some(file.join("payload.jsonl")).filter(|path| path.exists());
        let payload = payload.map(PathBuf::from).or(beside);
        return paired(&file.join("base.npy"), payload.as_deref());
    }
    let format = Format::of(file)?;
    if format.is_vectors() {
        return paired(file, payload);
    }
    if payload.is_some() {
        return Err(Error::new(ErrorKind::NotSupported, "the file has payloads of its own")
            .during(format!("opening {}", file.display()))
            .expected("a file of vectors alone beside --payload: .npy, .fvecs or .fbin")
            .hint("leave out --payload"));
    }
    let opened = files::open(file, "a file of records")?;
    let (name, bytes) = (opened.name, opened.bytes);
    match format {
        Format::Jsonl => Ok(Box::new(JsonlReader::new(name, buffered(opened.file), bytes))),
        Format::Csv => Ok(Box::new(CsvReader::new(name, buffered(opened.file), bytes)?)),
        #[cfg(feature = "parquet")]
        Format::Parquet => Ok(Box::new(super::ParquetReader::new(name, opened.file)?)),
        _ => Err(unread(file, format)),
    }
}

/// Opens the vectors in `file`.
///
/// # Errors
/// As those of [`open`].
pub fn open_vectors(file: &Path) -> Result<Box<dyn Vectors>> {
    let format = Format::of(file)?;
    let head = match format {
        Format::Npy => return Ok(Box::new(NpyVectors::new(npy::open(file)?))),
        Format::Jsonl => {
            let opened = files::open(file, "a file of vectors")?;
            let reader = buffered(opened.file);
            return Ok(Box::new(VectorLines::new(opened.name, reader, opened.bytes)));
        }
        Format::Fvecs => RowHead::Dimension,
        Format::Fbin => RowHead::Nothing,
        Format::Csv | Format::Parquet => return Err(unread(file, format)),
    };
    let opened = files::open(file, "a file of vectors")?;
    let matrix = MatrixReader::new(opened.name, buffered(opened.file), head, opened.bytes)?;
    Ok(Box::new(matrix))
}

fn paired(file: &Path, payload: Option<&Path>) -> Result<Box<dyn Reader>> {
    let vectors = open_vectors(file)?;
    let Some(path) = payload else {
        return Ok(Box::new(Paired::<_, BufReader<File>>::alone(vectors)));
    };
    let opened = || files::open(path, "a .jsonl file of ids and payloads");
    // Lines and vectors belong together by their number alone. If one is missing, whatever comes
    // after it would be wrong, so that is found out before anything is written.
    let first = opened()?;
    let found = lines::count(buffered(first.file))
        .map_err(|error| error.during(format!("reading {}", first.name)))?;
    let expected = vectors.progress().total;
    if found != expected {
        return Err(Error::new(ErrorKind::Damaged, "the payloads don't belong to the vectors")
            .during(format!("reading {}", first.name))
            .expected(format_args!("{expected} lines, as many as {} has rows", vectors.name()))
            .found(format_args!("{found} lines")));
    }
    let opened = opened()?;
    Ok(Box::new(Paired::with_payloads(vectors, opened.name, buffered(opened.file))))
}

fn buffered(file: File) -> BufReader<File> {
    BufReader::with_capacity(BUFFER_BYTES, file)
}

fn unread(file: &Path, format: Format) -> Error {
    let error = Error::new(ErrorKind::NotSupported, "files of this format are not read here")
        .during(format!("opening {}", file.display()));
    match format {
        Format::Parquet => error.hint("build iqdb-cli with the feature parquet to import them"),
        _ => error.expected(".npy, .fvecs, .fbin or .jsonl"),
    }
}
