//! Opening what a user names: a file of any format, or a folder.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use iqdb::{Element, Error, ErrorKind, Field, FieldKind, Result, Schema, f16};

use super::{
    CsvReader, Delimiter, Format, JsonlReader, MatrixReader, NpyVectors, Paired, Reader, RowHead,
    Rules, VectorLines, Vectors, lines,
};
use crate::{files, npy};

/// How many bytes are read from a file at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Opens the records in `file` for a database of this schema, with the ids and payloads in
/// `payload` when it holds vectors alone. A folder stands for its `base.npy` and, where there is
/// one, its `payload.jsonl`.
///
/// `fields` are the names of the fields that the vectors are of, where the file doesn't say it:
/// those of a file of vectors are of one field, a file of columns has a column per field. Without
/// names it is the one named [`Field::DEFAULT`].
///
/// # Errors
/// [`ErrorKind::Io`] when there is no such file or it can't be read; [`ErrorKind::NotSupported`]
/// for a format that is not read, or a `payload` or `fields` where there can be none;
/// [`ErrorKind::UnknownField`]; [`ErrorKind::Damaged`] when there are not as many payloads as vectors; those of the readers.
pub fn open(
    file: &Path,
    payload: Option<&Path>,
    schema: &Schema,
    fields: &[String],
    rules: &Rules,
) -> Result<Box<dyn Reader>> {
    if file.is_dir() {
        check_no_columns(file, rules)?;
        let beside = Some(file.join("payload.jsonl")).filter(|path| path.exists());
        let payload = payload.map(PathBuf::from).or(beside);
        return paired(&file.join("base.npy"), payload.as_deref(), &one(schema, fields)?);
    }
    let format = Format::of(file)?;
    if format.is_vectors() {
        check_no_columns(file, rules)?;
        return paired(file, payload, &one(schema, fields)?);
    }
    if payload.is_some() {
        return Err(Error::new(ErrorKind::NotSupported, "the file has payloads of its own")
            .during(format!("opening {}", file.display()))
            .expected("a file of vectors alone beside --payload: .npy, .fvecs or .fbin")
            .hint("leave out --payload"));
    }
    if format == Format::Jsonl && !fields.is_empty() {
        return Err(Error::new(ErrorKind::NotSupported, "the file names the fields itself")
            .during(format!("opening {}", file.display()))
            .expected("a file of vectors or of columns beside --field")
            .hint("leave out --field"));
    }
    if format == Format::Jsonl && !rules.texts.is_empty() {
        return Err(Error::new(ErrorKind::NotSupported, "the file says itself what is a text")
            .during(format!("opening {}", file.display()))
            .expected("a file of columns beside --text")
            .hint("put the values in quotes"));
    }
    let opened = files::open(file, "a file of records")?;
    let (name, bytes) = (opened.name, opened.bytes);
    match format {
        Format::Jsonl => {
            let reader = JsonlReader::new(name, buffered(opened.file), bytes);
            Ok(Box::new(reader.with_rules(rules.clone())))
        }
        Format::Csv | Format::Tsv => {
            let fields = some(schema, fields)?;
            let delimiter = if format == Format::Csv { Delimiter::Comma } else { Delimiter::Tab };
            let file = buffered(opened.file);
            Ok(Box::new(CsvReader::new(name, file, delimiter, bytes, &fields, rules)?))
        }
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let fields = some(schema, fields)?;
            Ok(Box::new(super::ParquetReader::new(name, opened.file, fields, rules)?))
        }
        _ => Err(unread(file, format)),
    }
}

/// That there are no rules for columns, which the file has none of.
fn check_no_columns(file: &Path, rules: &Rules) -> Result<()> {
    let Some(flag) = rules.first_flag() else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::NotSupported, "the file has no columns")
        .during(format!("opening {}", file.display()))
        .expected(format_args!("a file of columns beside {flag}"))
        .found("vectors")
        .hint(format!("leave out {flag}")))
}

/// The fields of these names; without any, the one named [`Field::DEFAULT`].
///
/// # Errors
/// [`ErrorKind::UnknownField`], naming those that there are; [`ErrorKind::NotSupported`] for a name
/// that comes twice.
pub(crate) fn some(schema: &Schema, names: &[String]) -> Result<Vec<Field>> {
    let ids = match names {
        [] => vec![schema.default_field()?],
        names => names.iter().map(|name| schema.field(name)).collect::<Result<Vec<_>>>()?,
    };
    if let Some(twice) = names.iter().enumerate().find(|(n, name)| names[..*n].contains(name)) {
        return Err(Error::new(ErrorKind::NotSupported, "a field is named twice")
            .expected("each field once")
            .found(twice.1));
    }
    Ok(ids.into_iter().map(|id| schema.fields()[id.index()].clone()).collect())
}

/// The field of this name; without one, the one named [`Field::DEFAULT`].
///
/// # Errors
/// Those of [`some`]; [`ErrorKind::NotSupported`] for several names.
pub(crate) fn one(schema: &Schema, names: &[String]) -> Result<Field> {
    match some(schema, names)?.as_slice() {
        [field] => Ok(field.clone()),
        _ => Err(Error::new(ErrorKind::NotSupported, "the file has the vectors of one field")
            .expected("one --field")
            .found(names.join(", "))),
    }
}

/// Opens the vectors in `file`, which are of this field: the numbers of a `.npy` file are read as
/// its elements.
///
/// # Errors
/// As those of [`open`].
pub fn open_vectors(file: &Path, field: &Field) -> Result<Box<dyn Vectors>> {
    let format = Format::of(file)?;
    let head = match format {
        Format::Npy => return open_npy(file, field),
        Format::Jsonl => {
            let opened = files::open(file, "a file of vectors")?;
            let reader = buffered(opened.file);
            let (name, bytes) = (opened.name, opened.bytes);
            return Ok(Box::new(VectorLines::new(name, reader, bytes, field.name())));
        }
        Format::Fvecs => RowHead::Dimension,
        Format::Fbin => RowHead::Nothing,
        Format::Csv | Format::Tsv | Format::Parquet => return Err(unread(file, format)),
    };
    let opened = files::open(file, "a file of vectors")?;
    let matrix = MatrixReader::new(opened.name, buffered(opened.file), head, opened.bytes)?;
    Ok(Box::new(matrix))
}

fn open_npy(file: &Path, field: &Field) -> Result<Box<dyn Vectors>> {
    Ok(match field.kind() {
        FieldKind::Dense { element: Element::F32, .. } => {
            Box::new(NpyVectors::new(npy::open::<f32>(file)?))
        }
        FieldKind::Dense { element: Element::F16, .. } => {
            Box::new(NpyVectors::new(npy::open::<f16>(file)?))
        }
        FieldKind::Dense { element: Element::I8, .. } => {
            Box::new(NpyVectors::new(npy::open::<i8>(file)?))
        }
        FieldKind::Dense { element: Element::Binary, dim, .. } => {
            Box::new(NpyVectors::bits(npy::open(file)?, dim))
        }
        kind => {
            return Err(Error::new(ErrorKind::NotSupported, "a .npy file has no such vectors")
                .during(format!("opening {}", file.display()))
                .expected("a field of f32, f16, i8 or bits")
                .found(format_args!("{}: {kind}", field.name()))
                .hint("use a .jsonl file"));
        }
    })
}

fn paired(file: &Path, payload: Option<&Path>, field: &Field) -> Result<Box<dyn Reader>> {
    let vectors = open_vectors(file, field)?;
    let Some(path) = payload else {
        return Ok(Box::new(Paired::<_, BufReader<File>>::alone(vectors, field.name())));
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
    let payloads = buffered(opened.file);
    Ok(Box::new(Paired::alone(vectors, field.name()).with_payloads(opened.name, payloads)))
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
