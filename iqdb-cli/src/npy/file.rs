//! Opening an array on disk.

use std::fs::File;
use std::path::Path;

use iqdb::Result;

use super::element::Element;
use super::reader::NpyReader;
use crate::files;

/// Opens the array in the file at `path`.
///
/// # Errors
/// [`ErrorKind::Io`](iqdb::ErrorKind::Io) when there is no such file or it can't be read; those of [`NpyReader::new`].
pub fn open<T: Element>(path: &Path) -> Result<NpyReader<T, File>> {
    let opened = files::open(path, "a .npy file")?;
    NpyReader::new(opened.name, opened.file, opened.bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use iqdb::ErrorKind;

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
