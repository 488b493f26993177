//! Fills a directory with the files of a new database.

use iqdb_core::{Result, Schema, Version};

use super::left_over::temporary;
use crate::errors::refused;
use crate::files::database_dir::DatabaseDir;
use crate::files::log::Log;
use crate::files::manifest_file::publish;
use crate::files::reserve::Reserve;
use crate::files::unfinished::UNFINISHED;
use crate::format::file_head::{HEAD, encode_head};
use crate::format::manifest::Manifest;
use crate::options::FileOptions;

/// Writes the segments of a new database with this id, and returns its first manifest.
pub(crate) type Fill<'a> = &'a dyn Fn(&DatabaseDir, u128) -> Result<Manifest>;

/// Marks a directory, durably, as that of an unfinished database.
pub(super) fn begin(dir: &DatabaseDir, database: u128) -> Result<DatabaseDir> {
    let dir = dir.begun(&temporary(database));
    let head = encode_head(UNFINISHED, database, HEAD);
    let begun = dir.create(UNFINISHED, database, &head).and_then(|_| dir.sync());
    begun.map_err(|error| refused(dir.path(), "made", error))?;
    Ok(dir)
}

/// Fills a directory that was [begun](begin), and makes it a database.
pub(super) fn finish(
    dir: &DatabaseDir,
    options: &FileOptions,
    database: u128,
    fill: Fill<'_>,
) -> Result<()> {
    let manifest = fill(dir, database)?;
    Log::create(dir, manifest.database, manifest.log, manifest.chain)?;
    dir.sync().map_err(|error| refused(dir.path(), "synced", error))?;
    publish(&manifest, dir, options.fault).map_err(|(error, _)| error)?;
    // The database is finished.
    dir.remove(UNFINISHED, database);
    Ok(())
}

/// Makes the reserve, as far as there is space.
pub(super) fn keep_reserve(dir: &DatabaseDir, options: &FileOptions, database: u128) {
    Reserve::new(options.reserve_bytes, database).fit(dir, 0);
}

/// Fills a database without records.
pub(crate) fn empty(schema: Schema) -> impl Fn(&DatabaseDir, u128) -> Result<Manifest> {
    move |_, database| Ok(Manifest::first(schema.clone(), database, Version(0)))
}
