//! A copy of one snapshot, as a database of its own.

use std::io;
use std::path::Path;

use iqdb_core::{Result, Snapshot, SnapshotExt};

use crate::making;
use crate::manifest::{Entry, Manifest, newest};
use crate::open::{database_id, lock};
use crate::options::FileOptions;
use crate::problem::refused;
use crate::segment::{SegmentInfo, SegmentWriter};
use crate::vfs::Sharing;
use crate::view::View;
use crate::writer::place;

/// From how many bytes of rows on a segment of a copy is followed by another one.
const SEGMENT_BYTES: u64 = 256 << 20;

/// Writes a database with the records and the version of `view`. When that fails, what it made is
/// removed, but for the directory and the lock's file.
pub(crate) fn copy(view: &View, dir: &Path, options: &FileOptions) -> Result<()> {
    let vfs = &*options.vfs;
    let copied = || {
        vfs.create_dir(dir).map_err(|error| refused(dir, "made", error))?;
        let lock = lock(dir, options, Sharing::Exclusive)?;
        if newest(vfs, dir)?.is_some() {
            return Err(refused(dir, "made", io::ErrorKind::AlreadyExists.into())
                .hint("choose another directory"));
        }
        let made = make(view, dir, options).inspect_err(|_| making::take_back(vfs, dir));
        drop(lock);
        made
    };
    copied().map_err(|error| error.during("backup"))
}

fn make(view: &View, dir: &Path, options: &FileOptions) -> Result<()> {
    making::begin(dir, options)?;
    let mut manifest = Manifest::first(view.schema, database_id(options));
    manifest.version = view.version();
    let mut segments = Vec::new();
    copy_rows(view, dir, options, &mut manifest, &mut segments)?;
    manifest.segments = segments.into_iter().map(|info| Entry { info, dead: Vec::new() }).collect();
    making::make(dir, options, &manifest)
}

fn copy_rows(
    view: &View,
    dir: &Path,
    options: &FileOptions,
    manifest: &mut Manifest,
    segments: &mut Vec<SegmentInfo>,
) -> Result<()> {
    let row_bytes = place(options, dir, manifest).shape.row_bytes() as u64;
    let mut records = view.records(None).peekable();
    while records.peek().is_some() {
        let number = manifest.next;
        manifest.next += 1;
        let mut writer = SegmentWriter::create(place(options, dir, manifest), number)?;
        for record in records.by_ref() {
            let record = record?;
            writer.push(record.id(), record.vector(), &record.payload())?;
            if writer.rows() * row_bytes >= SEGMENT_BYTES {
                break;
            }
        }
        segments.push(writer.finish()?);
    }
    Ok(())
}
