//! Opening an array on disk.

use std::fs::File;
use std::path::Path;

use iqdb::{Error, ErrorKind, Result};

use super::element::Element;
use super::reader::NpyReader;

/// Opens the array in the file at `path`.
///
/// # Errors
/// [`ErrorKind::Io`] when there is no such file or it can't be read; those of [`NpyReader::new`].
pub fn open<T: Element>(path: &Path) -> Result<NpyReader<T, File>> {
    let name = path.display().to_string();
    let failed = |message: &'static str| {
        Error::new(ErrorKind::Io, message).during(format!("opening {name}"))
    };
    let file =
        File::open(path).map_err(|error| failed("the file can't be opened").caused_by(error))?;
    let metadata =
        file.metadata().map_err(|error| failed("the file's length is unknown").caused_by(error))?;
    if !metadata.is_file() {
        // A pipe or a directory has no length to hold a header against.
        return Err(failed("this is not a regular file").expected("a .npy file"));
    }
    NpyReader::new(name, file, metadata.len())
}
