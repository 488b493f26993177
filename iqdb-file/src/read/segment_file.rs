//! Opens the files of segments and columns, and reads their headers and footers.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use iqdb_core::Result;

use crate::errors::{damaged, refused};
use crate::format::file_head::check_header;
use crate::format::file_name::FileName;
use crate::format::segment::footer::{Footer, Seal, TRAILER};
use crate::format::segment::header::fields_in;
use crate::format::segment::layout::{HEADER, Shape};
use crate::read::context::SegmentContext;
use crate::vfs::{Access, File, FileExt};

/// Opens a file that a manifest names.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) when it is missing;
/// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
pub(super) fn open_named(context: &SegmentContext<'_>, name: FileName) -> Result<Arc<dyn File>> {
    let path = context.dir.path_of(name);
    let file = context.dir.file(name, Access::Read).map_err(|error| match error.kind() {
        ErrorKind::NotFound => damaged(&path, "a file of the database is missing").caused_by(error),
        _ => refused(&path, "opened", error),
    })?;
    Ok(file.into())
}

/// The shape of the segment in this file: that of the first fields of the schema, as many as the
/// header says. Fields may have been added since it was written. [`read_footer`] checks the header.
///
/// # Errors
/// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
pub(super) fn written_shape(file: &dyn File, path: &Path, shape: &Shape) -> Result<Shape> {
    let mut header = vec![0; HEADER];
    match file.read_exact_at(&mut header, 0) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(shape.clone()),
        read => {
            read.map_err(|error| refused(path, "read", error))?;
            shape.of_first(fields_in(&header))
        }
    }
}

/// Reads and checks header and footer. O(length of the footer), which is about a thousandth of the
/// file's.
///
/// # Errors
/// [`ErrorKind::Damaged`](iqdb_core::ErrorKind::Damaged) when the file is not the one that was sealed;
/// [`ErrorKind::NotSupported`](iqdb_core::ErrorKind::NotSupported) when a later version wrote it;
/// [`ErrorKind::Io`](iqdb_core::ErrorKind::Io).
pub(super) fn read_footer(
    file: &dyn File,
    path: &Path,
    expected_header: &[u8],
    seal: Seal,
    shape: &Shape,
) -> Result<Footer> {
    let io = |error| refused(path, "read", error);
    let len = file.len().map_err(io)?;
    if len != seal.file_len || len < (HEADER + TRAILER) as u64 {
        return Err(damaged(path, "it has the wrong length")
            .expected(format_args!("{} bytes", seal.file_len))
            .found(format_args!("{len} bytes")));
    }
    let mut header = vec![0; HEADER];
    file.read_exact_at(&mut header, 0).map_err(io)?;
    check_header(path, &header, expected_header)?;
    let mut trailer = [0; TRAILER];
    file.read_exact_at(&mut trailer, len - TRAILER as u64).map_err(io)?;
    let Some(start) = Footer::start(&trailer, len) else {
        return Err(damaged(path, "its last bytes are not what was written"));
    };
    // The footer is no longer than the file.
    let footer_len = len - TRAILER as u64 - start;
    let mut bytes = vec![0; usize::try_from(footer_len).unwrap_or(0)];
    file.read_exact_at(&mut bytes, start).map_err(io)?;
    Footer::decode_sealed((&header, &bytes, &trailer), start, path, seal, shape)
}
