//! Opening: from the files of a directory to a store.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use iqdb_core::{Error, ErrorKind, Result, Schema};

use crate::errors::{damaged, refused};
use crate::fault::Defect;
use crate::files::database_dir::DatabaseDir;
use crate::files::held_names::NotHeld;
use crate::files::lock::Lock;
use crate::files::log::{Log, Replayed, Verdict};
use crate::files::manifest_file::newest;
use crate::format::batch::{decode_batch, decode_placed};
use crate::format::file_name::FileName;
use crate::format::manifest::{Entry, Manifest, metric_code};
use crate::lifecycle::create;
use crate::options::FileOptions;
use crate::read::segment::Segment;
use crate::store::FileStore;
use crate::vfs::{Access, File, FileExt, Sharing};
use crate::write::read_only::ReadOnlyReason;
use crate::write::writer::{Writer, context};

/// How many bytes are copied at once.
const AT_ONCE: usize = 1 << 20;

pub(crate) fn create(path: &Path, schema: Schema, options: &FileOptions) -> Result<FileStore> {
    let made = || {
        check_metric(schema)?;
        let (dir, lock) = create::create(path, options, &create::empty(schema))?;
        opened(&dir, options, lock, false)
    };
    made().map_err(|error| error.during("create"))
}

pub(crate) fn open(path: &Path, options: &FileOptions, read_only: bool) -> Result<FileStore> {
    let options = &FileOptions { read_only, ..options.clone() };
    let open = || {
        let dir = create::opened(path, options)?.ok_or_else(|| nothing_there(path))?;
        if !has_files(&dir)? {
            return Err(nothing_there(path));
        }
        let sharing = if read_only { Sharing::Shared } else { Sharing::Exclusive };
        let lock = Lock::take(&dir, sharing)?;
        opened(&dir, options, lock, read_only)
    };
    open().map_err(|error| error.during("open"))
}

pub(crate) fn open_or_create(
    path: &Path,
    schema: Schema,
    options: &FileOptions,
) -> Result<FileStore> {
    let open = || {
        let (dir, lock) = open_or_make(path, schema, options)?;
        let store = opened(&dir, options, lock, false)?;
        let found = *iqdb_core::Store::schema(&store);
        if found != schema {
            return Err(Error::new(
                ErrorKind::InvalidSchema,
                format!("{}: the database has another schema", path.display()),
            )
            .expected(schema)
            .found(found)
            .hint("open it with its own schema, or choose another directory"));
        }
        Ok(store)
    };
    open().map_err(|error| error.during("open"))
}

/// How often another process may make and remove the directory meanwhile.
const TRIES: usize = 8;

fn open_or_make(path: &Path, schema: Schema, options: &FileOptions) -> Result<(DatabaseDir, Lock)> {
    let fill = create::empty(schema);
    let mut made = Err(nothing_there(path));
    for _ in 0..TRIES {
        if let Some(dir) = create::opened(path, options)?
            && has_files(&dir)?
        {
            let lock = Lock::take(&dir, Sharing::Exclusive)?;
            if newest(&dir)?.is_some() {
                return Ok((dir, lock));
            }
        }
        check_metric(schema)?;
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
    Ok(newest(&dir)?.is_some())
}

/// # Errors
/// [`ErrorKind::NotSupported`] for a metric that no file can name.
fn check_metric(schema: Schema) -> Result<()> {
    match metric_code(schema.metric()) {
        0 => Err(Error::new(ErrorKind::NotSupported, "the format has no number for this metric")
            .found(schema)),
        _ => Ok(()),
    }
}

fn nothing_there(path: &Path) -> Error {
    refused(path, "opened", io::ErrorKind::NotFound.into())
        .expected("a directory with a database of iqdb")
        .hint("create the database first")
}

/// A quick look, which a writer at work may disturb: then the lock says so.
fn has_files(dir: &DatabaseDir) -> Result<bool> {
    let names = dir.names().map_err(|error| refused(dir.path(), "listed", error))?;
    let is_one = |name: &FileName| {
        matches!(name, FileName::Manifest(_) | FileName::Log(_) | FileName::Segment(_))
    };
    Ok(names.iter().any(is_one))
}

/// Reads what the directory has. A handle that may write cleans up what a crash has left.
fn opened(
    dir: &DatabaseDir,
    options: &FileOptions,
    mut lock: Lock,
    read_only: bool,
) -> Result<FileStore> {
    let find = || newest(dir)?.ok_or_else(|| nothing_there(dir.path()));
    let (mut manifest, mut manifest_file) = find()?;
    if lock.complete(dir, manifest.database)? {
        // Until then another writer may have been at work.
        (manifest, manifest_file) = find()?;
    }
    let known = known_len(dir, &lock, &manifest)?;
    let path = dir.path_of(FileName::Manifest(manifest.number));
    let access = if read_only { Access::Read } else { Access::Write };
    let lock = Arc::new(lock);
    let segments =
        open_segments(dir, options, &manifest, &lock).map_err(|error| named_by(error, &path))?;
    let log = Log::open(dir, manifest.database, manifest.log, access)
        .map_err(|error| named_by(error, &path))?;
    let after = manifest.version;
    let manifest = (manifest, manifest_file);
    let mut writer = Writer::new(dir, options, &lock, manifest, segments, log);
    if !read_only {
        // What is written has to be found here, and must change no other database.
        check_names(&writer)?;
    }
    let log = Arc::clone(&writer.log);
    let mut rows = Vec::new();
    let mut rows_are_missing = false;
    let replayed = log.replay(after, known, |offset, body| {
        let start = writer.open_segment.end();
        let verdict = replay(&mut writer, &log, body, access)?;
        rows.push((offset, start..writer.open_segment.end()));
        rows_are_missing = matches!(verdict, Verdict::Torn);
        Ok(verdict)
    });
    let replayed = replayed.map_err(|error| match rows_are_missing {
        true => {
            let path = dir.path_of(FileName::Segment(writer.open_segment.number()));
            damaged(&path, "rows that the log names are missing").caused_by(error)
        }
        false => error,
    })?;
    writer.log_end = replayed.end;
    if read_only {
        writer.read_only = Some(ReadOnlyReason::ReadOnly);
        return FileStore::new(writer);
    }
    write_again(&writer, replayed, &rows)?;
    clean_up(&mut writer, replayed.end)?;
    FileStore::new(writer)
}

/// How many bytes of the log were on the disk, as far as manifest and mark say.
///
/// # Errors
/// [`ErrorKind::Damaged`] when the lock is of another database, or the mark of a later manifest.
fn known_len(dir: &DatabaseDir, lock: &Lock, manifest: &Manifest) -> Result<u64> {
    if let Some(database) = lock.database().filter(|database| *database != manifest.database) {
        return Err(damaged(dir.path(), "its files are of two databases")
            .expected(format_args!("the database {:032x}, as the manifest says", manifest.database))
            .found(format_args!("a file `lock` of {database:032x}")));
    }
    let Some(mark) = lock.mark(dir)? else { return Ok(manifest.log_len) };
    if mark.manifest > manifest.number {
        let missing = FileName::Manifest(mark.manifest);
        return Err(damaged(&dir.path_of(missing), "the manifest of the database is missing")
            .found(format_args!("an earlier one, {}", FileName::Manifest(manifest.number))));
    }
    let is_of_this = mark.manifest == manifest.number && mark.log == manifest.log;
    Ok(if is_of_this { manifest.log_len.max(mark.end) } else { manifest.log_len })
}

fn named_by(error: Error, manifest: &Path) -> Error {
    match error.kind() {
        ErrorKind::Damaged if error.expectation().is_none() => {
            error.expected(format_args!("what {} says", manifest.display()))
        }
        _ => error,
    }
}

fn open_segments(
    dir: &DatabaseDir,
    options: &FileOptions,
    manifest: &Manifest,
    lock: &Arc<Lock>,
) -> Result<Vec<Arc<Segment>>> {
    let open = |entry: &Entry| {
        let segment = Segment::open(&context(options, dir, manifest, lock), entry.info)?;
        entry.dead.iter().for_each(|row| segment.end(*row, manifest.version));
        Ok(Arc::new(segment))
    };
    manifest.segments.iter().map(open).collect()
}

/// # Errors
/// [`ErrorKind::Damaged`] when the files are not where they were opened; [`ErrorKind::Io`].
fn check_names(writer: &Writer) -> Result<()> {
    writer.names.check(None).map_err(|reason| match reason {
        NotHeld::Unknown(name, error) => refused(&writer.dir.path_of(name), "looked up", error),
        reason => Error::new(ErrorKind::Damaged, writer.names.describe(&reason))
            .hint("put the file back; of a file with several names, make a copy"),
    })
}

fn replay(writer: &mut Writer, log: &Log, body: &[u8], access: Access) -> Result<Verdict> {
    let nonsense = |error: Error| damaged(log.path(), "a frame makes no sense").caused_by(error);
    let schema = *writer.schema();
    let (placed, changes, fields) = decode_placed(body).map_err(nonsense)?;
    let mut rows = Vec::new();
    if let Some(placed) = &placed {
        let context = context(&writer.options, &writer.dir, &writer.manifest, &writer.lock);
        match writer.open_segment.recover(&context, access, placed)? {
            None => return Ok(Verdict::Torn),
            Some(bytes) => {
                let components = bytes.as_chunks::<4>().0.iter();
                rows = components.map(|bytes| f32::from_le_bytes(*bytes)).collect();
            }
        }
    }
    let stride = crate::format::segment::layout::Shape::of(&schema).stride;
    let vectors = rows.chunks_exact(stride).map(|row| &row[..schema.dim()]);
    let batch = decode_batch(fields, changes, &schema, vectors).map_err(nonsense)?;
    batch.check_input(&schema).map_err(nonsense)?;
    let has_effect =
        writer.replay(&batch, placed.as_ref()).map_err(|error| match error.kind() {
            ErrorKind::Io => error,
            _ => nonsense(error),
        })?;
    match has_effect {
        true => Ok(Verdict::Good),
        false => Err(nonsense(Error::new(ErrorKind::Damaged, "a batch has no effect"))),
    }
}

/// Writes once more what was read and is not known to be on the disk: frames, and rows of the frames
/// at these offsets. After a sync that failed, a system may show what was written, sync it no more,
/// and say that all is well.
fn write_again(writer: &Writer, replayed: Replayed, rows: &[(u64, Range<u64>)]) -> Result<()> {
    let again = |file: &dyn File, range: Range<u64>| -> io::Result<()> {
        let mut bytes = vec![0; AT_ONCE.min(usize::try_from(range.end - range.start).unwrap_or(0))];
        for start in range.clone().step_by(AT_ONCE) {
            let len = usize::try_from(range.end - start).map_or(AT_ONCE, |len| len.min(AT_ONCE));
            file.read_exact_at(&mut bytes[..len], start)?;
            file.write_all_at(&bytes[..len], start)?;
        }
        Ok(())
    };
    let (log, synced) = (&writer.log, replayed.synced.min(replayed.end));
    again(log.file(), synced..replayed.end)
        .map_err(|error| refused(log.path(), "written", error))?;
    let Some(file) = writer.open_segment.file() else { return Ok(()) };
    for (_, range) in rows.iter().filter(|(offset, _)| *offset >= synced) {
        let path = writer.dir.path_of(FileName::Segment(writer.open_segment.number()));
        again(&**file, range.clone()).map_err(|error| refused(&path, "written", error))?;
    }
    Ok(())
}

/// Cuts off what a crash has left behind the last good frame, and removes files that no manifest
/// refers to. What is there then is on the disk.
fn clean_up(writer: &mut Writer, end: u64) -> Result<()> {
    let fault = writer.options.fault;
    let log = Arc::clone(&writer.log);
    let io = |error| refused(log.path(), "cut", error);
    let len = log.file().len().map_err(io)?;
    if fault.has(Defect::AppendedAfterTear) {
        writer.log_end = len.next_multiple_of(8).max(end);
    } else if len > end && !fault.has(Defect::TruncationForgotten) {
        log.file().set_len(end).map_err(io)?;
    }
    // Also frames that were never synced: a batch that builds on them will be.
    log.file().sync_data().map_err(io)?;
    writer.synced = writer.log_end;
    if let Some(file) = writer.open_segment.file() {
        let path = writer.dir.path_of(FileName::Segment(writer.open_segment.number()));
        let io = |error| refused(&path, "cut", error);
        file.set_len(writer.open_segment.end()).map_err(io)?;
        file.sync_data().map_err(io)?;
    }
    let dir = &writer.dir;
    let refused = |what| move |error| refused(dir.path(), what, error);
    if !fault.has(Defect::DirectoryNotSynced) {
        dir.sync().map_err(refused("synced"))?;
        // The process that made the directory may not have come so far.
        dir.sync_above().map_err(refused("synced"))?;
    }
    for name in dir.names().map_err(refused("listed"))? {
        if !is_needed(writer, name) && may_be_ours(writer, name) {
            // It does no harm where it is.
            dir.remove(name, writer.manifest.database);
        }
    }
    Ok(())
}

fn is_needed(writer: &Writer, name: FileName) -> bool {
    let is_segment = |number| {
        writer.manifest.segments.iter().any(|entry| entry.info.number == number)
            || number == writer.open_segment.number() && writer.open_segment.file().is_some()
    };
    match name {
        FileName::Manifest(number) => number == writer.manifest.number,
        FileName::Log(number) => number == writer.manifest.log,
        FileName::Segment(number) | FileName::Derived(number) => is_segment(number),
        FileName::Unfinished(_) => false,
        FileName::Lock | FileName::Reserve => true,
    }
}

/// How many numbers beyond those of the manifest one checkpoint may have given to files.
const NUMBERS_MAX: u64 = 16;

/// Whether a crash may have left a file of this name without its first bytes: only one that was being
/// made. A file of an older number has them, if it is ours.
fn may_be_ours(writer: &Writer, name: FileName) -> bool {
    let manifest = &writer.manifest;
    let is_new = |number| (manifest.next..manifest.next + NUMBERS_MAX).contains(&number);
    let has_head = || {
        let owner = writer.dir.owner(name, Some(manifest.database));
        matches!(owner, Ok(Some(owner)) if owner.is(manifest.database))
    };
    match name {
        FileName::Segment(number) if number == writer.open_segment.number() => true,
        FileName::Manifest(number)
        | FileName::Unfinished(number)
        | FileName::Log(number)
        | FileName::Segment(number)
        | FileName::Derived(number) => is_new(number) || has_head(),
        FileName::Lock | FileName::Reserve => false,
    }
}
