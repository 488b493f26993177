//! A file that appears when it is complete, or not at all.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use iqdb::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

/// How many bytes are written to the file at once.
const BUFFER_BYTES: usize = 1 << 20;

/// A file in the making, beside where it will be.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    replace: bool,
    file: BufWriter<NamedTempFile>,
}

impl NewFile {
    /// Begins the file that will be at `path`; where there is one already, only to `replace` it.
    pub(super) fn create(path: &Path, replace: bool) -> Result<Self> {
        if !replace && path.exists() {
            return Err(exists(path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        // As for any new file, the umask decides which users may read it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| failed(path, error))?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(Self { path: path.to_owned(), replace, file })
    }

    /// Appends these bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| self.failed(error))
    }

    /// What went wrong when this file was being written.
    pub(super) fn failed(&self, error: io::Error) -> Error {
        failed(&self.path, error)
    }

    /// Makes the file appear.
    pub(super) fn finish(self) -> Result<()> {
        let Self { path, replace, file } = self;
        let file = file.into_inner().map_err(|error| failed(&path, error.into_error()))?;
        file.as_file().sync_all().map_err(|error| failed(&path, error))?;
        let persisted = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
        match persisted {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&path)),
            Err(error) => Err(failed(&path, error.error)),
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, "the file can't be written")
        .during(format!("writing {}", path.display()))
        .caused_by(error)
}

fn exists(path: &Path) -> Error {
    Error::new(ErrorKind::Io, "the file is there already")
        .during(format!("writing {}", path.display()))
        .expected("a file that is not there yet")
        .hint("replace it with --force")
}
