//! A copy of one snapshot, as a database of its own.

use std::cell::RefCell;
use std::path::Path;

use iqdb_core::{Result, Snapshot, SnapshotExt};

use crate::files::database_dir::DatabaseDir;
use crate::format::manifest::SegmentInfo;
use crate::format::manifest::{Entry, Manifest};
use crate::lifecycle::create;
use crate::options::FileOptions;
use crate::pace::Pace;
use crate::read::context::{SegmentContext, SidecarUse};
use crate::read::view::View;
use crate::write::segment_writer::SegmentWriter;

/// From how many bytes, or bytes of rows, on a segment of a copy is followed by another one.
const SEGMENT_BYTES: u64 = 256 << 20;

/// What a row takes at least where segments are sized, in bytes: its place in the index, and more.
const ROW_BYTES_MIN: usize = 64;

/// Writes a database with the records and the version of `view`. When that fails, nothing is left
/// of it.
pub(crate) fn copy(view: &View, path: &Path, options: &FileOptions, pace: Pace<'_>) -> Result<()> {
    let pace = RefCell::new(pace);
    let fill = |dir: &DatabaseDir, database| {
        let mut manifest = Manifest::first(view.schema.clone(), database, view.version());
        let segments = copy_rows(view, dir, options, &mut manifest, &mut pace.borrow_mut())?;
        let entry = |info| Entry { info, columns: Vec::new(), dead: Vec::new() };
        manifest.segments = segments.into_iter().map(entry).collect();
        Ok(manifest)
    };
    // It is another database.
    let options = options.clone().another_database();
    create::create(path, &options, &fill).map_err(|error| error.during("backup"))?;
    pace.into_inner().end();
    Ok(())
}

fn copy_rows(
    view: &View,
    dir: &DatabaseDir,
    options: &FileOptions,
    manifest: &mut Manifest,
    pace: &mut Pace<'_>,
) -> Result<Vec<SegmentInfo>> {
    let mut segments = Vec::new();
    let context = |manifest: &Manifest| SegmentContext::new(dir, options, manifest, SidecarUse::No);
    let row_bytes = context(manifest).shape.row_bytes().max(ROW_BYTES_MIN) as u64;
    let mut records = view.records(None).peekable();
    while records.peek().is_some() {
        let number = manifest.next;
        manifest.next += 1;
        let mut writer = SegmentWriter::create(context(manifest), number)?;
        for record in records.by_ref() {
            writer.push(&record?)?;
            pace.step(1)?;
            if writer.bytes().max(writer.rows() * row_bytes) >= SEGMENT_BYTES {
                break;
            }
        }
        segments.push(writer.finish()?.0);
    }
    Ok(segments)
}
