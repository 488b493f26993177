//! Opens a database, and makes one where there is none.

use std::io;
use std::path::Path;

use iqdb_core::{Error, ErrorKind, Result, Schema};

use crate::errors::refused;
use crate::files::database_dir::DatabaseDir;
use crate::files::lock::Lock;
use crate::files::manifest_file::newest;
use crate::format::file_name::FileName;
use crate::format::schema::check_codes;
use crate::lifecycle::create;
use crate::lifecycle::fill::empty;
use crate::lifecycle::recovery::{no_database, recover};
use crate::options::FileOptions;
use crate::vfs::Sharing;
use crate::write::writer::Writer;

/// Makes a database. The errors of this module don't say yet which call failed.
///
/// # Errors
/// Those of [`FileStore::create`](crate::FileStore::create).
pub(crate) fn create(path: &Path, schema: Schema, options: &FileOptions) -> Result<Writer> {
    check_codes(&schema)?;
    let (dir, lock) = create::create(path, options, &empty(schema))?;
    recover(&dir, options, lock)
}

/// Opens a database, to be read only or to be written.
///
/// # Errors
/// Those of [`FileStore::open`](crate::FileStore::open).
pub(crate) fn open(path: &Path, options: &FileOptions, read_only: bool) -> Result<Writer> {
    let options = &FileOptions { read_only, ..options.clone() };
    let dir = create::opened(path, options)?.ok_or_else(|| no_database(path))?;
    if !has_files(&dir)? {
        return Err(no_database(path));
    }
    let sharing = if read_only { Sharing::Shared } else { Sharing::Exclusive };
    let lock = Lock::take(&dir, sharing)?;
    recover(&dir, options, lock)
}

/// Opens a database, or makes it when there is none. An existing one may have another schema.
///
/// # Errors
/// Those of [`create`] and [`open`].
pub(crate) fn open_or_create(
    path: &Path,
    schema: &Schema,
    options: &FileOptions,
) -> Result<Writer> {
    let (dir, lock) = open_or_make(path, schema, options)?;
    recover(&dir, options, lock)
}

/// # Errors
/// [`ErrorKind::InvalidSchema`] unless the database has the fields of `expected`, and maybe others
/// that were added since.
pub(crate) fn check_schema(path: &Path, expected: &Schema, found: &Schema) -> Result<()> {
    if found.fields().starts_with(expected.fields()) {
        return Ok(());
    }
    let what = format!("{}: the database has another schema", path.display());
    Err(Error::new(ErrorKind::InvalidSchema, what)
        .expected(expected)
        .found(found)
        .hint("open it with its own schema, or choose another directory"))
}

/// How often another process may make and remove the directory meanwhile.
const TRIES: usize = 8;

fn open_or_make(
    path: &Path,
    schema: &Schema,
    options: &FileOptions,
) -> Result<(DatabaseDir, Lock)> {
    let fill = empty(schema.clone());
    let mut made = Err(no_database(path));
    for _ in 0..TRIES {
        if let Some(dir) = create::opened(path, options)?
            && has_files(&dir)?
        {
            let lock = Lock::take(&dir, Sharing::Exclusive)?;
            if newest(&dir)?.is_some() {
                return Ok((dir, lock));
            }
        }
        check_codes(schema)?;
        made = create::create(path, options, &fill);
        match &made {
            // Another caller was faster.
            Err(error) if is_there(error) && has_database(path, options)? => {}
            _ => return made,
        }
    }
    made
}

fn is_there(error: &Error) -> bool {
    use std::error::Error as _;
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::AlreadyExists)
}

fn has_database(path: &Path, options: &FileOptions) -> Result<bool> {
    let Some(dir) = create::opened(path, options)? else { return Ok(false) };
    let names = dir.names().map_err(|error| refused(dir.path(), "listed", error))?;
    // No lock is held, and a writer may replace the manifest meanwhile: its name is enough.
    let is_manifest = |name: &FileName| matches!(name, FileName::Manifest(_));
    Ok(names.iter().any(is_manifest) || newest(&dir)?.is_some())
}

/// Whether a directory has files of a database. A writer at work may change them meanwhile; the lock
/// is taken next, and says so.
fn has_files(dir: &DatabaseDir) -> Result<bool> {
    let names = dir.names().map_err(|error| refused(dir.path(), "listed", error))?;
    let is_one = |name: &FileName| {
        matches!(name, FileName::Manifest(_) | FileName::Log(_) | FileName::Segment(_))
    };
    Ok(names.iter().any(is_one))
}
