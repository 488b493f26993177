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
    let cannot_open = |error| failed("the file can't be opened").caused_by(error);
    // A pipe or a directory has no length to hold a header against, and opening a pipe waits for
    // somebody to write to it.
    if !std::fs::metadata(path).map_err(cannot_open)?.is_file() {
        return Err(failed("this is not a regular file").expected("a .npy file"));
    }
    let file = File::open(path).map_err(cannot_open)?;
    let metadata =
        file.metadata().map_err(|error| failed("the file's length is unknown").caused_by(error))?;
    NpyReader::new(name, file, metadata.len())
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_pipe_is_refused_without_waiting_for_a_writer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = open::<f32>(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(error.expectation(), Some("a .npy file"));
    }
}
