//! Opening what a user names: regular files only.

use std::fs::File;
use std::path::Path;

use iqdb::{Error, ErrorKind, Result};

/// A regular file, its name for errors, and its length in bytes.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// Opens the file at `path` to read it; `expected` says what it should be.
///
/// A pipe or a directory has no length to hold its content against, and opening a pipe waits for a
/// process that writes to it: `open` refuses both.
pub(crate) fn open(path: &Path, expected: &'static str) -> Result<Opened> {
    let name = path.display().to_string();
    let failed = |message: &'static str| {
        Error::new(ErrorKind::Io, message).during(format!("opening {name}"))
    };
    let cannot_open = |error| failed("the file can't be opened").caused_by(error);
    if !std::fs::metadata(path).map_err(cannot_open)?.is_file() {
        return Err(failed("this is not a regular file").expected(expected));
    }
    let file = File::open(path).map_err(cannot_open)?;
    let metadata =
        file.metadata().map_err(|error| failed("the file's length is unknown").caused_by(error))?;
    Ok(Opened { file, name, bytes: metadata.len() })
}
